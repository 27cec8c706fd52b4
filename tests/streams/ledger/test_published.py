"""Policies and estates are published where they are kept, and a new or restored ledger learns them from there."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from models.tables import OutboxRow, PolicyVersionRow
from streams.ledger.errors import LedgerError, TimelinesDiffer
from streams.ledger.ledger import Ledger
from tests.streams.ledger.conftest import sqlite_copy
from tests.streams.ledger.telling import START, Feed, all_rows, execute, hour, raised
from workorders.policy import Estate, Policy, World

FIRST = datetime(1990, 1, 1, tzinfo=UTC)


def renamed(world: World, name: str = "another") -> Policy:
    """The same policy under another name, and so another version."""
    return Policy(world.policies.at(START).spec.model_copy(update={"name": name}))


async def published(ledger: Ledger) -> list[bytes]:
    """What the ledger has to say about its timelines."""
    return [one.value.encode() for one in await all_rows(ledger, OutboxRow) if one.topic in {"policies", "estates"}]


@pytest.fixture
async def restored(tmp_path: Path, upgraded_sqlite: Path) -> AsyncIterator[Ledger]:
    """Another, empty ledger."""
    opened = await Ledger.open(sqlite_copy(upgraded_sqlite, tmp_path), time_kind="simulated", now=hour(30))
    yield opened
    await opened.close()


async def test_what_a_ledger_begins_with_and_what_is_activated_waits_to_be_published(
    ledger: Ledger, world: World
) -> None:
    await ledger.world(world, START)
    await ledger.activate(renamed(world), hour(24), hour(1), "division-facilities")
    waiting = await ledger.unsent(10)
    assert [(one.topic, one.key.decode()) for one in waiting] == [
        ("policies", FIRST.isoformat()),
        ("estates", FIRST.isoformat()),
        ("policies", hour(24).isoformat()),
    ]
    said = orjson.loads(waiting[2].value)
    assert (said["type"], said["data"]["activated_by"]) == ("facilities.policy.activated", "division-facilities")
    assert (said["data"]["version"], said["subject"]) == (renamed(world).version,) * 2
    assert (await ledger.verify(await ledger.world(world, hour(2)))).findings == []


async def test_an_empty_ledger_begins_with_what_was_published_and_not_with_its_files(
    small: Ledger, restored: Ledger, world: World
) -> None:
    await small.world(world, START)
    await small.activate(renamed(world), hour(24), hour(1), "division-facilities")
    estate = Estate(world.estates.at(START).spec.model_copy(update={"name": "another"}))
    await small.activate(estate, hour(24), hour(1), "division-facilities")
    assert await restored.is_new()
    values = await published(small)
    assert await restored.adopt_timelines([*reversed(values), values[0]], hour(30)) == 4
    assert not await restored.is_new()
    found = await restored.world(World(world.policies, world.estates), hour(30))
    assert found.policies.entries == ((FIRST, world.policies.at(START)), (hour(24), renamed(world)))
    assert found.estates.at(hour(25)) == estate
    assert await restored.unsent(10) == []
    assert await restored.adopt_timelines(values, hour(31)) == 0
    assert (await restored.verify(found)).findings == []


async def test_a_restored_ledger_learns_what_was_activated_since_its_backup(
    small: Ledger, restored: Ledger, world: World, feed: Feed
) -> None:
    for ledger in (small, restored):
        await ledger.world(world, START)
    await small.activate(renamed(world), hour(100), hour(1), "division-facilities")
    await restored.take(feed.read(raised("WO-1")), hour(30), world)
    assert await restored.adopt_timelines(await published(small), hour(31)) == 1
    found = await restored.world(world, hour(31))
    assert found.policies.at(hour(101)) == renamed(world)
    assert (await restored.verify(found)).findings == []


async def test_a_ledger_that_contradicts_what_was_published_learns_nothing(
    small: Ledger, restored: Ledger, world: World
) -> None:
    await small.world(world, START)
    await restored.world(World(type(world.policies)([(FIRST, renamed(world))]), world.estates), START)
    await small.activate(renamed(world, "later"), hour(24), hour(1), "division-facilities")
    with pytest.raises(
        TimelinesDiffer, match=r"from 1990-01-01T00:00:00\+00:00 on the policy .* but this ledger holds"
    ):
        await restored.adopt_timelines(await published(small), hour(30))
    assert len(await all_rows(restored, PolicyVersionRow)) == 1


async def test_two_versions_published_for_one_instant_are_refused(
    small: Ledger, ledger: Ledger, restored: Ledger, world: World
) -> None:
    await small.world(world, START)
    await ledger.world(World(type(world.policies)([(FIRST, renamed(world))]), world.estates), START)
    with pytest.raises(TimelinesDiffer, match="but another record names"):
        await restored.adopt_timelines([*await published(small), *await published(ledger)], hour(30))
    assert await restored.is_new()


async def test_what_is_no_version_on_a_timelines_topic_stops_the_start(
    small: Ledger, restored: Ledger, world: World, feed: Feed
) -> None:
    await small.world(world, START)
    await small.take(feed.read(raised("WO-1")), hour(0), world)
    values = await published(small)
    other = [one.value.encode() for one in await all_rows(small, OutboxRow) if one.topic == "classifications"]
    edited = orjson.loads(values[0])
    edited["data"]["document"] = edited["data"]["document"].replace('"P1"', '"P2"')
    unreadable = orjson.loads(values[0])
    unreadable["data"] |= {
        "document": "{}",
        "version": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    }
    for value, sentence in (
        (b"{}", "no message of ours"),
        (other[0], "which is no version"),
        (orjson.dumps(edited), "not the document that its version names"),
        (orjson.dumps(unreadable), "cannot be read"),
    ):
        with pytest.raises(LedgerError, match=sentence):
            await restored.adopt_timelines([value], hour(30))


async def test_a_stored_version_that_this_release_reads_as_another_is_loud(small: Ledger, world: World) -> None:
    await small.world(world, START)
    await execute(small, "UPDATE policy_version SET version = :other", other="0" * 64)
    with pytest.raises(LedgerError, match="go on with the release that wrote it"):
        await small.world(world, START)


async def test_of_two_who_begin_a_ledger_one_begins_it_and_the_other_goes_on_with_that(
    small: Ledger, restored: Ledger, world: World
) -> None:
    await small.world(world, START)
    (policy, _) = await published(small)
    assert await restored.adopt_timelines([policy], hour(30)) == 1
    assert await restored.is_new()
    other = World(type(world.policies)([(FIRST, renamed(world))]), world.estates)
    await restored.world(other, hour(30))
    found = await restored.world(other, hour(30))
    assert found.policies.at(START) == world.policies.at(START)
    assert found.estates.at(START) == world.estates.at(START)
    assert (await restored.verify(found)).findings == []
