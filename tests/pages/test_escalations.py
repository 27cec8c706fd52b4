"""My escalations: what a role needs to do, answered one by one or together, within its own reach only."""

import base64
import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk.access.rights import Holder
from desk.api.telling import ReceiptBody, told, unavailable
from desk.pages import answering, escalations
from desk.pages.by_now_words import by_now_said
from desk.views.escalations import escalations_named
from models.decision import Classification, OrderState
from models.tables import ApiAccessRow, EscalationRow, EventNoteRow, EventRow
from models.work_order import Priority
from streams.ledger.incoming import Incoming
from tests.desk.small_ledger import ENDS, event
from tests.pages.conftest import ESTATES, HERE, MANAGER, Pages
from tests.pages.reading import Read

FACTS = {"asset": "entry-lock", "fault": "will-not-secure", "impacts": ["site-security"]}
AGENCY_DESK = "agency-desk:provider:gwylan-staffing"
TASKFORCE = "national-taskforce:division:division"
REFERENCE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b")
HOSTILE = "<script>alert(1)</script> \u202eolleh </form><h1>x</h1>"


async def answers(pages: Pages, verb: str) -> list[str]:
    kind = f"facilities.escalation-response.{verb}"
    async with pages.place.ledger.reading() as connection:
        return list((await connection.execute(select(col(EventRow.body)).where(col(EventRow.type) == kind))).scalars())


async def ids_of(pages: Pages, role: str, *units: str) -> list[str]:
    return [str(one.id) for one in await pages.standing() if one.role == role and (not units or one.premises in units)]


