"""A duty: it finishes what it has in hand, and does not end without a word."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from streams.app import WorkerFailedError
from streams.clock import monotonic
from streams.duty import Duty, DutyEndedError
from streams.ledger.errors import LedgerUnavailable
from streams.parts import Parts
from streams.settings import Settings
from tests.streams.on_paper import at_work


class Bare:
    """As much of the parts as a duty needs."""

    settings = Settings(stop_within_s=2)


class Chore(Duty):
    """Whatever the test wants done."""

    def __init__(self, act: Callable[["Chore"], Coroutine[Any, Any, None]]) -> None:
        super().__init__(cast("Parts", Bare()))
        self.act = act
        self.begun, self.finished, self.last = 0, 0, 0

    async def work(self) -> None:
        await self.act(self)

    async def last_piece(self) -> None:
        self.last += 1


async def piece_by_piece(chore: Chore, seconds: float = 0.05) -> None:
    while True:
        async with chore.piece():
            chore.begun += 1
            await asyncio.sleep(seconds)
            chore.finished += 1


async def test_a_stop_waits_for_the_piece_in_hand_and_then_for_the_last_one() -> None:
    chore = Chore(piece_by_piece)
    async with at_work(chore):
        await asyncio.sleep(0.12)
    assert chore.begun == chore.finished > 0
    assert chore.last == 1


async def test_a_piece_that_does_not_end_is_cut_off_after_a_quarter_of_the_time_to_stop() -> None:
    chore = Chore(lambda chore: piece_by_piece(chore, 60))
    began = monotonic()
    async with at_work(chore):
        await asyncio.sleep(0.1)
    assert 0.5 <= monotonic() - began < 1.5
    assert (chore.begun, chore.finished, chore.last) == (1, 0, 0)


async def test_a_duty_that_waits_for_nothing_in_hand_stops_at_once() -> None:
    began = monotonic()
    async with at_work(Chore(lambda _: asyncio.sleep(60))):
        await asyncio.sleep(0.05)
    assert monotonic() - began < 0.5


async def test_what_a_duty_raises_stops_the_worker_with_its_reason() -> None:
    async def fail(_: Chore) -> None:
        raise LedgerUnavailable("the database failed 5 times")

    other = Chore(piece_by_piece)
    with pytest.raises(WorkerFailedError, match="the database failed 5 times") as failed:
        async with at_work(other, Chore(fail)) as task:
            await asyncio.wait({task}, timeout=5)
    assert isinstance(failed.value.__cause__, LedgerUnavailable)
    assert other.begun == other.finished


async def test_a_duty_that_ends_by_itself_stops_the_worker() -> None:
    with pytest.raises(WorkerFailedError) as failed:
        async with at_work(Chore(lambda _: asyncio.sleep(0))) as task:
            await asyncio.wait({task}, timeout=5)
    assert isinstance(failed.value.__cause__, DutyEndedError)
    assert str(failed.value.__cause__) == "the chore ended although nobody had told it to stop"


async def test_a_cancellation_that_is_no_stop_is_a_failure_and_not_an_end(caplog: pytest.LogCaptureFixture) -> None:
    async def cancelled_from_below(_: Chore) -> None:
        below = asyncio.get_running_loop().create_future()
        below.cancel()
        await below

    with pytest.raises(WorkerFailedError) as failed:
        async with at_work(Chore(cancelled_from_below)) as task:
            await asyncio.wait({task}, timeout=5)
    assert isinstance(failed.value.__cause__, DutyEndedError)
    assert any(record.levelno == logging.ERROR for record in caplog.records)


async def test_a_duty_says_what_its_work_is() -> None:
    with pytest.raises(NotImplementedError):
        await Duty(cast("Parts", Bare())).work()
