"""The parts of a policy in the words that people read: targets, calendars, what a rule asks for, rungs, nights."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Final

from desk.notices.phrases import WHAT
from desk.opening import Desk
from desk.pages.sentences import role_name
from desk.words import _, many, spoken
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.calendar import CalendarSpec
from models.escalation import EscalationKind
from models.policy import Codes, Ladder, NightRules, PolicySpec, Rung, Target, When
from models.premises import PremisesKind

DAYS: Final = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip
KINDS: Final[Mapping[EscalationKind, str]] = {
    EscalationKind.BREACH: N_("A target is missed"),
    EscalationKind.WARNING: N_("A target is due soon"),
    EscalationKind.CONTESTED: N_("A target is missed, a late report is contested"),
}
"""What a ladder is about, where that has no clock of its own to be named by."""
SITES: Final[Mapping[str, str]] = {
    PremisesKind.APPROVED_PREMISES: N_("approved premises"),
    PremisesKind.OFFICE: N_("office"),
    PremisesKind.COURT: N_("court"),
    PremisesKind.SHARED: N_("shared site"),
}
NOTHING: Final[Mapping[str, str]] = {}
HONOURED: Final[Mapping[str, str]] = {
    "ignored": N_("a promise changes nothing"),
    "alone": N_("the promise counts instead of the target"),
    "earliest": N_("the earlier of promise and target counts"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One rung in words: who is told, when, and what happens then."""

    role: str
    when: str
    then: Sequence[str]


@dataclass(frozen=True, slots=True)
class Climb:
    """One ladder in words."""

    about: str
    priorities: Sequence[str]
    steps: Sequence[Step]
    quiet: str


def code_words(code: str) -> str:
    """One of our own codes as a person reads it."""
    said = _(code)
    return said if said != code else code.replace("-", " ")


def target_words(target: Target | None, spec: PolicySpec) -> str:
    """How long a clock allows: ``4 hours, day and night``; empty if it allows any time."""
    if target is None:
        return ""
    if target.working_days is not None:
        return many("{n} working day", "{n} working days", target.working_days)
    length = spoken().span(target.duration) if target.duration is not None else ""
    if spec.calendars[target.calendar].always:
        return _("{length}, day and night", length=length)
    return _("{length}, in the hours of the calendar {name}", length=length, name=target.calendar)


def calendar_words(spec: CalendarSpec) -> list[str]:
    """When working time runs, a line for each stretch of days with the same hours, and what it leaves out."""
    if spec.week is None:
        return [_("day and night, every day of the year")]
    lines: list[tuple[int, int, tuple[str, ...]]] = []
    for n, windows in enumerate(spec.week.days()):
        if windows and lines and lines[-1][1:] == (n - 1, windows):
            lines[-1] = (lines[-1][0], n, windows)
        elif windows:
            lines.append((n, n, windows))
    said = [f"{_days(first, last)}: {', '.join(hours)}" for first, last, hours in lines]
    return [*said, *_without(spec)]


def _days(first: int, last: int) -> str:
    if first == last:
        return _(DAYS[first])
    return _("{first} to {last}", first=_(DAYS[first]), last=_(DAYS[last]))


def _without(spec: CalendarSpec) -> Iterator[str]:
    if spec.holidays is not None:
        where = "-".join(part for part in (spec.holidays.country, spec.holidays.subdivision) if part)
        yield _("not on public holidays ({where})", where=where)
    if spec.extra_holidays:
        yield _("nor on: {days}", days=", ".join(map(str, spec.extra_holidays)))
    if spec.not_holidays:
        yield _("but on: {days}", days=", ".join(map(str, spec.not_holidays)))


def when_words(when: When, codes: Codes) -> list[tuple[str, list[str]]]:
    """What a rule asks for, each facet with the words that fit, in English; one left out fits whatever it is."""
    sets = (
        (_("Premises"), when.premises_kind, SITES),
        (_("What"), when.asset, codes.assets),
        (_("Fault"), when.fault, codes.faults),
        (_("It endangers"), when.impacts_any, codes.impacts),
        (_("Season"), when.season, NOTHING),
    )
    found = [(name, [words.get(one, str(one)) for one in given]) for name, given, words in sets if given]
    if when.alternative_available is not None:
        said = N_("there is one") if when.alternative_available else N_("there is none")
        found.append((_("Alternative"), [said]))
    if when.out_of_hours is not None:
        said = N_("raised out of hours") if when.out_of_hours else N_("raised in office hours")
        found.append((_("Time"), [said]))
    return found


def climb(ladder: Ladder, desk: Desk) -> Climb:
    """A ladder in words."""
    known = KINDS.get(ladder.kind) or WHAT.get((ladder.kind.value, ""), ladder.kind.value)
    return Climb(
        about=_(known),
        priorities=[one.value for one in ladder.priorities],
        steps=[_step(rung, last=rung is ladder.rungs[-1], desk=desk) for rung in ladder.rungs],
        quiet=ladder.email_only_reason or "",
    )


def _step(rung: Rung, *, last: bool, desk: Desk) -> Step:
    span = spoken().span
    then = []
    if rung.ack_within is not None and not last:
        then.append(_("unanswered for {length}: the next is told", length=span(rung.ack_within)))
    if rung.ack_holds is not None:
        then.append(_("an answer without a time holds for {length}", length=span(rung.ack_holds)))
    if rung.repeat is not None:
        then.append(_("said again every {length}", length=span(rung.repeat)))
    when = _("after {length}", length=span(rung.after)) if rung.after else _("at once")
    return Step(role_name(desk, rung.role), when, then)


def night_words(rules: NightRules) -> list[tuple[str, str]]:
    """The night's hours, what it needs, and when somebody is told before it."""
    span = spoken().span
    return [
        (_("The night"), _("{starts} to {ends}", starts=_clock(rules.starts), ends=_clock(rules.ends))),
        (_("People required"), _("{n}, of them own staff: {own}", n=rules.required, own=rules.own_staff)),
        (_("Nobody has confirmed: told"), _("{length} before it starts", length=span(rules.warn_before))),
        (_("Somebody is missing: told"), _("{length} before it starts", length=span(rules.escalate_before))),
        (_("Withdrawn at short notice: told at once"), _("within {length}", length=span(rules.sudden_within))),
        (_("Checked in at the latest"), _("{length} after it starts", length=span(rules.check_in_grace))),
    ]


def _clock(at: time) -> str:
    return f"{at:%H:%M}"
