"""Taken back: a worker says nothing before its ledger knows what was said last on the topics.

A ledger that was restored and has not adopted what it had said since, an empty one, and another's, would use numbers
and message ids a second time, for other contents. The topics are read first and the ledger after them: what is on a
topic was committed before it was sent, whichever worker of this ledger sent it, so a ledger of ours knows it.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from uuid import UUID

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from streams.cluster import KafkaServers
from streams.kafka_client import BrokerUnreachable, Consumer, make_consumer, running
from streams.layout import START_WAITS_S
from streams.ledger.errors import TakenBack
from streams.messages import NoMessageError, message_id
from streams.parts import Parts
from streams.restore import SAID_ON
from streams.settings import Settings
from streams.to_the_end import records_to_the_end

log = logging.getLogger(__name__)

LOOK_BACK: Final = 16
"""How many offsets before the end of a partition the newest message is looked for; the last may be none of ours."""


async def look_at_start(parts: Parts) -> None:
    """Raise ``TakenBack`` before anything is decided; a broker that is away keeps nobody from beginning."""
    try:
        await refuse_taken_back(parts, within_s=START_WAITS_S)
    except (BrokerUnreachable, KafkaError) as away:
        log.warning("whether the ledger knows what was said last is looked at before anything is sent: %s", away)


async def refuse_taken_back(parts: Parts, *, within_s: float | None = None) -> None:
    """Raise ``TakenBack`` if a topic's newest message is not this ledger's; once it is, it is not asked again.

    Raises ``BrokerUnreachable`` where no broker tells in time, by default in ``broker_timeout_s``.
    """
    if parts.said_is_known or not isinstance(parts.cluster, KafkaServers):
        return
    wait = min(within_s or parts.settings.broker_timeout_s, parts.settings.broker_timeout_s)
    settings = parts.settings.model_copy(update={"broker_timeout_s": wait})
    try:
        newest = await newest_said(settings, parts.cluster.bootstrap)
    except TopicAuthorizationFailedError as refused:
        log.warning("whether the ledger knows what was said last was not looked at: we may not read it: %s", refused)
    else:
        _hold_against(newest, await parts.ledger.said({id_ for id_, _ in newest.values()}))
    parts.said_is_known = True


async def newest_said(settings: Settings, bootstrap: str) -> dict[TopicPartition, tuple[UUID, str]]:
    """The newest message of each partition of what a ledger says, with its id; topics that do not exist are left out.

    Raises ``BrokerUnreachable`` when it is not read within ``broker_timeout_s``.
    """
    consumer = make_consumer(settings, bootstrap, group=None, without_offset="earliest")
    try:
        async with running(consumer, settings), asyncio.timeout(settings.broker_timeout_s):
            there = await consumer.topics()
            wanted = {settings.topic_prefix + topic.name for topic in SAID_ON} & there
            return await _newest(consumer, wanted) if wanted else {}
    except TimeoutError:
        waited = f"{settings.broker_timeout_s:g} s"
        raise BrokerUnreachable(f"what was said last was not read within {waited}") from None


async def _newest(consumer: Consumer, topics: set[str]) -> dict[TopicPartition, tuple[UUID, str]]:
    newest: dict[TopicPartition, tuple[UUID, str]] = {}
    async for record in records_to_the_end(consumer, topics, last=LOOK_BACK):
        with suppress(NoMessageError):
            newest[TopicPartition(record.topic, record.partition)] = message_id(record.value), record.value.decode()
    return newest


def _hold_against(newest: Mapping[TopicPartition, tuple[UUID, str]], known: Mapping[UUID, str | None]) -> None:
    for at in sorted(newest):
        id_, text = newest[at]
        if id_ not in known:
            raise TakenBack(
                f"the topic {at.topic} bears the message {id_}, which this ledger does not know: the ledger was taken "
                "back to an earlier state, or what is there is another's; run 'workorders adopt' before any worker"
            )
        if known[id_] not in {None, text}:
            raise TakenBack(
                f"the topic {at.topic} bears the message {id_} with another content than this ledger: it was taken "
                "back and has decided since; restore it once more and run 'workorders adopt' before any worker"
            )
