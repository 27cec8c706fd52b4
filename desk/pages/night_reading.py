"""All that is known of one night, for its page and its forms: how it stands, its ladders, and its whole history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from desk.api import operations
from desk.api.finding import night_named
from desk.api.problems import missing
from desk.exits import NotFound
from desk.opening import Desk
from desk.pages.ladder_rules import rule_of, rules_of
from desk.pages.sentences import role_name
from desk.pages.visitors import Visit
from desk.views.explaining import Explanation, LadderLine, RungLine, read_explanation
from desk.views.nights_ahead import NightAhead, read_night_ahead
from streams.ledger import notices
from streams.notices.notice import Notice
from workorders.night_outlook import LadderAhead

REPORT, CONFIRM, WITHDRAW, ARRANGE, CHECK_IN = operations.OF_NIGHT


@dataclass(frozen=True, slots=True)
class NightRead:
    """One night; ``why`` is None while the ledger keeps nothing of it, for nobody need have said anything yet."""

    night: NightAhead
    why: Explanation | None
    notices: Mapping[UUID, Sequence[Notice]]


@dataclass(frozen=True, slots=True)
class Step:
    """One rung in words: whom it tells, by which rule; ``reached`` and ``standing`` where the ladder has come to it."""

    role: str
    rule: str
    reached: datetime | None
    standing: bool
    told_by: Sequence[str]
    coming: datetime | None


@dataclass(frozen=True, slots=True)
class Ladder:
    """One ladder of the night: ``held`` until then somebody has taken it on, and nobody else is told before."""

    kind: str
    reason: str
    standing: bool
    held: datetime | None
    answer: UUID | None
    steps: Sequence[Step]


async def read_night(visit: Visit) -> NightRead:
    """The night that the address names; what is beyond reach is missing like what there is not. It is put on record."""
    caller, desk = visit.caller, visit.caller.desk
    async with caller.place.ledger.reading() as connection:
        night = await the_night(connection, visit)
        why, sent = None, {}
        try:
            why = await read_explanation(connection, desk.world, desk.now, night.subject, night.premises.id)
            sent = await notices.of(connection, [one.id for one in why.subject.escalations])
        except NotFound:  # it lies further ahead than the ledger looks
            pass
    await caller.note(night.subject)
    return NightRead(night, why, sent)


async def the_night(connection: AsyncConnection, visit: Visit) -> NightAhead:
    """How the night of the address stands, without its history."""
    asked, caller, desk = visit.request.path_params, visit.caller, visit.caller.desk
    night_named(caller, asked["premises"], asked["night"])
    wanted = date.fromisoformat(asked["night"])
    try:
        found = await read_night_ahead(connection, desk.world, desk.now, asked["premises"], wanted)
    except OverflowError:  # its checkpoints would lie before the first instant that there is
        found = None
    if found is None:
        raise missing("night")
    return found


def ladders(read: NightRead, visit: Visit) -> list[Ladder]:
    """Every ladder that was climbed about the night, those that stand first."""
    lines = read.why.ladders if read.why is not None else ()
    ahead = {str(one.condition.kind): one for one in read.night.outlook.ladders}
    found = [_ladder(read, one, ahead.get(one.kind), visit) for one in lines]
    return sorted(found, key=lambda one: not one.standing)


def _ladder(read: NightRead, line: LadderLine, ahead: LadderAhead | None, visit: Visit) -> Ladder:
    desk = visit.caller.desk
    escalations = read.why.subject.escalations if read.why is not None else ()
    mine = [one for one in escalations if one.standing and (one.kind, one.clock, one.spell) == _key(line)]
    holds = [one.acknowledged_until for one in mine if one.acknowledged_until is not None]
    following = ahead.following if ahead is not None else None
    rules = {name: rule_of(rung) for name, rung in rules_of(line, desk).items()}
    steps = [
        _step(one, rules.get(one.rung, one.rule), ahead.next_at if ahead and one.rung == following else None, desk)
        for one in line.rungs
    ]
    held = max((until for until in holds if until > desk.now), default=None)
    return Ladder(line.kind, line.reason, bool(mine), held, mine[-1].id if mine else None, steps)


def _key(line: LadderLine) -> tuple[str, str, str]:
    return line.kind, line.clock, line.spell


def _step(one: RungLine, rule: str, coming: datetime | None, desk: Desk) -> Step:
    role = role_name(desk, one.role)
    return Step(role, rule, one.reached_at, one.standing, one.told_by, coming)
