"""``watch --topic``: what a consumer of the escalations reads."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from desk.exits import Exit
from desk.seeing.watch_topic import sent
from streams.embedded import EmbeddedBroker
from streams.kafka_client import make_producer, running
from streams.settings import Settings
from tests.desk.conftest import Workorders


def statement(ledger: Path) -> bytes:
    """A statement as the ledger keeps it for sending."""
    with closing(sqlite3.connect(ledger)) as connection:
        query = "SELECT value FROM outbox WHERE topic = 'escalations' ORDER BY seq LIMIT 1"
        return str(connection.execute(query).fetchone()[0]).encode()


@pytest.mark.timeout(120)
async def test_what_is_sent_to_the_topic_is_read_as_the_ledger_said_it(
    ledger: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    value = statement(ledger)
    said = orjson.loads(value)
    async with EmbeddedBroker() as broker:
        settings = Settings(broker=broker.bootstrap, broker_timeout_s=10, stop_within_s=3)
        lines = sent(settings, broker.bootstrap)
        reading = asyncio.ensure_future(anext(lines))
        async with running(make_producer(settings, broker.bootstrap), settings) as producer:
            while not reading.done():
                # It reads from now on, and nobody can see from here when that is: the same is sent until it comes.
                await producer.send_and_wait("escalations", b"nonsense", key=b"ap", partition=0)
                await producer.send_and_wait("escalations", value, key=b"ap", partition=0)
                await asyncio.wait({reading}, timeout=0.2)
        line = reading.result()
        await lines.aclose()
    assert (str(line.escalation_id), line.n) == (said["data"]["escalation_id"], said["data"]["n"])
    assert (line.subject, f"facilities.escalation.{line.statement}") == (said["subject"], said["type"])
    assert line.said_at.isoformat().replace("+00:00", "Z") == said["time"].replace("+00:00", "Z")
    assert "Following escalations at 127.0.0.1" in capfd.readouterr().err


def test_a_topic_is_followed_at_a_broker_that_is_named(ledger: Path, workorders: Workorders) -> None:
    ended = workorders("watch", "--topic")
    assert ended.code == Exit.BAD_INPUT
    assert "'workorders run' says its own" in ended.err
    ended = workorders("watch", "--broker", "127.0.0.1:1")
    assert ended.code == Exit.USAGE
    assert "--broker goes with --topic" in ended.err
