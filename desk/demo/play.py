"""Playing the demo: the real worker on an embedded broker and a fresh ledger, the script, the screen and the proof."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from desk.demo.backlog import backlog
from desk.demo.ending import stay, tell_ending
from desk.demo.folder import clear_folder, demo_settings
from desk.demo.pacing import PacedClock
from desk.demo.posting import Poster
from desk.demo.proof import Proof, prove
from desk.demo.scenario import BEGINS, ENDS, STORY, heartbeats, rota
from desk.demo.screen import Screen
from desk.demo.spoken import Line
from desk.demo.stage import Stage
from desk.exits import Exit
from desk.notices.writing import letter_writer
from streams.clock import monotonic
from streams.kafka_client import make_producer, running
from streams.log import set_up_logging
from streams.parts import Parts
from streams.settings import Settings
from streams.system import open_parts, run_parts
from workorders.policy import default_world

LOG_FILE: Final = "demo.log"


@dataclass(frozen=True, slots=True)
class Played:
    """A demo that was played to its end: the story as it was told, the proof, and how long it took in real seconds."""

    story: tuple[Line, ...]
    proof: Proof
    took_s: float


def play(directory: Path, *, seconds: float, seed: int, plain: bool, as_json: bool) -> int:
    """Play the night and the day in about so many seconds, then show the board, the nights and the proof.

    The ledger in the directory is made anew and stays. The desk answers over it while the story is told, and on a
    terminal until Ctrl-C, for people to look around. The exit code is 0 only if the proof holds.
    """
    clear_folder(directory)
    factor = (ENDS - BEGINS).total_seconds() / seconds
    settings = demo_settings(directory, factor)
    with (directory / LOG_FILE).open("w", encoding="utf-8") as log:
        set_up_logging(settings, log)
        screen = Screen(default_world(), BEGINS, ENDS, plain=plain, silent=as_json)
        screen.open(seconds)
        played = asyncio.run(_play(settings, PacedClock(BEGINS, factor), seconds, seed, screen))
    tell_ending(played.story, played.proof, played.took_s, directory, as_json=as_json)
    if screen.console.is_terminal and not plain and not as_json and settings.api_port != "off":
        stay(directory)
    return Exit.OK if played.proof.holds else Exit.NO


async def _play(settings: Settings, clock: PacedClock, seconds: float, seed: int, screen: Screen) -> Played:
    began = monotonic()
    async with open_parts(settings, clock, default_world()) as parts:
        parts.letters = letter_writer(settings)
        poster = Poster(parts)
        await poster.register([*backlog(parts.world.estates.at(BEGINS), BEGINS, seed), *rota()])
        stop = asyncio.Event()
        worker = asyncio.create_task(run_parts(parts, stop))
        try:
            async with (
                running(make_producer(settings, parts.cluster.bootstrap), settings) as producer,
                _desk(parts, screen),
            ):
                poster.use(producer)
                stage = Stage(parts, clock, poster, worker, screen, seconds)
                with screen.shown():
                    await stage.play([*STORY, *heartbeats()])
                proof = await prove(parts, poster.posted)
        finally:
            stop.set()
            await worker
    return Played(tuple(stage.told), proof, monotonic() - began)


@asynccontextmanager
async def _desk(parts: Parts, screen: Screen) -> AsyncIterator[None]:
    """The desk over the story while it is told, unless the settings want none: whoever likes may look, and join in."""
    from desk.api.place import DOOR, Place  # noqa: PLC0415 - it takes long to load, and the screen is there before
    from desk.api.serving import served  # noqa: PLC0415

    count = partial(parts.count, cause=DOOR)
    async with served(Place(parts.settings, parts.ledger, parts.clock, parts.world, count=count)) as door:
        if door is not None:
            screen.say_where(door.address)
        yield
