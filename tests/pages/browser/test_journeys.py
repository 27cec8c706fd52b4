"""Journeys on a real Chromium: narrow and wide, with and without JavaScript, in both languages, without a fault."""

from datetime import timedelta

import pytest

from desk.notices.links import sign
from desk.notices.signing import signing_keys
from desk.views.escalations import EscalationLine, read_escalations
from models.tables import EscalationRow
from tests.desk.small_ledger import ENDS
from tests.pages.browser.conftest import NARROW, WAYS, Desk, Seen
from tests.pages.conftest import ESTATES, MANAGER

AP_MANAGER = "ap-manager:premises:ap-bryn-awel"

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser, pytest.mark.timeout(180)]


async def standing(desk: Desk) -> list[EscalationLine]:
    async with desk.place.ledger.reading() as connection:
        return list((await read_escalations(connection, everything=False, limit=0)).lines)


async def link_of(desk: Desk, line: EscalationLine, role: str | None = None) -> str:
    return f"/a/{sign(signing_keys(desk.place.settings), line.id, role or line.role, ENDS + timedelta(days=1))}"


async def lock(desk: Desk) -> EscalationLine:
    return next(one for one in await standing(desk) if one.subject == "WO-1" and one.role == "provider-account-manager")


@pytest.mark.parametrize(("width", "scripts", "language"), WAYS)
async def test_whoever_follows_a_notice_takes_it_on_with_two_taps(
    width: int, scripts: bool, language: str, desk: Desk
) -> None:
    line = await lock(desk)
    async with desk.seen(width=width, scripts=scripts, language=language) as seen:
        await seen.open(await link_of(desk, line))
        assert await seen.page.locator("html").get_attribute("lang") == language
        assert await seen.wrongs() == []
        await seen.page.locator("input[type=radio]").first.check()
        await seen.press(seen.page.locator("main button"))
        await seen.page.locator(".govuk-panel").wait_for()
        assert await seen.violations() == []
        await seen.page.reload()
        await seen.page.locator(".govuk-panel").wait_for()
        await seen.page.go_back()
    assert (await lock(desk)).acknowledged_until is not None


@pytest.mark.parametrize(("width", "scripts", "language"), WAYS)
async def test_an_account_manager_answers_several_escalations_at_once(
    width: int, scripts: bool, language: str, desk: Desk
) -> None:
    async with desk.seen(width=width, scripts=scripts, language=language) as seen:
        await seen.open("/")
        assert await seen.wrongs() == []
        await seen.choose(MANAGER)
        assert await seen.wrongs() == []
        boxes = seen.page.locator("input[name=e]")
        assert await boxes.count() >= 2
        await boxes.nth(0).check()
        await boxes.nth(1).check()
        await seen.press(seen.page.locator(".desk-verbs button").first)
        assert await seen.wrongs() == []
        await seen.page.locator("input[name=commitment]").first.check()
        await seen.page.locator("textarea").fill("<b>On the way</b> \u05d0\u05d1\u05d2")
        await seen.press(seen.page.locator("main button"))
        assert await seen.page.locator(".desk-reference").count() == 2
        assert await seen.wrongs() == []
        await seen.press(seen.page.locator("main a").last)
        await seen.press(seen.page.locator(".desk-sign-out button"))
        assert await seen.page.locator("input[name=voice]").count() > 5


async def test_two_people_who_take_the_same_on_at_once_both_learn_how_it_stands(desk: Desk) -> None:
    line = await lock(desk)
    async with desk.seen() as one, desk.seen(width=NARROW) as other:
        for seen, role in ((one, line.role), (other, "estates-desk")):
            await seen.open(await link_of(desk, line, role))
            await seen.page.locator("input[type=radio]").first.check()
        await one.press(one.page.locator("main button"))
        await one.page.locator(".govuk-panel").wait_for()
        await other.press(other.page.locator("main button"))
        assert "already" in (await other.page.locator("h1").inner_text())
        assert await other.violations() == []


async def test_everything_can_be_done_with_the_keyboard_alone(desk: Desk) -> None:
    line = await lock(desk)
    async with desk.seen() as seen:
        await seen.open(await link_of(desk, line))
        await seen.page.keyboard.press("Tab")
        assert await seen.page.evaluate("document.activeElement.textContent.trim()") == "Skip to main content"
        for _ in range(10):
            await seen.page.keyboard.press("Tab")
            if await seen.page.evaluate("document.activeElement.type") == "radio":
                break
        await seen.page.keyboard.press("Space")
        await seen.page.keyboard.press("Tab")
        await seen.page.keyboard.press("Enter")
        await seen.page.locator(".govuk-panel").wait_for()


@pytest.mark.parametrize("language", ["en", "cy"])
async def test_pages_that_say_no_are_as_accessible_as_those_that_say_yes(language: str, desk: Desk) -> None:
    context = await desk.browser.new_context(viewport={"width": NARROW, "height": 740}, locale=f"{language}-GB")
    page = await context.new_page()
    seen = Seen(page, desk.address)
    line = await lock(desk)
    await seen.choose(ESTATES)
    for path in ("/nothing", "/a/none", "/escalations/acknowledge", f"/escalations/decline?e={line.id}"):
        await seen.open(path)
        assert await seen.wrongs() == [], path
    await seen.press(page.locator("main button"))
    assert await seen.violations() == []
    await context.close()


@pytest.mark.parametrize(("width", "scripts", "language"), WAYS)
async def test_missing_cover_is_reported_in_at_most_four_taps_without_typing(
    width: int, scripts: bool, language: str, desk: Desk
) -> None:
    async with desk.seen(width=width, scripts=scripts, language=language) as seen:
        await seen.choose(AP_MANAGER)
        taps = [seen.page.locator("nav a[href='/missing']"), seen.page.locator("main button")]
        for tap in taps:
            await seen.press(tap)
            assert await seen.wrongs() == []
        assert await seen.page.locator(".govuk-panel").count() == 1
        assert len(taps) <= 4


@pytest.mark.parametrize(("width", "scripts", "language"), WAYS)
async def test_every_number_of_the_board_leads_somewhere_and_back(
    width: int, scripts: bool, language: str, desk: Desk
) -> None:
    async with desk.seen(width=width, scripts=scripts, language=language) as seen:
        await seen.choose(ESTATES)
        await seen.open("/board")
        assert await seen.wrongs() == []
        for path in ("/orders", "/nights", "/escalations"):
            await seen.press(seen.page.locator(f".desk-board a[href^='{path}']").first)
            assert await seen.page.locator("main li, main tbody tr").count() > 0
            assert await seen.wrongs() == []
            await seen.page.go_back()


async def test_ticking_all_ticks_nothing_that_somebody_has_taken_on(desk: Desk) -> None:
    line = await lock(desk)
    table = EscalationRow.__table__  # type: ignore[attr-defined]
    async with desk.place.ledger.database.writing() as connection:
        until = ENDS + timedelta(hours=2)
        await connection.execute(table.update().where(table.c.id == line.id).values(acknowledged_until=until))
    async with desk.seen() as seen:
        await seen.choose(ESTATES)
        await seen.open("/escalations?show=all")
        await seen.page.locator("#all").check()
        everyone = len(await standing(desk))
        assert await seen.page.locator('input[name="e"]:checked').count() == everyone - 1
        assert not await seen.page.locator(f'input[value="{line.id}"]').is_checked()
