"""Health of whole workers: one that stands still ends itself, and one with nothing to hold knows that it is a spare."""

import asyncio
import os
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from streams.clock import SystemClock, monotonic
from streams.health import NoProgressError, unready
from streams.health_server import answers
from streams.health_stock import keep_stock
from streams.ledger.queries import stock
from streams.settings import Settings
from streams.sweeper import Sweeper
from streams.system import open_parts, run_parts
from tests.servers.fixtures import own_topics
from tests.servers.kafka import KafkaAddress
from tests.streams.on_paper import parts_on_paper
from tests.streams.paper_broker import PaperBroker
from tests.streams.running_system import eventually, running_system
from workorders.policy import default_world

ROOT = Path(__file__).parents[2]
QUICK: dict[str, Any] = {"health_port": 0, "health_stuck_after_s": 3, "health_end_after_s": 0.5, "stop_within_s": 3}
BLOCKED = """
import sys, time
from desk.cli import main
from streams.sweeper import Sweeper

async def block(self):
    time.sleep(600)

Sweeper._sweep = block
sys.exit(main(["run"]))
"""

pytestmark = pytest.mark.timeout(120)


async def test_a_worker_whose_sweeper_hangs_stops_in_order_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_: Sweeper) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Sweeper, "_sweep", hang)
    with pytest.raises(NoProgressError, match=r"it made no progress: .* for"):  # noqa: PT012 - it fails at its end
        async with running_system(tmp_path, **QUICK) as parts:
            ask = answers(parts)
            await eventually(
                lambda: "sweeper" in [one.part for one in ask["progress"]().findings], "it says what is stuck"
            )
            assert ask["live"]().status == 200
            await eventually(lambda: not parts.vitals.assigned, "it has been stopped")


@pytest.mark.slow
def test_a_process_whose_event_loop_is_blocked_ends_with_exit_code_75_and_shows_where_it_stood(tmp_path: Path) -> None:
    given = {**QUICK, "data_dir": tmp_path, "health_stuck_after_s": 4}
    ours = {f"WORKORDERS_{name.upper()}": str(value) for name, value in given.items()}
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", BLOCKED], cwd=ROOT, env={**os.environ, **ours}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 75, ended.stderr
    assert "the worker ends itself, for it makes no progress: " in ended.stderr
    assert "in block" in ended.stderr


async def test_a_ledger_that_cannot_be_read_for_a_while_stops_no_stocktaking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away, real = [True], stock.waiting

    async def waiting(connection: object) -> object:
        if away:
            raise OSError("the disk is away")
        return await real(connection)  # type: ignore[arg-type]

    monkeypatch.setattr(stock, "waiting", waiting)
    async with parts_on_paper(tmp_path, PaperBroker(), health_stuck_after_s=0.2) as parts:
        stop = asyncio.Event()
        task = asyncio.create_task(keep_stock(parts, stop))
        await eventually(lambda: "the stock could not be taken: OSError" in caplog.text, "it has failed")
        assert parts.vitals.stock.read_at is None
        away.clear()
        await eventually(lambda: parts.vitals.stock.read_at is not None, "it is read again")
        stop.set()
        await asyncio.wait_for(task, 5)


@pytest.mark.kafka
async def test_of_more_workers_than_partitions_one_is_a_spare_and_is_well(
    kafka: KafkaAddress, topic_prefix: str, tmp_path: Path
) -> None:
    settings = Settings(
        broker=kafka.bootstrap, data_dir=tmp_path, topic_prefix=topic_prefix, group=f"{topic_prefix}group",
        partitions=1, replication=1, sweep_every_s=0.5, health_port="off", health_stuck_after_s=4,
    )  # fmt: skip
    async with own_topics(settings), AsyncExitStack() as stack:
        both = [await stack.enter_async_context(open_parts(settings, SystemClock(), default_world())) for _ in range(2)]
        stop = asyncio.Event()
        tasks = [asyncio.create_task(run_parts(parts, stop)) for parts in both]

        def is_settled() -> bool:
            return sorted(parts.vitals.assigned for parts in both) == [0, 3] and any(
                parts.vitals.spare for parts in both
            )

        await eventually(is_settled, "one has all three topics, and the other knows it")
        await eventually(
            lambda: not any(unready(parts.vitals, settings, monotonic()) for parts in both), "both are ready"
        )
        stop.set()
        await asyncio.gather(*tasks)
