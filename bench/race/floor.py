"""The floor: the same records read, the same SQL run and the same messages sent, with nothing reckoned in between.

Everything comes encoded from a tape of our own run over the same records. What this costs nobody can save.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

import psycopg

from bench.race.site import HeardClock, Site, Watch, contend, finish, ready
from bench.race.tape import Statement, Step, Tape
from streams.kafka_client import Consumer, Producer, make_consumer, make_producer, running
from streams.ledger.ledger import Ledger
from workorders.policy import default_world


class Floor:
    """Two lanes, as in the worker: one reads and records, the other sends what was recorded."""

    def __init__(self, site: Site, watch: Watch, tape: Tape) -> None:
        self._site, self._watch, self._tape = site, watch, tape
        self._takes = 0
        self._moved = asyncio.Event()

    async def read(self, consumer: Consumer, connection: "psycopg.AsyncConnection[Any]") -> None:
        """The records come, and their transactions are done."""
        for step in self._tape.intake:
            while self._watch.taken < step.records:
                found = await consumer.getmany(timeout_ms=200, max_records=step.records - self._watch.taken)
                if found:
                    self._watch.take(sum(map(len, found.values())))
            await _play(connection, step.statements)
            self._takes += 1
            self._moved.set()

    async def send(self, producer: Producer, connection: "psycopg.AsyncConnection[Any]") -> None:
        """The messages go, each after the transaction that wrote it."""
        for step in self._tape.relay:
            while self._takes < step.takes:
                self._moved.clear()
                await self._moved.wait()
            await self._do(producer, connection, step)

    async def _do(self, producer: Producer, connection: "psycopg.AsyncConnection[Any]", step: Step) -> None:
        if step.statements:
            await _play(connection, step.statements)
        sending = [
            await producer.send(self._site.prefix + topic, value=value, key=key, headers=list(headers))
            for topic, key, value, headers in step.messages
        ]
        if sending:
            await asyncio.wait(sending)
            self._watch.sent += len(sending)


async def _play(connection: "psycopg.AsyncConnection[Any]", statements: tuple[Statement, ...]) -> None:
    async with connection.cursor() as cursor:
        for sql, given, many in statements:
            if many:
                await cursor.executemany(sql.encode(), given)
            else:
                await cursor.execute(sql.encode(), given)
            if cursor.description is not None:
                await cursor.fetchall()
    await connection.commit()


async def floor(site: Site, watch: Watch) -> None:
    """Until the tape has ended."""
    tape = Tape.read(Path(os.environ["BENCH_TAPE"]))
    clock = HeardClock(site.start)
    ledger = await Ledger.open(site.settings.ledger_url, time_kind=clock.kind, now=clock.now())
    await ledger.world(default_world(), clock.now())
    await ledger.close()
    settings = site.settings
    consumer = make_consumer(settings, site.broker, group=settings.group, without_offset="earliest")
    ready()
    url = site.ledger.replace("+psycopg", "")
    async with (
        running(consumer, settings),
        running(make_producer(settings, site.broker), settings) as producer,
        await psycopg.AsyncConnection.connect(url) as one,
        await psycopg.AsyncConnection.connect(url) as other,
    ):
        consumer.subscribe(site.inputs)
        played = Floor(site, watch, tape)
        await asyncio.gather(played.read(consumer, one), played.send(producer, other))
        finish(watch)


if __name__ == "__main__":
    contend(floor)
