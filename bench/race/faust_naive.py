"""A stock Faust agent as its tutorial teaches it: it iterates over the events and sends to another topic."""

import logging
import sys
import tempfile
from collections.abc import AsyncIterator
from typing import Any

import faust

from bench.race.naive import Job
from bench.race.site import Site, Watch, finish, ready


def main() -> None:
    """Until every record was handled and every message sent."""
    logging.basicConfig(level=logging.ERROR)
    site, watch = Site.from_json(sys.argv[1]), Watch()
    job = Job(site)
    app = faust.App(
        site.settings.group,
        broker=f"kafka://{site.broker}",
        value_serializer="raw",
        key_serializer="raw",
        topic_disable_leader=True,
        web_enabled=False,
        datadir=tempfile.mkdtemp(),
        consumer_auto_offset_reset="earliest",
    )
    raw: dict[str, Any] = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    inputs = app.topic(*site.inputs, **raw)
    escalations = app.topic(site.prefix + "escalations", **raw)

    @app.agent(inputs)
    async def handle(stream: Any) -> AsyncIterator[None]:  # noqa: ANN401 - the framework's stream
        async for event in stream.events():
            watch.take(1)
            message = event.message
            for unit, words in job.handle(message.topic, message.key, message.value, message.headers):
                await escalations.send(key=unit.encode(), value=words)
                watch.sent += 1
            if watch.taken >= site.records:
                await app.producer.flush()
                finish(watch)
            yield

    ready()
    faust.Worker(app, loglevel="ERROR").execute_from_commandline()


if __name__ == "__main__":
    main()
