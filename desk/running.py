"""Running the system: everything in one process, or one worker beside servers; until it is told to stop."""

import asyncio
import logging
import shlex
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import uvloop
from rich.text import Text

from desk.environment import settings_for
from desk.exits import BadInput, Exit, ending
from desk.opening import file_of, packaged_world
from desk.options import Running
from desk.printing import new_console
from streams.app import stop_on_signals
from streams.clock import SystemClock, monotonic
from streams.health import unready
from streams.layout import refuse_at_start
from streams.leaving import Leaving, leaving
from streams.log import set_up_logging
from streams.parts import Parts
from streams.settings import Settings
from streams.system import open_parts, run_parts

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.1
"""How often a start looks whether everything is ready."""
REMIND_EVERY_S: Final = 30.0
"""How often a start that takes long says what it waits for; the first time after a third of it."""
_EMBEDDED: Final = "in this process; it forgets its records when it ends, the ledger does not"


def run_everything(running: Running) -> int:
    """Run broker, intake, sweeper, relay and watch in this process."""
    return _run(settings_for(ledger=running.ledger, broker=running.broker), running, with_door=True)


def run_worker(running: Running) -> int:
    """Run one of several workers; the broker must be one that all of them reach."""
    settings = settings_for(ledger=running.ledger, broker=running.broker)
    if settings.is_embedded:
        raise BadInput("A worker needs a broker on servers (--broker HOST:PORT); 'workorders run' brings its own.")
    return _run(settings, running, with_door=False)


def _run(settings: Settings, running: Running, *, with_door: bool) -> int:
    set_up_logging(settings, sys.stderr)
    _say("Starting.")
    with leaving(settings.stop_within_s) as leave:
        uvloop.run(_until_stopped(settings, running, leave, with_door=with_door))
    return Exit.OK


async def _until_stopped(settings: Settings, running: Running, leave: Leaving, *, with_door: bool) -> None:
    with stop_on_signals(leave.begin) as stop:
        log.info("starting: a signal to stop is heard from now on")
        await refuse_at_start(settings)
        async with (
            _open_parts(settings) as parts,
            _door(parts, wanted=with_door) as door,
        ):
            starting = asyncio.create_task(_say_when_ready(parts, running, door))
            try:
                await run_parts(parts, stop)
            except Exception as error:
                leave.begin(*(ending(error) or (Exit.OUR_FAULT, type(error).__name__)))
                raise
            finally:
                starting.cancel()
                await asyncio.wait({starting})


@asynccontextmanager
async def _open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """The parts of a system that tells roles what concerns them."""
    from desk.notices.writing import letter_writer  # noqa: PLC0415 - only what runs writes letters

    async with open_parts(settings, SystemClock(), packaged_world(settings)) as parts:
        parts.letters = letter_writer(settings)
        yield parts


@asynccontextmanager
async def _door(parts: Parts, *, wanted: bool) -> AsyncIterator[Sequence[str]]:
    """The HTTP API beside everything else; what people want to know of it."""
    if not wanted:
        yield ()
        return
    from desk.api.command import door_lines  # noqa: PLC0415 - a worker answers no API, and it takes long to load
    from desk.api.place import DOOR, Place  # noqa: PLC0415
    from desk.api.serving import served  # noqa: PLC0415

    count = partial(parts.count, cause=DOOR)
    async with served(Place(parts.settings, parts.ledger, parts.clock, parts.world, count=count)) as door:
        yield door_lines(door)


async def _say_when_ready(parts: Parts, running: Running, door: Sequence[str]) -> None:
    """Say where everything is once events are taken; until then, now and then, what is waited for."""
    remind_at = monotonic() + REMIND_EVERY_S / 3
    while lacking := unready(parts.vitals, parts.settings, monotonic()):
        if monotonic() >= remind_at:
            remind_at = monotonic() + REMIND_EVERY_S
            _say(f"Not ready yet: {'; '.join(dict.fromkeys(one.sentence for one in lacking))}.")
        await asyncio.sleep(LOOK_EVERY_S)
    for line in ready_lines(parts, running, door):
        _say(line)


def ready_lines(parts: Parts, running: Running, door: Sequence[str] = ()) -> Iterator[str]:
    """What a person wants to know of a system that has started: where it is, what to try, how to stop it."""
    settings = parts.settings
    mode = f"embedded ({_EMBEDDED})" if settings.is_embedded else "on servers"
    place = file_of(settings.ledger_url) or "PostgreSQL"
    policy = parts.world.policies.at(parts.clock.now())
    same = "" if running.ledger is None else f" --ledger {shlex.quote(running.ledger)}"
    yield "workorders is ready: what is sent to it now is taken at once."
    yield f"  broker  {parts.cluster.bootstrap}, {mode}"
    yield f"  ledger  {place}, {parts.clock.kind} time"
    yield f"  policy  {policy.spec.name}, version {policy.version[:12]}"
    yield from door
    yield f"Try next, in another window: 'workorders board{same}', 'workorders nights{same}', 'workorders watch{same}'."
    yield "Ctrl-C stops it; what is recorded stays."


def _say(line: str) -> None:
    new_console(stderr=True).print(Text(line), soft_wrap=True)
