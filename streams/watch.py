"""The watch: what the ledger says was sent is looked for on its topic and confirmed, so that a loss would be seen.

It is a Faust agent, because it may miss a message: what it does not confirm stays visible as unconfirmed, and is
looked for a second time.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import faust

from streams.ledger.errors import LedgerUnavailable
from streams.ledger.outbox import Confirmed
from streams.messages import NoMessageError, message_id
from streams.parts import Parts
from streams.timekeeping import noted_now
from streams.topics import BACKLOG, CLASSIFICATIONS, DISPUTES, ESCALATIONS, ESTATES, POLICIES, REJECTED
from streams.watch_app import build_watch_app, raw_topic

log = logging.getLogger(__name__)

WATCHED: Final = (ESCALATIONS, DISPUTES, CLASSIFICATIONS, BACKLOG, REJECTED, POLICIES, ESTATES)
"""All that goes through the outbox."""

TOGETHER: Final = 200
WITHIN_S: Final = 0.2
LOOKS_AGAIN_S: Final = 1.0


def build_watch(parts: Parts) -> faust.App:
    """The app whose agents confirm what is on each topic that the ledger sends to."""
    group = f"{parts.settings.group}-watch"
    app = build_watch_app(parts.settings, parts.cluster.bootstrap, group=group, beginning="earliest")
    for topic in WATCHED:
        _watch(app, parts, parts.topic(topic.name))
    return app


def _watch(app: faust.App, parts: Parts, topic: str) -> None:
    async def confirm(stream: Any) -> None:  # noqa: ANN401 - Faust ships no types
        # What is not counted as done by ourselves is read again by the next: a stop may fall into the confirming.
        async for events in stream.noack_take(TOGETHER, within=WITHIN_S):
            found = await _confirmed(parts, message_ids([event.value for event in events]))
            parts.progress.confirmed += found.first
            parts.metrics.confirmed.inc(found.first)
            for unknown in found.unknown:
                log.error("a message on %s is not of this ledger: %s", topic, unknown)
            for event in events:
                await stream.ack(event)

    app.agent(raw_topic(app, topic), name=f"confirm-{topic}")(confirm)


async def _confirmed(parts: Parts, seen: Sequence[UUID]) -> Confirmed:
    """Confirm these, however long the ledger is away: Faust counts what an agent failed on as done."""
    while True:
        try:
            return await parts.ledger.confirm(seen, await noted_now(parts))
        except LedgerUnavailable as error:
            log.warning("the watch waits for the ledger: %s", error)
            await asyncio.sleep(LOOKS_AGAIN_S)


def message_ids(values: Iterable[bytes | None]) -> list[UUID]:
    """The message ids of the messages; what is no message of ours is logged and left out."""
    found = []
    for value in values:
        try:
            found.append(message_id(value))
        except NoMessageError as error:
            log.error("a record that is no message of ours is on an output topic: %s", error)  # noqa: TRY400
    return found
