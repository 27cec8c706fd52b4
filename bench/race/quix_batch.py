"""Quix Streams in its batch mode (a ``BatchingSink`` that is flushed every 500 records), with our ledger."""

import asyncio
import logging
import sys
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop
from quixstreams import Application
from quixstreams.sinks import BatchingSink, SinkBatch

from bench.race.peer import Book, Record
from bench.race.site import BATCH, Site, Watch, finish, ready

T = TypeVar("T")


class Loop:
    """An event loop in a thread: the framework is synchronous, the ledger is not."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of some work."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class LedgerSink(BatchingSink):  # type: ignore[misc]  # it is not installed where types are checked
    """Takes what was gathered since the last checkpoint into the ledger, all topics in one transaction."""

    def __init__(self, site: Site, watch: Watch, loop: Loop, book: Book) -> None:
        super().__init__()
        self._site, self._watch, self._loop, self._book = site, watch, loop, book
        self._producer: Any = None

    def use(self, producer: Any) -> None:  # noqa: ANN401 - the framework's
        """Send with the framework's own producer."""
        self._producer = producer

    def write(self, batch: SinkBatch) -> None:
        """Never called: ``flush`` takes the batches of all partitions together."""
        raise NotImplementedError

    def flush(self) -> None:
        """Take everything, and send what must be sent."""
        records = [
            Record(topic, partition, item.offset, item.headers, item.key, item.value)
            for (topic, partition), batch in sorted(self._batches.items())
            for item in batch
        ]
        self._batches.clear()
        if not records:
            return
        self._loop.wait(self._book.take(records))
        while waiting := self._loop.wait(self._book.waiting()):
            for message in waiting:
                self._producer.produce(
                    self._site.prefix + message.topic, message.value, message.key, list(message.headers)
                )
            self._producer.flush()
            self._loop.wait(self._book.sent(waiting))
            self._watch.sent += len(waiting)
        if self._watch.taken >= self._site.records:
            finish(self._watch)

    def add(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as the framework calls it
        """One record more."""
        self._watch.take(1)
        super().add(*given, **named)


def main() -> None:
    """Until every record is in the ledger and every message on its topic."""
    logging.basicConfig(level=logging.ERROR)
    site, watch, loop = Site.from_json(sys.argv[1]), Watch(), Loop()
    sink = LedgerSink(site, watch, loop, loop.wait(Book.open(site)))
    application = Application(
        broker_address=site.broker,
        consumer_group=site.settings.group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        commit_every=BATCH,
        commit_interval=0.5,
        producer_extra_config={"acks": "all", "enable.idempotence": True, "linger.ms": 5},
        loglevel=None,
    )
    for name in site.inputs:
        topic = application.topic(name, key_deserializer="bytes", value_deserializer="bytes")
        application.dataframe(topic).sink(sink)
    sink.use(application.get_producer())
    ready()
    application.run()


if __name__ == "__main__":
    main()
