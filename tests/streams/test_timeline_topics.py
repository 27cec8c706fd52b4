"""What a worker learns from the timelines' topics before it begins: on a real broker, with real clients."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from streams import timeline_topics
from streams.clock import SystemClock
from streams.embedded import EmbeddedBroker
from streams.kafka_client import BrokerUnreachable
from streams.ledger.errors import LedgerUnavailable, TimelinesDiffer
from streams.parts import Parts
from streams.settings import Settings
from streams.system import open_parts
from streams.timeline_topics import published
from tests.streams.running_system import eventually, running_system
from workorders.policy import Policy, PolicyTimeline, World, default_world

CLOCK = SystemClock()
NOWHERE: dict[str, Any] = {
    "broker": "127.0.0.1:1",
    "broker_timeout_s": 2,
    "session_timeout_ms": 1500,
    "heartbeat_ms": 500,
}


def renamed(name: str) -> Policy:
    """The packaged policy under another name, and so another version."""
    spec = default_world().policies.at(CLOCK.now()).spec
    return Policy(spec.model_copy(update={"name": name}))


def world_with(policy: Policy) -> World:
    """What another worker's files would say."""
    return World(PolicyTimeline([(datetime(1990, 1, 1, tzinfo=UTC), policy)]), default_world().estates)


@asynccontextmanager
async def publishing(directory: Path) -> AsyncIterator[Parts]:
    """A running system that has published what it began with, and one policy more."""
    async with running_system(directory) as parts:
        later = CLOCK.now() + timedelta(days=1)
        await parts.ledger.activate(renamed("later"), later, CLOCK.now(), "division-facilities")

        async def is_published() -> bool:
            return len(await published(parts.settings, parts.cluster.bootstrap, 10)) == 3

        await eventually(is_published, "three versions are on their topics")
        yield parts


async def test_an_empty_ledger_begins_with_what_was_published_and_one_that_contradicts_it_does_not_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = world_with(renamed("of the files"))
    async with publishing(tmp_path / "first") as first:
        await first.refresh_world()
        servers = Settings(broker=first.cluster.bootstrap, data_dir=tmp_path / "second")
        for _ in range(2):
            async with open_parts(servers, CLOCK, files) as second:
                assert second.world.policies.entries == first.world.policies.entries
                assert len(second.world.policies.entries) == 2
        assert caplog.text.count("the ledger has learnt 3 versions") == 1
        contrary = Settings(data_dir=tmp_path / "contrary")
        async with open_parts(contrary, CLOCK, files):
            pass
        with pytest.raises(TimelinesDiffer, match="do not belong together"):
            async with open_parts(contrary.model_copy(update={"broker": first.cluster.bootstrap}), CLOCK, files):
                raise AssertionError("it must not start")


async def test_without_a_broker_a_new_ledger_does_not_begin_and_another_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alone = Settings(data_dir=tmp_path, **NOWHERE)
    with pytest.raises(LedgerUnavailable, match="which were published is not known"):
        async with open_parts(alone, CLOCK, default_world()):
            raise AssertionError("it must not start")
    async with open_parts(Settings(data_dir=tmp_path), CLOCK, default_world()):
        pass
    with caplog.at_level(logging.WARNING):
        async with open_parts(alone, CLOCK, default_world()) as parts:
            assert parts.world.policies.entries == default_world().policies.entries
    assert "whether other policies or estates were published is not known" in caplog.text


async def test_topics_that_do_not_answer_in_time_are_as_good_as_no_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> AsyncGenerator[bytes]:
        await asyncio.sleep(60)
        yield b""

    monkeypatch.setattr(timeline_topics, "records_to_the_end", never)
    settings = Settings(data_dir=tmp_path)
    async with EmbeddedBroker() as broker:
        with pytest.raises(BrokerUnreachable, match="were not read within 1 s"):
            await published(settings, broker.bootstrap, 1)
