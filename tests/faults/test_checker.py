"""The checker finds in a ledger what somebody has done to it, on SQLite and on PostgreSQL alike."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

import pytest
from sqlalchemy import text

from streams.clock import SystemClock
from streams.ledger.incoming import Incoming, Origin, Stream
from streams.ledger.ledger import Ledger
from tests.faults.checker import faults_of, unrest
from tests.faults.reading import Place
from tests.faults.told import Logbook, order
from workorders.policy import default_world

pytestmark = pytest.mark.faults

ORDERS: Final = 6
DEEDS: Final = {
    "lost": "DELETE FROM event WHERE id = 'raised-0'",
    "doubled": "INSERT INTO event SELECT source, 'other', type, unit, subject, time, heard, role, party, sequence, "
    "digest, body, stream, topic_offset, recorded_at, quarantined FROM event WHERE id = 'raised-0'",
    "made up": "UPDATE event SET subject = 'WO-999' WHERE id = 'raised-0'",
    "uncounted": "UPDATE offset_state SET duplicates = duplicates + 1",
    "unsaid": "DELETE FROM outbox WHERE topic = 'escalations'",
    "misnumbered": "UPDATE escalation SET last_n = last_n + 1",
    "unsent": "UPDATE outbox SET sent_at = NULL",
    "false alarm": "UPDATE escalation SET spell = 'another' WHERE standing",
    "silent": "UPDATE escalation SET standing = (1 = 0)",
    "refused": "UPDATE rejected SET sha256 = 'another'",
}


@dataclass
class Judged:
    """A ledger in which everything is right, and what was told to it."""

    ledger: Ledger
    place: Place
    told: Logbook
    records: int
    swept: datetime

    def sorts(self) -> set[str]:
        """The sorts of what the checker finds."""
        found = faults_of(self.place, self.told, SystemClock().now(), said=None, records=self.records)
        return {sentence.partition(":")[0] for sentence in found}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def judged(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Judged]:
    place: Place = tmp_path / "ledger.db"
    if request.param == "postgresql":
        place = request.getfixturevalue("database")
    clock, told = SystemClock(), Logbook()
    now = clock.now()
    told.accepted = [one for n in range(ORDERS) for one in order(n, now, Random(n))]
    told.refused = [b"nonsense"]
    values = [(one.premises.encode(), one.incoming().value) for one in told.accepted] + [(b"nobody", b"nonsense")]
    stream = Stream("cluster", "work-orders", "first-life", 0)
    batch = [Incoming("work-orders", key, value, (), Origin(stream, n), now) for n, (key, value) in enumerate(values)]
    ledger = await Ledger.open(place if isinstance(place, str) else f"sqlite:///{place}", time_kind="real", now=now)
    world = await ledger.world(default_world(), now)
    await ledger.take(batch, now, world)
    swept = clock.now()
    while (await ledger.sweep(swept, 500, world)).more:
        pass
    await ledger.mark_sent([one.seq for one in await ledger.unsent(1_000)], clock.now())
    yield Judged(ledger, place, told, len(batch), swept)
    await ledger.close()


async def test_a_sound_ledger_has_no_faults_and_nothing_that_waits(judged: Judged) -> None:
    assert judged.sorts() == set()
    assert unrest(judged.place, judged.swept, judged.records, forgetful=True) == []
    assert unrest(judged.place, judged.swept, judged.records + 2, forgetful=True) == ["2 records to read"]


@pytest.mark.parametrize("sort", DEEDS)
async def test_what_was_done_to_a_ledger_is_found(judged: Judged, sort: str) -> None:
    async with judged.ledger.database.writing() as connection:
        await connection.execute(text(DEEDS[sort]))
    assert sort in judged.sorts()
