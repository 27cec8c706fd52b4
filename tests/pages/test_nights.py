"""Tonight and the coming nights: for each what is required and who comes, and over several premises a map."""

import csv
import io
import re

import pytest

from desk.pages.charts.nights import Cell, LaneWords, Mood, Piece, Row, draw_map, draw_night
from models.tables import SourceStateRow
from tests.pages.conftest import ESTATES, Browser, Pages
from tests.pages.test_night import AP_DERWEN, AP_MANAGER, DUTY, TONIGHT, confirm
from tests.workorders.night_telling import at

CELL = re.compile(r'<rect [^>]*fill="([^"]+)"[^>]*?(stroke-dasharray="4 3")?/><text [^>]*>([^<]*)</text>')


def cells(source: str) -> list[tuple[str, bool, str]]:
    """How each cell of the map is filled, whether its outline is dashed, and its figure."""
    drawing = source.partition('aria-labelledby="nights-title')[2].partition("</svg>")[0]
    return [(fill, bool(dashes), figure) for fill, dashes, figure in CELL.findall(drawing)]


async def row_of(browser: Browser, subject: str) -> str:
    page = await browser.get("/nights")
    row = page.source.partition(f'data-key="{subject}"')[2].partition("</tr>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", row).split())


async def test_a_manager_sees_two_weeks_of_nights_and_the_present_one_drawn(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get("/nights")
    assert page.source.count("data-key=") == 15, "the one that is going on, and fourteen days"
    assert "Now: Bryn Awel, Tuesday 13 January 2026" in page.links
    assert 'aria-labelledby="night-title night-desc"' in page.source
    assert "Derwen" not in page.text
    assert cells(page.source) == []
    await browser.get(page.links["Tuesday 27 January 2026"])
    assert browser.page.heading == "Night of Tuesday 27 January 2026"


async def test_a_line_tells_who_is_required_who_comes_and_when_somebody_lacks(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await confirm(browser, "own-1", supplier="own")
    await confirm(browser, "agency-1", starts="22:00")
    found = await row_of(browser, "ap-bryn-awel/2026-01-14")
    assert "Bryn Awel Short 2 2 0 1 from 20:00 to 22:00" in found
    await pages.clock.advance(60)
    page = await confirm(browser, "agency-1", until="02:00")
    [ticked] = page.form(f"{TONIGHT}/confirm").choices["replace"]
    await browser.submit(f"{TONIGHT}/confirm", replace=ticked)
    found = await row_of(browser, "ap-bryn-awel/2026-01-14")
    assert "Short later in the night 2 2 0 1 from 02:00 to 08:00" in found


async def test_whoever_reaches_several_sees_a_map_that_says_the_same_as_its_table(pages: Pages) -> None:
    browser = await pages.as_role(DUTY)
    for ref, supplier in (("own-1", "own"), ("agency-1", "agency")):
        await confirm(browser, ref, supplier=supplier)
    page = await browser.get("/nights")
    drawn = cells(page.source)
    table = page.source.partition("desk-night-map")[2].partition("</table>")[0]
    told = re.findall(r'<a class="[^"]*" href="([^"]+)">([^<]*)<', table)
    assert [figure for _, figure in told] == [figure for *_, figure in drawn]
    assert len(drawn) == 4 * 14
    assert told[1] == (TONIGHT, "?"), "it is covered, but its agency is silent: there may be other news"
    assert drawn[1][0].startswith("url(#")
    assert drawn[0] == ("#0b0c0c", False, "2")
    assert drawn[2] == ("#ffffff", True, "2")
    assert "Bryn Awel, Wednesday 14 January 2026" not in page.source.partition("<desc")[2].partition("</desc>")[0]


async def test_where_every_source_is_heard_what_is_covered_is_a_plain_zero(pages: Pages) -> None:
    browser = await pages.as_role(DUTY)
    for ref, supplier in (("own-1", "own"), ("agency-1", "agency")):
        await confirm(browser, ref, supplier=supplier)
    table = SourceStateRow.__table__  # type: ignore[attr-defined]
    async with pages.place.ledger.database.writing() as connection:
        await connection.execute(table.update().values(silent_since=None))
    page = await browser.get("/nights")
    assert cells(page.source)[1] == ("#ffffff", False, "0")
    assert "Not heard when it should be" not in page.text


async def test_beside_a_map_the_list_has_only_nights_that_matter_and_says_how_many_it_leaves_out(pages: Pages) -> None:
    browser = await pages.as_role(DUTY)
    page = await browser.get("/nights")
    assert page.source.count("data-key=") == 8
    assert "52 nights that nobody need have confirmed yet are on the map above only." in page.text
    await confirm(browser, "agency-9", "/nights/ap-ty-derwen/2026-01-20")
    assert 'data-key="ap-ty-derwen/2026-01-20"' in (await browser.get("/nights")).source


async def test_a_night_that_is_over_comes_last(pages: Pages) -> None:
    await pages.clock.advance(3 * 3600)
    page = await (await pages.as_role(AP_DERWEN)).get("/nights")
    keys = re.findall(r'data-key="ap-ty-derwen/([^"]+)"', page.source)
    assert (keys[0], keys[-1]) == ("2026-01-14", "2026-01-13")
    assert "Next: T\u0177 Derwen, Wednesday 14 January 2026" in page.links


async def test_the_sheet_has_every_night_with_its_figures(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    lines = list(csv.DictReader(io.StringIO((await browser.client.get("/nights.csv")).text)))
    assert len(lines) == 60
    [last] = [one for one in lines if (one["premises"], one["night"]) == ("ap-ty-derwen", "2026-01-13")]
    figures = [last[name] for name in ("status", "required", "missing_at_worst", "cost_pence")]
    assert figures == ["short", "2", "2", "20000"]


@pytest.mark.parametrize("language", ["en", "cy"])
async def test_a_filter_narrows_the_map_and_the_list_alike(language: str, pages: Pages) -> None:
    browser = await pages.as_role(DUTY, **{"Accept-Language": language})
    page = await browser.get("/nights?ldu=west")
    assert cells(page.source) == []
    page = await browser.get("/nights?premises=ap-ty-derwen")
    assert page.source.count("data-key=") == 15


def test_what_is_drawn_escapes_what_it_is_given() -> None:
    evil = '"><script>x</script>'
    piece = Piece(at("20:00"), at("08:00"), 1, 1, ahead=True)
    night = draw_night("n", evil, evil, [piece], [(at("20:00"), evil)], (at("21:00"), evil), LaneWords(evil, "e", "m"))
    shown = draw_map("m", evil, evil, [evil], [Row(evil, [Cell(evil, Mood.SHORT)])])
    assert "<script>" not in night + shown
    assert "style=" not in night + shown


def test_each_lane_of_a_drawing_is_solid_pale_or_strokes() -> None:
    pieces = [
        Piece(at("20:00"), at("21:00"), 2, 0, ahead=False),
        Piece(at("21:00"), at("22:00"), 1, 1, ahead=False),
        Piece(at("22:00"), at("08:00"), 1, 1, ahead=True),
    ]
    drawing = draw_night("n", "t", "d", pieces, [], None, LaneWords("there", "expected", "nobody"))
    fills = re.findall(r'<rect x="[\d.]+%" y="(\d+)" width="([\d.]+)%" height="34" fill="([^"]+)"', drawing)
    assert [(y, fill) for y, _, fill in fills] == [
        ("66", "#12393d"), ("66", "#d3e3e4"),
        ("26", "#12393d"), ("26", "url(#n-lacks)"), ("26", "url(#n-lacks)"),
    ]  # fmt: skip
    widths = [float(width) for _, width, _ in fills]
    assert sum(widths[:2]) == pytest.approx(98)
    assert widths[2] == pytest.approx(98 / 12, abs=0.01)
    assert drawing.count(">nobody<") == drawing.count(">expected<") == 1
