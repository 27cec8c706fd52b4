"""The verdict: a site is let come to rest, its workers are stopped; then checker, ``verify`` and logs are heard."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from aiokafka import TopicPartition

from streams.clock import SystemClock, monotonic
from streams.kafka_client import make_consumer, running
from streams.settings import EMBEDDED
from streams.to_the_end import records_to_the_end
from streams.topics import EMBEDDED_PARTITIONS, INPUTS, TOPICS
from tests.faults.checker import OUTPUTS, faults_of, is_at_rest, judged_as_at, unrest
from tests.faults.evidence import Trial, judged
from tests.faults.patience import patience
from tests.faults.reading import reading
from tests.faults.site import Site
from tests.servers.postgres import programs

HEALED_WITHIN_S: Final = 60.0
MOST_RESTS: Final = 3
CLIENTS: Final = r"^(aiokafka|kafka|faust|mode|asyncio)\b"
"""The libraries say loudly that a worker was thrown out of the group, or that a connection has gone: every fault may
do that, and a busy machine may too. What our own parts call an error is never excused by this."""


async def verdict(site: Site, *, found: Sequence[str] = (), **more: Any) -> Trial:  # noqa: ANN401 - a trial's fields
    """Let the running workers come to rest, stop them, and judge everything, with what was ``found`` before.

    They must be at rest within ``HEALED_WITHIN_S`` seconds from now, for the fault is over when this is called; on a
    machine that others keep busy, within as many times as long as it is too busy.
    """
    over, found = SystemClock().now(), list(found)
    healed = await rests(site)
    if healed is None:
        left = ", ".join(unrest(site.place, SystemClock().now(), await records(site)))
        found.append(f"no progress: long after the fault there are still {left}")
    if site.on_servers:
        # One that was begun late may not have come up yet, and could not stop in order.
        await site.is_up(sum(worker.runs for worker in site.workers))
    found += await stopped(site)
    if site.on_servers and healed is not None:
        found += await _second_rest(site)
    found += await findings(site, over)
    if found and site.on_servers:
        await keep(site)
    heals = () if healed is None else (healed,)
    return judged(found, heal_seconds=heals, history=tuple(history(site, found)), **more)


async def _second_rest(site: Site) -> list[str]:
    """What came to be due while the workers stopped is said by the next worker, begun here if there is any."""
    found: list[str] = []
    for _ in range(MOST_RESTS):
        if is_at_rest(site.place, SystemClock().now(), await records(site)):
            break
        await site.up(1)
        await rests(site)
        found += await stopped(site)
    return found


async def rests(site: Site, within_s: float = HEALED_WITHIN_S) -> float | None:
    """How long it took until nothing was left to do, in seconds; None if it did not come to that."""
    began, within_s = monotonic(), patience(within_s)
    while monotonic() - began < within_s:
        if is_at_rest(site.place, SystemClock().now(), await records(site), forgetful=site.broker == EMBEDDED):
            return monotonic() - began
        await asyncio.sleep(0.25)
    return None


async def stopped(site: Site) -> list[str]:
    """Stop every worker that still runs; how any ended that should have stopped in order."""
    running = [worker for worker in site.workers if worker.runs]
    ends = await asyncio.gather(*(worker.stop() for worker in running))
    return [
        f"stop: {worker.log.name} ended with {status}"
        for worker, status in zip(running, ends, strict=True)
        if not worker.ended_well(status)
    ]


async def findings(site: Site, rested: datetime | None = None) -> list[str]:
    """What does not hold: by the checker, by the ledger's own verification, and in the workers' logs.

    If the site was at rest after ``rested``, nobody is blamed for what came to be due since its workers stopped.
    """
    said = None if site.broker == EMBEDDED else await on_topics(site, OUTPUTS)
    now = SystemClock().now()
    as_at = now if rested is None else judged_as_at(site.place, rested, now)
    found = faults_of(site.place, site.told, as_at, said=said, records=await records(site))
    ledger = await site.open_ledger()
    try:
        report = await ledger.verify(site.world)
    finally:
        await ledger.close()
    return [*found, *(f"verify: {finding}" for finding in report.findings), *errors_in_logs(site)]


def errors_in_logs(site: Site) -> Iterator[str]:
    """The ERROR lines, and the ends of tracebacks, that the fault does not explain."""
    explained = re.compile("|".join([CLIENTS, *site.explained]))
    for worker in site.workers:
        for line in _errors(worker.log):
            if not explained.search(line):
                yield f"error: {worker.log.name}: {line[:400]}"


def _errors(log: Path) -> Iterator[str]:
    tracing = False
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            told = orjson.loads(line)
        except orjson.JSONDecodeError:
            if (tracing and line[:1].strip()) or line.startswith("Exception ignored"):
                yield line
            tracing = line.startswith("Traceback") or (tracing and not line[:1].strip())
            continue
        if told.get("level") in {"error", "critical"}:
            yield f"{told.get('logger')}: {told.get('event')} {str(told.get('exception', '')).strip()[-200:]}".strip()


async def keep(site: Site) -> None:
    """Keep the ledger in the folder, for whoever wants to see what became of it."""
    to = site.folder / "ledger.sql"
    command = (str(programs() / "pg_dump"), "--file", str(to), site.ledger.replace("+psycopg", ""))
    process = await asyncio.create_subprocess_exec(*command)
    await process.wait()


async def records(site: Site) -> int | None:
    """How many records the input topics hold; None where they died with the worker."""
    if site.broker == EMBEDDED:
        return None
    consumer = make_consumer(site.settings, site.broker, group=None, without_offset="earliest")
    async with running(consumer, site.settings):
        partitions = _partitions(site, [topic.name for topic in INPUTS])
        begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        return int(sum(ends.values()) - sum(begins.values()))


async def lost_by_the_broker(site: Site) -> list[str]:
    """Events that the ledger has read from a topic, and that the broker does not have there any more."""
    query = (
        "SELECT e.id, e.topic_offset, o.topic, o.topic_partition FROM event e JOIN offset_state o ON o.id = e.stream"
    )
    with reading(site.place) as ledger:
        places = ("topic", "topic_partition", "topic_offset")
        read = {tuple(row[name] for name in places): row["id"] for row in ledger.rows(query)}
    consumer = make_consumer(site.settings, site.broker, group=None, without_offset="earliest")
    async with running(consumer, site.settings):
        async for one in records_to_the_end(consumer, {site.prefix + topic.name for topic in INPUTS}):
            place = (one.topic.removeprefix(site.prefix), one.partition, one.offset)
            if place in read and f'"id":"{read[place]}"'.encode() in one.value.replace(b" ", b""):
                del read[place]
    return [f"{id_} was at {topic}-{n}, offset {at}" for (topic, n, at), id_ in sorted(read.items())]


async def on_topics(site: Site, topics: Sequence[str]) -> dict[str, list[bytes]]:
    """Everything on these topics."""
    found: dict[str, list[bytes]] = {topic: [] for topic in topics}
    consumer = make_consumer(site.settings, site.broker, group=None, without_offset="earliest")
    async with running(consumer, site.settings):
        partitions = _partitions(site, topics)
        consumer.assign(partitions)
        left = sum((await consumer.end_offsets(partitions)).values())
        left -= sum((await consumer.beginning_offsets(partitions)).values())
        await consumer.seek_to_beginning(*partitions)
        while left > 0:
            for partition, values in (await consumer.getmany(timeout_ms=500)).items():
                found[partition.topic.removeprefix(site.prefix)] += [record.value for record in values]
                left -= len(values)
    return found


def _partitions(site: Site, topics: Sequence[str]) -> list[TopicPartition]:
    known = {topic.name: topic.partitions(EMBEDDED_PARTITIONS) for topic in TOPICS}
    return [TopicPartition(site.prefix + topic, n) for topic in topics for n in range(known[topic])]


def history(site: Site, found: Sequence[str]) -> Iterator[str]:
    """All about the first subject that a finding names: what was handed in, and what the ledger has of it."""
    named = [name for sentence in found for name in re.findall(r"\bWO-\d+\b", sentence)]
    if not named:
        return
    subject = named[0]
    for what, told in (("accepted", site.told.accepted), ("unknown", site.told.unknown)):
        for one in told:
            if one.event["subject"] == subject:
                yield f"{what}: {orjson.dumps(one.event).decode()}"
    with reading(site.place) as database:
        for row in database.rows("SELECT type, heard, stream, topic_offset FROM event WHERE subject = ?", subject):
            yield f"recorded: {row['type']} heard {row['heard']} from stream {row['stream']} at {row['topic_offset']}"
        query = "SELECT clock, rung, repeat, standing, last_statement FROM escalation WHERE subject = ? ORDER BY due_at"
        for row in database.rows(query, subject):
            yield f"said: {' '.join(str(value) for value in row.values())}"
