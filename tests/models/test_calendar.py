"""A calendar says one thing or is refused in a sentence that names the key and the reason."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from models.calendar import CalendarSpec, Week, window_minutes

OFFICE: dict[str, Any] = {"zone": "Europe/London", "week": {"mon": ["09:00-17:00"]}}
WALES: dict[str, Any] = {"country": "GB", "subdivision": "WLS"}


@pytest.mark.parametrize(
    ("window", "opens", "closes"),
    [
        ("09:00-17:00", 540, 1020),
        ("00:00-24:00", 0, 1440),
        ("22:00-06:00", 1320, 1800),
        ("22:00-24:00", 1320, 1440),
        ("22:00-00:00", 1320, 1440),
        ("00:01-00:00", 1, 1440),
        ("12:00-11:59", 720, 2159),
    ],
)
def test_a_window_runs_to_the_next_time_that_shows_its_end(window: str, opens: int, closes: int) -> None:
    assert window_minutes(window) == (opens, closes)


@pytest.mark.parametrize(
    "text", ["", "9:00-17:00", "09:00", "09:00-25:00", "24:00-06:00", "09:60-10:00", "09:00\N{EN DASH}17:00"]
)
def test_a_text_that_is_no_window_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no window: write for example '09:00-17:00'"):
        window_minutes(text)


def test_digits_of_another_script_are_no_window() -> None:
    with pytest.raises(ValueError, match="is no window"):
        window_minutes("0\N{ARABIC-INDIC DIGIT NINE}:00-17:00")


def test_a_window_that_closes_when_it_opens_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'09:00-09:00' closes when it opens: a whole day is '00:00-24:00'"):
        window_minutes("09:00-09:00")


def refusal_of(**given: object) -> tuple[str, str]:
    """Where the first error lies and what it says."""
    with pytest.raises(ValidationError) as refused:
        CalendarSpec.model_validate(given)
    error = refused.value.errors()[0]
    return ".".join(str(key) for key in error["loc"]), error["msg"]


@pytest.mark.parametrize(
    ("given", "key", "reason"),
    [
        ({"zone": "Europe/Cardiff", "always": True}, "zone", "'Europe/Cardiff' is no zone"),
        ({"zone": "", "always": True}, "zone", "'' is no zone"),
        ({"zone": "../../etc/passwd", "always": True}, "zone", "is no zone"),
        ({"zone": "localtime", "always": True}, "zone", "'localtime' is no zone"),
        ({"zone": "right/Europe/London", "always": True}, "zone", "is no zone"),
        ({"always": True}, "zone", "Field required"),
        ({"zone": "UTC"}, "", "a calendar needs either always = true or a week"),
        ({"zone": "UTC", "always": "yes"}, "always", "valid boolean"),
        ({**OFFICE, "always": True}, "", "always = true leaves nothing to say for week: remove either"),
        (
            {"zone": "UTC", "always": True, "holidays": WALES, "extra_holidays": [date(2026, 5, 5)]},
            "",
            "nothing to say for holidays and extra_holidays",
        ),
        ({"zone": "UTC", "week": {}}, "week", "week has no window"),
        ({"zone": "UTC", "week": {"mon": []}}, "week", "week has no window"),
        ({"zone": "UTC", "week": {"monday": ["09:00-17:00"]}}, "week.monday", "Extra inputs are not permitted"),
        ({"zone": "UTC", "week": {"mon": ["9-17"]}}, "week.mon.0", "'9-17' is no window"),
        ({**OFFICE, "holiday": WALES}, "holiday", "Extra inputs are not permitted"),
        ({**OFFICE, "holidays": {"country": "XX"}}, "holidays", "no list for country, subdivision or categories"),
        ({**OFFICE, "holidays": {"country": "gb"}}, "holidays.country", "should match pattern"),
        ({**OFFICE, "holidays": {"country": "GB", "subdivision": "XX"}}, "holidays", "subdivision XX"),
        ({**OFFICE, "holidays": {**WALES, "categories": ["feasts"]}}, "holidays", "feasts"),
        ({**OFFICE, "holidays": {**WALES, "categories": []}}, "holidays.categories", "at least 1 item"),
        ({**OFFICE, "extra_holidays": [date(2026, 5, 5)] * 2}, "extra_holidays", "2026-05-05 is listed twice"),
        ({**OFFICE, "extra_holidays": [date(2206, 5, 5)]}, "extra_holidays.0", "less than or equal to 2100-12-31"),
        ({**OFFICE, "not_holidays": [date(2026, 5, 4)]}, "", "not_holidays takes days off a list"),
        (
            {**OFFICE, "holidays": WALES, "extra_holidays": ["2026-05-04"], "not_holidays": ["2026-05-04"]},
            "",
            "2026-05-04 is in extra_holidays and in not_holidays",
        ),
    ],
)
def test_what_contradicts_itself_or_is_unknown_is_refused_by_key_and_reason(
    given: dict[str, object], key: str, reason: str
) -> None:
    where, sentence = refusal_of(**given)
    assert where == key
    assert reason in sentence


@pytest.mark.parametrize(
    ("week", "earlier", "later"),
    [
        ({"mon": ["09:00-13:00", "12:59-17:00"]}, "mon 09:00-13:00", "mon 12:59-17:00"),
        ({"mon": ["12:59-17:00", "09:00-13:00"]}, "mon 09:00-13:00", "mon 12:59-17:00"),
        ({"mon": ["22:00-06:00"], "tue": ["05:59-09:00"]}, "mon 22:00-06:00", "tue 05:59-09:00"),
        ({"sun": ["22:00-06:00"], "mon": ["05:00-09:00"]}, "sun 22:00-06:00", "mon 05:00-09:00"),
        ({"mon": ["09:00-17:00", "09:00-17:00"]}, "mon 09:00-17:00", "mon 09:00-17:00"),
    ],
)
def test_windows_that_overlap_are_refused_even_across_midnight_and_the_end_of_the_week(
    week: dict[str, list[str]], earlier: str, later: str
) -> None:
    assert refusal_of(zone="UTC", week=week) == (
        "week",
        f"Value error, windows of week overlap: {earlier} and {later}",
    )


def test_windows_that_only_touch_are_accepted() -> None:
    week = Week(mon=("09:00-12:00", "12:00-17:00"), sat=("22:00-00:00",), sun=("00:00-24:00",))
    assert [*week.days()] == [("09:00-12:00", "12:00-17:00"), (), (), (), (), ("22:00-24:00",), ("00:00-24:00",)]


def test_a_spec_is_the_same_after_a_round_trip_through_json_and_can_be_a_key() -> None:
    spec = CalendarSpec.model_validate(
        {**OFFICE, "holidays": WALES, "extra_holidays": ["2026-09-21", "2026-01-02"], "not_holidays": ["2026-05-04"]}
    )
    assert CalendarSpec.model_validate_json(spec.model_dump_json()) == spec
    assert spec.extra_holidays == (date(2026, 1, 2), date(2026, 9, 21))
    assert len({spec, spec.model_copy()}) == 1
    with pytest.raises(ValidationError, match="frozen"):
        spec.zone = "UTC"  # type: ignore[misc]
