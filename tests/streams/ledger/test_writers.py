"""Several writers at once: nobody loses an update, a stalled writer is thrown out, and sweepers share the work."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from models.tables import AuditRow, EventRow, InboxRow, OffsetStateRow, UnitRow, WorkOrderRow
from streams.ledger import rows, sorting, units
from streams.ledger.errors import LedgerConflict, LedgerUnavailable
from streams.ledger.ledger import Ledger
from streams.ledger.sorting import Admitted
from tests.servers.fixtures import wanted
from tests.servers.postgres import Postgres, private_postgres, programs
from tests.streams.ledger.telling import (
    AP,
    OFFICE,
    OTHER_AP,
    PAINT,
    PART,
    SIBLING,
    START,
    Feed,
    all_rows,
    event,
    hour,
    plain,
    raised,
)
from workorders.policy import World


@pytest.fixture
async def other(url: str, ledger: Ledger) -> AsyncIterator[Ledger]:
    """A second worker's ledger on the same database."""
    opened = await Ledger.open(url, time_kind="simulated", now=START)
    yield opened
    await opened.close()


async def test_two_writers_of_one_premises_lose_no_update(ledger: Ledger, other: Ledger, world: World) -> None:
    async def write(one: Ledger, partition: int) -> None:
        feed = Feed(partition=partition)
        for n in range(12):
            await one.take(feed.read(raised(f"WO-{partition}-{n}", 0, PART if n % 2 else SIBLING)), hour(1), world)

    await asyncio.gather(write(ledger, 1), write(other, 2))
    assert len(await all_rows(ledger, WorkOrderRow)) == 24
    unit, _ = await all_rows(ledger, UnitRow)
    assert (unit.version, unit.audit_n) == (24, 24)
    assert {row.effective for row in await all_rows(ledger, WorkOrderRow)} == {"P1"}
    assert (await ledger.verify(world)).findings == []


async def test_writers_over_crossing_premises_never_wait_in_a_circle(
    ledger: Ledger, other: Ledger, world: World
) -> None:
    async def write(one: Ledger, partition: int, places: list[str]) -> None:
        feed = Feed(partition=partition)
        for n in range(8):
            told = [raised(f"WO-{partition}-{n}-{place}", 0, PAINT, premises=place) for place in places]
            stranger = raised(f"WO-{partition}-{n}", premises="nowhere")
            await one.take(feed.read(*told, stranger), hour(1), world)

    await asyncio.gather(write(ledger, 1, [AP, OTHER_AP, OFFICE]), write(other, 2, [OFFICE, OTHER_AP, AP]))
    assert len(await all_rows(ledger, EventRow)) == 48
    assert (await ledger.verify(world)).findings == []


async def test_of_two_who_bring_the_same_records_one_is_refused(ledger: Ledger, other: Ledger, world: World) -> None:
    batch = Feed().read(*(raised(f"WO-{n}") for n in range(5)))
    results = await asyncio.gather(
        ledger.take(batch, hour(0), world), other.take(batch, hour(0), world), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in results) == ["LedgerConflict", "Outcome"]
    (state,) = await all_rows(ledger, OffsetStateRow)
    assert (state.next_offset, state.recorded, state.duplicates) == (5, 5, 0)


async def test_one_identity_at_two_premises_at_once_is_recorded_once(
    ledger: Ledger, other: Ledger, world: World
) -> None:
    async def write(one: Ledger, partition: int, place: str) -> int:
        feed, n = Feed(partition=partition), 0
        for name in range(10):
            told = raised(f"WO-{name}", 0, PAINT, premises=place, id=f"same-{name}")
            n += (await one.take(feed.read(told), hour(0), world)).recorded
        return n

    counts = await asyncio.gather(write(ledger, 1, AP), write(other, 2, OFFICE))
    assert sum(counts) == 10
    assert len(await all_rows(ledger, EventRow)) == 10


