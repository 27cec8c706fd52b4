"""The page of one order or night: how it stands, what is escalated, and everything that was heard and said."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from desk.instants import length, local, local_in_full
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import priority, table
from desk.seeing.details import details
from desk.seeing.nights import WORDS, cover_words
from desk.seeing.words import STATEMENT_STYLES, answered, code_words, event_name, short_id, what, whom
from desk.views.escalations import StatementLine
from desk.views.nights import status_of
from desk.views.subject import EventLine, SubjectView, read_subject
from desk.words import _, many, reason
from models.decision import ClockState, NightState, OrderState

_SAYS_WHAT_IS_DUE: Final = frozenset({"raised", "reinstated", "amended"})
"""The statements that say that a rung is due; the others say that it was answered or is over."""


def show_subject(subject: str, premises: str | None, reading: Reading) -> int:
    """Print everything about one order or night."""
    return look(
        reading,
        "subject",
        lambda desk, connection: read_subject(connection, desk.world, desk.now, subject, premises),
        draw_subject,
    )


def draw_subject(view: SubjectView, desk: Desk) -> Iterable[RenderableType]:
    """The whole page."""
    yield Text.assemble((view.subject, "head"), f"  {view.premises_name} ({view.premises})")
    if view.incomplete:
        yield Text(
            _("Incomplete: something about this premises could not be decided and is in quarantine."), style="bad"
        )
    draw = draw_night_state if isinstance(view.state, NightState) else draw_order_state
    yield from draw(view, desk)
    yield from draw_standing(view, desk)
    yield ""
    yield from draw_timeline(view, desk)


def draw_order_state(view: SubjectView, desk: Desk) -> Iterable[RenderableType]:
    """An order's class with its reasons, and its clocks."""
    order = view.state
    if not isinstance(order, OrderState):
        return
    yield _order_line(order, desk)
    known = order.classification
    if known is not None:
        facts = dict(known.facts)
        yield f"{code_words('asset', facts['asset'], desk)}: {code_words('fault', facts['fault'], desk)}"
        for rule in known.rules:
            yield Text.assemble("  ", priority(rule.priority), f" {reason(rule.reason)} ", (f"[{rule.rule}]", "quiet"))
        if known.effective != known.base:
            counts = _("Counts as {priority} by joined risk; 'workorders explain {subject}' says which.",
                       priority=known.effective.value, subject=view.subject)  # fmt: skip
            yield Text(f"  {counts}", style="p2")
    if order.dispute_since is not None:
        disputed = _("Disputed since {since}: the provider says {theirs}. Ours stands until settled.",
                     since=local(order.dispute_since, desk.zone), theirs=order.provider_priority)  # fmt: skip
        yield Text(f"  {disputed}", style="doubt")
    if order.clocks:
        yield _clocks(order.clocks, desk)
    if order.paused_until is not None:
        paused = _("The fix clock is paused until {until}.", until=local_in_full(order.paused_until, desk.zone))
        yield Text(f"  {paused}", style="p3")


def draw_night_state(view: SubjectView, desk: Desk) -> Iterable[RenderableType]:
    """A night's window, cover and shortage."""
    night = view.state
    if not isinstance(night, NightState):
        return
    word, style = WORDS[status_of(night, desk.world, desk.now)]
    starts, ends = local_in_full(night.starts, desk.zone), local_in_full(night.ends, desk.zone)
    needs = _("needs {required}, of whom {own} own staff", required=night.required, own=night.own_staff)
    window = _("{starts} to {ends}", starts=starts, ends=ends)
    yield Text.assemble((_(word), style), f"  {needs}  {window}")
    for cover in night.covers:
        cost = f", £{cover.cost_pence / 100:,.2f}" if cover.cost_pence else ""
        yield f"  · {cover_words(cover, desk, night.night)}{cost}"
    if not night.confirmed:
        nothing = _("Nobody has said anything about this night: that is not known to be zero cover, nor any.")
        yield Text(f"  {nothing}", style="doubt")
    if night.uncovered_minutes:
        missing = length(timedelta(minutes=night.uncovered_minutes))
        short = _("Short of people for {length} so far: {spans}.", length=missing, spans=_spans(night, desk))
        yield Text(f"  {short}", style="bad")


def draw_standing(view: SubjectView, desk: Desk) -> Iterable[RenderableType]:
    """Each escalation that stands, and how many are over."""
    standing = [one for one in view.escalations if one.standing]
    over = len(view.escalations) - len(standing)
    if standing:
        yield ""
        heads = (_("id"), _("what"), _("told"), _("due"), _("answer"))
        drawn = table(*heads, whole=(0, 3), lead=2)
        for one in standing:
            drawn.add_row(short_id(one), what(one), whom(one, desk), local(one.due_at, desk.zone), answered(one, desk))
        yield drawn
    elif view.escalations:
        yield Text(_("Nothing stands escalated."), style="good")
    if over:
        yield Text(many("{n} closed or withdrawn.", "{n} closed or withdrawn.", over), style="quiet")


