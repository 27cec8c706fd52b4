"""A place for the whole system: the embedded broker with SQLite, or Kafka with PostgreSQL; a test cannot tell which.

A place outlives the workers that run on it, so that they can be stopped and started again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from streams.clock import Clock
from streams.ledger.ledger import Ledger
from streams.parts import Parts
from streams.topics import EMBEDDED_PARTITIONS
from tests.streams.running_system import on_topic, running_system
from workorders.policy import default_world

QUICK: Final[dict[str, Any]] = {
    "broker_timeout_s": 5.0,
    "session_timeout_ms": 2_000,
    "heartbeat_ms": 500,
    "stop_within_s": 8.0,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a system runs: its settings, and how its broker is taken away and brought back."""

    folder: Path
    settings: dict[str, Any]
    take_away: Callable[[], Awaitable[None]]
    bring_back: Callable[[], Awaitable[None]]

    @asynccontextmanager
    async def worker(self, clock: Clock | None = None, **more: Any) -> AsyncIterator[Parts]:  # noqa: ANN401 - settings
        """A whole worker, for as long as the block lasts."""
        async with running_system(self.folder, clock, **{**QUICK, **self.settings, **more}) as parts:
            yield parts


def servers(bootstrap: str, prefix: str, ledger: str) -> dict[str, Any]:
    """Settings that lead to servers, with topics and a group that nobody else has."""
    return {
        "broker": bootstrap,
        "ledger": ledger,
        "topic_prefix": prefix,
        "group": f"{prefix}group",
        "partitions": EMBEDDED_PARTITIONS,
        "replication": 1,
    }


async def said_on(parts: Parts, topic: str) -> list[dict[str, Any]]:
    """Everything that is on a topic now, read."""
    return [orjson.loads(value) for value in await on_topic(parts, topic)]


async def findings(parts: Parts) -> list[str]:
    """What ``workorders verify`` finds, in a ledger that is opened anew."""
    ledger = await Ledger.open(parts.settings.ledger_url, time_kind=parts.clock.kind, now=parts.clock.now())
    try:
        world = await ledger.world(default_world(), parts.clock.now())
        return [str(one) for one in (await ledger.verify(world)).findings]
    finally:
        await ledger.close()


async def blocking(act: Callable[[], None]) -> None:
    """Do what blocks without stopping the loop."""
    await asyncio.to_thread(act)
