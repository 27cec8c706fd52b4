"""What people ask the ledger, and what it answers."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid5

import orjson
import pytest

from models.ids import NAMESPACE
from streams.ledger import queries, states
from streams.ledger.ledger import Ledger
from streams.ledger.queries.refused import rejected_counts
from tests.streams.ledger.telling import AP, OFFICE, OTHER_AP, PAINT, PART, Feed, event, execute, hour, raised
from workorders.policy import World

NIGHT = f"{AP}/2026-01-13"
WINDOW: dict[str, Any] = {"from": hour(10).isoformat(), "until": hour(22).isoformat()}


@pytest.fixture
async def told(ledger: Ledger, world: World, feed: Feed) -> Ledger:
    """A few orders at three premises, one night with cover, one rejection; swept at the fifth hour."""
    await ledger.take(
        feed.read(
            raised("WO-1", note="<b>mind the dog</b>"),
            raised("WO-2", 0, PAINT),
            raised("WO-3", 0, PART, premises=OTHER_AP),
            raised("WO-4", 0, PAINT, premises=OFFICE),
            event("work-order.prioritised", "WO-1", 1, source="fm-north", priority="P3"),
            event("work-order.paused", "WO-2", 1, reason="parts", until=hour(48).isoformat()),
            event("work-order.attended", "WO-404", 1, premises=OFFICE),
            event("shift-cover.confirmed", NIGHT, 1, source="ap-managers", cover_ref="c-1", supplier="agency",
                  **WINDOW),
            raised("WO-5", premises="nowhere"),
        ),
        hour(1),
        world,
    )  # fmt: skip
    while (await ledger.sweep(hour(5), 100, world)).more:
        pass
    return ledger


async def _ask(  # what comes back depends on the question
    ledger: Ledger,
    question: Callable[..., Awaitable[Any]],
    *given: object,
    **more: object,
) -> Any:  # noqa: ANN401
    async with ledger.reading() as connection:
        return await question(connection, *given, **more)


async def test_the_board_counts_what_is_outstanding_by_premises_and_ldu(told: Ledger, world: World) -> None:
    found = await _ask(told, queries.board, world, hour(5))
    assert (found.total.outstanding, found.premises[AP].outstanding, found.premises[OFFICE].outstanding) == (4, 2, 1)
    assert found.premises[AP].by_priority == {"P1": 1, "P4": 1}
    assert found.total.by_age == {"under-1-day": 4}
    assert (found.premises[AP].breached, found.premises[AP].disputed, found.premises[AP].paused) == (1, 1, 1)
    assert found.premises[AP].nights_short > 0
    assert found.premises[AP].standing > 0
    premises = world.estates.at(hour(5)).premises(AP)
    assert premises is not None
    assert found.ldus[premises.ldu].outstanding >= 2
    assert sum(line.outstanding for line in found.ldus.values()) == 4


async def test_the_premises_of_a_silent_source_show_as_unknown_never_as_zero(told: Ledger, world: World) -> None:
    found = await _ask(told, queries.board, world, hour(5))
    assert "fm-north" in found.premises[AP].silent
    assert found.premises[AP].unknown
    assert found.total.unknown
    south = next(name for name, line in found.premises.items() if "fm-south" in line.silent)
    assert "fm-north" not in found.premises[south].silent
    assert (found.premises[south].outstanding, found.premises[south].unknown) == (0, True)


async def test_a_premises_that_left_the_estate_stays_on_the_board(told: Ledger, world: World) -> None:
    unit = (
        "INSERT INTO unit (id, version, audit_n, audit_head, backlog_n, incomplete) VALUES ('gone', 1, 0, '', 0, :no)"
    )
    await execute(told, unit, no=False)
    await execute(told, "UPDATE work_order SET unit = 'gone' WHERE subject = 'WO-4'")
    await execute(told, "UPDATE outstanding SET unit = 'gone' WHERE unit = :office", office=OFFICE)
    found = await _ask(told, queries.board, world, hour(5))
    assert found.premises["gone"].outstanding == 1
    assert found.total.outstanding == 4


async def test_orders_are_listed_filtered_and_paged(told: Ledger) -> None:
    every = await _ask(told, queries.orders)
    assert [one["subject"] for one in every] == ["WO-1", "WO-2", "WO-3", "WO-4"]
    assert [one["subject"] for one in await _ask(told, queries.orders, units=[AP])] == ["WO-1", "WO-2"]
    assert [one["subject"] for one in await _ask(told, queries.orders, priorities=["P1"])] == ["WO-1"]
    assert "WO-4" not in [one["subject"] for one in await _ask(told, queries.orders, breached=True)]
    assert len(await _ask(told, queries.orders, outstanding=False)) == 5
    first = await _ask(told, queries.orders, limit=2)
    rest = await _ask(told, queries.orders, limit=10, after=(first[-1]["unit"], first[-1]["subject"]))
    assert first + rest == every


async def test_orphans_and_disputes_are_listed(told: Ledger) -> None:
    (orphan,) = await _ask(told, queries.orphans)
    assert (orphan["unit"], orphan["subject"]) == (OFFICE, "WO-404")
    assert await _ask(told, queries.orphans, units=[AP]) == []
    (dispute,) = await _ask(told, queries.disputes)
    assert (dispute["subject"], dispute["base"], dispute["provider_priority"]) == ("WO-1", "P1", "P3")
    assert dispute["dispute_since"] == hour(1)


async def test_a_subject_is_shown_with_its_state_its_timeline_and_its_escalations(told: Ledger) -> None:
    (shown,) = await _ask(told, queries.show, "WO-1")
    assert (shown["unit"], shown["status"], shown["state"]["spell"]) == (AP, "open", "first")
    assert [entry["what"] for entry in shown["timeline"][:2]] == ["event", "event"]
    assert shown["timeline"][0]["note"] == "<b>mind the dog</b>"
    assert {"time", "heard", "role"} <= shown["timeline"][0].keys()
    said = [entry["statement"] for entry in shown["timeline"] if entry["what"] == "statement"]
    assert len(said) == sum(one["last_n"] for one in shown["escalations"])
    orjson.dumps(shown)
    assert await _ask(told, queries.show, "WO-1", OFFICE) == []
    assert await _ask(told, queries.show, "no-such-order") == []


async def test_nights_and_sources_are_shown_too(told: Ledger) -> None:
    (night,) = await _ask(told, queries.show, NIGHT)
    assert (night["unit"], night["deficit"], night["state"]["covers"][0]["cover_ref"]) == (AP, 1, "c-1")
    (source,) = await _ask(told, queries.show, "source:fm-north")
    assert source["silent_since"] == hour(2)
    assert source["escalations"] != []


async def test_escalations_are_listed_filtered_and_paged(told: Ledger, world: World, feed: Feed) -> None:
    await told.take(feed.read(event("work-order.completed", "WO-1", 5)), hour(5), world)
    every = await _ask(told, queries.escalations, standing=False)
    standing = await _ask(told, queries.escalations)
    assert 0 < len(standing) < len(every)
    assert {one["kind"] for one in await _ask(told, queries.escalations, kinds=["dispute"], standing=False)} == {
        "dispute"
    }
    assert {one["unit"] for one in await _ask(told, queries.escalations, units=[AP])} == {AP}
    first = await _ask(told, queries.escalations, limit=3)
    rest = await _ask(told, queries.escalations, after=(first[-1]["due_at"], first[-1]["id"]))
    assert first + rest == standing


async def test_statements_show_when_they_were_sent_and_seen(told: Ledger) -> None:
    waiting = [one for one in await told.unsent(100) if one.topic == "escalations"]
    await told.mark_sent([waiting[0].seq], hour(6))
    await told.confirm([waiting[0].message_id], hour(7))
    escalation = orjson.loads(waiting[0].value)["data"]["escalation_id"]
    (one,) = [
        said
        for found in await _ask(told, queries.escalations, standing=False)
        if str(found["id"]) == escalation
        for said in await _ask(told, queries.statements, found["id"])
        if said["message_id"] == waiting[0].message_id
    ]
    assert (one["sent_at"], one["confirmed_at"], one["n"]) == (hour(6), hour(7), 1)


async def test_the_nights_of_a_period_are_listed(told: Ledger) -> None:
    found = await _ask(told, queries.nights, since=date(2026, 1, 13), until=date(2026, 1, 13))
    assert len(found) == 4
    (one,) = await _ask(told, queries.nights, since=date(2026, 1, 13), until=date(2026, 1, 13), units=[AP])
    assert (one["required"], one["own_staff"], one["deficit"], one["confirmed"]) == (2, 1, 1, True)


async def test_a_night_grows_shorter_of_people_with_each_minute_though_nothing_is_decided(
    told: Ledger, world: World, feed: Feed
) -> None:
    checks_in = event("shift-cover.checked-in", NIGHT, 9.9, source="ap-managers", cover_ref="c-1")
    await told.take(feed.read(checks_in), hour(10), world)
    (row,) = await _ask(told, queries.nights, since=date(2026, 1, 13), until=date(2026, 1, 13), units=[AP])
    night = states.NIGHT_STATE.validate_python(row["state"])
    assert (night.uncovered_minutes, night.agency_minutes) == (0, 0)
    assert night.next_due_at is not None

    def minutes(at: float) -> tuple[int, ...]:
        found = queries.night_at(night, row["decided_at"], hour(at))
        return found.uncovered_minutes, found.agency_minutes, found.own_minutes, found.contingency_minutes

    assert minutes(9) == (0, 0, 0, 0)
    assert minutes(10.5) == (30, 30, 0, 0)
    due = (night.next_due_at - hour(10)) // timedelta(minutes=1)
    assert minutes(30) == (due, due, 0, 0)  # what comes then must be decided first


async def test_the_cover_ledger_adds_up_ended_nights_by_ap_and_agency(told: Ledger, world: World, feed: Feed) -> None:
    feed.next_offset |= {"shift-cover": 1}
    here: dict[str, Any] = {"source": "ap-managers", "cover_ref": "c-1"}
    await told.take(
        feed.read(
            event("shift-cover.confirmed", NIGHT, 6, source="ap-managers", cover_ref="c-2", supplier="agency",
                  **WINDOW),
            event("shift-cover.withdrawn", NIGHT, 9, source="ap-managers", cover_ref="c-2"),
            event("shift-cover.contingency-arranged", NIGHT, 9.5, source="division", cover_ref="c-3", replaces="own",
                  cost_pence=18_000, **WINDOW),
            event("shift-cover.checked-in", NIGHT, 10.1, **here),
            event("shift-cover.checked-in", NIGHT, 10.1, source="division", cover_ref="c-3"),
            heard=11,
        ),
        hour(11),
        world,
    )  # fmt: skip
    before = await _ask(
        told, queries.cover_ledger, world, since=date(2026, 1, 1), until=date(2026, 1, 31), now=hour(11)
    )
    assert before == {"premises": {}, "agencies": {}}
    while (await told.sweep(hour(23), 100, world)).more:
        pass
    found = await _ask(told, queries.cover_ledger, world, since=date(2026, 1, 1), until=date(2026, 1, 31), now=hour(23))
    line = found["premises"][AP]
    assert (line.nights, line.required, line.asked_of_agency) == (1, 2 * 720, 720)
    assert (line.agency, line.contingency, line.own, line.uncovered) == (720, 720, 0, 0)
    assert (line.cost_pence, line.withdrawals, line.shortest_notice, line.fill_rate) == (18_000, 1, 60, 1.0)
    agency = world.estates.at(hour(5)).provider_of(AP, hour(10), "agency")
    assert agency is not None
    assert found["agencies"][agency.id].nights == 2
    assert found["agencies"][agency.id].uncovered == 720
    assert found["premises"][OTHER_AP].fill_rate == 0.0


def test_an_agency_that_was_asked_for_nothing_has_no_fill_rate() -> None:
    assert queries.CoverLine().fill_rate is None


async def test_rejections_are_listed_counted_and_shown_with_their_bytes(told: Ledger) -> None:
    (one,) = await _ask(told, queries.rejected, code="unknown-premises", since=hour(0), waiting=True)
    assert "value" not in one
    whole = await _ask(told, queries.rejected_one, one["message_id"])
    assert orjson.loads(whole["value"])["subject"] == "WO-5"
    assert await _ask(told, queries.rejected_one, uuid5(NAMESPACE, "nothing")) is None
    assert await _ask(told, queries.rejected, after=one["seq"]) == []
    (count,) = await _ask(told, rejected_counts, hour(0))
    assert (count["source"], count["code"], count["n"]) == ("estates-desk", "unknown-premises", 1)


async def test_the_audit_of_a_unit_names_what_was_taken_and_said(told: Ledger, world: World) -> None:
    first, *_ = await _ask(told, queries.audit, AP)
    assert (first["n"], first["kind"], first["decided_at"]) == (1, "decided", hour(1))
    assert len(first["entry"]["events"]) == 5
    assert first["entry"]["policy"] == world.policies.at(hour(1)).version
    assert [link["n"] for link in await _ask(told, queries.audit, AP, after=1, limit=1)] == [2]


async def test_received_tells_how_much_waits(told: Ledger) -> None:
    found = await _ask(told, queries.received)
    assert (found["events"], found["submitted"], found["gaps"]) == (8, {}, [])
    assert found["outbox"]["unsent"] == len(await told.unsent(1000))
