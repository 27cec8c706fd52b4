"""Poison: what breaks a decision or its recording is held back alone and loudly, and the neighbours go on."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from models.decision import Decision
from models.tables import EventRow, OffsetStateRow, QuarantineRow, RejectedRow, UnitRow, WorkOrderRow
from streams.ledger import queries, rows
from streams.ledger.audit import ADMINISTRATION
from streams.ledger.ledger import Ledger
from tests.streams.ledger.telling import AP, OTHER_AP, Feed, all_rows, event, hour, raised
from workorders import decide
from workorders.decide import Case
from workorders.policy import World

Breaks = Callable[[Case], bool]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[Breaks], None]:
    """Makes deciding raise for the cases that one names; the last call counts."""
    sound = decide.decide

    def install(breaks: Breaks) -> None:
        def decide_or_break(case: Case, world: World, now: datetime) -> Decision:
            if breaks(case):
                raise ZeroDivisionError("a fault of ours")
            return sound(case, world, now)

        monkeypatch.setattr(decide, "decide", decide_or_break)

    return install


def _holds(id_: str) -> Breaks:
    return lambda case: any(taken.event.id == id_ for taken in case.history)


async def _units(ledger: Ledger) -> dict[str, bool]:
    return {row.id: row.incomplete for row in await all_rows(ledger, UnitRow) if row.id != ADMINISTRATION}


async def test_an_event_that_breaks_its_subject_is_held_and_its_neighbours_go_on(
    ledger: Ledger, world: World, feed: Feed, broken: Callable[[Breaks], None]
) -> None:
    broken(_holds("poison"))
    batch = feed.read(
        raised("WO-1"),
        event("work-order.scheduled", "WO-1", 0.1, id="poison", visit_at=hour(9).isoformat()),
        event("work-order.attended", "WO-1", 0.2),
        raised("WO-2"),
        raised("WO-3", premises=OTHER_AP),
    )
    outcome = await ledger.take(batch, hour(1), world)
    assert (outcome.recorded, outcome.decided) == (5, 3)
    assert [(one.subject, one.event_id, one.error) for one in outcome.held] == [
        ("WO-1", "poison", "ZeroDivisionError: a fault of ours")
    ]
    assert await _units(ledger) == {AP: True, OTHER_AP: False}
    assert {row.id for row in await all_rows(ledger, EventRow) if row.quarantined} == {"poison"}
    (state,) = await all_rows(ledger, OffsetStateRow)
    assert state.recorded == 5
    async with ledger.reading() as connection:
        line = (await queries.board(connection, world, hour(1))).premises[AP]
        (shown,) = await queries.show(connection, "WO-1")
    assert (line.incomplete, line.unknown) == (True, True)
    assert [clock["met"] for clock in shown["state"]["clocks"] if clock["name"] == "attend"] != [None]


async def test_a_held_event_stays_out_of_later_decisions(
    ledger: Ledger, world: World, feed: Feed, broken: Callable[[Breaks], None]
) -> None:
    broken(_holds("poison"))
    await ledger.take(feed.read(raised("WO-1"), event("work-order.attended", "WO-1", 1, id="poison")), hour(1), world)
    outcome = await ledger.take(feed.read(event("work-order.made-safe", "WO-1", 2, source="division")), hour(2), world)
    assert (outcome.decided, outcome.held) == (1, [])
    assert (await ledger.sweep(hour(30), 100, world)).held == []


async def test_a_released_event_counts_once_the_fault_is_mended(
    ledger: Ledger, world: World, feed: Feed, broken: Callable[[Breaks], None]
) -> None:
    broken(_holds("poison"))
    await ledger.take(feed.read(raised("WO-1"), event("work-order.completed", "WO-1", 1, id="poison")), hour(1), world)
    still = await ledger.release(hour(2), world)
    assert [one.event_id for one in still.held] == ["poison"]
    assert await _units(ledger) == {AP: True}
    assert len(await all_rows(ledger, QuarantineRow)) == 1
    broken(lambda case: False)
    assert (await ledger.release(hour(3), world)).held == []
    assert await _units(ledger) == {AP: False}
    (order,) = await all_rows(ledger, WorkOrderRow)
    assert (order.status, order.ended_at) == ("completed", hour(1))
    assert (await ledger.release(hour(4), world)).decided == 0


async def test_a_subject_that_cannot_be_decided_at_all_holds_up_no_other(
    ledger: Ledger, world: World, feed: Feed, broken: Callable[[Breaks], None]
) -> None:
    await ledger.take(feed.read(raised("WO-1"), raised("WO-2")), hour(0), world)
    broken(lambda case: case.subject == "WO-1")
    outcome = await ledger.sweep(hour(2), 100, world)
    assert [(one.subject, one.event_id) for one in outcome.held] == [("WO-1", None)]
    assert {one.reached.subject for one in outcome.statements} >= {"WO-2"}
    assert (await ledger.sweep(hour(2), 100, world)).held == []
    taken = await ledger.take(feed.read(event("work-order.attended", "WO-1", 2)), hour(2.01), world)
    assert (taken.recorded, len(taken.held)) == (1, 1)
    assert len(await all_rows(ledger, QuarantineRow)) == 1
    assert (await _units(ledger))[AP]


async def test_a_subject_is_tried_again_after_a_while_and_then_complete(
    ledger: Ledger, world: World, feed: Feed, broken: Callable[[Breaks], None]
) -> None:
    await ledger.take(feed.read(raised("WO-1")), hour(0), world)
    broken(lambda case: case.subject == "WO-1")
    await ledger.sweep(hour(2), 100, world)
    broken(lambda case: False)
    assert (await ledger.sweep(hour(2.1), 100, world)).statements == []
    outcome = await ledger.sweep(hour(2.2), 100, world)
    assert [one.reached.subject for one in outcome.statements if one.reached.kind == "breach"] == ["WO-1"]
    assert not (await _units(ledger))[AP]
    (row,) = await all_rows(ledger, QuarantineRow)
    assert row.released_at == hour(2.2)


async def test_an_input_that_cannot_be_recorded_is_found_by_halving_and_rejected_with_its_bytes(
    ledger: Ledger, world: World, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = rows.insert

    async def insert(
        connection: AsyncConnection,
        model: type[SQLModel],
        found: Sequence[rows.Values],
        *,
        clash: rows.Clash = "fail",
        by: tuple[str, ...] | None = None,
    ) -> None:
        if model is EventRow and any(row["id"] == "poison" for row in found):
            raise TypeError("this row cannot be written")
        await sound(connection, model, found, clash=clash, by=by)

    monkeypatch.setattr(rows, "insert", insert)
    told = [raised(f"WO-{n}") for n in range(9)]
    told[4]["id"] = "poison"
    batch = feed.read(*told)
    outcome = await ledger.take(batch, hour(0), world)
    assert (outcome.recorded, [one.code for one in outcome.rejections]) == (8, ["cannot-be-recorded"])
    assert [one.event_id for one in outcome.held] == ["poison"]
    (row,) = await all_rows(ledger, RejectedRow)
    assert (row.value, row.topic_offset, row.source) == (batch[4].value, 4, "estates-desk")
    (state,) = await all_rows(ledger, OffsetStateRow)
    assert (state.next_offset, state.recorded, state.rejected) == (9, 8, 1)
    assert await _units(ledger) == {AP: True}
    monkeypatch.undo()
    mended = {**told[4], "time": told[4]["time"].replace("+00:00", "Z")}
    await ledger.take(feed.read(mended), hour(1), world)
    await ledger.release(hour(2), world)
    assert await _units(ledger) == {AP: False}


async def test_two_subjects_whose_rungs_bear_one_id_hold_up_nobody_else(
    ledger: Ledger, world: World, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = UUID(int=7)
    sound = decide.decide

    def collide(case: Case, world: World, now: datetime) -> Decision:
        decision = sound(case, world, now)
        if case.subject in {"WO-1", "WO-2"}:
            for statement in decision.statements:
                object.__setattr__(statement.reached, "id", same)
        return decision

    monkeypatch.setattr(decide, "decide", collide)
    told = [raised("WO-1"), raised("WO-2", premises=OTHER_AP), raised("WO-3", premises=OTHER_AP)]
    await ledger.take(feed.read(*told), hour(0), world)
    outcome = await ledger.sweep(hour(2), 100, world)
    assert {one.subject for one in outcome.held} == {"WO-2"}
    assert {one.reached.subject for one in outcome.statements} >= {"WO-1", "WO-3"}
