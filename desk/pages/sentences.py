"""How an escalation is said on a page: what is the matter, where, since when it is due and by how much it is late."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from desk.api.lines import EscalationShort
from desk.notices.phrases import WHAT
from desk.opening import Desk
from desk.pages.by_now_words import by_now_said
from desk.pages.voices import Voice
from desk.views.by_now import ByNow, Declined
from desk.views.escalations import EscalationLine
from desk.words import _, spoken
from models.ids import SOURCE_PREFIX
from models.premises import ScopeKind

_MIDDAY: Final = time(12)


@dataclass(frozen=True, slots=True)
class Matter:
    """One escalation in words. ``late`` is how long ago it was due, negative while that is to come.

    What has no due time of its own (``is_due`` is false), such as a night, stands since ``due`` instead. ``by_now``
    says how it stands where that differs from what the role was told; ``declined`` by whom, and why.
    """

    id: str
    what: str
    where: str
    about: str
    reason: str
    told: str
    told_at: datetime
    due: datetime
    late: timedelta
    is_due: bool
    priority: str | None
    business_critical: bool
    repeat: int
    standing: bool
    held_until: datetime | None
    by_now: str
    declined: Declined | None

    @property
    def is_held(self) -> bool:
        """Whether somebody has taken it on, and that still holds."""
        return self.held_until is not None


def matter(line: EscalationLine | EscalationShort, desk: Desk, now: ByNow) -> Matter:
    """An escalation in the words of the language that is spoken, and how it stands by ``now``."""
    due = line.original_due_at or line.due_at
    holds = line.acknowledged_until is not None and line.acknowledged_until > desk.now
    return Matter(
        id=str(line.id),
        what=what(line.kind, line.clock),
        where=place_name(desk, line.premises),
        about=subject_name(line.subject),
        reason=line.reason,
        told=role_name(desk, line.role),
        told_at=line.due_at,
        due=due,
        late=desk.now - due,
        is_due=line.original_due_at is not None,
        priority=line.priority,
        business_critical=line.business_critical,
        repeat=line.repeat,
        standing=line.standing,
        held_until=line.acknowledged_until if holds else None,
        by_now=by_now_said(line.priority, now.order),
        declined=_declined(now, desk),
    )


def _declined(now: ByNow, desk: Desk) -> Declined | None:
    """Who cannot act, as people know the role."""
    found = now.declined
    return replace(found, role=role_name(desk, found.role)) if found is not None else None


def what(kind: str, clock: str) -> str:
    """What is the matter, in the words that every notice about it bears."""
    phrase = WHAT.get((kind, clock))
    return _(phrase) if phrase is not None else kind


def place_name(desk: Desk, unit: str) -> str:
    """The premises as people know it; a source by its id."""
    found = desk.world.estates.at(desk.now).premises(unit)
    return found.name if found is not None else unit.removeprefix(SOURCE_PREFIX)


def subject_name(subject: str) -> str:
    """What it is about: a repair by its reference, a night by its date, a source by its id."""
    if subject.startswith(SOURCE_PREFIX):
        return _("source {source}", source=subject.removeprefix(SOURCE_PREFIX))
    if "/" not in subject:
        return _("repair {reference}", reference=subject)
    return _("night of {day}", day=night_day(subject))


def night_day(subject: str) -> str:
    """The date of a night in words."""
    night = date.fromisoformat(subject.rpartition("/")[2])
    return spoken().day(datetime.combine(night, _MIDDAY, UTC))


def role_name(desk: Desk, role_id: str) -> str:
    """The role as people know it."""
    found = desk.world.estates.at(desk.now).role(role_id)
    return found.name if found is not None else role_id


def reach_name(desk: Desk, voice: Voice) -> str:
    """How far a role reaches, in words."""
    return (
        place_names(desk).get(voice.of, voice.of) if voice.reach is not ScopeKind.DIVISION else _("the whole division")
    )


def place_names(desk: Desk) -> dict[str, str]:
    """The names of premises, delivery units, contractors and regions by their ids."""
    spec = desk.world.estates.at(desk.now).spec
    contractors = {one.id: one.name for one in spec.providers}
    regions = {one.id: one.name for one in spec.regions}
    units = {one.id: one.name for one in spec.ldus}
    return {**contractors, **regions, **units, **{one.id: one.name for one in spec.premises}}


def lateness(one: Matter) -> str:
    """How late it is, how long there is, or how long it has stood."""
    length = spoken().span(one.late)
    if not one.is_due:
        return _("for {length}", length=length)
    return _("{length} late", length=length) if one.late >= timedelta(0) else _("in {length}", length=length)
