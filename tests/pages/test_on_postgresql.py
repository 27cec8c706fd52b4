"""The pages on PostgreSQL: the same journey as from one file."""

from pathlib import Path

import pytest

from desk.api.app import build_app
from desk.api.place import Place, kept
from desk.pages.app import with_pages
from streams.clock import FixedClock
from streams.ledger.ledger import Ledger
from streams.settings import Settings
from tests.desk.small_ledger import ENDS, build
from tests.pages.conftest import ESTATES, MANAGER, Pages
from workorders.policy import default_world

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
REPAIR = "/repair?once=o&danger=no&premises=ap-bryn-awel&asset=entry-lock&fault=damaged&impacts=NONE&alternative=no"
LOOKS = (
    "/board",
    "/board.csv",
    "/orders?age=under-1-day&disputed=yes",
    "/nights?short=yes",
    "/nights",
    "/nights.csv",
    "/nights/ap-ty-derwen/2026-01-13",
    "/nights/ap-bryn-awel/2026-01-24",
    "/escalations?show=all",
    "/escalations/cases",
    "/live/board",
    "/live/orders",
    REPAIR,
    f"{REPAIR}&new=ap-bryn-awel.entry-lock&note=NONE",
    *(f"/search?q={q}" for q in ("wo+1", "wo-", "n-1", "wedged+lock", "derwen", "%25")),
    "/disputes",
    "/refused?waiting=yes",
    "/system",
)


async def test_each_page_shows_the_same_on_both_and_an_answer_is_taken(
    pages: Pages, database: str, tmp_path: Path
) -> None:
    await build(database)
    ledger = await Ledger.open(database, time_kind="simulated", now=ENDS)
    try:
        async with kept(Place(Settings(data_dir=tmp_path), ledger, FixedClock(ENDS), default_world())) as place:
            app = with_pages(build_app(place), place)
            there = Pages(place, app)
            browsers = await pages.as_role(ESTATES), await there.as_role(ESTATES)
            for look in LOOKS:
                seen = [await browser.get(look) for browser in browsers]
                assert seen[0].text == seen[1].text, look
            browser, line = (
                await there.as_role(MANAGER),
                await there.one(subject="WO-1", role="provider-account-manager"),
            )
            await browser.get(f"/escalations/acknowledge?e={line.id}")
            assert (await browser.submit("/escalations/acknowledge", commitment="none")).heading == "1 answer is saved"
            follower = there.browser()
            assert (await follower.get(there.link(line))).heading == "Somebody has taken this on already"
            await app.state.following.end()
            for client in there.clients:
                await client.aclose()
    finally:
        await ledger.close()
