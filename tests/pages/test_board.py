"""The board: every number leads to its list and counts it; filters are in the address; unknown is not zero."""

import csv
import io
import re
from dataclasses import replace

import pytest

from desk.views.board import AGES, BoardView, Figures, LduLine, PremisesLine
from desk.views.narrowed import narrowed
from models.tables import WorkOrderRow
from tests.pages.conftest import ESTATES, MANAGER, Browser, Pages
from tests.pages.happening import raised
from tests.pages.reading import Read

NUMBER = re.compile(r'<a class="govuk-link[^"]*" href="([^"]+)">([\d,]+)')


def numbers(page: Read) -> dict[str, int]:
    """Every number of the page that leads somewhere, by its address."""
    return {href.replace("&amp;", "&"): int(n.replace(",", "")) for href, n in NUMBER.findall(page.source)}


async def lines_of(browser: Browser, address: str) -> int:
    """How many lines a list has."""
    if address.startswith("/escalations"):
        page = await browser.get(address)
        return len(page.form("/escalations/acknowledge").choices["e"])
    sheet = await browser.client.get(re.sub(r"^/(orders|nights)", r"/\1.csv", address))
    await browser.get(address)
    assert browser.status == 200
    return len(list(csv.DictReader(io.StringIO(sheet.text))))


