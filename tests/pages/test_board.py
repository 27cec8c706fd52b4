"""The board: every number leads to its list and counts it; filters are in the address; unknown is not zero."""

import csv
import io
import re

import pytest

from tests.pages.conftest import ESTATES, MANAGER, Browser, Pages
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
