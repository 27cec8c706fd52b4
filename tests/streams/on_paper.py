"""The parts of a worker with a real SQLite ledger and a broker on paper."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from streams import intake, relay
from streams.app import build_app, serve
from streams.clock import Clock, FixedClock
from streams.duty import Duty
from streams.ledger import migrations
from streams.ledger.ledger import Ledger
from streams.parts import Parts
from streams.settings import Settings
from tests.streams.ledger.telling import START
from tests.streams.paper_broker import PaperBroker, PaperConsumer, PaperProducer, standing_in
from workorders.policy import default_world


@cache
def _upgraded() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        migrations.upgrade(f"sqlite:///{file}")
        return file.read_bytes()


@asynccontextmanager
async def parts_on_paper(
    folder: Path,
    broker: PaperBroker,
    clock: Clock | None = None,
    **options: Any,  # noqa: ANN401 - any setting
) -> AsyncIterator[Parts]:
    """Parts that share nothing with a real broker; the ledger is the file ``ledger.db`` in the folder, if not named."""
    url = options.get("ledger") or f"sqlite:///{folder / 'ledger.db'}"
    if "ledger" not in options and not (folder / "ledger.db").exists():
        (folder / "ledger.db").write_bytes(_upgraded())
    clock = clock or FixedClock(START)
    ledger = await Ledger.open(url, time_kind=clock.kind, now=clock.now())
    try:
        world = await ledger.world(default_world(), clock.now())
        settings = Settings(data_dir=folder, **{"batch_max_wait_ms": 5, "stop_within_s": 4, **options})
        yield Parts(settings, clock, ledger, broker, world)
    finally:
        await ledger.close()


@asynccontextmanager
async def at_work(*duties: Duty) -> AsyncIterator["asyncio.Task[None]"]:
    """The duties, at work until the end of the block; their failure is raised there."""
    app = build_app(duties[0]._parts.settings)
    for duty in duties:
        app.service(duty)  # type: ignore[arg-type]  # Faust takes an instance too
    stop = asyncio.Event()
    task = asyncio.create_task(serve(app, stop, stop_within_s=duties[0]._parts.settings.stop_within_s))
    try:
        yield task
    finally:
        stop.set()
        await task


def put_on_paper(monkeypatch: pytest.MonkeyPatch, broker: PaperBroker) -> list[PaperConsumer]:
    """Have intake and relay make their clients on paper; the consumers that were made."""
    made: list[PaperConsumer] = []

    def consumer(*_: object, **__: object) -> PaperConsumer:
        made.append(PaperConsumer(broker))
        return made[-1]

    monkeypatch.setattr(intake, "make_consumer", consumer)
    monkeypatch.setattr(relay, "make_producer", lambda *_, **__: PaperProducer(broker))
    for module in (intake, relay):
        monkeypatch.setattr(module, "running", standing_in)
        monkeypatch.setattr(module, "PAUSE_S", 0.01)
    return made
