"""Leaving: a stop ends within its time although nobody answers any more, and nothing that was committed is harmed."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.tables import EventRow
from streams import leaving as module
from streams.app import end, stop_on_signals
from streams.clock import SystemClock, monotonic
from streams.leaving import SHARE, Leaving, leaving
from streams.ledger.ledger import Ledger
from streams.settings import Settings
from tests.faults.told import OFFICES
from tests.servers.fixtures import own_topics
from tests.servers.kafka import KafkaAddress
from tests.servers.postgres import Postgres, private_postgres
from tests.streams.ledger.telling import all_rows, plain, raised
from tests.streams.worker_processes import Worker, within, worker
from workorders.policy import default_world

STOPS_WITHIN_S = 10.0


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exit codes with which the process was left."""
    codes: list[int] = []
    monkeypatch.setattr("os._exit", codes.append)
    return codes


def wait_until_left(codes: list[int]) -> None:
    for _ in range(100):
        if codes:
            return
        threading.Event().wait(0.02)


def test_what_has_not_ended_in_its_time_is_left_with_its_code_and_reason(
    left: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    began = monotonic()
    with leaving(0.2) as leave:
        leave.begin(4, "the database failed 5 times")
        leave.begin(0, "it was told to stop")
        wait_until_left(left)
    assert left == [4], "what began first counts"
    assert monotonic() - began < 0.2 * SHARE + 0.3
    (said,) = [one.getMessage() for one in caplog.records if one.name == module.__name__]
    assert "leaves after 0.2 s, though something still waits for an answer (the database failed 5 times)" in said


def test_what_ends_in_order_or_was_never_told_to_stop_is_not_left(left: list[int]) -> None:
    with leaving(0.05):
        threading.Event().wait(0.1)
    with leaving(0.1) as leave:
        leave.begin()
    threading.Event().wait(0.2)
    assert left == []


def test_the_process_is_left_although_its_event_loop_is_stuck(left: list[int]) -> None:
    async def stuck(leave: Leaving) -> None:
        with stop_on_signals(leave.begin) as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            await stop.wait()
            wait_until_left(left)  # blocks the loop, as something of another's may

    with leaving(0.1) as leave:
        asyncio.run(stuck(leave))
    assert left == [0]


async def test_a_task_whose_clearing_up_waits_for_ever_is_left_behind_by_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    thaws = asyncio.Event()

    async def clears_up_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await thaws.wait()

    task = asyncio.create_task(clears_up_for_ever(), name="the taking of stock")
    await asyncio.sleep(0)
    await end({task}, 0.05)
    assert "the taking of stock was left behind: it did not end within 0.05 s" in caplog.text
    thaws.set()
    await asyncio.wait({task})


@contextmanager
def frozen(postgres: Postgres) -> Iterator[None]:
    """A server whose every process is halted: it accepts, and answers nobody."""
    first = postgres.pid
    everyone = [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split())]
    for pid in everyone:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in everyone:
            os.kill(pid, signal.SIGCONT)


async def has_ended(one: Worker) -> bool:
    return one.process.returncode is not None


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_told_to_stop_while_the_database_is_frozen_a_worker_is_gone_within_ten_seconds_and_nothing_is_harmed(
    kafka: KafkaAddress, topic_prefix: str, tmp_path: Path
) -> None:
    with private_postgres() as postgres:
        settings = Settings.model_validate({
            "broker": kafka.bootstrap, "ledger": postgres.address.new_database("frozen"), "data_dir": tmp_path,
            "topic_prefix": topic_prefix, "group": f"{topic_prefix}group", "partitions": 2, "replication": 1,
        })  # fmt: skip
        clock = SystemClock()
        ledger = await Ledger.open(settings.ledger_url, time_kind="real", now=clock.now())
        world = await ledger.world(default_world(), clock.now())
        async with own_topics(settings), worker(settings, "frozen") as one:
            told = {**raised("WO-1", premises=OFFICES[0]), "time": clock.now().isoformat()}
            await ledger.submit([plain(told)], clock.now(), world)

            async def is_recorded() -> bool:
                return len(await all_rows(ledger, EventRow)) == 1

            await within(20, is_recorded, "the order is recorded")
            with frozen(postgres):
                await asyncio.sleep(3)
                one.send(signal.SIGTERM)
                await within(STOPS_WITHIN_S, lambda: has_ended(one), "it has ended although nobody answers")
            assert one.process.returncode == 0
            assert "nothing committed is lost" in one.log.read_text(encoding="utf-8")
        assert (await ledger.verify(await ledger.world(world, clock.now()))).findings == []
        await ledger.close()
