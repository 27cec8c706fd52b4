"""The two front doors: our own people's events go into the inbox, the systems of others write to the topics.

Which door a source uses is what the estate says of it. No event is treated otherwise than any that you send.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson

from desk.demo.scenario import Scene
from desk.instants import utc
from models.envelope import schema_uri
from models.history import TOPIC_PREFIX
from models.ids import new_id
from models.refusal import Refusal
from streams.kafka_client import Producer
from streams.ledger.incoming import Incoming
from streams.parts import Parts

_EVENTS: Final = "facilities."
_BATCH: Final = 500


@dataclass(slots=True)
class Posted:
    """What the demo has sent, counted at the doors: the proof compares this with the ledger."""

    submitted: int = 0
    produced: int = 0
    refused: list[Refusal] = field(default_factory=list)
    receipts: set[str] = field(default_factory=set)

    @property
    def events(self) -> int:
        """How many events were accepted by a door."""
        return self.submitted + self.produced


class Poster:
    """Sends scenes by the door that the estate gives their source."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._producer: Producer | None = None
        self.posted = Posted()

    def use(self, producer: Producer) -> None:
        """From now on those who have no door of ours write to the topics."""
        self._producer = producer

    async def register(self, scenes: Sequence[Scene]) -> None:
        """Send many events at once and take them, as ``workorders send`` does with a file."""
        parts = self._parts
        for start in range(0, len(scenes), _BATCH):
            batch = [as_input(scene) for scene in scenes[start : start + _BATCH]]
            await self._submit(batch)
            await parts.ledger.take(batch, parts.clock.now(), parts.world)

    async def post(self, scene: Scene) -> None:
        """Send one event; it is durable, or on its topic, when this returns."""
        source = self._parts.world.estates.at(scene.at).source(scene.source, scene.at)
        incoming = as_input(scene)
        if self._producer is None or (source is not None and source.door):
            await self._submit([incoming])
            return
        await self._producer.send_and_wait(self._parts.topic(incoming.topic), value=incoming.value, key=incoming.key)
        self.posted.produced += 1

    async def _submit(self, batch: Sequence[Incoming]) -> None:
        parts = self._parts
        for answer in await parts.ledger.submit(batch, parts.clock.now(), parts.world):
            if isinstance(answer, Refusal):
                self.posted.refused.append(answer)
            else:
                self.posted.submitted += 1
                self.posted.receipts.add(answer.id)
        parts.work_waits.set()


def as_input(scene: Scene) -> Incoming:
    """The scene as a CloudEvent, with the topic that carries its type and its premises as the key."""
    event_type = _EVENTS + scene.kind
    topic = next((name for name, prefix in TOPIC_PREFIX.items() if event_type.startswith(prefix)), "work-orders")
    content = {
        "specversion": "1.0",
        "id": scene.id or new_id(),
        "source": scene.source,
        "type": event_type,
        "subject": scene.subject,
        "time": utc(scene.time),
        "datacontenttype": "application/json",
        "dataschema": schema_uri(event_type),
        "data": {"premises": scene.premises, **scene.data},
    }
    return Incoming(topic, scene.premises.encode(), orjson.dumps(content))
