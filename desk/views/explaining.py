"""Why: every fact and rule behind an order's priority, and every rung behind its escalations."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.views.escalations import EscalationLine
from desk.views.subject import SubjectView, read_subject
from desk.views.told import ToldBy, told_by
from models.decision import Classification, OrderState
from models.duration import format_duration
from models.escalation import ClockName, EscalationKind
from models.outputs import RuleMatch
from models.policy import Target
from models.tables import ExposureRow
from models.work_order import Priority
from streams.ledger.store import SHORT, group_of, group_tag
from workorders.policy import Policy, World


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact that the priority was decided from: its code, and the policy's words for it."""

    name: str
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A stretch in which the order counted as P1 for what else was the matter there; ``until`` None: it still does."""

    because: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class TargetLine:
    """What a clock allows, and when it so came to be due.

    ``counts_as`` is the priority whose target gives the due time, counted from ``counted_from``; both are None where
    a promise or a pause has moved it. Joined risk shortens a due time only if its own target ends earlier.
    """

    clock: str
    allows: str
    counts_as: str | None
    counted_from: datetime | None
    started_at: datetime
    due_at: datetime
    met_at: datetime | None
    breached_at: datetime | None


@dataclass(frozen=True, slots=True)
class RungLine:
    """One rung of a ladder: who is told and when, and the escalation if it was reached."""

    rung: str
    role: str
    rule: str
    reached_at: datetime | None
    escalation_id: str | None
    standing: bool
    remarks: tuple[str, ...]
    told_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LadderLine:
    """One ladder that was climbed about the subject, with all its rungs, and the sentence that it is about."""

    kind: str
    clock: str
    spell: str
    priority: str | None
    reason: str
    policy_version: str
    rungs: tuple[RungLine, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a subject stands as it does. For a night the facts, rules and targets are empty: its state says it all."""

    subject: SubjectView
    base: str | None
    effective: str | None
    facts: tuple[Fact, ...]
    rules: tuple[RuleMatch, ...]
    joined: tuple[Joined, ...]
    targets: tuple[TargetLine, ...]
    ladders: tuple[LadderLine, ...]
    policy_name: str
    policy_version: str


async def read_explanation(
    connection: AsyncConnection, world: World, now: datetime, subject: str, premises: str | None
) -> Explanation:
    """Everything behind a subject; ``NotFound`` as for the subject itself."""
    view = await read_subject(connection, world, now, subject, premises)
    state = view.state
    known = state.classification if isinstance(state, OrderState) else None
    policy = _policy(world, known.policy_version if known else None, now)
    joined = await _joined(connection, view.premises, state, now) if isinstance(state, OrderState) else []
    return Explanation(
        subject=view,
        base=known.base if known else None,
        effective=known.effective if known else None,
        facts=tuple(_facts(known, policy)) if known else (),
        rules=known.rules if known else (),
        joined=tuple(joined),
        targets=tuple(_targets(state, known, policy, joined)) if isinstance(state, OrderState) and known else (),
        ladders=tuple(_ladders(view.escalations, await told_by(connection, view.escalations), world, now)),
        policy_name=policy.spec.name,
        policy_version=policy.version,
    )


def _policy(world: World, version: str | None, now: datetime) -> Policy:
    return (world.policies.by_version(version) if version else None) or world.policies.at(now)


def _facts(known: Classification, policy: Policy) -> Iterable[Fact]:
    codes = policy.spec.codes
    for name, value in known.facts:
        words = {"asset": codes.assets, "fault": codes.faults}.get(name, {}).get(value, value)
        if name == "impacts":
            words = ", ".join(codes.impacts.get(code, code) for code in value.split(", ")) if value else "nothing named"
        yield Fact(name, value, words)


async def _joined(connection: AsyncConnection, unit: str, order: OrderState, now: datetime) -> list[Joined]:
    """What else at the premises made, or makes, this order count as P1, while it was open with base P2."""
    tags = {tag for _, security, groups in order.exposure for tag in _tags(security, groups)}
    names = ("tag", "subject", "starts", "until")
    query = (
        select(*(col(getattr(ExposureRow, name)) for name in names))
        .where(col(ExposureRow.unit) == unit, col(ExposureRow.tag).in_(tags), col(ExposureRow.subject) != order.subject)
        .order_by(col(ExposureRow.starts), col(ExposureRow.subject))
    )
    found = []
    for row in await connection.execute(query):
        for (since, until), security, groups in order.exposure:
            begins = max(since, row.starts)
            ends = min((at for at in (until, row.until) if at is not None), default=None)
            if row.tag in _tags(security, groups) and begins <= now and (ends is None or begins < ends):
                found.append(
                    Joined(_because(row.tag, row.subject), begins, None if ends is None or ends > now else ends)
                )
    return found


