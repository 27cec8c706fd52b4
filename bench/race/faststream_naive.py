"""FastStream as its tutorial teaches it: a subscriber for each message, which publishes what follows."""

from typing import Any

from faststream import FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from bench.race.faststream_batch import as_it_is
from bench.race.naive import Job
from bench.race.site import Site, Watch, contend, finish, ready


async def faststream_naive(site: Site, watch: Watch) -> None:
    """Until every record was handled and every message sent."""
    job = Job(site)
    broker = KafkaBroker(site.broker, logger=None)

    @broker.subscriber(  # type: ignore[untyped-decorator]  # it is not installed where types are checked
        *site.inputs, group_id=site.settings.group, auto_offset_reset="earliest", decoder=as_it_is
    )
    async def handle(_: Any, message: KafkaMessage) -> None:  # noqa: ANN401 - the framework fills it in
        watch.take(1)
        record: Any = message.raw_message
        for unit, words in job.handle(record.topic, record.key, record.value, record.headers):
            await broker.publish(words, site.prefix + "escalations", key=unit.encode())
            watch.sent += 1
        if watch.taken >= site.records:
            finish(watch)

    ready()
    await FastStream(broker, logger=None).run()


if __name__ == "__main__":
    contend(faststream_naive)
