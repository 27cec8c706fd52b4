"""Quix Streams as its tutorial teaches it: a function for each message, and a topic to write to."""

import logging
import sys

from quixstreams import Application
from quixstreams.context import message_context

from bench.race.naive import Headers, Job
from bench.race.site import Site, Watch, finish, ready


def main() -> None:
    """Until every record was handled and every message sent."""
    logging.basicConfig(level=logging.ERROR)
    site, watch = Site.from_json(sys.argv[1]), Watch()
    job = Job(site)
    application = Application(
        broker_address=site.broker,
        consumer_group=site.settings.group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        loglevel=None,
    )
    producer = application.get_producer()

    def handle(value: bytes, key: bytes, _: int, headers: Headers) -> None:
        watch.take(1)
        for unit, message in job.handle(message_context().topic, key, value, headers):
            producer.produce(site.prefix + "escalations", message, unit.encode())
            watch.sent += 1
        if watch.taken >= site.records:
            producer.flush()
            finish(watch)

    for name in site.inputs:
        topic = application.topic(name, key_deserializer="bytes", value_deserializer="bytes")
        application.dataframe(topic).apply(handle, metadata=True)
    ready()
    application.run()


if __name__ == "__main__":
    main()
