"""We ourselves: the worker's own intake and relay, unchanged but for the time, which is the simulator's."""

import asyncio
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition

from bench.race.site import HeardClock, Site, Watch, contend, finish, ready
from streams.intake import Intake
from streams.ledger.incoming import Incoming, Origin, Rejection
from streams.parts import Parts
from streams.reader import Found, Reader
from streams.relay import Relay
from streams.system import open_parts
from workorders.policy import default_world


class ReplayingReader(Reader):
    """Hears each record at the time that the simulator wrote on it."""

    watch: Watch
    clock: HeardClock
    taking = False

    async def take(self, found: Found) -> list[Rejection]:
        """Take a batch, and count it."""
        self.watch.take(sum(map(len, found.values())))
        ReplayingReader.taking = True
        try:
            return await super().take(found)
        finally:
            ReplayingReader.taking = False

    def _incoming(self, partition: TopicPartition, record: ConsumerRecord) -> Incoming:
        return Incoming(
            topic=self._parts.logical(partition.topic),
            key=record.key,
            value=record.value,
            headers=(),
            origin=Origin(self._streams[partition], record.offset),
            heard=self.clock.hear(record.headers),
        )


class ReplayingIntake(Intake):
    """The intake with that reader."""

    reader = ReplayingReader


async def ours(site: Site, watch: Watch) -> None:
    """Until every record is in the ledger and every message on its topic."""
    clock = HeardClock(site.start)
    ReplayingReader.watch, ReplayingReader.clock = watch, clock
    async with open_parts(site.settings, clock, default_world()) as parts:
        ready()
        duties = [Relay(parts), ReplayingIntake(parts)]
        tasks = [asyncio.create_task(duty.work()) for duty in duties]
        await until_done(parts, site, tasks)
        watch.sent = parts.progress.sent
        finish(watch)


async def until_done(parts: Parts, site: Site, tasks: list["asyncio.Task[Any]"]) -> None:
    """Everything was read, and nothing waits to be sent."""
    progress = parts.progress
    while progress.recorded + progress.duplicates + progress.rejected < site.records or await parts.ledger.unsent(1):
        for task in tasks:
            if task.done():
                task.result()
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    contend(ours)
