"""The small ledger as it is opened for what answers by HTTP: a copy of it, and the place that all requests share."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from desk.api.place import Place
from streams.clock import Clock, FixedClock
from streams.ledger.ledger import Ledger
from streams.settings import Settings
from tests.desk.small_ledger import ENDS
from workorders.policy import default_world


def copied(small_ledger: Path, folder: Path) -> Path:
    """A copy of the ledger in a new folder."""
    folder.mkdir()
    return Path(shutil.copy(small_ledger, folder / "ledger.db"))


@asynccontextmanager
async def place_over(path: Path, clock: Clock | None = None, **options: Any) -> AsyncIterator[Place]:  # noqa: ANN401
    """The place over the ledger in a file, at the time at which the small ledger ends unless a clock is given."""
    clock = clock or FixedClock(ENDS)
    ledger = await Ledger.open(f"sqlite:///{path}", time_kind=clock.kind, now=clock.now())
    try:
        world = await ledger.world(default_world(), clock.now())
        yield Place(Settings(data_dir=path.parent, **options), ledger, clock, world, wall=clock)
    finally:
        await ledger.close()