async def test_every_number_leads_to_the_list_that_it_counts(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    found = numbers(await browser.get("/board"))
    assert len(found) > 10
    for address, n in found.items():
        assert await lines_of(browser, address) == n, address


async def test_no_number_leads_where_whoever_looks_may_not_go(pages: Pages) -> None:
    for voice in (MANAGER, ESTATES):
        browser = await pages.as_role(voice)
        found = list(numbers(await browser.get("/board")))
        for address in found:
            await browser.get(address)
            assert browser.status == 200, (voice, address)


async def test_a_filter_in_the_address_narrows_every_figure(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get("/board")
    whole = numbers(page)["/orders"]
    parts = [numbers(await browser.get(f"/board?ldu={ldu}")).get(f"/orders?ldu={ldu}", 0)
             for ldu in ("north-coast", "north-hills", "west", "valleys", "south-east")]  # fmt: skip
    assert sum(parts) == whole > max(parts)


async def test_a_provider_s_board_is_its_own_region_s(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    page = await browser.get("/board")
    assert "Bryn Awel" in page.text
    assert "Derwen" not in page.text
    await browser.get("/board?premises=ap-ty-derwen")
    theirs = browser.page.text
    await browser.get("/board?premises=ap-nowhere")
    assert (browser.status, browser.page.text) == (422, theirs)


async def test_a_source_that_is_silent_is_named_and_what_it_would_say_is_unknown(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get("/board")
    assert "Not heard when it should be" in page.text
    assert "unknown is not zero" in page.text
    valleys = page.source.partition('desk-board__place--1">Valleys LDU')[2].partition("</tr>")[0]
    assert valleys.count("desk-unknown") == 7, "what is outstanding is not known there, nor any part of it"


def test_the_sum_of_a_part_of_the_estate_is_unknown_where_one_of_it_is_and_the_rest_are_zero() -> None:
    none = Figures(0, False, {}, {}, 0, 0, 0, 0, 0, 0, 0, (), False)
    unknown = replace(none, outstanding=None, at_least=True, incomplete=True)
    lines = PremisesLine("a", "A", "office", none), PremisesLine("b", "B", "office", unknown)
    board = BoardView(none, (LduLine("valleys", "Valleys", "south", none, lines),))
    assert narrowed(board, {"a"}).total.outstanding == 0
    assert narrowed(board, {"a", "b"}).total.outstanding is None
    [valleys] = narrowed(board, {"a", "b"}).ldus
    assert (valleys.figures.outstanding, valleys.figures.at_least) == (None, True)


async def test_where_there_may_be_more_no_part_is_a_plain_zero(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get("/board")
    tables = [one.partition("</tr>")[0].split("<td")[1:] for one in page.source.split("desk-board__row--0")[1:]]
    assert len(tables) == 2
    parts = [*tables[0][:7], *tables[1]]
    assert "at least" in parts[0]
    assert [one for one in parts if '<span class="desk-quiet">0</span>' in one] == []
    assert all("at least" in one or "desk-unknown" in one for one in parts)
    sheet = (await browser.client.get("/board.csv")).text
    for line in csv.DictReader(io.StringIO(sheet)):
        if line["at_least"] in {"True", "true"}:
            assert "0" not in [line[name] for name in ("breached", "disputed", "P1", "P2", "P3", "P4", *AGES)]


async def test_one_repair_is_outstanding_and_two_are(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get("/board?premises=ap-bryn-awel")
    n = numbers(page)["/orders?premises=ap-bryn-awel"]
    assert ("repair is outstanding" in page.text, "repairs are outstanding" in page.text) == (n == 1, n != 1)
    seen = [await browser.get(f"/board?premises={one}") for one in ("ap-bryn-awel", "ap-ty-derwen", "ap-plas-helyg")]
    assert {"is" if "repair is outstanding" in one.text else "other" for one in seen} >= {"is"}


@pytest.mark.parametrize(("address", "said"), [
    ("/nights?overdue=yes&priority=P1&ldu=west", "West LDU · Show all"),
    ("/orders?short=yes&priority=P1", "P1 · Show all"),
])  # fmt: skip
async def test_a_list_is_headed_by_no_filter_that_does_not_narrow_it(address: str, said: str, pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get(address)
    before = page.text.partition(" As at ")[0]
    assert before.endswith(said)
    assert not [one for one in ("overdue", "short", "P1, ", ", P1") if one in before.lower()]


async def test_an_order_of_unknown_age_is_not_known_ago(pages: Pages) -> None:
    table = WorkOrderRow.__table__  # type: ignore[attr-defined]
    async with pages.place.ledger.database.writing() as connection:
        await connection.execute(table.update().values(raised_at=None))
    page = await (await pages.as_role(ESTATES)).get("/orders")
    assert "not known" in page.text
    assert "not known ago" not in page.text


async def test_each_order_of_the_list_and_of_its_sheet_says_what_is_broken(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get("/orders")
    assert "Entry or exit lock will not close, lock or secure" in page.text
    sheet = csv.DictReader(io.StringIO((await browser.client.get("/orders.csv")).text))
    assert {one["subject"]: (one["asset"], one["fault"]) for one in sheet}["WO-1"] == ("entry-lock", "will-not-secure")


@pytest.mark.parametrize("path", ["/board.csv", "/orders.csv", "/nights.csv"])
async def test_each_table_is_a_sheet_too(path: str, pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    answer = await browser.client.get(path)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert len(list(csv.DictReader(io.StringIO(answer.text)))) >= 2


@pytest.mark.parametrize("asked", ["ldu=x", "premises=%00", "priority=P5", "age=old"])
async def test_a_filter_that_names_nothing_is_refused(asked: str, pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    for path in ("/board", "/orders", "/nights", "/escalations"):
        await browser.get(f"{path}?{asked}")
        assert browser.status == 422


async def test_a_board_of_one_premises_leads_to_its_own_lists_only(pages: Pages) -> None:
    await raised(pages.place, "WO-a", "ap-bryn-awel")
    await raised(pages.place, "WO-b", "office-aberwennol")
    browser = await pages.as_role(ESTATES)
    page = await browser.get("/board?premises=ap-bryn-awel")
    lists = [href for href in page.links.values() if href.startswith("/orders?")]
    assert lists
    assert all("premises=ap-bryn-awel" in href for href in lists)


async def test_a_unit_beyond_reach_is_answered_like_one_that_there_is_not(pages: Pages) -> None:
    browser = await pages.as_role("ap-manager:premises:ap-bryn-awel")
    for path in ("/board", "/orders", "/charts"):
        seen = []
        for ldu in ("valleys", "nowhere"):
            page = await browser.get(f"{path}?ldu={ldu}")
            seen.append((browser.status, page.heading))
        assert seen[0] == seen[1]
        assert seen[0][0] == 422
