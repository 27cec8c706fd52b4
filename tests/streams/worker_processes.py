"""Workers as processes of their own, as they run on servers: started, asked how they are, and brought to an end."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from streams.clock import monotonic
from streams.kafka_admin import admin_client, answers
from streams.settings import PREFIX, Settings

ROOT: Final = Path(__file__).parents[2]
COMMAND: Final = "import sys; from desk.cli import main; sys.exit(main(sys.argv[1:]))"
_ADDRESS: Final = re.compile(r"answered at (http://[^\s\"]+)")


@dataclass
class Worker:
    """One ``workorders worker``; ``log`` is what it writes to stderr."""

    process: Process
    log: Path

    @property
    def address(self) -> str | None:
        """Where its health is answered, once it has said so."""
        found = _ADDRESS.search(self.log.read_text(encoding="utf-8"))
        return found[1] if found else None

    async def answer(self, page: str) -> tuple[int, Any]:
        """The status and the answer of one of its pages; 0 while there is none."""
        if self.address is None:
            return 0, None
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as client:
            try:
                async with client.get(self.address + page) as response:
                    found = await (response.text() if page == "/metrics" else response.json())
                    return response.status, found
            except aiohttp.ClientError:
                return 0, None

    async def is_ready(self) -> bool:
        """Whether it says that it is ready."""
        return (await self.answer("/health/ready"))[0] == 200

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)


@asynccontextmanager
async def worker(settings: Settings, name: str, *arguments: str) -> AsyncIterator[Worker]:
    """A worker with these settings, ready; killed at the end of the block unless it has ended."""
    given = settings.model_dump(exclude_unset=True) | {"health_port": 0, "ledger": settings.ledger_url}
    ours = {f"{PREFIX}{key.upper()}": str(value) for key, value in given.items()}
    log = settings.data_dir / f"{name}.log"
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", COMMAND, *(arguments or ("worker",)),
            cwd=ROOT, env={**os.environ, **ours}, stderr=file,
        )  # fmt: skip
    running = Worker(process, log)
    try:
        await within(20, running.is_ready, f"{name} is ready")
        yield running
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def within(seconds: float, true: Callable[[], Awaitable[bool]], what: str) -> float:
    """Wait until it is true; the seconds that it took. Fails with the sentence if it takes longer.

    A machine that has far more to do than processors to do it is given so much more time.
    """
    began = monotonic()
    seconds *= max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    while not await true():
        assert monotonic() - began < seconds, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.05)
    return monotonic() - began


async def shares(settings: Settings) -> list[set[tuple[str, int]]]:
    """The partitions of each member of the workers' group, in any order; topics without the prefix."""
    admin = admin_client(settings, settings.broker)
    asked = admin.describe_consumer_groups([settings.group], request_timeout=settings.broker_timeout_s)
    group = (await answers(asked, settings, settings.broker))[settings.group]
    strip = len(settings.topic_prefix)
    return [
        {(one.topic[strip:], one.partition) for one in member.assignment.topic_partitions} for member in group.members
    ]
