"""Journeys through nights on a real Chromium: the map, a night, and what is said about it, on any width and by keys."""

import pytest

from tests.pages.browser.conftest import NARROW, WAYS, WIDE, Desk, Seen

AP_MANAGER = "ap-manager:premises:ap-bryn-awel"
AP_DERWEN = "ap-manager:premises:ap-ty-derwen"
DUTY = "division-duty:division:division"
TONIGHT = "/nights/ap-bryn-awel/2026-01-14"
LAST = "/nights/ap-ty-derwen/2026-01-13"
HOSTILE = "<img src=x onerror=alert(1)> \u202e\u05d0\u05d1\u05d2"

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.mark.parametrize(("width", "scripts", "language"), WAYS)
async def test_the_duty_manager_goes_from_the_map_to_a_night_and_puts_somebody_in(
    width: int, scripts: bool, language: str, desk: Desk
) -> None:
    async with desk.seen(width=width, scripts=scripts, language=language) as seen:
        await seen.choose(DUTY)
        await seen.open("/nights")
        assert await seen.wrongs() == []
        assert await seen.page.locator("figure svg[role=img] desc").count() == 1
        await seen.press(seen.page.locator(f'.desk-night-map a[href="{TONIGHT}"]'))
        assert await seen.wrongs() == []
        await seen.press(seen.page.locator(f'main a.govuk-button[href="{TONIGHT}/contingency"]'))
        assert await seen.wrongs() == []
        await seen.page.locator("#cover_ref").fill("division-14")
        await seen.page.locator("#cost").fill("1,214.05")
        await seen.page.locator("#note").fill(HOSTILE)
        await seen.press(seen.page.locator("main form button"))
        await seen.page.locator(".govuk-panel").wait_for()
        assert await seen.wrongs() == []
        await seen.page.reload()
        await seen.page.locator(".govuk-panel").wait_for()
        await seen.press(seen.page.locator("main p a").last)
        assert await seen.wrongs() == []
        assert "\u00a31,214.05" in await seen.page.locator("main").inner_text()
        assert await seen.page.locator("blockquote", has_text="<img src=x").count() == 1


@pytest.mark.parametrize("width", [NARROW, WIDE])
async def test_a_manager_checks_somebody_in_and_withdraws_another_with_few_taps(width: int, desk: Desk) -> None:
    async with desk.seen(width=width) as seen:
        await seen.choose(AP_DERWEN)
        await seen.open(LAST)
        assert await seen.wrongs() == []
        await seen.press(seen.page.locator(f'a[href="{LAST}/check-in?person=own-1"]'))
        assert await seen.wrongs() == []
        await seen.press(seen.page.locator("main form button"))
        await seen.page.locator(".govuk-panel").wait_for()
        await seen.open(LAST)
        assert await seen.page.locator(f'a[href="{LAST}/check-in?person=own-1"]').count() == 0
        await seen.press(seen.page.locator(f'a[href="{LAST}/withdraw?person=help-1"]'))
        assert await seen.wrongs() == []
        await seen.press(seen.page.locator("main form button"))
        await seen.page.locator(".govuk-panel").wait_for()
        assert await seen.wrongs() == []


async def test_what_was_typed_stays_after_a_fault_and_the_fault_is_reached_by_its_link(desk: Desk) -> None:
    context = await desk.browser.new_context(viewport={"width": NARROW, "height": 740}, locale="en-GB")
    seen = Seen(await context.new_page(), desk.address)
    await seen.choose(AP_MANAGER)
    await seen.open(f"{TONIGHT}/confirm")
    await seen.page.locator("#cover_ref").fill("agency 7")
    await seen.page.locator("summary").click()
    await seen.page.locator("#starts").fill("ten")
    await seen.press(seen.page.locator("main form button"))
    assert await seen.wrongs() == []
    assert await seen.page.locator(".govuk-error-summary a").count() == 2
    assert await seen.page.locator("#starts").input_value() == "ten"
    assert await seen.page.locator("#starts").is_visible(), "the part that holds a fault is open"
    await seen.page.locator('.govuk-error-summary a[href="#cover_ref"]').click()
    assert await seen.page.evaluate("document.activeElement.id") == "cover_ref"
    await context.close()


async def test_a_person_is_confirmed_with_the_keyboard_alone(desk: Desk) -> None:
    async with desk.seen() as seen:
        await seen.choose(AP_MANAGER)
        await seen.open(f"{TONIGHT}/confirm")
        await seen.page.locator("#cover_ref").focus()
        await seen.page.keyboard.type("agency-7")
        await seen.page.keyboard.press("Tab")
        await seen.page.keyboard.press("Space")
        async with seen.page.expect_navigation():
            await seen.page.keyboard.press("Enter")
        assert await seen.page.locator(".govuk-panel strong").count() == 1


async def test_a_button_that_is_pressed_twice_says_it_once_and_the_back_button_says_nothing(desk: Desk) -> None:
    async with desk.seen(scripts=False) as seen:
        await seen.choose(AP_MANAGER)
        await seen.open(f"{TONIGHT}/confirm")
        await seen.page.locator("#cover_ref").fill("agency-7")
        await seen.page.locator("main form button").dblclick(no_wait_after=True)
        await seen.page.locator(".govuk-panel").wait_for()
        await seen.page.go_back()
        await seen.page.locator("#cover_ref").wait_for()
        await seen.open(TONIGHT)
        assert await seen.page.locator(".desk-timeline__entry", has_text="agency-7").count() == 1


@pytest.mark.parametrize("path", ["/nights", TONIGHT, LAST, f"{TONIGHT}/contingency"])
async def test_a_page_twice_as_large_still_fits(path: str, desk: Desk) -> None:
    async with desk.seen(width=WIDE // 2) as seen:
        await seen.choose(DUTY)
        await seen.open(path)
        assert await seen.wrongs() == []


@pytest.mark.parametrize("width", [NARROW, WIDE])
async def test_whoever_would_replace_somebody_is_shown_whom_and_ticks_it(width: int, desk: Desk) -> None:
    context = await desk.browser.new_context(viewport={"width": width, "height": 740}, locale="en-GB")
    seen = Seen(await context.new_page(), desk.address)
    await seen.choose(AP_MANAGER)
    for ref in ("agency-7", "AGENCY-7"):
        await seen.open(f"{TONIGHT}/confirm")
        await seen.page.locator("#cover_ref").fill(ref)
        await seen.press(seen.page.locator("main form button"))
    assert await seen.wrongs() == []
    await seen.page.get_by_label("Replace them").check()
    await seen.press(seen.page.locator("main form button"))
    await seen.page.locator(".govuk-panel").wait_for()
    await context.close()
