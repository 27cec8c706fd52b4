"""The board of a large estate: read for all at once, kept for a moment, and no longer than anybody reads."""

import asyncio
import re

import pytest

from desk.api.place import Place
from desk.opening import Desk
from desk.pages import board, kept_board
from desk.views.board import BoardView
from tests.pages.conftest import ESTATES, Browser, Pages
from tests.pages.happening import raised
from tests.streams.running_system import eventually


@pytest.fixture(autouse=True)
def _every_estate_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_board, "LARGE", 1)


async def outstanding(browser: Browser) -> tuple[int, str]:
    """How many repairs are outstanding by the board, and as at when."""
    page = await browser.get("/board")
    found = re.search(r"Show (\d+)[^.]* outstanding As at (.+?)\. ", page.text)
    assert found is not None, page.text
    return int(found[1]), found[2]


async def one_more(pages: Pages) -> None:
    """A repair more is asked for a minute later."""
    await pages.clock.advance(60)
    await raised(pages.place, "WO-large")


async def test_it_is_kept_for_a_moment_and_says_as_at_when_it_is(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = await pages.as_role(ESTATES)
    n, then = await outstanding(browser)
    await one_more(pages)
    assert await outstanding(browser) == (n, then), "it says of when it is, not of now"
    monkeypatch.setattr(kept_board, "OLDEST_S", 0.0)
    more, later = await outstanding(browser)
    assert (more, later != then) == (n + 1, True)


async def test_what_has_grown_old_is_renewed_behind_whoever_asks(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = await pages.as_role(ESTATES)
    n, then = await outstanding(browser)
    await one_more(pages)
    monkeypatch.setattr(kept_board, "RENEWED_AFTER_S", 0.0)
    assert (await outstanding(browser))[0] == n, "nobody waits for it"
    await eventually(lambda: not any(not one.done() for one in pages.place.background.values()), "it is renewed")
    more, later = await outstanding(browser)
    assert (more, later != then) == (n + 1, True)


async def test_many_who_ask_at_once_make_the_ledger_read_it_once(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0
    real = kept_board._read

    async def counted(place: Place, desk: Desk) -> BoardView:
        nonlocal reads
        reads += 1
        await asyncio.sleep(0.2)
        return await real(place, desk)

    monkeypatch.setattr(kept_board, "_read", counted)
    browsers = [await pages.as_role(ESTATES) for _ in range(5)]
    await asyncio.gather(*(outstanding(one) for one in browsers))
    assert reads == 1


async def test_of_very_many_premises_the_delivery_units_are_shown_and_in_each_the_gravest_first(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "LINES_AT_ONCE", 1)
    browser = await pages.as_role(ESTATES)
    await raised(pages.place, "WO-office", "office-aberwennol")
    whole = await browser.get("/board")
    assert "premises: choose the delivery unit" in whole.text
    assert "Bryn Awel" not in whole.text
    part = await browser.get("/board?ldu=north-coast")
    assert "1 more with fewer: the sheet below has all" in part.text
    assert ("Bryn Awel" in part.text, "Aberwennol" in part.text) == (True, False)
