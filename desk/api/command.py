"""The command ``workorders desk``: the API alone, over a ledger that workers share."""

import gc
import sys

import uvloop
from rich.text import Text

from desk.api.place import Place
from desk.api.serving import Door, served
from desk.environment import settings_for
from desk.exits import BadInput, Exit
from desk.opening import open_ledger
from desk.options import Running
from desk.printing import new_console
from streams.app import stop_on_signals
from streams.log import set_up_logging
from streams.settings import PREFIX


def run_desk(running: Running) -> int:
    """Answer the API until a signal to stop."""
    settings = settings_for(ledger=running.ledger, broker=running.broker)
    if settings.api_port == "off":
        raise BadInput(f"{PREFIX}API_PORT is off, and the API is all that this command answers.")
    set_up_logging(settings, sys.stderr)
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 100)  # a look for what was thrown away holds up every answer: short ones, more often
    uvloop.run(_until_stopped(running))
    return Exit.OK


async def _until_stopped(running: Running) -> None:
    settings = settings_for(ledger=running.ledger, broker=running.broker)
    with stop_on_signals() as stop:
        async with (
            open_ledger(running.ledger) as (desk, ledger),
            served(Place(settings, ledger, desk.clock, desk.world)) as door,
        ):
            for line in door_lines(door):
                new_console(stderr=True).print(Text(line), soft_wrap=True)
            await stop.wait()


def door_lines(door: Door | None) -> list[str]:
    """Where the API is, and what opens it."""
    if door is None:
        return []
    lines = [
        f"  desk    {door.address}/ in a browser",
        f"  API     {door.address}/v1, described at {door.address}/openapi.json",
    ]
    if door.key_file is not None:
        lines.append(f"  key     in {door.key_file}: curl -H \"Authorization: Bearer $(cat '{door.key_file}')\" ...")
    return lines
