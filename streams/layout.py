"""The layout: a worker begins only on topics that are there and are spread and kept as its work needs it."""

import logging
from typing import Final

from streams.kafka_admin import KafkaRefused
from streams.kafka_client import BrokerUnreachable, NotLetIn, let_in
from streams.settings import Settings
from streams.topic_admin import Step, plan

log = logging.getLogger(__name__)

ADVICE: Final = "Run 'workorders topics plan' to see all that differs and 'workorders topics apply' to put it right."


START_WAITS_S: Final = 3.0
"""How long the start of a worker waits for a broker to tell its topics; they are looked at again before reading."""


class LayoutError(Exception):
    """The topics are missing or wrong, so that no work can be done on them; the text says how, and what to run."""


async def refuse_wrong_layout(settings: Settings) -> None:
    """Raise ``LayoutError`` if work on the topics as they are would lose or misplace records.

    Differences that do not stop the work are logged, and so is that we may not look. Raises ``BrokerUnreachable``.
    """
    try:
        steps = await plan(settings)
    except KafkaRefused as refusal:
        log.warning("the topics were not checked, for the broker does not tell us about them: %s", refusal)
        return
    if wrong := [step for step in steps if step.stops_work]:
        raise LayoutError(" ".join([*_sentences(wrong), ADVICE]))
    for step in steps:
        log.warning("a topic differs from the layout: %s", step.sentence)


async def refuse_at_start(settings: Settings) -> None:
    """The same before a worker begins, but for a broker that is away, which keeps nobody from beginning.

    Raises ``LayoutError`` and, where the broker is there and refuses us, ``NotLetIn``.
    """
    if settings.is_embedded:
        return
    try:
        await let_in(settings, settings.broker)
        wait = min(START_WAITS_S, settings.broker_timeout_s)
        await refuse_wrong_layout(settings.model_copy(update={"broker_timeout_s": wait}))
    except NotLetIn:
        raise
    except BrokerUnreachable as away:
        log.warning("the topics are looked at later: %s", away)


def _sentences(wrong: list[Step]) -> list[str]:
    missing = [step.topic for step in wrong if step.make]
    said = [step.sentence for step in wrong if not step.make]
    return [f"missing topics: {', '.join(missing)}.", *said] if missing else said
