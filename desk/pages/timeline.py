"""One timeline of an order or a night: what was known, said, sent and answered, the newest first.

How a page uses it::

    async with caller.place.ledger.reading() as connection:
        view = await read_subject(connection, desk.world, desk.now, subject, premises)
        sent = await notices.of(connection, [one.id for one in view.escalations])   # streams.ledger.notices
    shown = timeline(visit, view, sent)
    return page(..., timeline=shown)

and in its template::

    {% import "timeline.html" as timelines %}
    {{ timelines.timeline(timeline, path) }}     {# ``path``: the page's own address; ``?all=yes`` shows everything #}

``timeline`` gives a :class:`Timeline`: its ``days``, the newest first, each with its entries, the newest first. It
shows the newest ``AT_ONCE`` entries unless the address asks for all (``?all=yes``); ``left_out`` says how many that
leaves. The list that it is made from is :func:`entries`, for pages that show it otherwise. What somebody typed is told
apart (``Kind.TYPED``, ``note``), and is shown as text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Final
from uuid import UUID

from desk.notices.phrases import WHAT
from desk.opening import Desk
from desk.pages.sentences import role_name
from desk.pages.timeline_words import CHANNELS, FATES, NOTICES, STATEMENTS, Detail, Kind, details, title_of
from desk.pages.visitors import Visit
from desk.views.escalations import EscalationLine, StatementLine
from desk.views.subject import EventLine, SubjectView
from desk.words import _, many, spoken
from models.decision import NightState
from models.escalation import StatementKind
from models.schemas import type_of
from streams.notices.notice import Fate, Notice
from workorders.history_order import REPORTS

AT_ONCE: Final = 100
"""How many entries are shown unless all are asked for."""
WORTH_SAYING: Final = timedelta(minutes=15)
"""From which length on it is said how much later something was heard than it happened."""
ALL, YES = "all", "yes"
"""The part of an address that asks for every entry."""
_SAID_LATE: Final = timedelta(minutes=1)
_ANSWERS: Final = "facilities.escalation-response."
_REPORTS: Final = frozenset(type_of(one) for one in REPORTS)


class Sort(StrEnum):
    """What an entry tells of."""

    KNOWN = "known"
    SAID = "said"
    SENT = "sent"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline; ``at`` is when it was heard, said, sent or answered, ``happened`` if that was earlier.

    ``time`` is the time of day of ``at``. ``title`` and ``late`` are in the page's language; ``whom``, ``why`` and
    ``ignored`` were made in English below, and are shown by ``known``; ``note`` was typed. ``is_late``: news that the
    rules call late; ``settled`` says what the client side made of it.
    """

    sort: Sort
    at: datetime
    title: str
    time: str = ""
    whom: str = ""
    source: str = ""
    what: str = ""
    details: Sequence[Detail] = ()
    why: str = ""
    note: str = ""
    happened: datetime | None = None
    late: str = ""
    is_late: bool = False
    settled: str = ""
    ignored: str = ""
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """One day at the premises, with what it brought."""

    name: str
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Days and their entries, the newest first; ``left_out`` older entries are not shown."""

    days: Sequence[Day]
    total: int
    left_out: int


def timeline(visit: Visit, view: SubjectView, notices: Mapping[UUID, Sequence[Notice]]) -> Timeline:
    """The timeline of an order or a night, as long as the address asks for."""
    desk = visit.caller.desk
    found = entries(desk, view, notices)
    shown = found if visit.request.query_params.get(ALL) == YES else found[:AT_ONCE]
    days = [[*group] for _date, group in groupby(shown, key=lambda one: one.at.astimezone(desk.zone).date())]
    return Timeline([Day(spoken().day(day[0].at), day) for day in days], len(found), len(found) - len(shown))


def entries(desk: Desk, view: SubjectView, notices: Mapping[UUID, Sequence[Notice]]) -> list[Entry]:
    """All that was known, said, sent and answered about a subject, the newest first."""
    lines = {one.id: one for one in view.escalations}
    found = [
        *(_event(one, view, lines, desk) for one in view.events),
        *(_statement(one, desk) for one in view.statements),
        *_sent(notices, lines, desk),
    ]
    # Of one instant what was heard comes first, then what was said because of it, then what was sent: read upwards.
    place = list(Sort)
    newest_first = sorted(found, key=lambda one: (one.at, place.index(one.sort)), reverse=True)
    return [replace(one, time=time_of(one.at, desk)) for one in newest_first]


def time_of(at: datetime, desk: Desk) -> str:
    """The time of day with its zone: one hour of the year comes twice."""
    return f"{spoken().time(at)} {at.astimezone(desk.zone).tzname()}"


def _event(event: EventLine, view: SubjectView, lines: Mapping[UUID, EscalationLine], desk: Desk) -> Entry:
    gap = event.heard - event.time
    named = event.says.get("escalation_id")
    answered = lines.get(UUID(str(named))) if named is not None else None
    late = _("heard {length} later", length=spoken().span(gap)) if gap >= WORTH_SAYING else ""
    is_late = _is_late(event, gap, view, desk)
    return Entry(
        sort=Sort.ANSWERED if event.type.startswith(_ANSWERS) else Sort.KNOWN,
        at=event.heard,
        title=title_of(event.type),
        whom=role_name(desk, event.role),
        source=event.source,
        what=_what(answered.kind, answered.clock) if answered is not None else "",
        details=tuple(details(event.type, event.says, event.time, desk, answered)),
        note=event.note or "",
        happened=event.time if gap >= _SAID_LATE else None,
        late=late,
        is_late=is_late,
        settled=_settled(event, view.events) if is_late and not event.ignored else "",
        ignored=event.ignored or "",
        quarantined=event.quarantined,
    )


def _is_late(event: EventLine, gap: timedelta, view: SubjectView, desk: Desk) -> bool:
    """Whether the rules call it a late report, which the client side must confirm."""
    state, policies = view.state, desk.world.policies
    if isinstance(state, NightState):
        policy = policies.by_version(state.policy_version) or policies.at(state.starts)
    else:
        policy = policies.at(state.raised_at or event.heard)
    limit = policy.late_after(event.role)
    return event.type in _REPORTS and limit is not None and gap > limit


def _settled(event: EventLine, events: Iterable[EventLine]) -> str:
    named = (event.source, event.id)
    for one in reversed([*events]):
        if (one.says.get("of_source"), one.says.get("of_id")) != named or one.ignored or one.quarantined:
            continue
        if one.type.endswith(".report-confirmed"):
            return _("The client side has confirmed it.")
        if one.type.endswith(".report-refused"):
            return _("The client side has refused it, so it does not count.")
    return _("What it says is contested until the client side confirms it.")


def _statement(one: StatementLine, desk: Desk) -> Entry:
    late = timedelta(seconds=one.late_seconds)
    is_new = one.statement == StatementKind.RAISED
    title = _(STATEMENTS.get(one.statement, one.statement))
    if is_new and one.repeat:
        title = many("Escalated again, {n} time by now", "Escalated again, {n} times by now", one.repeat)
    told = [Detail(_("Due"), spoken().moment(one.due_at))] if is_new and late >= _SAID_LATE else []
    if one.statement == StatementKind.ACKNOWLEDGED and one.acknowledged_until is not None:
        told = [Detail(_("Held until"), spoken().moment(one.acknowledged_until))]
    return Entry(
        sort=Sort.SAID,
        at=one.said_at,
        title=title,
        whom=role_name(desk, one.role),
        what=_what(one.kind, one.clock),
        details=tuple(told),
        why=one.reason,
        late=_("said {length} after it was due", length=spoken().span(late)) if is_new and late >= _SAID_LATE else "",
    )


def _sent(
    notices: Mapping[UUID, Sequence[Notice]], lines: Mapping[UUID, EscalationLine], desk: Desk
) -> Iterator[Entry]:
    """One entry for all notices about one statement to one role; no address is shown."""
    found: dict[tuple[UUID, int, str], list[Notice]] = {}
    for escalation, group in notices.items():
        for one in group:
            if one.what in NOTICES:
                found.setdefault((escalation, one.n, one.role), []).append(one)
    for (escalation, _n, role), group in found.items():
        line = lines.get(escalation)
        yield Entry(
            sort=Sort.SENT,
            at=min(one.planned_at for one in group),
            title=_(NOTICES[group[0].what]),
            whom=role_name(desk, role),
            what=_what(line.kind, line.clock) if line is not None else "",
            details=tuple(_fate(one) for one in sorted(group, key=lambda one: (one.kind, one.address))),
        )


def _fate(one: Notice) -> Detail:
    parts = [_(FATES[Fate(one.outcome)])]
    if one.tries > 1:
        parts.append(many("tried {n} time", "tried {n} times", one.tries))
    if one.next_at is not None and one.tries and one.settled_at is None:
        parts.append(_("tried again at {moment}", moment=spoken().moment(one.next_at)))
    return Detail(_(CHANNELS[one.kind]) if one.kind in CHANNELS else one.kind, ", ".join(parts), Kind.SAID)


def _what(kind: str, clock: str) -> str:
    phrase = WHAT.get((kind, clock))
    return _(phrase) if phrase is not None else ""
