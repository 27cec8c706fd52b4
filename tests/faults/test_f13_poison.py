"""F13, poison: records that are no events, by the thousand, among sound ones, through the real intake."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaProducer

from streams.clock import SystemClock, monotonic
from streams.parts import Parts
from tests.faults.evidence import Trial, fault, judged
from tests.faults.patience import patience
from tests.faults.poison import CHANGES, HUGE, Record, record
from tests.faults.reading import reading
from tests.faults.told import FAULTS as REPORTED
from tests.faults.told import OFFICES, event
from tests.streams.running_system import running_system

pytestmark = [pytest.mark.faults, pytest.mark.long_fault]

ROUNDS: Final = 4
IN_A_ROUND: Final = 250
NEIGHBOURS: Final = 25
"""Sound events among the poison of each round."""
TAKEN_WITHIN_S: Final = 60.0
ROOM: Final = 16 * 1024 * 1024
AT_ONCE: Final = 1024 * 1024


@fault(
    "F13",
    what="poison: bad UTF-8, deep JSON, 5 MB, unknown types, future versions, wrong keys, null, NUL and more",
    promises=(8,),
    how="sound events, each with one thing wrong, through the embedded broker and the real intake, with sound ones "
    "between: each is one rejection, its bytes are kept and it is told on rejected-events, each neighbour is decided",
    full_n=100_000,
    small_n=1_000,
    unit="records",
)
async def poison(seed: int, folder: Path) -> Trial:
    """One system that is fed for some rounds."""
    rng = Random(f"poison {seed}")
    bad: list[Record] = []
    good: list[dict[str, Any]] = []
    done = 0
    with errors() as shouted:
        async with running_system(folder, mass_rejection_count=10_000) as parts, producer(parts) as out:
            for number in range(ROUNDS):
                sound = [sound_event(number * IN_A_ROUND + n) for n in range(IN_A_ROUND + NEIGHBOURS)]
                spoiled = [spoil(one, rng) for one in sound[NEIGHBOURS:]]
                if number == 0:
                    spoiled.append(Record(record(sound[0]).key, b'"' + b"a" * HUGE + b'"'))
                mixed = [*spoiled, *map(record, sound[:NEIGHBOURS])]
                rng.shuffle(mixed)
                for some in portions(mixed):
                    await put(out, some)
                    done += len(some)
                    await taken(folder / "ledger.db", done)
                bad += spoiled
                good += sound[:NEIGHBOURS]
            await sent(folder / "ledger.db")
    found = judge(folder / "ledger.db", bad, good)
    return judged([*found, *(f"error: {line}" for line in shouted)], count=len(bad))


def sound_event(n: int) -> dict[str, Any]:
    """An order that is raised just now."""
    at = SystemClock().now().replace(microsecond=0)
    return event(n, "raised", OFFICES[n % len(OFFICES)], at, {**REPORTED[n % len(REPORTED)], "note": f"order {n}"})


def spoil(sound: dict[str, Any], rng: Random) -> Record:
    """The event with one thing wrong."""
    return CHANGES[rng.choice(sorted(CHANGES))](sound, record(sound), rng)


@asynccontextmanager
async def producer(parts: Parts) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that lets anything pass."""
    out = AIOKafkaProducer(bootstrap_servers=parts.cluster.bootstrap, max_request_size=ROOM)
    await out.start()
    try:
        yield out
    finally:
        await out.stop()


def portions(records: list[Record]) -> Iterator[list[Record]]:
    """As many at once as the embedded broker will not forget before they are read."""
    portion: list[Record] = []
    for one in records:
        if portion and sum(len(each.value or b"") for each in [*portion, one]) > AT_ONCE:
            yield portion
            portion = []
        portion.append(one)
    yield portion


async def put(out: AIOKafkaProducer, records: list[Record]) -> None:
    """Put them on a topic and wait until they are there."""
    sending = [
        await out.send("work-orders", value=one.value, key=one.key, headers=list(one.headers)) for one in records
    ]
    await asyncio.gather(*sending)


async def taken(file: Path, records: int) -> None:
    """Wait until so many records have been read."""
    await _until(file, "SELECT coalesce(sum(next_offset - first_offset), 0) FROM offset_state", records)


async def sent(file: Path) -> None:
    """Wait until nothing waits to be sent."""
    await _until(file, "SELECT count(*) FROM outbox WHERE sent_at IS NULL", 0)


async def _until(file: Path, query: Any, wanted: int) -> None:  # noqa: ANN401 - a literal
    ends = monotonic() + patience(TAKEN_WITHIN_S)
    while True:
        with reading(file) as ledger:
            found = ledger.one(query)
        if found == wanted:
            return
        assert monotonic() < ends, f"{found}, not {wanted} after {TAKEN_WITHIN_S:g} s: {query}"
        await asyncio.sleep(0.1)


def judge(file: Path, bad: list[Record], good: list[dict[str, Any]]) -> Iterator[str]:
    """Each bad record is one rejection with its bytes, told to others; each good one is an event that was decided."""
    with reading(file) as ledger:
        rejected = list(ledger.rows("SELECT sha256, value, code, message_id FROM rejected"))
        messages = {
            row["message_id"] for row in ledger.rows("SELECT message_id FROM outbox WHERE topic = 'rejected-events'")
        }
        events = Counter(row["subject"] for row in ledger.rows("SELECT subject FROM event"))
        decided = {row["subject"] for row in ledger.rows("SELECT subject FROM work_order WHERE status = 'open'")}
        accounts = list(ledger.rows("SELECT * FROM offset_state"))
        incomplete = [row["id"] for row in ledger.rows("SELECT id FROM unit WHERE incomplete")]
    wanted = Counter(sha256(one.value or b"").hexdigest() for one in bad)
    kept = Counter(row["sha256"] for row in rejected)
    for digest in wanted - kept:
        one = next(one for one in bad if sha256(one.value or b"").hexdigest() == digest)
        yield f"taken: a bad record is no rejection: {one.key!r} {(one.value or b'')[:200]!r} {one.headers}"
    for digest in kept - wanted:
        yield f"refused: a sound record is a rejection: {next(row for row in rejected if row['sha256'] == digest)}"
    yield from (f"bytes: those of a rejection are not kept ({row['code']})" for row in rejected if not _whole(row))
    yield from (
        f"untold: a rejection has no message ({row['code']})" for row in rejected if row["message_id"] not in messages
    )
    for told in good:
        if events[told["subject"]] != 1 or told["subject"] not in decided:
            yield f"lost: the neighbour {told['subject']} is recorded {events[told['subject']]} times, or not decided"
    for row in accounts:
        if row["next_offset"] - row["first_offset"] != row["recorded"] + row["duplicates"] + row["rejected"]:
            yield f"uncounted: {dict(row)}"
    yield from (f"incomplete: {unit} is shown as incomplete" for unit in incomplete)


def _whole(row: Any) -> bool:  # noqa: ANN401 - a row of either database
    return sha256(row["value"] or b"").hexdigest() == str(row["sha256"])


@contextmanager
def errors() -> Iterator[list[str]]:
    """The ERROR lines of this process while the block lasts."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    ear = Ear(logging.ERROR)
    logging.getLogger().addHandler(ear)
    try:
        yield lines
    finally:
        logging.getLogger().removeHandler(ear)


def test_every_poisoned_record_is_one_rejection_and_its_neighbours_are_decided(tmp_path: Path) -> None:
    assert poison.trial(1804, tmp_path).findings == ()
