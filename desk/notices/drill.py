"""The drill: a ladder is rehearsed, every rung at once, to see who answers, how fast, and which rung is dead.

A rehearsal is no escalation: its notices say so in every language, its links answer nothing but the rehearsal, and no
ladder hears of it. Whoever sends notices sends these too, by the channels that are really configured.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from rich.console import RenderableType
from rich.text import Text

from desk.exits import BadInput, Exit, NotFound
from desk.instants import length
from desk.near import did_you_mean, premises_names
from desk.notices.viewing import role_name
from desk.opening import open_ledger
from desk.options import Reading
from desk.printing import console, print_json, table
from desk.words import _
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.decision import Reached
from models.escalation import ClockName, EscalationKind
from models.ids import new_id, night_id
from models.policy import Rung as LadderRung
from models.work_order import Priority
from streams.clock import monotonic
from streams.ledger import notices_rehearsal
from streams.ledger.ledger import Ledger
from streams.ledger.notices_rehearsal import Rung, rung_id
from streams.ledger.transaction import retried
from workorders.policy import Policy, World

LOOK_EVERY_S: Final = 0.5
SUBJECT: Final = "REHEARSAL"
NIGHTS: Final = frozenset({EscalationKind.UNCOVERED_NIGHT, EscalationKind.UNCONFIRMED_NIGHT})
CLOCKED: Final = frozenset({EscalationKind.BREACH, EscalationKind.WARNING, EscalationKind.CONTESTED})


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """How one notice of a rehearsed rung went."""

    kind: str
    outcome: str
    detail: str
    attempts: int


@dataclass(frozen=True, slots=True)
class RungLine:
    """How one rung of a rehearsal went: ``answered_after`` None for nobody yet; ``state`` in one word."""

    rung: str
    role: str
    role_name: str
    state: str
    answered_after: timedelta | None
    channels: tuple[ChannelLine, ...]


@dataclass(frozen=True, slots=True)
class Drilled:
    """A rehearsal, as far as it came."""

    drill: UUID
    kind: str
    premises: str
    priority: str | None
    rungs: tuple[RungLine, ...]


def drill_ladder(kind: str, premises: str, priority: str | None, wait: float, reading: Reading) -> int:
    """Rehearse a ladder, wait for answers, and print how each rung went; the exit code is 1 if a rung is dead."""
    found, now, world = asyncio.run(_drill(kind, premises, priority, wait, reading))
    if reading.json:
        print_json({"drill": found})
    else:
        page = console()
        for part in draw_drill(found, world, now):
            page.print(part)
    return Exit.NO if any(rung.state in {"dead", "not-sent"} for rung in found.rungs) else Exit.OK


async def _drill(
    kind: str, premises: str, priority: str | None, wait: float, reading: Reading
) -> tuple[Drilled, datetime, World]:
    async with open_ledger(reading.ledger) as (desk, ledger):
        rungs = rehearsed(kind, premises, priority, desk.world, desk.now)
        drill = UUID(new_id())
        await _begin(ledger, drill, premises, _named(drill, rungs), desk.now)
        found = await _watch(ledger, drill, wait)
        told = rungs[0].priority
        lines = tuple(line_of(one, desk.world, desk.now) for one in found)
        return Drilled(drill, kind, premises, told.value if told else None, lines), desk.now, desk.world


def rehearsed(kind: str, premises: str, priority: str | None, world: World, now: datetime) -> list[Reached]:
    """The rungs of the ladder that a thing of this kind would climb now; ``BadInput`` or ``NotFound`` in a sentence."""
    names = [one.value for one in EscalationKind if one is not EscalationKind.SILENT_SOURCE]
    if kind not in names:
        raise BadInput(f"{kind!r} is no kind of escalation at premises: write one of {', '.join(names)}.")
    known = premises_names(world, now)
    if premises not in known:
        raise NotFound(f"There are no premises {premises!r}.{did_you_mean(premises, known)}")
    policy, about = world.policies.at(now), EscalationKind(kind)
    as_priority, rungs = _rungs(policy, about, priority)
    return [_reached(about, rung, premises, as_priority, policy.version, now) for rung in rungs]


def _rungs(policy: Policy, kind: EscalationKind, priority: str | None) -> tuple[Priority | None, Sequence[LadderRung]]:
    """The ladder for a priority; for the strictest where none is asked for and the kind knows priorities."""
    graded = any(ladder.priorities for ladder in policy.spec.ladders if ladder.kind is kind)
    wanted = Priority(priority) if priority is not None else Priority.P1 if graded else None
    try:
        return wanted, policy.ladder(kind, wanted)
    except KeyError:
        raise BadInput(f"The policy has no ladder for {kind.value} of priority {priority}.") from None


def _reached(
    kind: EscalationKind, rung: LadderRung, premises: str, priority: Priority | None, version: str, now: datetime
) -> Reached:
    subject = night_id(premises, now.date().isoformat()) if kind in NIGHTS else SUBJECT
    return Reached(
        id=UUID(int=0), subject=subject, kind=kind, clock=ClockName.FIX.value if kind in CLOCKED else "",
        spell="rehearsal", rung=rung.name, role=rung.role, repeat=0, due_at=now, ended_at=None, end_reason="",
        original_due_at=None, priority=priority, business_critical=priority is Priority.P1, labels=(), reason="",
        acknowledged_until=None, happened_at=None, heard_at=None, policy_version=version,
    )  # fmt: skip


def _named(drill: UUID, rungs: list[Reached]) -> list[Reached]:
    for place, rung in enumerate(rungs):
        rung.id = rung_id(drill, place)
    return rungs


async def _begin(ledger: Ledger, drill: UUID, premises: str, rungs: Sequence[Reached], now: datetime) -> None:
    async def once() -> None:
        async with ledger.database.writing() as connection:
            await notices_rehearsal.begin(connection, drill, premises, rungs, now)

    await retried(once)


async def _watch(ledger: Ledger, drill: UUID, wait: float) -> list[Rung]:
    """Look again and again until every rung has answered or is dead, so long at most."""
    ends = monotonic() + wait

    async def once() -> list[Rung]:
        async with ledger.reading() as connection:
            return await notices_rehearsal.read(connection, drill)

    while True:
        found = await retried(once)
        if all(one.answered_at is not None or one.is_dead for one in found) or monotonic() >= ends:
            return found
        await asyncio.sleep(LOOK_EVERY_S)


def line_of(one: Rung, world: World, now: datetime) -> RungLine:
    """How one rung went."""
    return RungLine(
        rung=one.reached.rung,
        role=one.reached.role,
        role_name=role_name(one.reached.role, world, now),
        state=state_of(one),
        answered_after=one.answered_at - one.begun_at if one.answered_at is not None else None,
        channels=tuple(ChannelLine(two.kind, two.outcome, two.detail, two.tries) for two in one.notices),
    )


def state_of(one: Rung) -> str:
    """``answered``, ``dead``, ``not-sent`` (nobody who sends notices runs), ``told`` or ``waiting``."""
    if one.answered_at is not None:
        return "answered"
    if one.is_dead:
        return "dead"
    if one.planned_at is None:
        return "not-sent"
    return "told" if any(two.outcome == "accepted" for two in one.notices) else "waiting"


_SAID: Final = {
    "answered": (N_("answered"), "good"),
    "told": (N_("was told, no answer yet"), "doubt"),
    "waiting": (N_("is being told"), "doubt"),
    "dead": (N_("DEAD: no channel reaches it"), "bad"),
    "not-sent": (N_("nobody sends notices; is a worker running?"), "bad"),
}


def draw_drill(found: Drilled, world: World, now: datetime) -> Iterable[RenderableType]:
    """A line for each rung, and one for each of its channels."""
    premises = world.estates.at(now).premises(found.premises)
    name = premises.name if premises is not None else found.premises
    about = " ".join(filter(None, (found.kind, found.priority)))
    yield Text.assemble((_("Rehearsal"), "head"), _(" of {what} at {premises}", what=about, premises=name))
    yield Text(_("No ladder has heard of it; every notice says that it is a rehearsal."), style="quiet")
    drawn = table(f"  {_('rung')}", _("role"), "", _("channels"), lead=2)
    for rung in found.rungs:
        said, style = _SAID[rung.state]
        told = _(said)
        if rung.answered_after is not None:
            told = _("answered after {length}", length=length(rung.answered_after))
        channels = ", ".join(f"{one.kind} {_(one.outcome)}" for one in rung.channels) or _("no route is open now")
        drawn.add_row(f"  {rung.rung}", rung.role_name, Text(told, style=style), channels)
    yield drawn
