"""The link in a notice: looking changes nothing, the button takes it on once, and every other case says what it is."""

import asyncio
import re
import string
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select
from sqlmodel import SQLModel, col

from desk.notices.links import sign
from desk.notices.signing import signing_keys
from desk.pages.answers import answers
from desk.views.escalations import EscalationLine, escalations_named
from models.decision import Reached
from models.ids import new_id
from models.tables import ApiAccessRow, EscalationRow, EventRow, InboxRow, StatementRow
from streams.ledger import notices_rehearsal, states
from streams.notice_settings import NoticeSettings
from tests.desk.small_ledger import ENDS
from tests.pages.conftest import HERE, Browser, Pages, pages_over
from tests.pages.reading import Read

REFERENCE = re.compile(r"\b([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]\b")
LOCK = {"subject": "WO-1", "kind": "breach", "role": "provider-account-manager", "clock": "attend"}


async def count(pages: Pages, table: type[SQLModel]) -> int:
    async with pages.place.ledger.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def now_of(pages: Pages, line: EscalationLine) -> EscalationLine:
    async with pages.place.ledger.reading() as connection:
        return (await escalations_named(connection, str(line.id)))[0]


async def answers_of(pages: Pages, line: EscalationLine) -> list[tuple[str, str]]:
    kind = "facilities.escalation-response.acknowledged"
    query = select(col(EventRow.source), col(EventRow.body)).where(col(EventRow.type) == kind)
    async with pages.place.ledger.reading() as connection:
        return [(row.source, row.body) for row in await connection.execute(query) if str(line.id) in row.body]


async def taken_on(pages: Pages, line: EscalationLine, hours: int = 2) -> Browser:
    browser = pages.browser()
    await browser.get(pages.link(line))
    await browser.submit(commitment=(ENDS + timedelta(hours=hours)).isoformat())
    return browser


async def both(browser: Browser, address: str) -> list[Read]:
    """The page of a link as it is looked at, and as its form is posted."""
    return [await browser.get(address), await browser.post(address, [("commitment", "none")])]


async def test_looking_changes_nothing_however_often(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    before = [await count(pages, one) for one in (EventRow, InboxRow, StatementRow)]
    browser = pages.browser()
    for _ in range(3):
        await browser.get(pages.link(line))
        assert browser.status == 200
    assert (await browser.client.head(pages.link(line))).status_code == 200
    assert [await count(pages, one) for one in (EventRow, InboxRow, StatementRow)] == before
    assert (await now_of(pages, line)).acknowledged_until is None


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Attendance overdue", "Bryn Awel", "WO-1", "Tuesday 13 January 2026, 17:00 GMT", "13 hours late",
                "Provider's account manager", "By when will it be done?"]),
        ("cy", ["Bryn Awel", "WO-1", "Dydd Mawrth 13 Ionawr 2026, 17:00 GMT"]),
    ],
)  # fmt: skip
async def test_the_page_says_what_where_since_when_due_and_how_late_in_each_language(
    language: str, words: list[str], pages: Pages
) -> None:
    browser = pages.browser(**{"Accept-Language": language})
    page = await browser.get(pages.link(await pages.one(**LOCK)))
    assert page.language == language
    assert [one for one in words if one not in page.text] == []
    assert page.form().choices["commitment"][-1] == "none"


async def test_the_times_offered_lie_ahead_and_within_what_holds_a_ladder(pages: Pages) -> None:
    page = await pages.browser().get(pages.link(await pages.one(**LOCK)))
    offered = [datetime.fromisoformat(one) for one in page.form().choices["commitment"][:-1]]
    assert len(offered) >= 4
    assert offered == sorted(offered)
    assert all(ENDS < one <= ENDS + timedelta(days=2) for one in offered)


