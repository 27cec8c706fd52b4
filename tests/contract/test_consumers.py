"""The consumers of examples/ and docs/CONSUMERS.md, run as a stranger would, on what a running worker says on Kafka."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from cloudevents.core.bindings import kafka as sdk

from desk.contract.messages import messages_on
from models.tables import EscalationRow
from streams.clock import SystemClock
from streams.ledger.incoming import Incoming
from streams.parts import Parts
from streams.settings import Settings
from streams.topics import TOPICS
from tests.contract.test_document import payload_check
from tests.integration.place import QUICK, servers
from tests.integration.test_whole_job import at_rest
from tests.servers.fixtures import own_topics
from tests.servers.kafka import KafkaAddress
from tests.streams.ledger.telling import all_rows, plain, raised
from tests.streams.running_system import eventually, produce, running_system

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
STANDING = ROOT / "examples" / "consumers" / "python" / "standing.py"
BEGUN = SystemClock().now()


@asynccontextmanager
async def worker(folder: Path, kafka: KafkaAddress, prefix: str) -> AsyncIterator[Parts]:
    """A whole worker on Kafka with topics of its own, and one thing of every kind to say."""
    there = servers(kafka.bootstrap, prefix, f"sqlite:///{folder / 'ledger.db'}")
    async with own_topics(Settings(**QUICK, **there)), running_system(folder, **QUICK, **there) as parts:
        yield parts


def order(n: int, kind: str = "work-order.raised", ago: float = 3.3, **data: object) -> Incoming:
    """An event about an order: raised as a fault of a lock, so that it is overdue, unless said otherwise."""
    told = raised(f"WO-{n}", id=f"{kind}-{n}")
    told |= {"type": f"facilities.{kind}", "time": (BEGUN - timedelta(hours=ago)).isoformat()}
    if kind != "work-order.raised":
        told |= {"source": "fm-north", "data": {"premises": told["data"]["premises"], **data}}
    return plain(told)


async def records(kafka: KafkaAddress, *topics: str) -> list[Any]:
    """Every record that is on the topics now."""
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found: list[Any] = []
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=1_000)).values():
                found += batch
        return found
    finally:
        await consumer.stop()


async def started(kafka: KafkaAddress, prefix: str, file: Path, *options: str) -> Process:
    """The consumer in Python, as its own page says, without anything of ours to import."""
    command = [sys.executable, "-P", str(STANDING), kafka.bootstrap, "--topic", f"{prefix}escalations"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(file.parent)}
    return await asyncio.create_subprocess_exec(
        *command, "--file", str(file), *options, cwd=file.parent, env=environment, stdout=PIPE, stderr=PIPE
    )


async def standing(kafka: KafkaAddress, prefix: str, file: Path) -> list[str]:
    """The lines that it prints when it is asked once."""
    out, err = await (await started(kafka, prefix, file, "--once")).communicate()
    assert err == b"", err.decode()
    count, *lines = out.decode().splitlines()
    assert count == f"{len(lines)} stand"
    return lines


def orders_in(lines: list[str]) -> Counter[str]:
    """How many escalations stand about each order; nights are left out, for they may change with the hour."""
    subjects = (line.split("  ")[2] for line in lines)
    return Counter(subject for subject in subjects if subject.startswith("WO-"))


async def standing_in_the_ledger(parts: Parts) -> Counter[str]:
    """The same, as the worker itself keeps it."""
    every = await all_rows(parts.ledger, EscalationRow)
    return Counter(row.subject for row in every if row.standing and row.subject.startswith("WO-"))


async def test_the_consumer_in_python_says_what_stands_through_duplicates_kills_and_restarts(
    tmp_path: Path, kafka: KafkaAddress, topic_prefix: str
) -> None:
    file, topic = tmp_path / "standing.db", f"{topic_prefix}escalations"
    async with worker(tmp_path, kafka, topic_prefix) as parts:
        await produce(parts, *(order(n) for n in range(4)))
        await at_rest(parts, 4)
        first = orders_in(await standing(kafka, topic_prefix, file))
        assert first == await standing_in_the_ledger(parts)
        assert set(first) == {f"WO-{n}" for n in range(4)}
        assert orders_in(await standing(kafka, topic_prefix, file)) == first, "after a restart it says the same"

        before = await records(kafka, topic)
        await produce(parts, order(0, "work-order.completed", ago=0.01))
        await at_rest(parts, 5)
        async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as again:
            for one in before:  # what a relay that died before it could note it sends again
                await again.send_and_wait(
                    topic, one.value, key=one.key, partition=one.partition, headers=list(one.headers)
                )
        following = await started(kafka, topic_prefix, file)
        assert following.stdout is not None
        await asyncio.wait_for(following.stdout.readline(), 30)
        following.send_signal(signal.SIGKILL)
        await following.wait()
        last = orders_in(await standing(kafka, topic_prefix, file))
        assert last == await standing_in_the_ledger(parts)
        assert last == orders_in(await standing(kafka, topic_prefix, tmp_path / "from-the-start.db"))
    assert set(last) == {f"WO-{n}" for n in range(1, 4)}


async def test_everything_that_a_worker_says_is_as_the_contract_has_it(
    tmp_path: Path, kafka: KafkaAddress, topic_prefix: str
) -> None:
    async with worker(tmp_path, kafka, topic_prefix) as parts:
        nonsense = Incoming("work-orders", b"ap-bryn-awel", b'{"specversion": "1.0"}')
        await produce(parts, *(order(n) for n in range(3)), nonsense)
        await produce(parts, order(1, "work-order.prioritised", 2.0, priority="P3"))
        await produce(parts, order(2, "work-order.completed", 0.01))
        await at_rest(parts, 5)

        async def counted() -> bool:
            return bool(await records(kafka, f"{topic_prefix}backlog"))

        await eventually(counted, "what is outstanding is counted")
        found = {
            topic.name: await records(kafka, f"{topic_prefix}{topic.name}")
            for topic in TOPICS
            if topic.direction == "out"
        }
    assert [name for name, said in found.items() if not said] == []
    for topic in TOPICS:
        for record in found.get(topic.name, ()):
            event = json.loads(record.value)
            headers = dict(record.headers)
            version = event.get("dataschema", "").rpartition(":")[2]
            name = f"{event['type']}.v{version}" if version else event["type"]
            assert name in messages_on(topic)
            assert [fault.message for fault in payload_check(name).iter_errors(event)] == []
            assert headers["content-type"] == b"application/cloudevents+json"
            assert ("audit" in headers) == (topic.name != "pulses")
            if topic.name != "pulses":
                assert record.key.decode() == event["partitionkey"]
            read = sdk.from_kafka_event(sdk.KafkaMessage(headers=headers, key=record.key, value=record.value))
            assert (read.get_id(), read.get_data()) == (event["id"], event["data"])


def kcat_line() -> str:
    """The line that docs/CONSUMERS.md gives."""
    page = (ROOT / "docs" / "CONSUMERS.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^(kcat -C .*)$", page, re.MULTILINE)
    return str(line)


async def test_the_kcat_line_prints_every_statement_with_its_key(
    tmp_path: Path, kafka: KafkaAddress, topic_prefix: str
) -> None:
    if shutil.which("kcat") is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail("with CI=true nothing may be left out: apt install kcat", pytrace=False)
        pytest.skip("this machine has no kcat (apt install kcat)")
    async with worker(tmp_path, kafka, topic_prefix) as parts:
        await produce(parts, *(order(n) for n in range(3)))
        await at_rest(parts, 3)
        said = await records(kafka, f"{topic_prefix}escalations")
        words = shlex.split(kcat_line().replace("localhost:9092", kafka.bootstrap))
        words[words.index("escalations")] = f"{topic_prefix}escalations"
        asked = await asyncio.create_subprocess_exec(*words, stdout=PIPE, stderr=PIPE)
        out, err = await asked.communicate()
    assert asked.returncode == 0, err.decode()
    printed = [line.partition("\t")[::2] for line in out.decode().splitlines()]
    assert said
    assert sorted(printed) == sorted((one.key.decode(), one.value.decode()) for one in said)
