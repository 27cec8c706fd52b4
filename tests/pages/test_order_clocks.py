"""The drawing of clocks: true to its data, whole without colour, and harmless whatever its texts say."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from desk.pages.charts.clocks import HOURS_AT_MOST, Bar, draw_clocks, scale_of
from desk.pages.charts.keys import draw_key
from desk.pages.charts.scale import MARKS_AT_MOST, Scale

ZONE = ZoneInfo("Europe/London")
START = datetime(2026, 1, 13, 15, tzinfo=UTC)
DUE, NOW = START + timedelta(hours=4), START + timedelta(hours=10)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(bar: Bar, now: datetime | None = NOW) -> ET.Element:
    """A drawing of one clock, read as XML."""
    scale = scale_of([bar], now)
    marks = [(at, f"{at:%a %H:%M}") for at in scale.marks(ZONE)[0]]
    at = (now, "now") if now is not None else None
    return ET.fromstring(draw_clocks("c", "Clocks", "One clock.", [bar], marks, at))  # noqa: S314 - our own


def rects(svg: ET.Element, fill: str) -> list[tuple[float, float]]:
    """From where to where something is drawn, in percent."""
    found = [one for one in svg.findall(f"{SVG}rect") if one.get("fill") == fill]
    lefts = [(float(one.get("x", "").rstrip("%")), float(one.get("width", "").rstrip("%"))) for one in found]
    return [(left, left + width) for left, width in lefts]


def test_what_is_over_its_time_is_drawn_from_due_until_now() -> None:
    svg = drawn(Bar("Respond", "missed", START, DUE, NOW))
    [(begins, ends)] = rects(svg, "url(#c-late)")
    scale = Scale(START, NOW)
    assert begins == pytest.approx(scale.place(DUE), abs=0.01)
    assert ends == pytest.approx(scale.place(NOW), abs=0.01)


def test_what_is_in_time_has_nothing_over_it() -> None:
    svg = drawn(Bar("Respond", "met", START, DUE, DUE - timedelta(hours=1), met=DUE - timedelta(hours=1)), None)
    assert rects(svg, "url(#c-late)") == []
    assert "\u2713" in "".join(svg.itertext())


def test_a_pause_is_drawn_where_it_was_and_never_beyond_the_bar() -> None:
    hour, later = timedelta(hours=1), NOW + timedelta(hours=5)
    pauses = [(START + hour, START + 2 * hour), (NOW - hour, NOW + 4 * hour), (NOW, NOW + 9 * hour)]
    svg = drawn(Bar("Repair", "paused", START, DUE, NOW, pauses=pauses), later)
    [first, second] = rects(svg, "url(#c-pause)")
    place = Scale(START, later).place
    assert first == pytest.approx((place(START + hour), place(START + 2 * hour)), abs=0.01)
    assert second == pytest.approx((place(NOW - hour), place(NOW)), abs=0.01)


def test_each_stretch_of_working_hours_is_drawn_and_many_as_one_strip_that_tells_of_breaks() -> None:
    hours = [(START + timedelta(minutes=2 * n), START + timedelta(minutes=2 * n + 1)) for n in range(HOURS_AT_MOST)]
    assert len(rects(drawn(Bar("Repair", "", START, DUE, NOW, hours=hours)), "#767a7c")) == HOURS_AT_MOST
    many = drawn(Bar("Repair", "", START, DUE, NOW, hours=[*hours, (DUE, NOW)]))
    assert rects(many, "#767a7c") == []
    assert len(rects(many, "url(#c-hours)")) == 1
    assert len(rects(drawn(Bar("Repair", "", START, DUE, NOW)), "#767a7c")) == 1


def test_it_has_a_title_and_a_description_to_be_read_out() -> None:
    svg = drawn(Bar("Respond", "missed", START, DUE, NOW))
    named = {one.get("id"): one.text for one in svg if one.tag in {f"{SVG}title", f"{SVG}desc"}}
    assert svg.get("role") == "img"
    assert [named[id_] for id_ in svg.get("aria-labelledby", "").split()] == ["Clocks", "One clock."]


def test_whatever_a_text_says_it_stays_a_text() -> None:
    evil = "</text><script>alert(1)</script>\u202e\"'&"
    bar = Bar(evil, evil, START, DUE, NOW)
    svg = draw_clocks("c", evil, evil, [bar], [(DUE, evil)], (NOW, evil))
    assert "<script" not in svg
    assert not [one for one in ET.fromstring(svg).iter() if one.tag == f"{SVG}script"]  # noqa: S314 - our own


def test_nothing_in_it_needs_a_style_that_the_policy_forbids() -> None:
    svg = draw_clocks("c", "t", "d", [Bar("a", "b", START, DUE, NOW)], [], (NOW, "now"))
    assert "style" not in svg
    assert "style" not in "".join(draw_key("c", form) for form in ("allowed", "run", "late", "pause", "hours", "met"))


def test_marks_stand_at_round_hours_of_the_wall_clock_across_a_change_of_clocks() -> None:
    autumn = Scale(datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 14, tzinfo=UTC))
    places, are_days = autumn.marks(ZONE)
    assert not are_days
    assert [at.astimezone(ZONE).hour % 6 for at in places] == [0] * len(places)


@pytest.mark.parametrize("hours", [1, 5, 23, 49, 24 * 9, 24 * 40, 24 * 400, 24 * 4000])
def test_there_are_always_some_marks_and_never_too_many(hours: int) -> None:
    scale = Scale(START, START + timedelta(hours=hours))
    places, _are_days = scale.marks(ZONE)
    assert 1 <= len(places) <= MARKS_AT_MOST + 1
    assert all(scale.shows(at) for at in places)


def test_no_two_texts_below_the_bars_run_into_each_other_on_a_telephone() -> None:
    start = datetime(2026, 1, 14, 2, 10, tzinfo=UTC)
    svg = drawn(Bar("Repair", "", start, start + timedelta(days=1), NOW), None)
    texts = [one for one in svg.findall(f"{SVG}text") if ":" in (one.text or "")]
    reaches = []
    for one in texts:
        place, width = float(one.get("x", "").rstrip("%")), len(one.text or "") * 2.2
        shift = {"start": 0.0, "middle": width / 2, "end": width}[one.get("text-anchor", "")]
        reaches.append((place - shift, place - shift + width))
    assert len(reaches) >= 3
    assert all(ends <= begins for (_, ends), (begins, _) in pairwise(reaches))
    assert all(begins >= -0.1 and ends <= 100.1 for begins, ends in reaches)
