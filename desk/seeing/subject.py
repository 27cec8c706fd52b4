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
        yield Text("Incomplete: something about this premises could not be decided and is in quarantine.", style="bad")
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
            yield Text.assemble("  ", priority(rule.priority), f" {rule.reason} ", (f"[{rule.rule}]", "quiet"))
        if known.effective != known.base:
            yield Text(
                f"  Counts as {known.effective} by joined risk; 'workorders explain {view.subject}' says which.",
                style="p2",
            )
    if order.dispute_since is not None:
        yield Text(
            f"  Disputed since {local(order.dispute_since, desk.zone)}: the provider says {order.provider_priority}. "
            "Ours stands until settled.", style="doubt",
        )  # fmt: skip
    if order.clocks:
        yield _clocks(order.clocks, desk)
    if order.paused_until is not None:
        yield Text(f"  The fix clock is paused until {local_in_full(order.paused_until, desk.zone)}.", style="p3")


def draw_night_state(view: SubjectView, desk: Desk) -> Iterable[RenderableType]:
    """A night's window, cover and shortage."""
    night = view.state
    if not isinstance(night, NightState):
        return
    word, style = WORDS[status_of(night, desk.world, desk.now)]
    window = f"{local_in_full(night.starts, desk.zone)} to {local_in_full(night.ends, desk.zone)}"
    yield Text.assemble((word, style), f"  needs {night.required}, of whom {night.own_staff} own staff  {window}")
    for cover in night.covers:
        cost = f", £{cover.cost_pence / 100:,.2f}" if cover.cost_pence else ""
        yield f"  · {cover_words(cover, desk, night.night)}{cost}"
    if not night.confirmed:
        yield Text(
            "  Nobody has said anything about this night: that is not known to be zero cover, nor any.", style="doubt"
        )
    if night.uncovered_minutes:
        missing = length(timedelta(minutes=night.uncovered_minutes))
        yield Text(f"  Short of people for {missing} so far: {_spans(night, desk)}.", style="bad")


def draw_standing(view: SubjectView, desk: Desk) -> Iterable[RenderableType]:
    """Each escalation that stands, and how many are over."""
    standing = [one for one in view.escalations if one.standing]
    over = len(view.escalations) - len(standing)
    if standing:
        yield ""
        drawn = table("id", "what", "told", "due", "answer", whole=(0, 3), lead=2)
        for one in standing:
            drawn.add_row(short_id(one), what(one), whom(one, desk), local(one.due_at, desk.zone), answered(one, desk))
        yield drawn
    elif view.escalations:
        yield Text("Nothing stands escalated.", style="good")
    if over:
        yield Text(f"{over} closed or withdrawn.", style="quiet")


def draw_timeline(view: SubjectView, desk: Desk) -> Iterable[RenderableType]:
    """Everything in the order in which it became known: when it was heard or said, and when it happened or was due."""
    drawn = table(
        "heard or said", "happened or due", "", "", title="What was heard and said", whole=(0, 1), lead=1
    )  # fmt: skip
    rows: list[tuple[datetime, int, tuple[RenderableType, ...]]] = [
        (event.heard, 0, _event_cells(event, desk)) for event in view.events
    ]
    rows += [(one.said_at, 1, _statement_cells(one, desk)) for one in view.statements]
    for _, _, cells in sorted(rows, key=lambda row: row[:2]):
        drawn.add_row(*cells)
    yield drawn


def _statement_cells(one: StatementLine, desk: Desk) -> tuple[RenderableType, ...]:
    style = STATEMENT_STYLES[one.statement]
    text = Text.assemble((f"{one.statement} ", style), f"{what(one)} to {whom(one, desk)} {short_id(one)} #{one.n}")
    # What ended or answered it did so when it was said; the rung's due time would look like the time of its end.
    due = local(one.due_at, desk.zone) if one.statement in _SAYS_WHAT_IS_DUE else ""
    return local(one.said_at, desk.zone), due, text, Text(one.reason, style="quiet")


def _event_cells(event: EventLine, desk: Desk) -> tuple[RenderableType, ...]:
    gap = event.heard - event.time
    late = f" ({length(gap)} later)" if gap >= timedelta(minutes=15) else ""
    what_it_says = Text.assemble((event_name(event.type), "head"), f" by {event.source}{late}")
    remarks = []
    if event.says:
        remarks.append(Text(details(event.says, desk.zone), style="quiet"))
    if event.note is not None:
        remarks.append(Text(f"“{event.note}”"))
    if event.ignored is not None:
        remarks.append(Text(f"changes nothing: {event.ignored}", style="doubt"))
    if event.quarantined:
        remarks.append(Text("in quarantine: it could not be decided", style="bad"))
    return local(event.heard, desk.zone), local(event.time, desk.zone), what_it_says, Text("\n").join(remarks)


def _order_line(order: OrderState, desk: Desk) -> Text:
    if order.classification is None:
        return Text(f"{order.status}: nobody has raised it, so it has no priority and no clocks.", style="doubt")
    raised = f"raised {local_in_full(order.raised_at, desk.zone)}" if order.raised_at is not None else ""
    ended = f", {order.status} {local_in_full(order.ended_at, desk.zone)}" if order.ended_at is not None else ", open"
    again = "" if order.spell == "first" else ", re-opened after rejected work"
    critical = " business-critical" if order.classification.effective == "P1" else ""
    return Text.assemble(priority(order.classification.effective), f"{critical}  {raised}{ended}{again}")


def _clocks(clocks: Iterable[ClockState], desk: Desk) -> RenderableType:
    drawn = table("  clock", "due", "", "", whole=(0, 1))
    for clock in clocks:
        drawn.add_row(f"  {clock.name}", local_in_full(clock.due, desk.zone), *_clock_words(clock, desk))
    return drawn


def _clock_words(clock: ClockState, desk: Desk) -> tuple[Text, Text]:
    contested = (
        Text("contested: only a late, unconfirmed report says otherwise", style="doubt")
        if clock.contested
        else Text("")
    )
    if clock.met is not None:
        late = f", {length(clock.met - clock.due)} late" if clock.met > clock.due else ""
        return Text(f"met {local(clock.met, desk.zone)}{late}", style="good" if not late else "p2"), contested
    if clock.ended_unmet is not None:
        return Text(f"ended unmet {local(clock.ended_unmet, desk.zone)}", style="p2"), contested
    if clock.breached_at is not None and clock.due > desk.now:
        # It was due earlier while it counted as graver; a breach that was reached stays one.
        return Text(f"OVERDUE since {local(clock.breached_at, desk.zone)}, as it counted then", style="bad"), contested
    if clock.breached_at is not None:
        return Text(f"OVERDUE by {length(desk.now - clock.due)}", style="bad"), contested
    return Text(f"{length(clock.due - desk.now)} left", style="good"), contested


def _spans(night: NightState, desk: Desk) -> str:
    return ", ".join(
        f"{start.astimezone(desk.zone):%H:%M}-{(end or min(desk.now, night.ends)).astimezone(desk.zone):%H:%M}"
        for start, end in night.short
    )
