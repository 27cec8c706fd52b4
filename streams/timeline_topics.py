"""The timelines' topics, read to their ends before anything else: what a ledger must know before it decides.

An embedded broker has only just begun, so nothing was published on it.
"""

import asyncio
import logging
from typing import Final

from aiokafka.errors import KafkaError

from streams.clock import Clock
from streams.kafka_client import BrokerUnreachable, make_consumer, running
from streams.ledger.errors import LedgerUnavailable
from streams.ledger.ledger import Ledger
from streams.settings import Settings
from streams.to_the_end import records_to_the_end
from streams.topics import ESTATES, POLICIES
from workorders.policy import World

log = logging.getLogger(__name__)

KNOWN_WAIT_S: Final = 3.0
"""How long a ledger that has policies and estates waits for what was published: deciding must not wait for a broker."""


async def first_world(settings: Settings, bootstrap: str, ledger: Ledger, default: World, clock: Clock) -> World:
    """The policies and estates to go on with: the ledger's own and those that were published, else ``default``.

    Raises ``TimelinesDiffer`` where the two contradict each other, and ``LedgerUnavailable`` for a ledger that holds
    none while no broker can tell what was published. A ledger that holds its own does not wait long for a broker.
    """
    if not settings.is_embedded:
        is_new = await ledger.is_new()
        try:
            found = await published(settings, bootstrap, settings.broker_timeout_s if is_new else KNOWN_WAIT_S)
        except (BrokerUnreachable, KafkaError) as error:
            if is_new:
                raise LedgerUnavailable(
                    f"this ledger holds no policy and no estate, and which were published is not known: {error}"
                ) from error
            log.warning("whether other policies or estates were published is not known: %s", error)
        else:
            if new := await ledger.adopt_timelines(found, clock.now()):
                log.warning("the ledger has learnt %d versions of policies and estates from their topics", new)
    return await ledger.world(default, clock.now())


async def published(settings: Settings, bootstrap: str, within_s: float) -> list[bytes]:
    """Every record of the topics of policies and estates; none of a topic that does not exist.

    Raises ``BrokerUnreachable`` when no broker gives them in so many seconds.
    """
    settings = settings.model_copy(update={"broker_timeout_s": min(within_s, settings.broker_timeout_s)})
    consumer = make_consumer(settings, bootstrap, group=None, without_offset="earliest")
    try:
        async with running(consumer, settings), asyncio.timeout(settings.broker_timeout_s):
            there = await consumer.topics()
            wanted = {settings.topic_prefix + topic.name for topic in (POLICIES, ESTATES)} & there
            return [record.value async for record in records_to_the_end(consumer, wanted)] if wanted else []
    except TimeoutError:
        raise BrokerUnreachable(
            f"the topics of policies and estates were not read within {settings.broker_timeout_s:g} s"
        ) from None
