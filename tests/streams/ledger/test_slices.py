"""Much that falls due at once: it is decided in slices of whole units, side by side, and nobody waits for all of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tables import EscalationRow, EventRow
from streams.ledger import sweep
from streams.ledger.errors import LedgerUnavailable
from streams.ledger.incoming import Outcome
from streams.ledger.ledger import Ledger
from streams.ledger.sweep import Due, in_lanes
from streams.ledger.transaction import Transactions
from tests.streams.ledger.telling import OFFICE, START, Feed, all_rows, hour, raised
from workorders.policy import World

KEYS = st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 30).map(str)), unique=True, max_size=60)


def places(world: World, many: int) -> list[str]:
    return [premises.id for premises in world.estates.at(START).spec.premises][:many]


async def raise_many(ledger: Ledger, world: World, feed: Feed, each: int, many: int) -> int:
    """So many orders at each of so many premises, after everything else that was due was decided."""
    while (await ledger.sweep(hour(0), 500, world)).more:
        pass
    told = [raised(f"WO-{n}", premises=place) for place in places(world, many) for n in range(each)]
    return (await ledger.take(feed.read(*told), hour(0), world)).recorded


@given(KEYS, st.integers(1, 9), st.integers(1, 3))
def test_every_subject_is_in_one_slice_and_every_unit_in_one_lane(
    keys: list[tuple[str, str]], most: int, lanes: int
) -> None:
    due: Due = dict.fromkeys(keys)
    found = in_lanes(due, most, lanes)
    assert sorted(key for slices in found for one in slices for key in one) == sorted(keys)
    assert all(0 < len(one) <= most for slices in found for one in slices)
    assert len(found) <= lanes
    units = [{unit for one in slices for unit, _ in one} for slices in found]
    assert len(set().union(*units)) == sum(map(len, units))


@given(KEYS, st.integers(1, 9))
def test_what_is_due_in_a_unit_keeps_its_order_and_stays_together(keys: list[tuple[str, str]], most: int) -> None:
    for slices in in_lanes(dict.fromkeys(keys), most, 2):
        order = [key for one in slices for key in one]
        if len(keys) > most:
            seen = list(dict.fromkeys(unit for unit, _ in order))
            assert [unit for unit, _ in order] == [key[0] for unit in seen for key in keys if key[0] == unit]
        else:
            assert order == keys


async def test_all_that_is_due_at_once_is_said_once_however_it_is_sliced(
    ledger: Ledger, world: World, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "SLICE", 3)
    assert await raise_many(ledger, world, feed, each=4, many=5) == 20
    outcome = await ledger.sweep(hour(2), 500, world)
    said = [(one.reached.id, one.n) for one in outcome.statements]
    breached = [row for row in await all_rows(ledger, EscalationRow) if (row.kind, row.clock) == ("breach", "attend")]
    assert {(row.unit, row.subject) for row in breached} == {
        (place, f"WO-{n}") for place in places(world, 5) for n in range(4)
    }
    assert len(said) == len(set(said))
    assert (await ledger.sweep(hour(2), 500, world)).decided == 0
    assert (await ledger.verify(world)).findings == []


async def test_a_slice_that_fails_fails_the_sweep_in_the_ledgers_own_words(
    small: Ledger, world: World, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    await raise_many(small, world, feed, each=4, many=4)
    monkeypatch.setattr(sweep, "SLICE", 3)

    async def fail(*_: object) -> Outcome:
        raise LedgerUnavailable("the database is gone")

    monkeypatch.setattr(sweep, "_decide_once", fail)
    with pytest.raises(LedgerUnavailable, match="the database is gone"):
        await small.sweep(hour(2), 500, world)


@pytest.fixture
async def other(url: str, ledger: Ledger) -> AsyncIterator[Ledger]:
    """A second worker's ledger on the same database."""
    opened = await Ledger.open(url, time_kind="simulated", now=START)
    yield opened
    await opened.close()


async def test_what_another_worker_has_decided_meanwhile_is_not_decided_again(
    ledger: Ledger, other: Ledger, world: World, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    await raise_many(ledger, world, feed, each=3, many=3)
    found_by_the_other, may_decide = asyncio.Event(), asyncio.Event()
    decide = sweep._decide_all

    async def late(transactions: Transactions, due: Due, now: datetime, then: World) -> Outcome:
        found_by_the_other.set()
        await may_decide.wait()
        return await decide(transactions, due, now, then)

    monkeypatch.setattr(sweep, "_decide_all", late)
    sweeping = asyncio.create_task(other.sweep(hour(2), 500, world))
    await found_by_the_other.wait()
    monkeypatch.setattr(sweep, "_decide_all", decide)
    assert (await ledger.sweep(hour(2), 500, world)).decided >= 9
    may_decide.set()
    outcome = await sweeping
    assert outcome.decided < 9  # none of the orders; the silent sources are looked at again
    assert outcome.statements == []
    assert (await ledger.verify(world)).findings == []


async def test_a_new_report_does_not_wait_until_everything_that_is_due_is_decided(
    ledger: Ledger, world: World, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "SLICE", 5)
    await raise_many(ledger, world, feed, each=20, many=10)
    ended: list[str] = []

    async def do_sweep() -> None:
        await ledger.sweep(hour(2), 500, world)
        ended.append("sweep")

    sweeping = asyncio.create_task(do_sweep())
    while not await all_rows(ledger, EscalationRow):  # noqa: ASYNC110 - the ledger is asked
        await asyncio.sleep(0)
    await ledger.take(feed.read(raised("WO-new", 2, premises=OFFICE)), hour(2), world)
    ended.append("report")
    await sweeping
    assert ended == ["report", "sweep"]
    assert "WO-new" in {row.subject for row in await all_rows(ledger, EventRow)}
