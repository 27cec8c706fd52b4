"""Climbing: where no channel could tell a role, its ladder climbs at once; where no rung is left, we shout.

That the role could not be told is an event like any other, from a source of our own, so whoever replays the record
comes to the same ladder. Its id and time derive from what was lost: said twice, it is one event.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from models.refusal import Refusal
from streams.ledger import notices_noting
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from streams.ledger.notices_noting import Lost
from streams.ledger.transaction import retried
from streams.notices.notice import UNDELIVERABLE
from workorders.policy import World

log = logging.getLogger(__name__)

AT_ONCE: Final = 50
CLIMBED: Final = "the next rung is told at once"
CLIMBED_BEFORE: Final = "a later rung is told already"
LAST: Final = "no rung is left"
OVER: Final = "it was answered or over"


@dataclass(frozen=True, slots=True)
class Step:
    """What was done about one statement of which nobody could be told; ``alarms`` if nobody is left to tell."""

    lost: Lost
    said: str
    alarms: bool


async def climb(ledger: Ledger, world: World, source: str, now: datetime) -> list[Step]:
    """See to what no channel could tell, the oldest first."""
    async with ledger.reading() as connection:
        losses = await notices_noting.open_losses(connection, AT_ONCE)
    found = []
    for one in losses:
        step = await _step(ledger, world, source, one, now)
        # Shouted before it is noted: to shout twice is better than never.
        _shout(step)
        await _settle(ledger, step, now)
        found.append(step)
    return found


async def _step(ledger: Ledger, world: World, source: str, one: Lost, now: datetime) -> Step:
    if not one.standing or one.reached.acknowledged_until is not None:
        return Step(one, OVER, alarms=False)
    later = later_rungs(one, world)
    if not later:
        return Step(one, LAST, alarms=True)
    async with ledger.reading() as connection:
        if later & await notices_noting.standing_rungs(connection, one):
            # Somebody further up is being told; to decline would pass over them, too.
            return Step(one, CLIMBED_BEFORE, alarms=False)
        if await notices_noting.has_climbed(connection, one, CLIMBED):
            # We have declined, and it may not be decided yet: to decline again would pass over the next rung.
            return Step(one, CLIMBED, alarms=False)
    (answer,) = await ledger.submit([declined(one, source)], now, world)
    if isinstance(answer, Refusal):
        return Step(one, f"it could not be said: {answer.sentence}", alarms=True)
    return Step(one, CLIMBED, alarms=False)


def later_rungs(one: Lost, world: World) -> set[str]:
    """The rungs that come after it; none where nobody knows of any."""
    policy = world.policies.by_version(one.reached.policy_version)
    if policy is None:
        return set()
    try:
        names = [rung.name for rung in policy.ladder(one.reached.kind, one.reached.priority)]
    except KeyError:
        return set()
    return set(names[names.index(one.reached.rung) + 1 :]) if one.reached.rung in names else set()


def declined(one: Lost, source: str) -> Incoming:
    """The event by which the ladder learns that this role could not be told."""
    event = {
        "specversion": "1.0",
        "id": f"undeliverable-{one.escalation_id}-{one.n}",
        "source": source,
        "type": "facilities.escalation-response.declined",
        "subject": one.subject,
        "time": one.at.isoformat(),
        "data": {"premises": one.unit, "escalation_id": str(one.escalation_id), "reason": UNDELIVERABLE},
    }
    return Incoming("escalation-responses", one.unit.encode(), orjson.dumps(event))


def _shout(step: Step) -> None:
    reached = step.lost.reached
    log.log(
        logging.ERROR if step.alarms else logging.WARNING,
        "%s of %s could not be told of escalation %s (%s): %s",
        reached.role, step.lost.unit, step.lost.escalation_id, reached.kind.value, step.said,
    )  # fmt: skip


async def _settle(ledger: Ledger, step: Step, now: datetime) -> None:
    async def once() -> None:
        async with ledger.database.writing() as connection:
            await notices_noting.settle_loss(connection, step.lost, step.said, now)

    await retried(once)
