"""The desk beside a worker on a real Kafka and a real PostgreSQL, before a real Chromium."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.desk.on_servers import desk_on_servers
from tests.pages.browser.conftest import NARROW, WIDE, Desk, Seen
from tests.servers.kafka import KafkaAddress
from tests.streams.running_system import eventually

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser, pytest.mark.kafka, pytest.mark.postgres,
    pytest.mark.timeout(240),
]  # fmt: skip

PATIENCE_MS = 60_000
"""What is live within two seconds on a machine that is free may take longer on one that is not."""


@pytest_asyncio.fixture(loop_scope="session")
async def on_servers(
    chromium: Browser, kafka: KafkaAddress, topic_prefix: str, database: str, tmp_path: Path
) -> AsyncIterator[tuple[Desk, str]]:
    """The desk beside a worker on servers, and a key of the division."""
    async with desk_on_servers(kafka, topic_prefix, database, tmp_path) as there:
        yield Desk(there.place, there.address, chromium), there.key


async def signs_in(seen: Seen, key: str) -> None:
    await seen.open("/sign-in")
    await seen.page.locator("input[name=key]").fill(key)
    await seen.press(seen.page.locator("main button"))


async def test_missing_cover_that_a_telephone_reports_is_seen_live_by_another_and_taken_on(
    on_servers: tuple[Desk, str],
) -> None:
    desk, key = on_servers
    async with desk.seen(width=WIDE) as watcher, desk.seen(width=NARROW, scripts=False) as reporter:
        await signs_in(watcher, key)
        await watcher.open("/escalations?show=all")
        matters = watcher.page.locator(".desk-matter", has_text="Plas Helyg")
        before = await matters.count()
        await signs_in(reporter, key)
        await reporter.open("/missing?premises=ap-plas-helyg")
        await reporter.press(reporter.page.locator("main button"))
        await reporter.page.locator(".govuk-panel, .desk-reference").first.wait_for()
        assert await reporter.fits()
        await expect(matters).not_to_have_count(before, timeout=PATIENCE_MS)
        assert await watcher.violations() == []
        await matters.locator("input[name=e]").first.check()
        await watcher.press(watcher.page.locator(".desk-verbs button").first)
        await watcher.page.locator("input[name=commitment]").first.check()
        await watcher.press(watcher.page.locator("main button"))
        assert await watcher.page.locator(".desk-reference").count() == 1

    async def all_sent() -> bool:
        return await desk.place.ledger.unsent(1) == [] and await desk.place.ledger.unrelayed(1) == []

    await eventually(all_sent, "what was said at the desk is on its topic")
    assert (await desk.place.ledger.verify(desk.place.world)).holds


async def test_a_repair_that_is_reported_is_an_order_with_its_clocks_and_is_found_by_its_reference(
    on_servers: tuple[Desk, str],
) -> None:
    desk, key = on_servers
    async with desk.seen(width=NARROW) as seen:
        await signs_in(seen, key)
        await seen.open("/repair?premises=ap-plas-helyg")
        for chosen in ("no", "entry-lock", "will-not-secure", "site-security", "no"):
            await seen.go_on(chosen)
        await seen.press(seen.page.locator("main form button").last)
        assert await seen.page.locator(".desk-outlook--critical").count() == 1
        await seen.press(seen.page.locator("main form button").last)
        reference = await seen.page.locator(".govuk-panel strong").inner_text()
        await seen.press(seen.page.locator("main a[href^='/orders/ap-plas-helyg/WO-']").first)
        assert await seen.page.locator("main svg").count() >= 1
        assert await seen.violations() == []
        order = seen.page.url.partition("?")[0]
        await seen.page.locator("header input[name=q]").fill(reference.lower().replace("-", " "))
        await seen.press(seen.page.locator("header form button"))
        assert await seen.page.locator(f"main a[href='{order.removeprefix(desk.address)}']").count() >= 1
        assert await seen.fits()
