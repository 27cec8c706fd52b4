"""What every fault test begins with: an upgraded ledger to copy, and nobody who waits between two tries."""

import asyncio
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import stamina

from streams.ledger.ledger import Ledger
from tests.faults.checker import ESTATE
from tests.faults.life import Template
from tests.faults.story import Stage
from workorders.policy import World, default_policy, estate_from_data
from workorders.policy.load import world_of

START = datetime(2026, 1, 13, 10, 0, tzinfo=UTC)


@contextmanager
def no_waiting_between_tries() -> Iterator[None]:
    """Retries happen, but nobody waits for them."""
    stamina.set_testing(testing=True, attempts=3, cap=True)
    yield
    stamina.set_testing(testing=False)


@pytest.fixture
def _no_waiting_between_tries() -> Iterator[None]:
    with no_waiting_between_tries():
        yield


def quiet_world() -> World:
    """The packaged policy, and the packaged estate without anything that time alone would raise."""
    data = tomllib.loads(ESTATE.read_text(encoding="utf-8"))
    for row in [*data["premises"], *data["sources"]]:
        row.pop("watched_from", None)
        row.pop("expect_every", None)
    return world_of(default_policy(), estate_from_data(data, "the tests"), "the tests")


async def upgraded(path: Path) -> Template:
    """An empty ledger in simulated time, with the packaged policy and estate in force."""
    world = quiet_world()
    ledger = await Ledger.open(f"sqlite:///{path}", time_kind="simulated", now=START)
    await ledger.world(world, START)
    await ledger.close()
    return Template(path.read_bytes(), ledger.identity, world)  # noqa: ASYNC240 - nobody else runs


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The ledger that every life begins with."""
    return asyncio.run(upgraded(tmp_path_factory.mktemp("template") / "ledger.db"))


@pytest.fixture(scope="session")
def stage(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Where the scenes of the story are played."""
    return Stage(tmp_path_factory.mktemp("stage"), template)
