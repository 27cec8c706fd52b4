"""The quieter pages on a real Chromium: search, disputes, refused events, how the rules work, the system."""

import pytest

from streams.ledger.incoming import Incoming
from tests.desk.small_ledger import ENDS, event
from tests.pages.browser.conftest import NARROW, WAYS, Desk, Seen
from tests.pages.browser.test_journeys import AP_MANAGER
from tests.pages.conftest import ESTATES

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser, pytest.mark.timeout(180)]

HOSTILE = "<b onclick=alert(1)>cracked</b> \u202e\u05d0\u05d1\u05d2 " + "x" * 60
DATA = {"asset": "entry-lock", "fault": "damaged", "impacts": [], "alternative_available": True}
WRONG = event("ap-managers", "work-order.raised", "M-1", "ap-bryn-awel", {**DATA, "floor": HOSTILE}, "", "m-1")
RIGHT = event("ap-managers", "work-order.raised", "M-1", "ap-bryn-awel", DATA, ENDS.isoformat(), "m-1").decode()


async def hear(desk: Desk, raw: bytes) -> None:
    await desk.place.ledger.take([Incoming("work-orders", b"ap-bryn-awel", raw)], ENDS, desk.place.world)


@pytest.mark.parametrize(("width", "scripts", "language"), WAYS)
async def test_somebody_searches_from_any_page_and_sends_what_they_see_to_a_colleague(
    width: int, scripts: bool, language: str, desk: Desk
) -> None:
    said = {**DATA, "note": HOSTILE}
    await hear(desk, event("ap-managers", "work-order.raised", "H-1", "ap-bryn-awel", said, ENDS.isoformat(), "h-1"))
    async with desk.seen(width=width, scripts=scripts, language=language) as seen:
        await seen.choose(ESTATES)
        await seen.page.locator("#find").fill("wo 1")
        await seen.press(seen.page.locator(".desk-find button"))
        assert await seen.page.locator("a[href='/orders/ap-bryn-awel/WO-1']").count() == 1
        assert await seen.wrongs() == []
        address = seen.page.url.removeprefix(seen.address)
        await seen.page.locator("#q").fill("onclick cracked")
        await seen.press(seen.page.locator("main button"))
        assert await seen.page.locator(".desk-said").inner_text() == HOSTILE.strip()
        assert await seen.wrongs() == []
        await seen.page.go_back()
        assert await seen.page.locator("#q").input_value() == "wo 1"
    async with desk.seen(width=width, scripts=scripts, language=language) as seen:
        await seen.choose(ESTATES)
        await seen.open(address)
        assert await seen.page.locator("a[href='/orders/ap-bryn-awel/WO-1']").count() == 1


@pytest.mark.parametrize(("width", "scripts", "language"), WAYS)
async def test_whoever_sent_a_refused_event_mends_it_and_has_a_receipt(
    width: int, scripts: bool, language: str, desk: Desk
) -> None:
    await hear(desk, WRONG)
    async with desk.seen(width=width, scripts=scripts, language=language) as seen:
        await seen.choose(AP_MANAGER)
        await seen.press(seen.page.locator(".desk-quiet-ways a[href='/refused']"))
        assert await seen.wrongs() == []
        await seen.press(seen.page.locator("main tbody a").first)
        assert await seen.wrongs() == []
        await seen.page.locator("#event").fill(RIGHT)
        await seen.press(seen.page.locator("main button"))
        await seen.page.locator(".govuk-panel").wait_for()
        assert await seen.wrongs() == []
        await seen.page.go_back()
        await seen.page.reload()
        assert await seen.page.locator("#event").count() == 0


@pytest.mark.parametrize(("width", "scripts", "language"), WAYS)
async def test_disputes_rules_and_the_system_are_read_from_the_foot_of_every_page(
    width: int, scripts: bool, language: str, desk: Desk
) -> None:
    async with desk.seen(width=width, scripts=scripts, language=language) as seen:
        await seen.choose(ESTATES)
        for path in ("/disputes", "/rules", "/system"):
            await seen.press(seen.page.locator(f".desk-quiet-ways a[href='{path}']"))
            assert await seen.page.locator("html").get_attribute("lang") == language
            closed = seen.page.locator("main details:not([open]) > summary")
            while await closed.count():
                await closed.first.click()
            assert await seen.wrongs() == []
            assert await seen.page.locator("h1").count() == 1


async def test_an_event_that_is_still_wrong_is_kept_as_it_was_typed(desk: Desk) -> None:
    await hear(desk, WRONG)
    context = await desk.browser.new_context(viewport={"width": NARROW, "height": 740}, locale="en-GB")
    seen = Seen(await context.new_page(), desk.address)
    await seen.choose(AP_MANAGER)
    await seen.open("/refused")
    await seen.press(seen.page.locator("main tbody a").first)
    await seen.page.locator("#event").fill(RIGHT.replace("damaged", "unicorn"))
    await seen.press(seen.page.locator("main button"))
    assert "unicorn" in await seen.page.locator(".govuk-error-summary").inner_text()
    assert "unicorn" in await seen.page.locator("#event").input_value()
    assert await seen.wrongs() == []
    await seen.page.locator(".govuk-error-summary a").click()
    assert await seen.page.evaluate("document.activeElement.id") == "event"
    await context.close()


async def test_the_search_is_reached_and_used_with_the_keyboard_alone(desk: Desk) -> None:
    async with desk.seen() as seen:
        await seen.choose(ESTATES)
        for _ in range(4):
            await seen.page.keyboard.press("Tab")
            if await seen.page.evaluate("document.activeElement.id") == "find":
                break
        await seen.page.keyboard.type("lock")
        async with seen.page.expect_navigation():
            await seen.page.keyboard.press("Enter")
        assert await seen.page.locator("#results").count() == 1
