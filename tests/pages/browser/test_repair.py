"""Report a repair on a real Chromium: narrow and wide, with and without JavaScript, in both languages, by keyboard."""

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from models.tables import EventNoteRow, WorkOrderRow
from tests.pages.browser.conftest import NARROW, WAYS, Desk, Seen

AP_MANAGER = "ap-manager:premises:ap-bryn-awel"
DUTY = "division-duty:division:division"
NOTE = "<i>Back door</i> \u202e\u05d0\u05d1 <script>alert(1)</script>"

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser, pytest.mark.timeout(180)]


async def count(desk: Desk) -> int:
    async with desk.place.ledger.reading() as connection:
        query = select(func.count()).select_from(WorkOrderRow).where(col(WorkOrderRow.subject).like("WO-%"))
        return int((await connection.execute(query)).scalar_one())


@pytest.mark.parametrize(("width", "scripts", "language"), WAYS)
async def test_somebody_of_the_division_reports_danger_and_goes_back_from_the_receipt(
    width: int, scripts: bool, language: str, desk: Desk
) -> None:
    before = await count(desk)
    async with desk.seen(width=width, scripts=scripts, language=language) as seen:
        await seen.choose(DUTY)
        await seen.press(seen.page.locator("nav a[href='/repair']"))
        await seen.go_on("yes")
        assert await seen.page.locator("a[href='tel:999']").count() == 1
        await seen.go_on()
        assert await seen.wrongs() == []
        await seen.page.locator("summary").first.click()
        await seen.press(seen.page.locator(".desk-sites a", has_text="Bryn Awel"))
        for chosen in (["entry-lock"], ["will-not-secure"], ["site-security", "staff-safety"], ["no"]):
            await seen.go_on(*chosen)
        assert await seen.page.locator(".desk-matter a[href='/orders/ap-bryn-awel/WO-1']").count() == 1
        await seen.go_on()
        await seen.page.locator("textarea").fill(NOTE)
        await seen.go_on()
        assert NOTE in await seen.page.locator(".desk-typed").inner_text()
        assert await seen.page.locator(".desk-outlook--critical").count() == 1
        await seen.go_on()
        receipt = await seen.page.locator(".govuk-panel strong").inner_text()
        assert await seen.wrongs() == []
        await seen.page.reload()
        await seen.page.go_back()
        await seen.page.locator("main a[href^='/orders/ap-bryn-awel/WO-']").wait_for()
        assert await seen.page.locator("main button").count() == 0, "there is nothing to send a second time"
        assert await seen.wrongs() == []
        await seen.page.go_forward()
        assert await seen.page.locator(".govuk-panel strong").inner_text() == receipt
    assert await count(desk) == before + 1
    async with desk.place.ledger.reading() as connection:
        assert NOTE in (await connection.execute(select(col(EventNoteRow.note)))).scalars().all()


async def test_going_back_and_choosing_otherwise_keeps_all_other_answers(desk: Desk) -> None:
    async with desk.seen(width=NARROW) as seen:
        await seen.choose(AP_MANAGER)
        await seen.open("/repair")
        for chosen in ("no", "lift", "total-loss", "access", "no"):
            await seen.go_on(chosen)
        for _ in range(3):
            await seen.page.go_back()
        await seen.go_on("damaged")
        await seen.go_on("access")
        await seen.go_on("yes")
        await seen.press(seen.page.locator("main form button"))
        answers = await seen.page.locator(".desk-answers").inner_text()
        assert "is damaged but still in use" in answers
        assert "Lift" in answers
        await seen.press(seen.page.locator(".desk-answers a[href$='change=note']"))
        await seen.page.locator("textarea").fill("Second floor")
        await seen.press(seen.page.locator("main form button"))
        await seen.page.go_back()
        assert await seen.page.locator("textarea").input_value() == "Second floor"
        await seen.page.go_forward()
        assert "Second floor" in await seen.page.locator(".desk-answers").inner_text()
        await seen.press(seen.page.locator(".desk-languages a"))
        assert await seen.page.locator("html").get_attribute("lang") == "cy"
        assert await seen.wrongs() == []


async def tab_to(seen: Seen, *kinds: str) -> None:
    """Go on by the tab key alone to the first thing of the page's own that is of one of these kinds."""
    for _ in range(40):
        await seen.page.keyboard.press("Tab")
        kind = "document.activeElement.closest('main') ? document.activeElement.type : ''"
        if await seen.page.evaluate(kind) in kinds:
            return
    raise AssertionError(kinds)


async def test_a_repair_is_reported_with_the_keyboard_alone(desk: Desk) -> None:
    async with desk.seen() as seen:
        await seen.choose(AP_MANAGER)
        await seen.open("/repair")
        for moves in (1, 0, 0, 0, 1):
            await tab_to(seen, "radio", "checkbox")
            await seen.page.keyboard.press("Space")
            for _ in range(moves):
                await seen.page.keyboard.press("ArrowDown")
            async with seen.page.expect_navigation():
                await seen.page.keyboard.press("Enter")
        for _ in ("note", "check"):
            await tab_to(seen, "submit")
            async with seen.page.expect_navigation():
                await seen.page.keyboard.press("Enter")
        assert await seen.page.locator(".govuk-panel strong").count() == 1


async def test_what_is_passed_over_or_cannot_be_is_said_in_a_page_as_accessible_as_the_rest(desk: Desk) -> None:
    context = await desk.browser.new_context(viewport={"width": NARROW, "height": 740}, locale="cy-GB")
    seen = Seen(await context.new_page(), desk.address)
    await seen.choose(DUTY)
    whole = "danger=no&premises=ap-bryn-awel&asset=lift&fault=damaged&impacts=public&alternative=no"
    for path in (
        "asked=danger", "danger=no&find=zz", "danger=no&find=west", "danger=no&premises=x", f"{whole}&note=x",
        "danger=no&premises=ap-bryn-awel&asset=lift&fault=damaged&asked=impacts",
    ):  # fmt: skip
        await seen.open(f"/repair?{path}")
        assert await seen.wrongs() == []
    await seen.open(f"/repair?{whole}")
    await seen.page.locator("textarea").fill("x" * 1001)
    await seen.press(seen.page.locator("main form button"))
    assert await seen.page.locator(".govuk-error-summary").count() == 1
    assert await seen.page.locator("textarea").input_value() == "x" * 1001
    assert await seen.wrongs() == []
    await context.close()