def _tags(security: bool, groups: Iterable[str]) -> list[str]:
    """Under which tags others are the matter for an order: its control groups, and short nights if it is security."""
    return [*map(group_tag, groups), *([SHORT] if security else [])]


def _because(tag: str, subject: str) -> str:
    group = group_of(tag)
    if group is None:
        return f"the night {subject} is short-staffed, and this is a security asset"
    return f"order {subject} is open with P2 on the same control ({group})"


def _targets(
    order: OrderState, known: Classification, policy: Policy, joined: Iterable[Joined]
) -> Iterable[TargetLine]:
    facts = dict(known.facts)
    for clock in order.clocks:
        own = [(known.base, clock.start)]
        stricter = [(known.effective, one.since) for one in joined if one.until is None]
        found = next(
            (
                (level, since)
                for level, since in (*own, *stricter)
                if _due(policy, policy.target(level, clock.name, facts["asset"], facts["fault"]), since) == clock.due
            ),
            None,
        )
        level, since = found or (known.effective, None)
        target = policy.target(level, clock.name, facts["asset"], facts["fault"])
        yield TargetLine(
            clock=clock.name,
            allows=_allows(target, level, clock.name),
            counts_as=level.value if found is not None else None,
            counted_from=since,
            started_at=clock.start,
            due_at=clock.due,
            met_at=clock.met,
            breached_at=clock.breached_at,
        )


def _due(policy: Policy, target: Target | None, since: datetime) -> datetime | None:
    """When a target that is counted from an instant ends, before pauses; None if there is no target."""
    if target is None:
        return None
    calendar = policy.calendars[target.calendar]
    if target.duration is not None:
        return calendar.add(since, target.duration)
    return calendar.add_days(since, target.working_days or 0)


def _allows(target: Target | None, priority: Priority, clock: ClockName) -> str:
    if target is None:
        return f"{priority} has no target to {clock}; an earlier, stricter one still counts"
    amount = f"{target.working_days} working days" if target.duration is None else format_duration(target.duration)
    return f"{amount}, measured in the calendar '{target.calendar}'"


def _ladders(lines: Iterable[EscalationLine], told: ToldBy, world: World, now: datetime) -> Iterable[LadderLine]:
    climbed: dict[tuple[str, str, str], list[EscalationLine]] = {}
    for line in lines:
        climbed.setdefault((line.kind, line.clock, line.spell), []).append(line)
    for (kind, clock, spell), reached in climbed.items():
        latest = max(reached, key=lambda line: (line.standing, line.due_at))
        policy = _policy(world, latest.policy_version, now)
        level = Priority(latest.priority) if latest.priority else None
        rungs = tuple(_rungs(policy, EscalationKind(kind), level, reached, told))
        yield LadderLine(kind, clock, spell, latest.priority, latest.reason, policy.version, rungs)


def _rungs(
    policy: Policy, kind: EscalationKind, level: Priority | None, reached: list[EscalationLine], told: ToldBy
) -> Iterable[RungLine]:
    for rung in policy.ladder(kind, level):
        mine = [line for line in reached if line.rung == rung.name]
        latest = max(mine, key=lambda line: (line.standing, line.repeat), default=None)
        rule = [f"{format_duration(rung.after)} after the onset"]
        if rung.ack_within is not None:
            rule.append(f"the next one sooner if unanswered for {format_duration(rung.ack_within)}")
        if rung.repeat is not None:
            rule.append(f"again every {format_duration(rung.repeat)}")
        yield RungLine(
            rung=rung.name,
            role=rung.role,
            rule="; ".join(rule),
            reached_at=latest.due_at if latest else None,
            escalation_id=str(latest.id) if latest else None,
            standing=latest.standing if latest else False,
            remarks=_remarks(latest) if latest else (),
            told_by=told.get(latest.id, ()) if latest else (),
        )


def _remarks(line: EscalationLine) -> tuple[str, ...]:
    found = [*line.labels]
    if line.repeat:
        found.append(f"repeat {line.repeat}")
    if not line.standing:
        found.append(line.last_statement)
    return tuple(found)
