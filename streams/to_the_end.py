"""Reading topics from somewhere to their ends, outside any group: for whoever looks for what was once sent."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from datetime import datetime, timedelta
from typing import Any, Final

from aiokafka import TopicPartition

from streams.clock import EPOCH
from streams.kafka_client import Consumer

POLL_MS: Final = 200
LOOK_EVERY_S: Final = 0.05


async def records_to_the_end(
    consumer: Consumer, topics: Collection[str], *, since: datetime | None = None, last: int | None = None
) -> AsyncGenerator[Any]:
    """Every record of the topics, in the order of each partition, up to where they ended when this began.

    The consumer runs and has no group. ``since`` is an instant by the broker's clock before which records are passed
    over, ``last`` how many offsets of each partition are read at most; None reads all that is kept. The topics must
    exist. Bound it: it waits for a broker without end.
    """
    consumer.subscribe(list(topics))
    while {at.topic for at in consumer.assignment()} != set(topics):  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(LOOK_EVERY_S)
    ends = await consumer.end_offsets(list(consumer.assignment()))
    for at, offset in (await _begins(consumer, ends, since)).items():
        consumer.seek(at, offset if last is None else max(offset, ends[at] - last))
    while lacking := [at for at, end in ends.items() if await consumer.position(at) < end]:
        for at, records in (await consumer.getmany(*lacking, timeout_ms=POLL_MS)).items():
            for record in records:
                if record.offset < ends[at]:
                    yield record


async def _begins(
    consumer: Consumer, ends: dict[TopicPartition, int], since: datetime | None
) -> dict[TopicPartition, int]:
    if since is None:
        firsts: dict[TopicPartition, int] = await consumer.beginning_offsets(list(ends))
        return firsts
    wanted = max(0, (since - EPOCH) // timedelta(milliseconds=1))
    found = await consumer.offsets_for_times(dict.fromkeys(ends, wanted))
    return {at: end if found.get(at) is None else found[at].offset for at, end in ends.items()}