async def test_the_button_takes_it_on_until_the_time_that_was_chosen(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    browser = pages.browser()
    page = await browser.get(pages.link(line))
    when = page.form().choices["commitment"][1]
    page = await browser.submit(commitment=when)
    assert (browser.status, page.heading) == (200, "You have taken this on")
    assert REFERENCE.search(page.text)
    after = await now_of(pages, line)
    assert (after.last_statement, after.acknowledged_until) == ("acknowledged", datetime.fromisoformat(when))
    [(source, body)] = await answers_of(pages, line)
    assert source == "fm-account-managers"
    assert str(line.id) in body


async def test_whoever_cannot_say_by_when_holds_it_for_as_long_as_the_rules_say(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    browser = pages.browser()
    await browser.get(pages.link(line))
    await browser.submit(commitment="none")
    assert (await now_of(pages, line)).acknowledged_until == ENDS + timedelta(hours=4)


async def test_a_form_posted_twice_is_one_acknowledgement(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    browser = pages.browser()
    page = await browser.get(pages.link(line))
    fields = [("commitment", page.form().choices["commitment"][0])]
    for _ in range(2):
        page = await browser.post(pages.link(line), fields)
        assert page.heading == "You have taken this on"
    assert len(await answers_of(pages, line)) == 1


async def test_two_who_press_at_once_are_one_acknowledgement_whatever_each_chose(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    browsers = [pages.browser() for _ in range(4)]
    page = await browsers[0].get(pages.link(line))
    times = page.form().choices["commitment"]
    seen = await asyncio.gather(*(
        one.post(pages.link(line), [("commitment", times[n % 2])]) for n, one in enumerate(browsers)
    ))  # fmt: skip
    assert {one.heading for one in seen} == {"You have taken this on"}
    assert len(await answers_of(pages, line)) == 1


@pytest.mark.parametrize("role", ["senior-account-manager", "national-taskforce"])
async def test_a_role_without_a_source_of_its_own_is_spoken_for_by_its_side(role: str, pages: Pages) -> None:
    line = await pages.one(**{**LOCK, "role": role})
    await taken_on(pages, line)
    [(source, _)] = await answers_of(pages, line)
    assert source == {"senior-account-manager": "fm-account-managers", "national-taskforce": "taskforce"}[role]


async def test_what_another_has_taken_on_is_said_with_the_role_and_until_when(pages: Pages) -> None:
    first = await pages.one(**LOCK)
    await taken_on(pages, first)
    again = f"/a/{sign(signing_keys(pages.place.settings), first.id, 'estates-desk', ENDS + timedelta(days=1))}"
    browser = pages.browser()
    page = await browser.get(again)
    assert page.heading == "Somebody has taken this on already"
    assert "Provider's account manager" in page.text
    assert "Wednesday 14 January 2026, 08:00 GMT" in page.text
    assert page.forms == []
    page = await browser.post(again, [("commitment", "none")])
    assert page.heading == "Somebody has taken this on already"
    assert len(await answers_of(pages, first)) == 1


async def test_what_is_over_is_said_to_be_over_and_acknowledges_nothing(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    async with pages.place.ledger.database.writing() as connection:
        table = EscalationRow.__table__  # type: ignore[attr-defined]
        await connection.execute(
            table.update().where(table.c.id == line.id).values(standing=False, reason="Somebody attended.")
        )
    browser = pages.browser()
    page = await browser.get(pages.link(line))
    assert (page.heading, browser.status, page.forms) == ("This is over", 200, [])
    assert "Somebody attended." in page.text
    assert (await browser.post(pages.link(line), [("commitment", "none")])).heading == "This is over"
    assert await answers_of(pages, line) == []


async def test_a_link_that_was_used_acknowledges_no_second_time_when_its_time_has_passed(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    browser = await taken_on(pages, line, hours=1)
    await pages.sweep(3)
    page = await browser.get(pages.link(line, lasts=timedelta(days=7) - timedelta(hours=3)))
    assert page.heading == "This link has been used"
    assert page.forms == []


async def test_a_link_about_a_silent_source_that_was_used_claims_nothing_once_its_time_has_passed(pages: Pages) -> None:
    line = next(one for one in await pages.standing() if one.subject.startswith("source:"))
    browser = pages.browser()
    address = pages.link(line)
    await browser.get(address)
    page = await browser.submit(commitment=(ENDS + timedelta(hours=1)).isoformat())
    assert page.heading == "You have taken this on"
    await pages.sweep(3)
    for page in await both(browser, address):
        assert page.heading == "This link has been used"
        assert "You have taken this on" not in page.text
    assert len(await answers_of(pages, line)) == 1


async def test_however_the_end_of_a_link_is_written_it_acknowledges_once(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    address = pages.link(line)
    await pages.browser().post(address, [("commitment", (ENDS + timedelta(hours=1)).isoformat())])
    await pages.sweep(3)
    digits = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    group = digits.index(address[-1]) // 4 * 4
    for last in digits[group : group + 4]:
        for page in await both(pages.browser(), address[:-1] + last):
            assert page.heading == "This link has been used"
    assert len(await answers_of(pages, line)) == 1


async def test_who_took_on_another_ladder_or_was_not_taken_notice_of_holds_nothing_here(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    await taken_on(pages, line)
    desk = pages.place.desk()
    other = replace(line, clock="made-safe")
    ignored = EventRow.__table__  # type: ignore[attr-defined]
    async with pages.place.ledger.reading() as connection:
        assert [one.role for one in await answers(connection, desk, line)] == ["provider-account-manager"]
        assert await answers(connection, desk, other) == []
    async with pages.place.ledger.database.writing() as connection:
        mine = ignored.c.type == "facilities.escalation-response.acknowledged"
        await connection.execute(ignored.update().where(mine).values(quarantined=True))
    async with pages.place.ledger.reading() as connection:
        assert await answers(connection, desk, line) == []


async def test_an_expired_link_says_so_and_does_nothing(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    address = pages.link(line, lasts=timedelta(hours=1))
    await pages.clock.advance(3600)
    for page in await both(browser := pages.browser(), address):
        assert (page.heading, browser.status) == ("This link has expired", 410)
    assert await answers_of(pages, line) == []


async def test_a_forged_changed_or_cut_link_says_that_it_does_not_work(pages: Pages) -> None:
    line, other = await pages.one(**LOCK), await pages.one(subject="WO-2")
    good, of_other = pages.link(line), pages.link(other)
    forged = [
        "/a/x", good[:-3], good + "A", good.replace(line.id.hex, other.id.hex), of_other[:-43] + good[-43:],
        f"/a/{sign(['k' * 40], line.id, line.role, ENDS + timedelta(days=1))}",
    ]  # fmt: skip
    for address in forged:
        for page in await both(browser := pages.browser(), address):
            assert (page.heading, browser.status) == ("This link does not work", 404)
    assert await answers_of(pages, line) == []


async def test_a_key_that_is_being_changed_still_opens_links_of_the_former_one(copy_of_ledger: Path) -> None:
    former, newest = "f" * 40, "n" * 40
    notices = NoticeSettings(link_keys=SecretStr(f"{newest},{former}"))
    async with pages_over(copy_of_ledger, notices=notices) as pages:
        line = await pages.one(**LOCK)
        for key in (former, newest):
            browser = pages.browser()
            await browser.get(f"/a/{sign([key], line.id, line.role, ENDS + timedelta(days=1))}")
            assert browser.status == 200


async def test_a_time_that_has_passed_or_lies_too_far_ahead_is_asked_for_again(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    browser = pages.browser()
    await browser.get(pages.link(line))
    for given in ("", "soon", "2026-01-14T05:59:00Z", "2026-01-20T06:00:00Z", "2026-01-14T08:00:00", "9"):
        page = await browser.submit(commitment=given)
        assert browser.status == 422, given
        assert "There is a problem" in page.text
        assert page.title.startswith("Error: ")
        assert page.form().action == pages.link(line)
    assert await answers_of(pages, line) == []


async def test_a_form_of_another_site_acknowledges_nothing(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        browser = pages.browser()
        await browser.post(pages.link(line), [("commitment", "none")], **headers)
        assert browser.status == 403
    assert await answers_of(pages, line) == []


async def test_each_look_by_a_link_is_on_record_with_its_role_and_never_with_the_link(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    await taken_on(pages, line)
    await pages.browser().get("/a/nothing")
    async with pages.place.ledger.reading() as connection:
        rows = (await connection.execute(select(col(ApiAccessRow.key), col(ApiAccessRow.about)))).all()
    assert ("notice:provider-account-manager", f"WO-1 {line.id}") in {tuple(row) for row in rows}
    token = pages.link(line).removeprefix("/a/")
    assert [row for row in rows if token[:60] in row.about] == []


async def test_a_link_by_which_nothing_can_be_done_is_on_record_without_the_link(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    expired = pages.link(line, lasts=timedelta(hours=1))
    await pages.clock.advance(3600)
    for address in (expired, "/a/forged"):
        await pages.browser().get(address)
    query = select(*(col(getattr(ApiAccessRow, one)) for one in ("about", "status", "code")))
    async with pages.place.ledger.reading() as connection:
        rows = [tuple(row) for row in await connection.execute(query.order_by(col(ApiAccessRow.seq)))]
    assert rows == [("/a/", 410, "expired"), ("/a/", 404, "incomplete")]


async def test_whoever_only_tries_addresses_does_not_fill_the_record(pages: Pages) -> None:
    browser = pages.browser()
    for n in range(100):
        await browser.client.get(f"/n{n}")
    assert 0 < await count(pages, ApiAccessRow) <= 60


async def test_whoever_tries_links_is_soon_told_to_wait(pages: Pages) -> None:
    browser = pages.browser()
    for _ in range(61):
        await browser.get("/a/guess")
    assert browser.status == 429


async def test_the_link_of_a_rehearsal_answers_the_rehearsal_and_nothing_else(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    drill = UUID(new_id())
    async with pages.place.ledger.reading() as connection:
        query = select(col(EscalationRow.content)).where(col(EscalationRow.id) == line.id)
        content = (await connection.execute(query)).scalar_one()
    rung: Reached = states.REACHED.validate_json(content)
    async with pages.place.ledger.database.writing() as connection:
        await notices_rehearsal.begin(connection, drill, line.premises, [rung], ENDS)
    keys = signing_keys(pages.place.settings)
    address = f"/a/{sign(keys, notices_rehearsal.rung_id(drill, 0), line.role, ENDS + timedelta(days=1))}"
    before = await count(pages, InboxRow)
    browser = pages.browser()
    assert (await browser.get(address)).heading == "This is only a rehearsal"
    assert (await browser.submit()).heading == "Thank you: your answer has arrived"
    async with pages.place.ledger.reading() as connection:
        [found] = await notices_rehearsal.read(connection, drill)
    assert found.answered_at == ENDS
    assert await count(pages, InboxRow) == before


async def test_the_other_language_is_one_link_away_and_keeps_the_place(pages: Pages) -> None:
    line = await pages.one(**LOCK)
    browser = pages.browser()
    page = await browser.get(pages.link(line))
    page = await browser.get(page.links["Cymraeg"])
    assert page.language == "cy"
    assert page.form().action == pages.link(line)
    assert (await browser.get(pages.link(line))).language == "cy"
    assert HERE not in page.source
