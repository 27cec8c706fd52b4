"""FastStream in its batch mode (``batch=True``, 500 records at most), with our ledger."""

import asyncio
from typing import Any

from faststream import FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from bench.race.peer import Book, Record
from bench.race.site import BATCH, Site, Watch, contend, finish, ready
from streams.ledger.outbox import Unsent


async def as_it_is(message: KafkaMessage) -> Any:  # noqa: ANN401 - a decoder, as the framework types it
    """Leave the values as they are: the ledger parses them itself."""
    return message.body


async def faststream_batch(site: Site, watch: Watch) -> None:
    """Until every record is in the ledger and every message on its topic."""
    book = await Book.open(site)
    broker = KafkaBroker(site.broker, logger=None, acks="all", enable_idempotence=True, linger_ms=5)

    @broker.subscriber(  # type: ignore[untyped-decorator]  # it is not installed where types are checked
        *site.inputs,
        batch=True,
        max_records=BATCH,
        group_id=site.settings.group,
        auto_offset_reset="earliest",
        decoder=as_it_is,
    )
    async def take(_: Any, message: KafkaMessage) -> None:  # noqa: ANN401 - the framework fills it in
        raw: Any = message.raw_message
        watch.take(len(raw))
        await book.take([Record(r.topic, r.partition, r.offset, r.headers, r.key, r.value) for r in raw])
        while waiting := await book.waiting():
            await _publish(broker, site, waiting)
            await book.sent(waiting)
            watch.sent += len(waiting)
        if watch.taken >= site.records:
            finish(watch)

    ready()
    await FastStream(broker, logger=None).run()


async def _publish(broker: KafkaBroker, site: Site, messages: list[Unsent]) -> None:
    """``publish_batch`` knows neither keys for the partitioner nor several topics: each is published, unconfirmed."""
    on_the_way = [
        await broker.publish(
            message.value,
            site.prefix + message.topic,
            key=message.key,
            headers={name: value.decode() for name, value in message.headers},
            no_confirm=True,
        )
        for message in messages
    ]
    await asyncio.gather(*on_the_way)


if __name__ == "__main__":
    contend(faststream_batch)
