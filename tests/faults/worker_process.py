"""One worker as a process of its own, to be killed: with a broker inside, or on one that lives in its parent.

The settings are those of the environment. ``BORROWED_BROKER`` is the identity of a parent's broker, which cannot be
asked for the ids of its topics as servers can.
"""

import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import uvloop

from streams.app import stop_on_signals
from streams.clock import SystemClock
from streams.incarnation import Incarnation
from streams.ledger.ledger import Ledger
from streams.log import set_up_logging
from streams.parts import Parts
from streams.settings import Settings, load_settings
from streams.system import open_parts, run_parts
from workorders.policy import default_world


class BorrowedBroker:
    """A broker that another process runs, and whose topics are as old as itself."""

    def __init__(self, bootstrap: str, identity: str) -> None:
        self.bootstrap, self.identity = bootstrap, identity

    async def incarnations(self, names: Iterable[str]) -> dict[str, Incarnation]:
        return {name: Incarnation(self.identity, self.identity) for name in names}


@asynccontextmanager
async def borrowed_parts(settings: Settings, identity: str) -> AsyncIterator[Parts]:
    clock, world = SystemClock(), default_world()
    ledger = await Ledger.open(settings.ledger_url, time_kind=clock.kind, now=clock.now())
    try:
        world = await ledger.world(world, clock.now())
        yield Parts(settings, clock, ledger, BorrowedBroker(settings.broker, identity), world)
    finally:
        await ledger.close()


async def main() -> None:
    settings = load_settings()
    set_up_logging(settings)
    identity = os.environ.get("BORROWED_BROKER")
    opened = borrowed_parts(settings, identity) if identity else open_parts(settings, SystemClock(), default_world())
    with stop_on_signals() as stop:
        async with opened as parts:
            sys.stdout.write("up: a signal to stop is heard from now on\n")
            sys.stdout.flush()
            await run_parts(parts, stop)


if __name__ == "__main__":
    uvloop.run(main())
