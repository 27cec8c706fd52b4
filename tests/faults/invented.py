"""Invented life through a real ledger, in whatever order it arrives, held against the second reckoning.

What is read of the ledger is read with plain SQL from the SQLite file; what should stand comes from
``tests.simulation.oracle``, which imports nothing of the code under test.
"""

import hashlib
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from streams.ledger.incoming import Incoming, Origin, Outcome, Stream
from streams.ledger.ledger import Ledger
from tests.simulation.driver import fact
from tests.simulation.invention import Heard
from tests.simulation.oracle.instants import instant, text_of
from tests.simulation.oracle.ladder import Step
from tests.simulation.scene import Scene

SWEEP_LIMIT: Final = 500
PARTITION: Final = 0

Place = tuple[str, ...]
"""Unit, subject, kind, clock, spell, rung, repeat: which escalation it is."""


@dataclass
class Book:
    """One ledger in simulated time that takes deliveries as one partition of each topic."""

    ledger: Ledger
    file: Path
    scene: Scene
    offsets: dict[str, int]
    problems: list[str]
    taken: int = 0
    duplicates: int = 0

    async def deliver(self, batch: Sequence[Heard], now: datetime) -> Outcome:
        """Take these records as one transaction."""
        outcome = await self.ledger.take([self._incoming(one) for one in batch], now, self.scene.world)
        self.taken += outcome.recorded
        self.duplicates += outcome.duplicates
        self.problems += [f"rejected: {one.sentence} {one.incoming.value!r}" for one in outcome.rejections]
        self.problems += [f"held: {one}" for one in outcome.held]
        return outcome

    async def sweep(self, now: datetime) -> None:
        """Decide all that time has made due."""
        while True:
            outcome = await self.ledger.sweep(now, SWEEP_LIMIT, self.scene.world)
            self.problems += [f"held: {one}" for one in outcome.held]
            if not outcome.more:
                return

    def _incoming(self, one: Heard) -> Incoming:
        at = self.offsets.get(one.topic, 0)
        self.offsets[one.topic] = at + 1
        origin = Origin(Stream("invented", one.topic, "first-life", PARTITION), at)
        return Incoming(one.topic, one.key.encode(), orjson.dumps(one.event), (), origin, one.heard)


@asynccontextmanager
async def book(file: Path, scene: Scene, since: datetime) -> AsyncIterator[Book]:
    """An empty ledger that begins at ``since`` under the scene's policies."""
    ledger = await Ledger.open(f"sqlite:///{file}", time_kind="simulated", now=since)
    try:
        await ledger.world(scene.world, since)
        yield Book(ledger, file, scene, {}, [])
    finally:
        await ledger.close()


def standing_in(file: Path, unit: str = "%") -> dict[Place, str]:
    """What the ledger says stands: when it was due, and for which role."""
    query = "SELECT * FROM escalation WHERE standing AND unit LIKE ?"
    return {
        tuple(str(row[name]) for name in ("unit", "subject", "kind", "clock", "spell", "rung", "repeat")): " ".join(
            (f"{row['due_at'][:19].replace(' ', 'T')}Z", row["role"])
        )
        for row in _rows(file, query, unit)
    }


def standing_at(scene: Scene, heard: Iterable[Heard], unit: str, now: datetime) -> dict[Place, str]:
    """What should stand at one premises, by the second reckoning."""
    own = {(one.event["source"], one.event["id"]): one for one in heard if one.heard <= now and one.key == unit}
    story = scene.oracle.premises(unit, [fact(one) for one in own.values()], instant(now))
    return _places(unit, story.standing.values())


def standing_by_oracle(scene: Scene, heard: Iterable[Heard], since: datetime, now: datetime) -> dict[Place, str]:
    """What should stand at all premises and for all sources, by the second reckoning."""
    distinct = list({(one.event["source"], one.event["id"]): one for one in heard if one.heard <= now}.values())
    found: dict[Place, str] = {}
    for unit in scene.setting.premises:
        found |= standing_at(scene, distinct, unit, now)
    for row in scene.setting.estate["sources"]:
        source = f"source:{row['id']}"
        signs = [instant(one.heard) for one in distinct if one.event["source"] == row["id"]]
        about = [fact(one) for one in distinct if one.key == source and one.name != "heartbeat"]
        steps = scene.oracle.source(row["id"], about, signs, instant(since), instant(now))
        found |= _places(source, (step for step in steps if step.ended is None))
    return found


def apart(should: dict[Place, str], stands: dict[Place, str]) -> list[str]:
    """Where the two differ, one sentence each."""
    lines = [f"silent: {' '.join(place)} should stand and does not" for place in sorted(should.keys() - stands.keys())]
    lines += [
        f"false alarm: {' '.join(place)} stands and should not" for place in sorted(stands.keys() - should.keys())
    ]
    for place in sorted(should.keys() & stands.keys()):
        if should[place] != stands[place]:
            lines.append(f"differs: {' '.join(place)} should be {should[place]}, is {stands[place]}")
    return lines


def accepted_in(file: Path) -> dict[tuple[str, str], tuple[Any, ...]]:
    """The accepted events: what each says, as a digest, and how it was heard."""
    query = "SELECT source, id, digest, heard, role, party FROM event"
    return {(row["source"], row["id"]): tuple(row)[2:] for row in _rows(file, query)}


def states_in(file: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """What is known of each order and night."""
    query = "SELECT unit, subject, state FROM work_order UNION ALL SELECT unit, subject, state FROM night"
    return {(row["unit"], row["subject"]): orjson.loads(row["state"]) for row in _rows(file, query)}


def content_hash(file: Path) -> str:
    """One hash over the accepted events and the standing escalations."""
    content = [sorted(map(repr, accepted_in(file).items())), sorted(map(repr, standing_in(file).items()))]
    return hashlib.sha256(orjson.dumps(content)).hexdigest()


def accounts_in(file: Path) -> list[str]:
    """Where a stream's records are not all events, counted duplicates or rejections."""
    lines = []
    for row in _rows(file, "SELECT * FROM offset_state"):
        read = row["next_offset"] - row["first_offset"] - row["skipped"]
        if read != row["recorded"] + row["duplicates"] + row["rejected"]:
            lines.append(f"uncounted: {dict(row)}")
    return lines


def _places(unit: str, steps: Iterable[Step]) -> dict[Place, str]:
    return {
        (unit, step.subject, step.kind, step.clock, step.spell, step.rung, str(step.repeat)): " ".join(
            (text_of(step.due_at), step.role)
        )
        for step in steps
    }


def _rows(file: Path, query: str, *given: object) -> Iterator[sqlite3.Row]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        yield from database.execute(query, given)