async def test_two_sweepers_say_everything_once(ledger: Ledger, other: Ledger, world: World, feed: Feed) -> None:
    places = [premises.id for premises in world.estates.at(START).spec.premises][:12]
    await ledger.take(feed.read(*(raised(f"WO-{n}", premises=place) for n, place in enumerate(places))), hour(0), world)

    async def sweep(one: Ledger) -> list[object]:
        said: list[object] = []
        for _ in range(6):
            said += (await one.sweep(hour(9), 5, world)).statements
        return said

    await asyncio.gather(sweep(ledger), sweep(other))
    while (await ledger.sweep(hour(9), 100, world)).more:
        pass
    assert (await ledger.verify(world)).findings == []
    assert (await ledger.sweep(hour(9), 100, world)).statements == []


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_a_sweep_leaves_alone_what_somebody_else_is_writing(
    ledger: Ledger, other: Ledger, world: World, feed: Feed
) -> None:
    await ledger.take(feed.read(raised("WO-1"), raised("WO-2", premises=OTHER_AP)), hour(0), world)
    async with other.database.writing() as connection:
        await units.lock(connection, [AP])
        swept = await ledger.sweep(hour(2), 100, world)
        assert {one.reached.subject for one in swept.statements if one.reached.kind == "breach"} == {"WO-2"}
    swept = await ledger.sweep(hour(2), 100, world)
    assert {one.reached.subject for one in swept.statements if one.reached.kind == "breach"} == {"WO-1"}


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_a_writer_that_stalled_is_thrown_out_and_its_late_commit_is_refused(
    ledger: Ledger, other: Ledger, world: World, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = feed.read(raised("WO-1"))
    stalled = asyncio.Event()
    sound = rows.insert

    async def insert(
        connection: AsyncConnection,
        model: type[SQLModel],
        found: Sequence[rows.Values],
        *,
        clash: rows.Clash = "fail",
        by: tuple[str, ...] | None = None,
    ) -> None:
        if model is EventRow and not stalled.is_set():
            await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '200ms'"))
            stalled.set()
            await asyncio.sleep(1)
        await sound(connection, model, found, clash=clash, by=by)

    monkeypatch.setattr(rows, "insert", insert)
    zombie = asyncio.create_task(other.take(batch, hour(0), world))
    await stalled.wait()
    assert (await ledger.take(batch, hour(0), world)).recorded == 1
    with pytest.raises(LedgerConflict):
        await zombie
    assert len(await all_rows(ledger, EventRow)) == 1


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that nobody else uses, so that it can be stopped."""
    wanted(programs)
    with private_postgres() as server:
        yield server


@pytest.mark.postgres
async def test_a_database_that_went_away_is_no_success_and_comes_back(
    own_postgres: Postgres, world: World, feed: Feed
) -> None:
    postgres, url = own_postgres, own_postgres.address.new_database("ledger_that_goes_away")
    ledger = await Ledger.open(url, time_kind="simulated", now=START)
    await ledger.take(feed.read(raised("WO-1")), hour(0), world)
    batch = feed.read(event("work-order.attended", "WO-1", 1))
    postgres.stop("immediate")
    try:
        with pytest.raises(LedgerUnavailable):
            await ledger.take(batch, hour(1), world)
    finally:
        postgres.start()
    assert (await ledger.take(batch, hour(2), world)).recorded == 1
    assert (await ledger.verify(world)).findings == []
    await ledger.close()


@pytest.mark.postgres
async def test_what_was_submitted_has_one_fate_though_two_writers_saw_it_wait(
    ledger_on_postgres: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await Ledger.open(ledger_on_postgres, time_kind="simulated", now=START)
    second = await Ledger.open(ledger_on_postgres, time_kind="simulated", now=START)
    told, sound = raised("WO-1", 0, PAINT), sorting.admitted
    await first.submit([plain(told)], hour(0), world)
    overtaking = [second.take(Feed().read(told), hour(0), world)]

    async def overtaken(*given: Any) -> Admitted:  # noqa: ANN401 - as they come
        found = await sound(*given)
        if overtaking:
            await overtaking.pop()
        return found

    monkeypatch.setattr(sorting, "admitted", overtaken)
    await first.sweep(hour(1), 50, world)
    (row,) = await all_rows(first, InboxRow)
    assert row.fate == "recorded"
    entries = [orjson.loads(link.entry) for link in await all_rows(first, AuditRow)]
    assert [fate for entry in entries for fate in entry.get("fates", [])] == [[row.seq, "recorded"]]
    assert (await first.verify(world)).findings == []
    await first.close()
    await second.close()
