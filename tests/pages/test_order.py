"""The page of one order: how it stands, its clocks, who is told next, why, and one timeline of everything."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from desk.pages.timeline import AT_ONCE
from models.tables import ApiAccessRow, EventNoteRow, EventRow, NoticeRow
from streams.ledger import rows
from streams.ledger.notices import write
from streams.notices.notice import Fate, Notice
from tests.desk.small_ledger import BEGINS, ENDS, NOTE
from tests.pages.conftest import ESTATES, MANAGER, Pages
from tests.pages.orders_told import ALARM, AP_MANAGER, HOSTILE, LOCK, hears

AGENCY = "agency-account-manager"


async def test_an_order_says_how_it_stands_in_plain_words(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get(LOCK)
    assert browser.status == 200
    assert page.heading == "Repair WO-1"
    assert "State Open." in page.text
    assert "Priority P1 Business-critical" in page.text
    assert "The contractor says P3, since Tuesday 13 January 2026, 15:10 GMT." in page.text
    assert "Contractor's reference N-1" in page.text


async def test_every_fact_and_rule_behind_the_priority_is_shown(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get(LOCK)
    assert "What it endangers The security of the site" in page.text
    assert "An entry or exit lock, key or fob system that fails" in page.text
    assert "Respond 2 hours, at all hours P1" in page.text


async def test_each_clock_says_what_was_due_and_what_was_missed(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get(LOCK)
    assert "Respond missed, 13 hours ago Tuesday 13 January 2026, 15:00 GMT Tuesday 13 January 2026, 17:00" in page.text
    assert "Repair due in 9 hours" in page.text
    assert page.source.count("<svg") >= 1
    assert 'role="img" aria-labelledby="clocks-title clocks-desc"' in page.source


async def test_a_pause_is_told_with_its_stretch_and_hatched(pages: Pages) -> None:
    until = (ENDS + timedelta(hours=3)).isoformat()
    data = {"reason": "parts", "until": until}
    await hears(pages, "paused", LOCK, data, "fm-north", ENDS - timedelta(hours=1))
    await pages.clock.advance(60)
    browser = await pages.as_role(ESTATES)
    page = await browser.get(LOCK)
    assert "Open. The clock for the repair is paused until Wednesday 14 January 2026, 09:00 GMT." in page.text
    assert "Wednesday 14 January 2026, 05:00 GMT until Wednesday 14 January 2026, 06:01 GMT" in page.text
    assert 'fill="url(#clocks-pause)"' in page.source
    assert "the clock was paused" in page.text


async def test_the_next_rung_and_its_time_are_those_that_will_be_reached(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get(LOCK)
    assert "Divisional facilities lead Next Wednesday 14 January 2026, 15:10 GMT" in page.text
    assert "Repair due soon : Provider's account manager, Wednesday 14 January 2026, 09:00 GMT" in _apart(page.text)
    await pages.sweep(9.5)
    line = await pages.one(subject="WO-1", kind="dispute", due_at=BEGINS + timedelta(days=1, minutes=10))
    assert line.role == "division-facilities"


async def test_an_escalation_that_somebody_took_on_brings_the_next_rung_when_that_ends(pages: Pages) -> None:
    line = await pages.one(subject="WO-1", kind="dispute", role="senior-account-manager")
    browser = await pages.as_role(ESTATES)
    page = await browser.get(f"/escalations/acknowledge?e={line.id}")
    until = next(one for one in page.form("/escalations/acknowledge").choices["commitment"] if one.startswith("2026"))
    await browser.submit("/escalations/acknowledge", commitment=until, note=HOSTILE)
    page = await browser.get(LOCK)
    assert "Taken on until Wednesday 14 January 2026, 07:00 GMT" in page.text
    assert "Divisional facilities lead Next Wednesday 14 January 2026, 07:00 GMT" in page.text
    assert "An escalation was taken on: Priority disputed" in _apart(page.text, ": ")
    assert "To be done by Wednesday 14 January 2026, 07:00 GMT" in page.text
    assert "<b>bold" not in page.source
    assert "&lt;b&gt;bold" in page.source


async def test_the_timeline_holds_what_was_heard_said_and_typed_the_newest_first(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get(LOCK)
    text = page.text[page.text.index("Everything that was known") :]
    told = ["The contractor gave a priority of its own", "The contractor took the repair in", "A repair was asked for"]
    assert [text.index(one) for one in told] == sorted(text.index(one) for one in told)
    assert "Escalated: Attendance overdue" in text
    assert NOTE in text
    assert "said 5 hours after it was due" in text.lower()


async def test_late_news_is_marked_with_when_it_happened_and_that_it_is_contested(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get(ALARM)
    assert "Late news What it says is contested until the client side confirms it." in page.text
    assert "Happened Tuesday 13 January 2026, 16:30 GMT, heard 7 hours later" in page.text
    [completed] = await _events(pages, "completed")
    data = {"of_source": completed[0], "of_id": completed[1]}
    await hears(pages, "report-confirmed", ALARM, data, "ap-managers", ENDS)
    page = await browser.get(ALARM)
    assert "Late news The client side has confirmed it." in page.text
    assert "contested until" not in page.text


async def test_what_changes_nothing_stays_visible_with_the_reason(pages: Pages) -> None:
    await hears(pages, "resumed", LOCK, {}, "fm-north", ENDS)
    browser = await pages.as_role(ESTATES)
    page = await browser.get(LOCK)
    assert "Changes nothing : no pause was running" in _apart(page.text)


async def test_every_notice_is_shown_with_what_became_of_it_and_without_its_address(pages: Pages) -> None:
    line = await pages.one(subject="WO-1", kind="breach", clock="attend", rung="account-manager")
    common: dict[str, Any] = {
        "escalation_id": line.id,
        "n": 1,
        "what": "raised",
        "unit": line.premises,
        "role": line.role,
    }
    address = "secret@example.org"
    sent = [
        Notice(id=line.id, kind="email", address=address, language="en", priority="P1", urgent=True,
               planned_at=ENDS, tries=1, outcome=Fate.ACCEPTED, settled_at=ENDS, **common),
        Notice(id=(await pages.one(subject="WO-2")).id, kind="text", address="07700900000", language="en",
               priority="P1", urgent=True, planned_at=ENDS, tries=3, outcome=Fate.FAILED, settled_at=ENDS, **common),
    ]  # fmt: skip
    async with pages.place.ledger.database.writing() as connection:
        await connection.execute(rows.table_of(NoticeRow).delete())
        await write(connection, sent, [])
    browser = await pages.as_role(ESTATES)
    page = await browser.get(LOCK)
    assert "Told that it is their turn: Attendance overdue" in page.text
    assert "E-mail sent, and taken on for delivery Text message could not be sent, tried 3 times" in page.text
    assert address not in page.source
    assert "07700900000" not in page.source


async def test_what_was_typed_is_shown_as_text_whatever_it_says(pages: Pages) -> None:
    async with pages.place.ledger.database.writing() as connection:
        await connection.execute(update(EventNoteRow).values(note=HOSTILE))
    await hears(pages, "acknowledged", LOCK, {"contractor_reference": HOSTILE}, "fm-north", ENDS)
    browser = await pages.as_role(ESTATES)
    page = await browser.get(LOCK)
    assert page.source.count("&lt;script&gt;alert(1)") >= 3
    assert "<script>alert" not in page.source
    assert "<bdi" in page.source


async def test_an_order_that_nobody_raised_has_no_clocks_and_says_who_is_told(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get("/orders/ap-ty-derwen/WO-404")
    assert "Nobody has raised it" in page.text
    assert "<svg" not in page.source
    assert "Provider's account manager Next" in page.text


async def test_joined_risk_says_what_else_is_the_matter(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get("/orders/ap-plas-helyg/WO-2")
    assert "By itself it is P2; it counts as graver" in page.text
    assert "it counts as P1: the night ap-plas-helyg/2026-01-13 is short-staffed" in _apart(page.text, ": ")


@pytest.mark.parametrize("path", [
    "/orders/ap-ty-derwen/WO-3", "/orders/ap-ty-derwen/WO-9", "/orders/ap-nowhere/WO-1", "/orders/AP%20X/WO-1",
    "/orders/ap-bryn-awel/WO-9", "/orders/ap-bryn-awel/%3Cb%3E", "/orders/ap-bryn-awel/WO-3",
])  # fmt: skip
async def test_what_lies_beyond_reach_is_answered_exactly_as_what_there_is_not(path: str, pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    known = await browser.get("/orders/ap-bryn-awel/WO-77")
    page = await browser.get(path)
    assert browser.status == 404
    assert page.text == known.text
    for form in ("complete", "reject", "amend", "withdraw", "said?r=AAAA-AAAA-AAAA-A"):
        await browser.get(f"{path}/{form}")
        assert browser.status in {403, 404}, form


async def test_who_may_not_read_orders_is_told_so_and_is_shown_no_way_to_them(pages: Pages) -> None:
    voice = await _voice(pages, AGENCY)
    browser = await pages.as_role(voice)
    await browser.get(LOCK)
    assert browser.status == 403
    page = await browser.get("/escalations?show=all")
    assert not [href for href in page.links.values() if href.startswith("/orders/")]


async def test_looking_at_an_order_is_put_on_record(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    await browser.get(LOCK)
    async with pages.place.ledger.reading() as connection:
        query = select(col(ApiAccessRow.about)).where(col(ApiAccessRow.action) == "read-orders")
        assert "WO-1" in list((await connection.execute(query)).scalars())


async def test_the_lists_lead_to_the_order_and_so_does_the_sheet(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    assert (await browser.get("/orders")).links["WO-1"] == LOCK
    assert (await browser.get("/escalations?show=all")).links["Repair WO-1"] == LOCK
    line = await pages.one(subject="WO-1")
    assert (await browser.get(f"/escalations/resolve?e={line.id}")).links["Repair WO-1"] == LOCK
    sheet = (await browser.client.get("/orders.csv")).text
    assert f"http://127.0.0.1:8475{LOCK}" in sheet


async def test_a_long_timeline_shows_the_newest_and_leads_to_all_of_it(pages: Pages) -> None:
    for n in range(AT_ONCE):
        await hears(pages, "scheduled", LOCK, {"visit_at": ENDS.isoformat()}, "fm-north", ENDS - timedelta(minutes=n))
    browser = await pages.as_role(ESTATES)
    page = await browser.get(LOCK)
    assert page.text.count("A visit was agreed") <= AT_ONCE
    assert "A repair was asked for" not in page.text
    page = await browser.get(next(href for text, href in page.links.items() if "older entries" in text))
    assert "A repair was asked for" in page.text
    assert page.text.count("A visit was agreed") == AT_ONCE


async def test_an_order_is_shown_in_welsh(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get(f"{LOCK}?lang=cy")
    assert page.language == "cy"
    assert page.heading == "Gwaith trwsio WO-1"
    assert "Llinell amser" in page.text
    assert "Math o safle Safle cymeradwy" in page.text
    assert "Escalated" not in re.sub('<span lang="en">.*?</span>', "", page.source)


async def _events(pages: Pages, kind: str) -> list[tuple[str, str]]:
    query = select(col(EventRow.source), col(EventRow.id)).where(col(EventRow.subject) == "WO-3")
    async with pages.place.ledger.reading() as connection:
        found = await connection.execute(query.where(col(EventRow.type) == f"facilities.work-order.{kind}"))
        return [(row.source, row.id) for row in found]


async def _voice(pages: Pages, role: str) -> str:
    page = await pages.browser().get("/sign-in")
    return next(one for one in page.form("/sign-in").choices["voice"] if one.startswith(f"{role}:"))


def _apart(text: str, colon: str = " : ") -> str:
    """A text in which each colon stands alike."""
    return re.sub(r"\s*:\s+", colon, text)
