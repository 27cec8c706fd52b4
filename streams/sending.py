"""Sending: records that are handed to a producer together, and what the broker said about each.

A record that the broker refuses by itself, such as one that is too large, says nothing about the others: those of
other keys count as sent. What follows a failed record of its key does not, for it must come after it.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.errors import (
    BrokerResponseError,
    DuplicateSequenceNumber,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    KafkaError,
    OutOfOrderSequenceNumber,
    UnknownProducerId,
)

from models.kafka_binding import CONTENT_TYPE, STRUCTURED_JSON
from streams.kafka_client import Producer

WHOLE_EVENT: Final = (CONTENT_TYPE, STRUCTURED_JSON)
"""The header by which any reader of CloudEvents knows that the value is the whole event."""

_OF_THE_PRODUCER: Final = (
    DuplicateSequenceNumber,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    OutOfOrderSequenceNumber,
    UnknownProducerId,
)
"""What is wrong with whoever sends, not with what is sent."""

Line = tuple[str, bytes]
"""A topic's logical name and a key: what is sent there must arrive in order."""
Sending = asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class Parcel:
    """One record on its way, with the number under which the ledger knows it."""

    seq: int
    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]

    @property
    def line(self) -> Line:
        """Where it must keep its place."""
        return (self.topic, self.key)


@dataclass(slots=True)
class Answers:
    """What the broker said about parcels: numbers that were acknowledged, and those of which it refused the record.

    ``spoilt``: it was the broker itself that refused one, so the producer has counted a record that is not there and
    must not go on.
    """

    sent: list[int] = field(default_factory=list)
    refused: dict[int, KafkaError] = field(default_factory=dict)
    spoilt: bool = False

    def unanswered(self, parcels: Sequence[Parcel]) -> int:
        """How many were neither acknowledged nor refused, nor follow a refused one of their key."""
        refused = {one.line for one in parcels if one.seq in self.refused}
        sent = set(self.sent)
        return sum(one.seq not in sent and one.line not in refused for one in parcels)


async def send(
    producer: Producer, parcels: Sequence[Parcel], topic_of: Callable[[str], str], within_s: float
) -> Answers:
    """Send them all, and wait for the broker's word on each, so long at most."""
    found = Answers()
    on_the_way: dict[int, Sending] = {}
    held: set[Line] = set()
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            for parcel in parcels:
                if parcel.line in held:
                    continue
                try:
                    on_the_way[parcel.seq] = await producer.send(
                        topic_of(parcel.topic),
                        value=parcel.value,
                        key=parcel.key,
                        headers=[WHOLE_EVENT, *parcel.headers],
                    )
                except KafkaError as error:
                    held.add(parcel.line)
                    if is_refusal(error):
                        found.refused[parcel.seq] = error
            if on_the_way:
                await asyncio.wait(on_the_way.values())
    _read(parcels, on_the_way, found)
    return found


def is_refusal(error: BaseException | None) -> bool:
    """Whether the broker will not have this record, though it is there and would take others."""
    return isinstance(error, BrokerResponseError) and not error.retriable and not isinstance(error, _OF_THE_PRODUCER)


def _read(parcels: Sequence[Parcel], on_the_way: dict[int, Sending], found: Answers) -> None:
    stuck: set[Line] = set()
    for parcel in parcels:
        sending = on_the_way.get(parcel.seq)
        error = _error(sending)
        if is_refusal(error):
            found.spoilt = True
            if parcel.line not in stuck and isinstance(error, KafkaError):
                found.refused[parcel.seq] = error
        if sending is not None and _arrived(sending) and parcel.line not in stuck:
            found.sent.append(parcel.seq)
        else:
            stuck.add(parcel.line)


def _error(sending: Sending | None) -> BaseException | None:
    return None if sending is None or not sending.done() or sending.cancelled() else sending.exception()


def _arrived(sending: Sending) -> bool:
    return sending.done() and not sending.cancelled() and sending.exception() is None
