"""F21, lost records: retention overtakes the reader, a topic is made anew, or the broker's log goes back and grows.

It is said each time, and nothing is skipped.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest
from aiokafka import TopicPartition
from confluent_kafka import TopicPartition as Place
from confluent_kafka.cimpl import NewTopic

from streams.clock import SystemClock, monotonic
from streams.kafka_admin import admin_client, answers
from streams.kafka_client import make_consumer, running
from streams.to_the_end import records_to_the_end
from streams.topics import EMBEDDED_PARTITIONS, WORK_ORDERS
from tests.faults import grounds
from tests.faults.evidence import Trial, fault, judged
from tests.faults.grounds import no_servers
from tests.faults.patience import patience
from tests.faults.reading import reading
from tests.faults.reporting import Reporter, reporter
from tests.faults.site import Site, Worker, site_on_servers
from tests.faults.told import FAULTS as REPORTED
from tests.faults.told import OFFICES, Told, event
from tests.faults.verdict import CLIENTS, findings, history, rests, stopped

GIVES_UP_WITHIN_S: Final = 40.0
EXPLAINED: Final = (CLIENTS, "records are missing", "has lost records", "made anew", "accepts", "workorders:")


@fault(
    "F21",
    what="offset out of range: records are deleted before they are read, or a topic is made anew",
    promises=(1, 11),
    how="in turn: records that were not read are deleted while the workers are down, or while they work; the topic is "
    "deleted and made anew with more records than before, while they are down, or while they work; the broker's log is "
    "put back to an earlier state while they are down, and grows past the place where they stood",
    unit="losses",
    full_n=10,
    small_n=4,
    missing=no_servers,
)
async def lost_records(seed: int, folder: Path) -> Trial:
    """One loss of one sort."""
    sorts: tuple[Callable[[Site, Reporter], Awaitable[list[str]]], ...] = (
        deleted_while_down, remade_while_down, remade_while_at_work, went_back_and_grew,
    )  # fmt: skip
    sort = sorts[seed % len(sorts)]
    async with site_on_servers(folder, seed, explained=EXPLAINED) as site, reporter(site) as out:
        found = await sort(site, out)
        found += await recorded(site)
        found += await stopped(site)
        # The account of what is gone stays in the ledger, so it has read more records than there are now.
        found += [line for line in await findings(site) if "topics hold" not in line]
        return judged(found, history=tuple(history(site, found)), notes=sort.__name__)


async def deleted_while_down(site: Site, out: Reporter) -> list[str]:
    """Retention overtakes the reader: the worker ends with an alarm until somebody accepts the gap."""
    await told(site, out, 6)
    (worker,) = await site.up(1)
    await rests(site)
    await worker.stop()
    before = positions(site)
    doomed = await told(site, out, 12)
    await delete_records(site)
    for one in doomed:
        site.told.accepted.remove(one)
    await told(site, out, 6)
    found = await ends_loudly(await site.begin(), "records are missing")
    if positions(site) != before:
        found.append("skipped: the ledger has gone past what was missing, though nobody had accepted that")
    await accept(site)
    await site.up(1)
    return found


async def remade_while_down(site: Site, out: Reporter) -> list[str]:
    """The topic is made anew while nobody reads: it is read from its beginning, and it is said that it is another."""
    await told(site, out, 6)
    (worker,) = await site.up(1)
    await rests(site)
    await worker.stop()
    await make_anew(site)
    await told(site, out, 24)
    (another,) = await site.up(1)
    return [*await recorded(site), *alarmed(another)]


async def remade_while_at_work(site: Site, out: Reporter) -> list[str]:
    """The topic is made anew under the reader, and soon holds more than before: nothing of it is passed over."""
    await told(site, out, 6)
    (worker,) = await site.up(1)
    await rests(site)
    await make_anew(site)
    await told(site, out, 24)
    found = await recorded(site)
    if not worker.runs:
        await site.up(1)
        found = await recorded(site)
    return [*found, *alarmed(worker)]


async def went_back_and_grew(site: Site, out: Reporter) -> list[str]:
    """The broker's disk is put back and takes in more than it lost: the worker ends with an alarm and takes none."""
    await told(site, out, 6)
    await asyncio.to_thread(with_broker_stopped, lambda: put_aside(site))
    await told(site, out, 12)
    (worker,) = await site.up(1)
    await rests(site)
    await worker.stop()
    before = positions(site)
    await asyncio.to_thread(with_broker_stopped, lambda: put_back(site))
    # A producer that has lived through that would number on where the broker does not stand any more.
    async with reporter(site) as fresh:
        await told(site, fresh, 36)
        found = await ends_loudly(await site.begin(), "holds another record at offset")
        if positions(site) != before:
            found.append("skipped: the ledger has read on in a log that is not the one it knew")
        await send_again(site, fresh)
    await site.up(1)
    return found


def with_broker_stopped(act: Callable[[], None]) -> None:
    """Do something to the broker's disk while it is stopped."""
    server = grounds.kafka()
    server.stop()
    act()
    server.start()


def logs_of(site: Site) -> list[Path]:
    """The folders of the partitions of the topic of orders on the broker's disk."""
    data = grounds.kafka()._folder / "data"
    return [data / f"{site.prefix}{WORK_ORDERS.name}-{n}" for n in range(EMBEDDED_PARTITIONS)]


def put_aside(site: Site) -> None:
    """Copy the logs as they are."""
    for log in logs_of(site):
        shutil.copytree(log, site.folder / "aside" / log.name)


def put_back(site: Site) -> None:
    """Put the copies in the place of the logs."""
    for log in logs_of(site):
        shutil.rmtree(log)
        shutil.copytree(site.folder / "aside" / log.name, log)