async def test_what_was_told_to_the_role_within_its_reach_is_listed_with_where_and_how_late(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    page = await browser.get("/escalations")
    mine = await ids_of(pages, "provider-account-manager", "ap-bryn-awel", "ap-plas-helyg")
    assert mine
    assert {*page.form("/escalations/acknowledge").choices["e"]} == {*mine}
    for words in ("Attendance overdue", "Bryn Awel", "13 hours late", f"{len(mine)} need an answer now"):
        assert words in page.text


async def test_a_provider_sees_nothing_of_another_region(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    page = await browser.get("/escalations?show=all")
    everybody = {str(one.id): one.premises for one in await pages.standing()}
    shown = {everybody[one] for one in page.form("/escalations/acknowledge").choices["e"]}
    assert shown == {"ap-bryn-awel", "ap-plas-helyg"}
    assert "Derwen" not in page.text
    beyond = next(id_ for id_, unit in everybody.items() if unit == "ap-ty-derwen")
    nothing = "00000000-0000-0000-0000-000000000000"
    pages_seen = [await browser.get(f"/escalations/acknowledge?e={one}") for one in (beyond, nothing, "none")]
    assert {(one.heading, one.text) for one in pages_seen} == {(pages_seen[0].heading, pages_seen[0].text)}
    assert browser.status == 404


async def test_the_division_sees_all_that_stands(pages: Pages) -> None:
    browser = await pages.as_role(TASKFORCE)
    page = await browser.get("/escalations?show=all")
    assert {*page.form("/escalations/acknowledge").choices["e"]} == {str(one.id) for one in await pages.standing()}


async def test_several_are_taken_on_at_once_each_with_its_own_receipt(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    chosen = (await ids_of(pages, "provider-account-manager", "ap-bryn-awel", "ap-plas-helyg"))[:2]
    page = await browser.get(f"/escalations/acknowledge?e={chosen[0]}&e={chosen[1]}")
    assert page.heading == "Take on"
    when = page.form().choices["commitment"][0]
    page = await browser.submit("/escalations/acknowledge", commitment=when, note="On the way")
    assert page.heading == "2 answers are saved"
    assert {"/orders/ap-bryn-awel/WO-1", "/orders/ap-plas-helyg/WO-2"} & {*page.links.values()}, "each says about what"
    assert len(set(re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", page.text))) == 2
    assert len(await answers(pages, "acknowledged")) == 2
    async with pages.place.ledger.reading() as connection:
        for one in chosen:
            [line] = await escalations_named(connection, one)
            assert line.acknowledged_until is not None
    page = await browser.get("/escalations")
    assert "Taken on until" in page.text


async def test_a_form_posted_twice_answers_once(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    [one, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel")
    page = await browser.get(f"/escalations/resolve?e={one}")
    form = page.form("/escalations/resolve")
    first = await browser.post(form.action, form.fields)
    again = await browser.post(form.action, form.fields)
    assert first.text == again.text
    assert len(await answers(pages, "resolved")) == 1


async def test_declining_needs_a_reason_and_what_was_typed_stays(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    [one, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel")
    await browser.get(f"/escalations/decline?e={one}")
    page = await browser.submit("/escalations/decline", note="Tell the helpdesk")
    assert (browser.status, page.title.startswith("Error: ")) == (422, True)
    assert "Say why your role cannot act" in page.text
    assert ("note", "Tell the helpdesk") in page.form("/escalations/decline").fields
    page = await browser.submit("/escalations/decline", reason="x" * 61)
    assert "The reason must have 60 characters or fewer" in page.text
    page = await browser.submit("/escalations/decline", reason="not our contract")
    assert page.heading == "1 answer is saved"
    [body] = await answers(pages, "declined")
    assert "not our contract" in body


async def test_what_was_declined_needs_no_answer_any_more_and_says_by_whom_and_why(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    mine = await ids_of(pages, "provider-account-manager", "ap-bryn-awel", "ap-plas-helyg")
    await browser.get(f"/escalations/decline?e={mine[0]}")
    await browser.submit("/escalations/decline", reason=f"no contract {HOSTILE}"[:60])
    page = await browser.get("/escalations")
    assert "1 is declined and not taken on" in page.text
    waiting = len(mine) - 1
    assert f"{waiting} need{'s' if waiting == 1 else ''} an answer now" in page.text
    assert "Declined by: Provider's account manager, Wednesday 14 January 2026, 06:00 GMT" in page.text
    assert "no contract <script>alert(1)" in page.text
    assert "<script>alert" not in page.source
    assert {*page.form("/escalations/acknowledge").choices["e"]} == {*mine}, "it can still be taken on"
    await browser.get(f"/escalations/acknowledge?e={mine[0]}")
    assert "Declined by: Provider's account manager" in browser.page.text
    await browser.submit("/escalations/acknowledge", commitment="none")
    page = await browser.get("/escalations")
    assert "Declined by" not in page.text
    assert "1 is taken on" in page.text


async def test_an_escalation_says_how_its_order_stands_by_now(pages: Pages) -> None:
    browser = await pages.as_role(TASKFORCE)
    line = await pages.one(subject="WO-2", priority="P2", role="provider-account-manager")
    said = "The repair is P1 by now."
    for path in ("/escalations?show=all&premises=ap-plas-helyg", f"/escalations/acknowledge?e={line.id}"):
        assert said in (await browser.get(path)).text, path
    assert said in (await pages.browser().get(pages.link(line))).text
    assert "by now" not in (await browser.get("/escalations?show=all&premises=ap-bryn-awel")).text


async def test_a_case_says_what_is_broken(pages: Pages) -> None:
    page = await (await pages.as_role(TASKFORCE)).get("/escalations/cases?premises=ap-bryn-awel")
    assert "Repair WO-1 Entry or exit lock" in page.text


def test_what_is_as_it_was_told_is_not_said_again_and_what_has_ended_is() -> None:
    p1 = Classification(Priority.P1, Priority.P1, (), (), "1")
    stands = OrderState("WO-1", "ap-bryn-awel", "open", classification=p1)
    done = replace(stands, status="completed", ended_at=ENDS)
    assert by_now_said("P1", stands) == ""
    assert by_now_said("P2", stands) == "The repair is P1 by now."
    assert by_now_said("P1", done) == "Reported done, Wednesday 14 January 2026, 06:00 GMT."
    assert by_now_said(None, None) == ""


async def test_a_list_of_several_pages_says_how_many_there_are_in_all(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(escalations, "AT_ONCE", 2)
    browser = await pages.as_role(TASKFORCE)
    every = await pages.standing()
    page = await browser.get("/escalations?show=all")
    said = f"Not taken on: {len(every)}. Taken on: 0. What is not taken on comes first, 2 on a page."
    assert said in page.text
    assert said in (await browser.get(page.links["Show the next ones"])).text
    [one, *_] = page.form("/escalations/acknowledge").choices["e"]
    await browser.get(f"/escalations/acknowledge?e={one}")
    await browser.submit("/escalations/acknowledge", commitment="none")
    assert "Taken on: 0." not in (await browser.get("/escalations?show=all")).text
    assert "Not taken on" not in (await browser.get("/escalations?premises=ap-cae-glas")).text


async def test_nothing_ticked_is_said_in_a_sentence(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    page = await browser.get("/escalations/acknowledge")
    assert browser.status == 422
    assert "Tick at least one escalation" in page.text
    await browser.get("/escalations/acknowledge?" + "&".join(f"e={UUID(int=n)}" for n in range(51)))
    assert browser.status == 422


async def test_a_form_without_the_token_of_its_session_does_nothing(pages: Pages) -> None:
    browser, other = await pages.as_role(MANAGER), await pages.as_role(MANAGER)
    [one, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel")
    await browser.get(f"/escalations/resolve?e={one}")
    form = browser.page.form("/escalations/resolve")
    stripped = [(name, value) for name, value in form.fields if name != "token"]
    assert (await browser.send(form.action, stripped)).status_code == 403
    assert (await other.send(form.action, form.fields)).status_code == 403
    assert (await browser.send(form.action, form.fields, Origin="http://127.0.0.1:9999")).status_code == 403
    assert await answers(pages, "resolved") == []


async def test_a_session_that_ends_in_the_middle_of_a_form_loses_nothing_that_was_typed(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    [one, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel")
    await browser.get(f"/escalations/decline?e={one}")
    await pages.clock.advance(2 * 3600)
    page = await browser.submit("/escalations/decline", reason="not ours", note="Line one\r\nline <two>")
    assert page.heading == "Choose a role"
    assert "What you typed is kept" in page.text
    page = await browser.submit("/sign-in", voice=MANAGER)
    assert page.heading == "Go on where you were"
    assert "line <two>" in page.text
    assert await answers(pages, "declined") == []
    page = await browser.submit("/escalations/decline")
    assert page.heading == "1 answer is saved"
    [body] = await answers(pages, "declined")
    assert "not ours" in body


async def test_what_somebody_typed_is_shown_as_text_and_changes_no_page(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    [one, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel")
    await browser.get(f"/escalations/decline?e={one}")
    page = await browser.submit("/escalations/decline", note=HOSTILE)
    assert ("note", HOSTILE) in page.form("/escalations/decline").fields
    assert "<script>alert" not in page.source
    page = await browser.submit("/escalations/decline", reason=HOSTILE[:60])
    assert "<script>alert" not in page.source


async def test_what_the_ledger_refuses_is_told_in_its_words_and_nothing_is_recorded(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    [one, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel")
    await browser.get(f"/escalations/decline?e={one}")
    page = await browser.submit("/escalations/decline", reason="a\x07b")
    assert browser.status == 422
    assert "reason" in page.text
    assert await answers(pages, "declined") == []


async def test_files_are_refused(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    answer = await browser.client.post("/escalations/decline", files={"e": b"x"}, headers={"Origin": HERE})
    assert answer.status_code == 415


async def test_a_monitor_looks_and_is_offered_nothing_to_press(on_servers: Pages) -> None:
    key = await on_servers.key(Holder.MONITOR, "division")
    browser = on_servers.browser()
    await browser.get("/sign-in")
    await browser.submit(key=key)
    page = await browser.get("/escalations?show=all")
    assert page.heading == "My escalations"
    assert not [one for one in page.forms if one.choices]
    [one, *_] = [str(line.id) for line in await on_servers.standing()]
    page = await browser.get(f"/escalations/acknowledge?e={one}")
    assert (browser.status, page.heading) == (403, "You may not do this here")


async def test_a_receipt_of_others_is_missing_like_one_that_there_is_not(pages: Pages) -> None:
    browser, other = await pages.as_role(TASKFORCE), await pages.as_role(MANAGER)
    [one, *_] = [str(line.id) for line in await pages.standing() if line.premises == "ap-ty-derwen"]
    await browser.get(f"/escalations/resolve?e={one}")
    page = await browser.submit("/escalations/resolve")
    reference = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", page.text)[0]
    await other.get(f"/escalations/answered?r={reference}")
    assert other.status == 404


async def many_orders(pages: Pages) -> None:
    """Have sixty more orders raised, and wait until they stand escalated."""
    data = {**FACTS, "alternative_available": False}
    events = [
        Incoming("work-orders", b"ap-bryn-awel", event(
            "ap-managers", "work-order.raised", f"MANY-{n:03}", "ap-bryn-awel", data, ENDS.isoformat(), f"many-{n}"))
        for n in range(60)
    ]  # fmt: skip
    await pages.place.ledger.submit(events, ENDS, pages.place.world)
    await pages.place.ledger.take(events, ENDS, pages.place.world)
    await pages.sweep(30)


async def test_many_come_in_pages_the_gravest_first(pages: Pages) -> None:
    await many_orders(pages)
    browser = await pages.as_role(TASKFORCE)
    seen: list[str] = []
    address: str | None = "/escalations?show=all"
    while address is not None:
        page = await browser.get(address)
        seen += page.form("/escalations/acknowledge").choices["e"]
        address = page.links.get("Show the next ones")
    gravity = {
        str(one.id): (not one.business_critical, one.priority or "", one.due_at) for one in await pages.standing()
    }
    assert [gravity[one] for one in seen] == sorted(gravity.values())
    assert len({critical for critical, _, _ in gravity.values()}) > 1
    assert len(seen) == len(set(seen)) == len(await pages.standing()) > 50
    assert timedelta(0) < pages.clock.now() - ENDS


async def test_what_needs_an_answer_comes_before_all_that_is_held_however_grave_and_no_page_is_the_whole(
    pages: Pages,
) -> None:
    await many_orders(pages)
    browser = await pages.as_role(TASKFORCE)
    gravest = sorted(await pages.standing(), key=lambda one: (not one.business_critical, one.priority or ""))
    first, waiting = [str(one.id) for one in gravest[:-20]], 20
    table = EscalationRow.__table__  # type: ignore[attr-defined]
    until = pages.clock.now() + timedelta(hours=2)
    async with pages.place.ledger.database.writing() as connection:
        held = table.c.id.in_([UUID(one) for one in first])
        await connection.execute(table.update().where(held).values(acknowledged_until=until))
    page = await browser.get("/escalations?show=all")
    assert f"{waiting} need an answer now" in page.text
    assert "None needs an answer now" not in page.text
    assert "Those that are taken on" in page.text
    assert " are taken on" not in page.text.replace("Those that are taken on", ""), "they are not all on this page"
    shown = page.form("/escalations/acknowledge").choices["e"]
    assert not {*shown[:waiting]} & {*first}
    assert len(shown) == 50
    assert page.source.count(" data-waits") == waiting, "only these are ticked together"
    while "Show the next ones" in page.links:
        page = await browser.get(page.links["Show the next ones"])
        shown += page.form("/escalations/acknowledge").choices["e"]
    assert "None needs an answer now" not in page.text
    assert len(shown) == len({*shown}) == waiting + len(first)


async def test_a_page_after_the_first_does_not_count_itself_as_the_whole(pages: Pages) -> None:
    await many_orders(pages)
    browser = await pages.as_role(TASKFORCE)
    page = await browser.get("/escalations?show=all")
    while "Show the next ones" in page.links:
        page = await browser.get(page.links["Show the next ones"])
    rest = len(page.form("/escalations/acknowledge").choices["e"])
    assert f"The next {rest} of those that need an answer now" in page.text
    assert f"{rest} need an answer now" not in page.text


async def test_signing_in_anew_in_another_tab_loses_nothing_that_was_typed_and_sends_nothing(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    [one, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel")
    page = await browser.get(f"/escalations/decline?e={one}")
    form = page.form("/escalations/decline")
    await browser.get("/sign-in")
    await browser.submit("/sign-in", voice=MANAGER)
    fields = [pair for pair in form.fields if pair[0] not in {"reason", "note"}]
    page = await browser.post(form.action, [*fields, ("reason", "not ours"), ("note", "Typed in one")])
    assert (browser.status, page.heading) == (403, "Go on where you were")
    assert "Typed in one" in page.text
    assert "Cymraeg" not in page.links, "it would lose what was typed"
    assert await answers(pages, "declined") == []
    page = await browser.submit("/escalations/decline")
    assert page.heading == "1 answer is saved"


async def test_two_forms_whose_session_has_ended_are_both_kept_through_signing_in(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    [one, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel")
    form = (await browser.get(f"/escalations/resolve?e={one}")).form("/escalations/resolve")
    await pages.clock.advance(2 * 3600)
    kept = []
    for note in ("first", "second"):
        fields = [pair for pair in form.fields if pair[0] != "note"]
        page = await browser.post(form.action, [*fields, ("note", note)])
        assert "Cymraeg" not in page.links
        kept.append(page.form("/sign-in"))
    for status, note, tab in zip((200, 403), ("first", "second"), kept, strict=True):
        page = await browser.post(tab.action, [*tab.fields, ("voice", MANAGER)])
        assert (browser.status, page.heading) == (status, "Go on where you were")
        assert note in page.text
    assert (await browser.submit("/escalations/resolve")).heading == "1 answer is saved"


@pytest.mark.parametrize("note", ["x" * 4001, "a\x07b"])
async def test_a_note_that_cannot_be_taken_is_a_fault_of_the_form_and_stays_in_it(note: str, pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    [one, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel")
    await browser.get(f"/escalations/decline?e={one}")
    page = await browser.submit("/escalations/decline", reason="not ours", note=note)
    assert (browser.status, page.title.startswith("Error: ")) == (422, True)
    assert {("note", note), ("reason", "not ours")} <= {*page.form("/escalations/decline").fields}
    assert "Cymraeg" not in page.links
    assert await answers(pages, "declined") == []


async def test_a_form_that_was_posted_before_its_session_ended_answers_once(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    [one, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel")
    page = await browser.get(f"/escalations/resolve?e={one}")
    form = page.form("/escalations/resolve")
    first = await browser.post(form.action, form.fields)
    await pages.clock.advance(2 * 3600)
    await browser.post(form.action, form.fields)
    await browser.submit("/sign-in", voice=MANAGER)
    page = await browser.submit("/escalations/resolve")
    assert page.heading == "1 answer is saved"
    receipt = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b")
    assert receipt.findall(page.text) == receipt.findall(first.text)
    assert len(await answers(pages, "resolved")) == 1


@pytest.mark.parametrize("after", ["x", "bm8", "%00"])
async def test_a_place_in_the_list_that_was_made_up_is_refused(after: str, pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    await browser.get(f"/escalations?after={after}")
    assert browser.status == 422


async def test_the_note_is_kept_apart_like_every_free_text(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    [one, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel")
    await browser.get(f"/escalations/resolve?e={one}")
    await browser.submit("/escalations/resolve", note="Only here")
    assert all("Only here" not in body for body in await answers(pages, "resolved"))
    async with pages.place.ledger.reading() as connection:
        notes = list((await connection.execute(select(col(EventNoteRow.note)))).scalars())
    assert "Only here" in notes


async def test_each_look_at_an_escalation_is_on_record_before_it_is_shown(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    [one, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel")
    await browser.get(f"/escalations/resolve?e={one}")
    async with pages.place.ledger.reading() as connection:
        lines = (await connection.execute(select(col(ApiAccessRow.key), col(ApiAccessRow.about)))).all()
    assert [row.about for row in lines if row.key.startswith("session:")] == [f"WO-1 {one}"]


async def test_what_was_answered_before_a_fault_has_its_receipt_and_the_rest_is_said_to_be_left(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await pages.as_role(MANAGER)
    chosen = (await ids_of(pages, "provider-account-manager", "ap-bryn-awel", "ap-plas-helyg"))[:2]
    await browser.get(f"/escalations/acknowledge?e={chosen[0]}&e={chosen[1]}")
    said = 0

    async def fails_after_one(*given: Any) -> ReceiptBody:  # noqa: ANN401 - whatever it is given
        nonlocal said
        said += 1
        if said > 1:
            raise unavailable()
        return await told(*given)

    monkeypatch.setattr(answering, "told", fails_after_one)
    page = await browser.submit("/escalations/acknowledge", commitment=page_choice(browser.page))
    assert page.heading == "1 answer is saved"
    assert "1 more that you ticked could not be answered just now" in page.text


async def test_a_promise_that_is_posted_again_after_its_time_is_answered_with_its_receipt(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    [chosen, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel", "ap-plas-helyg")
    page = await browser.get(f"/escalations/acknowledge?e={chosen}")
    form = page.form("/escalations/acknowledge")
    fields = [*form.fields, ("commitment", form.choices["commitment"][0])]
    first = await browser.post(form.action, fields)
    assert browser.status == 200
    await pages.clock.advance(50 * 60)
    await browser.get("/escalations")
    await pages.clock.advance(50 * 60)
    again = await browser.post(form.action, fields)
    assert (browser.status, again.heading) == (200, first.heading)
    assert set(REFERENCE.findall(again.text)) == set(REFERENCE.findall(first.text)) != set()
    other = [(name, "another" if name == "once" else value) for name, value in fields]
    page = await browser.post(form.action, other)
    assert browser.status == 422
    assert "That time has passed" in page.text


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-14", "0"])
async def test_a_promise_beyond_every_calendar_is_asked_for_again(when: str, pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    [one, *_] = await ids_of(pages, "provider-account-manager", "ap-bryn-awel", "ap-plas-helyg")
    await browser.get(f"/escalations/acknowledge?e={one}")
    await browser.submit("/escalations/acknowledge", commitment=when)
    assert browser.status == 422
    assert await answers(pages, "acknowledged") == []


async def test_a_cursor_beyond_every_calendar_is_none(pages: Pages) -> None:
    browser = await pages.as_role(TASKFORCE)
    parts = [0, 0, "P1", "0001-01-01T00:00:00+14:00", str(UUID(int=0))]
    cursor = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")
    await browser.get(f"/escalations?after={cursor}")
    assert browser.status == 422


async def test_a_form_that_comes_from_no_address_at_all_is_that_of_another_site(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    await browser.post("/escalations/acknowledge", [], Origin="http://[")
    assert browser.status == 403


async def test_nobody_is_led_to_a_case_that_they_may_not_read(pages: Pages) -> None:
    browser = await pages.as_role(AGENCY_DESK)
    page = await browser.get("/escalations/cases")
    assert browser.status == 200
    assert not [href for href in page.links.values() if href.startswith("/orders/")]


def page_choice(page: Read) -> str:
    """The first time that can be chosen."""
    return page.form("/escalations/acknowledge").choices["commitment"][0]
