"""Running the system: everything in one process, or one worker beside servers; until it is told to stop."""

import sys
from typing import Final

import uvloop
from rich.text import Text

from desk.environment import settings_for
from desk.exits import BadInput, Exit
from desk.opening import file_of, packaged_world
from desk.options import Running
from desk.printing import new_console
from streams.app import stop_on_signals
from streams.clock import SystemClock
from streams.log import set_up_logging
from streams.settings import Settings
from streams.system import open_parts, run_parts

_MODES: Final = {
    True: "embedded broker in this process (it forgets its records at exit; the ledger does not)",
    False: "broker on servers",
}


def run_everything(running: Running) -> int:
    """Run broker, intake, sweeper, relay and watch in this process."""
    return _run(settings_for(ledger=running.ledger, broker=running.broker))


def run_worker(running: Running) -> int:
    """Run one of several workers; the broker must be one that all of them reach."""
    settings = settings_for(ledger=running.ledger, broker=running.broker)
    if settings.is_embedded:
        raise BadInput("A worker needs a broker on servers (--broker HOST:PORT); 'workorders run' brings its own.")
    return _run(settings)


def _run(settings: Settings) -> int:
    set_up_logging(settings, sys.stderr)
    _say_where(settings)
    uvloop.run(_until_stopped(settings))
    return Exit.OK


async def _until_stopped(settings: Settings) -> None:
    with stop_on_signals() as stop:
        async with open_parts(settings, SystemClock(), packaged_world(settings)) as parts:
            await run_parts(parts, stop)


def _say_where(settings: Settings) -> None:
    page = new_console(stderr=True)
    where = file_of(settings.ledger_url)
    broker = _MODES[settings.is_embedded] + ("" if settings.is_embedded else f" at {settings.broker}")
    page.print(Text.assemble(("workorders runs: ", "head"), broker))
    page.print(
        Text(f"Ledger: {where or 'PostgreSQL'}. Ctrl-C stops it; 'workorders board' in another window looks at it.")
    )
