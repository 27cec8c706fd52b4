"""System: who was heard when, what waits and has failed; unknown is said, and the page answers whatever is down."""

import asyncio
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from desk.pages import system
from models.tables import NoticeLostRow, NoticeRow, PulseRow, QuarantineRow
from streams.ledger import pulses, rows
from tests.desk.small_ledger import ENDS
from tests.pages.conftest import ESTATES, MANAGER, Pages

PARTS = ("read_waiting", "read_failed", "read_signs", "read_heard")


async def write(pages: Pages, model: Any, *lines: dict[str, Any]) -> None:  # noqa: ANN401
    async with pages.place.ledger.database.writing() as connection:
        await rows.insert(connection, model, lines)


async def test_a_source_that_should_be_heard_and_is_not_is_unknown_and_never_well(pages: Pages) -> None:
    page = await (await pages.as_role(ESTATES)).get("/system")
    assert page.heading == "System"
    assert "4 sources are not heard when they should be" in page.text
    assert "fm-north Provider's help desk, North Wales Tuesday 13 January 2026, 15:10 GMT" in page.text
    assert "unknown: silent since Tuesday 13 January 2026, 16:10 GMT" in page.text
    assert "agency-north Agency's booking desk, North Wales never 6 hours" in page.text
    assert page.text.index("fm-south") < page.text.index("ap-managers"), "those that are silent come first"
    assert "ap-managers AP manager, the whole division Tuesday 13 January 2026, 16:00 GMT, 14 hours ago" in page.text


async def test_what_waits_is_counted_with_how_long_the_oldest_has_waited(pages: Pages) -> None:
    page = await (await pages.as_role(ESTATES)).get("/system")
    assert "Decided and not sent yet 125, the oldest for 15 hours" in page.text
    assert "Submitted and not taken yet none" in page.text
    assert 'desk-late">125' in page.source


async def test_a_worker_without_a_fresh_sign_is_unknown(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    assert "No worker has shown a sign of life" in (await browser.get("/system")).text
    database = pages.place.ledger.database
    await pulses.beat(database, "sweeper", "<b>one</b>", ENDS - timedelta(seconds=20))
    await write(pages, PulseRow, {"part": "relay", "worker": "two", "n": 9, "at": ENDS - timedelta(hours=2)})
    page = await browser.get("/system")
    assert "Sweeper: decides what time has made due <b>one</b> 20 seconds ago works" in page.text
    assert "Relay: sends what was decided two 2 hours ago unknown" in page.text
    assert "<b>one</b>" not in page.source


async def test_what_has_failed_is_counted_up_to_where_the_number_says_no_more(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = {
        "escalation_id": UUID(int=9), "n": 1, "what": "raised", "unit": "ap-bryn-awel", "role": "ap-manager",
        "kind": "email", "address": "a@b.example", "language": "en", "priority": None, "urgent": False,
        "planned_at": ENDS, "tries": 3, "outcome": "failed", "detail": "", "settled_at": ENDS, "next_at": None,
    }  # fmt: skip
    await write(pages, NoticeRow, *({**notice, "id": UUID(int=n)} for n in range(3)))
    await write(pages, NoticeLostRow, {"escalation_id": UUID(int=9), "n": 1, "at": ENDS})
    held = {"unit": "ap-bryn-awel", "subject": "WO-1", "source": None, "event_id": None, "error": "x", "held_at": ENDS}
    await write(pages, QuarantineRow, held)
    browser = await pages.as_role(ESTATES)
    page = await browser.get("/system")
    for said in (
        "Notices that failed in the last day 3", "no channel could tell anybody 1", "could not be decided 1",
        "Events refused in the last day and not mended 1",
    ):  # fmt: skip
        assert said in page.text, said
    monkeypatch.setattr("desk.views.system.COUNTED", 2)
    monkeypatch.setattr(system, "COUNTED", 2)
    assert "Notices that failed in the last day 2 or more" in (await browser.get("/system")).text


@pytest.mark.parametrize("part", PARTS)
async def test_a_part_that_does_not_answer_keeps_back_no_other(
    part: str, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(*_: object, **__: object) -> None:
        await asyncio.sleep(60)

    browser = await pages.as_role(ESTATES)
    monkeypatch.setattr(system, part, hangs)
    monkeypatch.setattr(system, "PART_WITHIN_S", 0.2)
    began = time.perf_counter()
    page = await browser.get("/system")
    assert time.perf_counter() - began < 10
    assert browser.status == 200
    assert page.text.count("Not known just now: this part did not answer.") == 1


async def test_a_part_that_breaks_is_not_known(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    for part in PARTS:
        monkeypatch.setattr(system, part, breaks)
    browser = await pages.as_role(ESTATES)
    page = await browser.get("/system")
    assert (browser.status, page.text.count("this part did not answer")) == (200, len(PARTS))


async def test_a_ledger_that_does_not_answer_at_all_is_said_in_time(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(*_: object, **__: object) -> None:
        await asyncio.sleep(60)

    browser = await pages.as_role(ESTATES)
    monkeypatch.setattr("desk.pages.sessions.opened_by", hangs)
    monkeypatch.setattr(system, "ALL_WITHIN_S", 0.2)
    began = time.perf_counter()
    page = await browser.get("/system")
    assert time.perf_counter() - began < 10
    assert browser.status == 503
    assert "The ledger does not answer" in page.text


async def test_clocks_that_differ_too_much_are_said(pages: Pages) -> None:
    pages.place.decides = False
    page = await (await pages.as_role(ESTATES)).get("/system")
    assert "clock and the database's differ too much" in page.text


@pytest.mark.parametrize("voice", [MANAGER, "ap-manager:premises:ap-bryn-awel"])
async def test_who_may_not_read_the_sources_is_not_offered_the_page(voice: str, pages: Pages) -> None:
    browser = await pages.as_role(voice)
    assert "System" not in (await browser.get("/escalations")).links
    await browser.get("/system")
    assert browser.status == 403


async def test_the_system_is_welsh_in_welsh(pages: Pages) -> None:
    page = await (await pages.as_role(ESTATES)).get("/system?lang=cy")
    assert (page.language, page.heading) == ("cy", "Y system")
    assert "silent since" not in page.text
    assert "Desg gymorth y darparwr" in page.text