async def send_again(site: Site, out: Reporter) -> None:
    """What an operator does: copy what is on the topic, make it anew, and send that again."""
    assert out.producer is not None
    consumer = make_consumer(site.settings, site.broker, group=None, without_offset="earliest")
    async with running(consumer, site.settings):
        kept = [one async for one in records_to_the_end(consumer, {site.prefix + WORK_ORDERS.name})]
    await make_anew(site)
    for one in kept:
        await out.producer.send_and_wait(one.topic, one.value, key=one.key, headers=one.headers)


async def recorded(site: Site) -> list[str]:
    """Wait until all that was told is recorded, and what was said is sent; what is not recorded after a while."""
    ends = monotonic() + patience(GIVES_UP_WITHIN_S)
    wanted = {one.event["id"] for one in site.told.accepted}
    while True:
        with reading(site.place) as ledger:
            missing = wanted - {row["id"] for row in ledger.rows("SELECT id FROM event")}
            waiting = ledger.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
            waiting += ledger.one("SELECT count(*) FROM unit WHERE backlog_due_at <= ?", SystemClock().now())
        if (not missing and not waiting) or monotonic() > ends:
            return [f"lost: {name} is not recorded" for name in sorted(missing)]
        await asyncio.sleep(0.5)


def alarmed(worker: Worker) -> list[str]:
    """Whether it was said that the topic is another."""
    said = log_of(worker)
    return [] if "was made anew" in said else [f"no alarm: the topic was made anew in silence: {said[-300:]}"]


async def told(site: Site, out: Reporter, count: int) -> list[Told]:
    """So many orders, straight on the topic."""
    assert out.producer is not None
    given = []
    for _ in range(count):
        at = SystemClock().now().replace(microsecond=0)
        one = Told(event(site.orders, "raised", OFFICES[site.orders % len(OFFICES)], at, REPORTED[2]))
        site.orders += 1
        record = one.incoming()
        await out.producer.send_and_wait(site.prefix + record.topic, record.value, key=record.key)
        site.told.accepted.append(one)
        given.append(one)
    return given


async def ends_loudly(worker: Worker, words: str) -> list[str]:
    """The worker ends by itself, with an exit status that says so, and names what is wrong."""
    try:
        async with asyncio.timeout(patience(GIVES_UP_WITHIN_S)):
            status = await worker.process.wait()
    except TimeoutError:
        await worker.kill()
        return [f"no alarm: the worker works on: {log_of(worker)[-500:]}"]
    said = log_of(worker)
    return [] if status != 0 and words in said else [f"no alarm: the worker ended with {status}: {said[-500:]}"]


async def delete_records(site: Site) -> None:
    """Delete everything that is on the topic of orders now."""
    admin = admin_client(site.settings, site.broker)
    name = site.prefix + WORK_ORDERS.name
    wanted = [Place(name, n, end) for n, end in enumerate(await ends_of(site))]
    asked = admin.delete_records(wanted)
    await answers({str(n): future for n, future in enumerate(asked.values())}, site.settings, site.broker)


async def ends_of(site: Site) -> list[int]:
    """Where each partition of the topic of orders ends."""
    consumer = make_consumer(site.settings, site.broker, group=None, without_offset="earliest")
    async with running(consumer, site.settings):
        places = [TopicPartition(site.prefix + WORK_ORDERS.name, n) for n in range(EMBEDDED_PARTITIONS)]
        ends = await consumer.end_offsets(places)
        return [ends[place] for place in places]


async def make_anew(site: Site) -> None:
    """Delete the topic of orders and make it again, under the same name."""
    admin = admin_client(site.settings, site.broker)
    name = site.prefix + WORK_ORDERS.name
    await answers(admin.delete_topics([name]), site.settings, site.broker)
    while name in (await asyncio.to_thread(admin.list_topics, timeout=10)).topics:
        continue
    config = WORK_ORDERS.config(1)
    await answers(
        admin.create_topics([NewTopic(name, EMBEDDED_PARTITIONS, 1, config=config)]), site.settings, site.broker
    )


async def accept(site: Site) -> None:
    """Somebody accepts every gap, with a reason."""
    begins = await begins_of(site)
    ledger = await site.open_ledger()
    try:
        for stream, at in (await ledger.known_streams()).items():
            if stream.topic == WORK_ORDERS.name and at < begins[stream.partition]:
                await ledger.accept_gap(stream, begins[stream.partition], "deleted by a test", SystemClock().now())
    finally:
        await ledger.close()


async def begins_of(site: Site) -> list[int]:
    """Where each partition of the topic of orders begins."""
    consumer = make_consumer(site.settings, site.broker, group=None, without_offset="earliest")
    async with running(consumer, site.settings):
        places = [TopicPartition(site.prefix + WORK_ORDERS.name, n) for n in range(EMBEDDED_PARTITIONS)]
        begins = await consumer.beginning_offsets(places)
        return [begins[place] for place in places]


def positions(site: Site) -> dict[tuple[str, int], int]:
    """How far each stream was read, by the ledger."""
    with reading(site.place) as ledger:
        rows = ledger.rows("SELECT topic, topic_partition, incarnation, next_offset FROM offset_state")
        return {(row["topic"], row["topic_partition"]): row["next_offset"] for row in rows}


def log_of(worker: Worker) -> str:
    """What the worker has said."""
    return worker.log.read_text(encoding="utf-8", errors="replace")


@pytest.mark.faults
@pytest.mark.long_fault
@pytest.mark.parametrize("seed", [1803, 1804, 1805, 1806])
def test_records_that_are_gone_are_shouted_about_and_none_is_skipped(tmp_path: Path, seed: int) -> None:
    assert lost_records.trial(seed, tmp_path).findings == ()
