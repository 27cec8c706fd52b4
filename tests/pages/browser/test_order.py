"""The page of an order on a real Chromium: read, said and answered at any width, in both languages, without a fault."""

import pytest

from tests.pages.browser.conftest import NARROW, WAYS, Desk, Seen
from tests.pages.conftest import ESTATES
from tests.pages.orders_told import HOSTILE, LOCK

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.mark.parametrize(("width", "scripts", "language"), WAYS)
async def test_an_order_is_read_reported_done_and_rejected(
    width: int, scripts: bool, language: str, desk: Desk
) -> None:
    async with desk.seen(width=width, scripts=scripts, language=language) as seen:
        await seen.choose(ESTATES)
        await seen.open("/orders")
        await seen.press(seen.page.locator(f"main a[href='{LOCK}']"))
        assert await seen.page.locator("html").get_attribute("lang") == language
        assert await seen.wrongs() == []
        await seen.press(seen.page.locator(f"main a[href='{LOCK}/complete']"))
        assert await seen.wrongs() == []
        await seen.page.locator("textarea").fill(HOSTILE)
        await seen.press(seen.page.locator("main button"))
        await seen.page.locator(".govuk-panel").wait_for()
        assert await seen.wrongs() == []
        await seen.press(seen.page.locator(f"main a[href='{LOCK}']"))
        assert HOSTILE.split()[0] in await seen.page.locator(".desk-timeline__note").first.inner_text()
        assert await seen.wrongs() == []
        await seen.press(seen.page.locator(f"main a[href='{LOCK}/reject']"))
        await seen.page.locator("#defect").fill("x")
        await seen.press(seen.page.locator("main button"))
        await seen.page.locator(".govuk-panel").wait_for()
        await seen.page.go_back()
        await seen.press(seen.page.locator("main button"))
        assert await seen.page.locator(".govuk-panel").count() == 1, "posted again it is the same receipt"


@pytest.mark.parametrize("form", ["amend", "withdraw", "reject"])
async def test_forms_that_are_faulty_keep_what_was_typed_and_are_accessible(form: str, desk: Desk) -> None:
    context = await desk.browser.new_context(viewport={"width": NARROW, "height": 740}, locale="cy-GB")
    seen = Seen(await context.new_page(), desk.address)
    await seen.choose(ESTATES)
    await seen.open(f"{LOCK}/{form}")
    assert await seen.violations() == []
    await seen.page.locator("#note").fill("kept")
    await seen.press(seen.page.locator("main button"))
    assert await seen.page.locator(".govuk-error-summary").count() == 1
    assert await seen.page.locator("#note").input_value() == "kept"
    href = await seen.page.locator(".govuk-error-summary a").first.get_attribute("href")
    assert href is not None
    assert await seen.page.locator(href).count() == 1, "the summary leads to the field"
    assert await seen.wrongs() == []
    await context.close()


async def test_the_drawing_is_read_at_twice_the_size_on_a_narrow_page_and_without_colour(desk: Desk) -> None:
    async with desk.seen(width=NARROW) as seen:
        await seen.choose(ESTATES)
        await seen.open(LOCK)
        await seen.page.emulate_media(forced_colors="active")
        assert await seen.fits()
        letters = "[...document.querySelectorAll('.desk-clocks text')].map(one => one.getBoundingClientRect())"
        lowest = await seen.page.evaluate(f"Math.min(...{letters}.map(one => one.height))")
        assert lowest >= 13, "the letters keep their size however narrow the page is"
        beyond = "one => one.left < 0 || one.right > window.innerWidth"
        assert await seen.page.evaluate(f"{letters}.filter({beyond}).length") == 0
        await seen.page.set_viewport_size({"width": NARROW // 2 + 140, "height": 740})  # 640 pixels at 200 %
        assert await seen.fits()


async def test_what_is_asked_while_an_order_is_read_is_answered_with_the_keyboard_alone(desk: Desk) -> None:
    async with desk.seen() as seen:
        await seen.choose(ESTATES)
        await seen.open(LOCK)
        for _ in range(40):
            await seen.page.keyboard.press("Tab")
            if (await seen.page.evaluate("document.activeElement.getAttribute('href')")) == f"{LOCK}/withdraw":
                break
        async with seen.page.expect_navigation():
            await seen.page.keyboard.press("Enter")
        for _ in range(40):
            await seen.page.keyboard.press("Tab")
            if await seen.page.evaluate("document.activeElement.type") == "radio":
                break
        await seen.page.keyboard.press("Space")
        for _ in range(4):
            await seen.page.keyboard.press("Tab")
            if await seen.page.evaluate("document.activeElement.tagName") == "BUTTON":
                break
        async with seen.page.expect_navigation():
            await seen.page.keyboard.press("Enter")
        await seen.page.locator(".govuk-panel").wait_for()