def draw_timeline(view: SubjectView, desk: Desk) -> Iterable[RenderableType]:
    """Everything in the order in which it became known: when it was heard or said, and when it happened or was due."""
    heads = (_("heard or said"), _("happened or due"), "", "")
    drawn = table(*heads, title=_("What was heard and said"), whole=(0, 1), lead=1)
    rows: list[tuple[datetime, int, tuple[RenderableType, ...]]] = [
        (event.heard, 0, _event_cells(event, desk)) for event in view.events
    ]
    rows += [(one.said_at, 1, _statement_cells(one, desk)) for one in view.statements]
    for row in sorted(rows, key=lambda row: row[:2]):
        drawn.add_row(*row[2])
    yield drawn


def _statement_cells(one: StatementLine, desk: Desk) -> tuple[RenderableType, ...]:
    style = STATEMENT_STYLES[one.statement]
    to = _("{what} to {role}", what=what(one), role=whom(one, desk))
    text = Text.assemble((f"{reason(one.statement)} ", style), f"{to} {short_id(one)} #{one.n}")
    # What ended or answered it did so when it was said; the rung's due time would look like the time of its end.
    due = local(one.due_at, desk.zone) if one.statement in _SAYS_WHAT_IS_DUE else ""
    return local(one.said_at, desk.zone), due, text, Text(reason(one.reason), style="quiet")


def _event_cells(event: EventLine, desk: Desk) -> tuple[RenderableType, ...]:
    gap = event.heard - event.time
    by = _("by {source}", source=event.source)
    if gap >= timedelta(minutes=15):
        by = _("by {source} ({length} later)", source=event.source, length=length(gap))
    what_it_says = Text.assemble((event_name(event.type), "head"), f" {by}")
    remarks = []
    if event.says:
        remarks.append(Text(details(event.says, desk.zone), style="quiet"))
    if event.note is not None:
        remarks.append(Text(f"“{event.note}”"))
    if event.ignored is not None:
        remarks.append(Text(_("changes nothing: {why}", why=reason(event.ignored)), style="doubt"))
    if event.quarantined:
        remarks.append(Text(_("in quarantine: it could not be decided"), style="bad"))
    return local(event.heard, desk.zone), local(event.time, desk.zone), what_it_says, Text("\n").join(remarks)


def _order_line(order: OrderState, desk: Desk) -> Text:
    if order.classification is None:
        nobody = _("{status}: nobody has raised it, so it has no priority and no clocks.", status=reason(order.status))
        return Text(nobody, style="doubt")
    raised = _("raised {when}", when=local_in_full(order.raised_at, desk.zone)) if order.raised_at is not None else ""
    ended = reason(order.status) if order.ended_at is not None else _("open")
    if order.ended_at is not None:
        ended += f" {local_in_full(order.ended_at, desk.zone)}"
    again = "" if order.spell == "first" else _(", re-opened after rejected work")
    critical = _(" business-critical") if order.classification.effective == "P1" else ""
    return Text.assemble(priority(order.classification.effective), f"{critical}  {raised}, {ended}{again}")


def _clocks(clocks: Iterable[ClockState], desk: Desk) -> RenderableType:
    drawn = table("  " + _("clock"), _("due"), "", "", whole=(0, 1))
    for clock in clocks:
        drawn.add_row(f"  {reason(clock.name)}", local_in_full(clock.due, desk.zone), *_clock_words(clock, desk))
    return drawn


def _clock_words(clock: ClockState, desk: Desk) -> tuple[Text, Text]:
    contested = (
        Text(_("contested: only a late, unconfirmed report says otherwise"), style="doubt")
        if clock.contested
        else Text("")
    )
    if clock.met is not None:
        met = local(clock.met, desk.zone)
        if clock.met > clock.due:
            late = _("met {when}, {length} late", when=met, length=length(clock.met - clock.due))
            return Text(late, style="p2"), contested
        return Text(_("met {when}", when=met), style="good"), contested
    if clock.ended_unmet is not None:
        return Text(_("ended unmet {when}", when=local(clock.ended_unmet, desk.zone)), style="p2"), contested
    if clock.breached_at is not None and clock.due > desk.now:
        # It was due earlier while it counted as graver; a breach that was reached stays one.
        since = _("OVERDUE since {when}, as it counted then", when=local(clock.breached_at, desk.zone))
        return Text(since, style="bad"), contested
    if clock.breached_at is not None:
        return Text(_("OVERDUE by {length}", length=length(desk.now - clock.due)), style="bad"), contested
    return Text(_("{length} left", length=length(clock.due - desk.now)), style="good"), contested


def _spans(night: NightState, desk: Desk) -> str:
    return ", ".join(
        f"{start.astimezone(desk.zone):%H:%M}-{(end or min(desk.now, night.ends)).astimezone(desk.zone):%H:%M}"
        for start, end in night.short
    )
