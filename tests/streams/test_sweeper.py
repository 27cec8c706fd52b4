"""The sweeper: what time has made due is decided, unless it is doubtful what time it is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from models.tables import EscalationRow, EventRow
from streams import sweeper
from streams.app import WorkerFailedError
from streams.clock import FixedClock
from streams.ledger.errors import LedgerUnavailable
from streams.ledger.incoming import Outcome
from streams.parts import Parts
from streams.sweeper import Sweeper
from tests.streams.ledger.telling import START, all_rows, hour, plain, raised
from tests.streams.on_paper import at_work, parts_on_paper
from tests.streams.paper_broker import PaperBroker
from tests.streams.running_system import eventually, submit
from workorders.policy import Policy, default_policy


class Ticking(FixedClock):
    """Time that a test moves, in which sleepers sleep a little real time."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.01)


@pytest.fixture
def clock() -> Ticking:
    return Ticking(START)


@pytest.fixture
async def parts(tmp_path: Path, clock: Ticking, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    monkeypatch.setattr(sweeper, "REFRESH_EVERY_S", 0.05)
    async with parts_on_paper(tmp_path, PaperBroker(), clock) as opened:
        yield opened


async def breaches(parts: Parts) -> int:
    rows = await all_rows(parts.ledger, EscalationRow)
    return sum(row.kind == "breach" and row.subject == "WO-1" for row in rows)


async def test_what_becomes_due_is_decided_and_the_relay_is_woken(parts: Parts, clock: Ticking) -> None:
    await parts.ledger.take([plain(raised("WO-1"))], clock.now(), parts.world)
    async with at_work(Sweeper(parts)):
        clock.set(hour(3))
        await eventually(lambda: parts.progress.decided > 0, "the breach is decided")
        assert parts.work_waits.is_set()
    assert await breaches(parts) > 0


async def test_what_was_submitted_is_taken_after_seconds_though_no_broker_is_there(
    parts: Parts, clock: Ticking
) -> None:
    await submit(parts, plain(raised("WO-1", -1)))
    async with at_work(Sweeper(parts)):
        await asyncio.sleep(0.1)
        assert parts.progress.recorded == 0
        clock.set(START + timedelta(seconds=6))
        await eventually(lambda: parts.progress.recorded == 1, "it is taken from the inbox")
    (event,) = await all_rows(parts.ledger, EventRow)
    assert event.heard == START


async def test_while_the_clocks_differ_nothing_is_decided_and_it_says_so_and_then_goes_on(
    parts: Parts, clock: Ticking, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    skew = [timedelta(hours=3)]

    async def clock_skew(_: object, now: datetime) -> timedelta:
        return skew[0]

    monkeypatch.setattr(type(parts.ledger), "clock_skew", clock_skew)
    await parts.ledger.take([plain(raised("WO-1"))], clock.now(), parts.world)
    clock.set(hour(3))
    async with at_work(Sweeper(parts)):
        await eventually(lambda: not parts.progress.sweeping, "it has noticed")
        await asyncio.sleep(0.1)
        assert await breaches(parts) == 0
        skew[0] = timedelta(seconds=-2)
        await eventually(lambda: parts.progress.sweeping, "it goes on")
        await eventually(lambda: parts.progress.decided > 0, "the breach is decided")
    assert (
        caplog.text.count("deciding stops: our clock is +10800.0 s ahead of the database's, and 5 s are allowed") == 1
    )
    assert caplog.text.count("deciding goes on") == 1


async def test_a_policy_that_another_process_activates_is_picked_up_even_while_the_clocks_differ(
    parts: Parts, clock: Ticking, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def clock_skew(_: object, now: datetime) -> timedelta:
        return timedelta(hours=1)

    new = Policy(default_policy().spec.model_copy(update={"warning_fraction": 0.5}))
    async with at_work(Sweeper(parts)):
        monkeypatch.setattr(type(parts.ledger), "clock_skew", clock_skew)
        async with parts_on_paper(tmp_path, PaperBroker(), clock) as elsewhere:
            await elsewhere.ledger.activate(new, hour(1), clock.now(), "division-facilities")
        await eventually(lambda: len(parts.world.policies.entries) == 2, "the new policy is known")
    assert parts.world.policies.at(hour(2)).version == new.version


async def test_an_unusable_ledger_stops_the_worker(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> Outcome:
        raise LedgerUnavailable("the database is gone")

    monkeypatch.setattr(type(parts.ledger), "sweep", fail)
    with pytest.raises(WorkerFailedError, match="the database is gone"):
        async with at_work(Sweeper(parts)) as task:
            await asyncio.wait({task}, timeout=5)


async def test_it_sweeps_on_while_there_is_more(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [True, True, False]

    async def sweep(*_: object) -> Outcome:
        return Outcome(decided=1, more=left.pop(0) if left else False)

    monkeypatch.setattr(type(parts.ledger), "sweep", sweep)
    parts.settings = parts.settings.model_copy(update={"sweep_every_s": 3600.0})
    monkeypatch.setattr(type(parts.clock), "sleep", lambda *_: asyncio.Event().wait())
    async with at_work(Sweeper(parts)):
        await eventually(lambda: parts.progress.decided == 3, "three calls at once")
        await asyncio.sleep(0.05)
        assert parts.progress.decided == 3
