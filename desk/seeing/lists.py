"""The pages of orphans and disputes."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from desk.instants import length, local
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import priority, table
from desk.seeing.words import event_name, left_out
from desk.views.listed import Listed
from desk.views.lists import DisputeLine, Orphan, read_disputes, read_orphans
from desk.words import _, many


def show_orphans(limit: int, reading: Reading) -> int:
    """Print the events that wait for an order which nobody has raised."""
    return look(reading, "orphans", lambda _, connection: read_orphans(connection, limit), draw_orphans)


def draw_orphans(orphans: Listed[Orphan], desk: Desk) -> Iterable[RenderableType]:
    """A line for each order that was named and never raised."""
    if not orphans.total:
        yield Text(_("No events wait for an order that nobody has raised."), style="good")
        return
    said = many(
        "{n} order named by events and never raised: a reference may be mistyped.",
        "{n} orders named by events and never raised: a reference may be mistyped.",
        orphans.total,
    )
    yield Text(said, style="head")
    yield from left_out(orphans)
    yield ""
    drawn = table(_("order"), _("premises"), _("what was said"), _("by"), _("first heard"), _("waiting"), lead=2)
    for one in orphans.lines:
        drawn.add_row(
            one.subject,
            one.premises,
            ", ".join(event_name(kind) for kind in one.types),
            ", ".join(one.sources),
            local(one.first_heard, desk.zone),
            Text(length(desk.now - one.first_heard), style="bad"),
        )
    yield drawn


def show_disputes(limit: int, reading: Reading) -> int:
    """Print the orders on which the provider's priority differs from ours."""
    return look(reading, "disputes", lambda _, connection: read_disputes(connection, limit), draw_disputes)


def draw_disputes(disputes: Listed[DisputeLine], desk: Desk) -> Iterable[RenderableType]:
    """A line for each open dispute."""
    if not disputes.total:
        yield Text(_("Nobody disputes a priority."), style="good")
        return
    said = many(
        "{n} dispute open: our view stands until 'workorders settle ORDER PRIORITY'.",
        "{n} disputes open: our view stands until 'workorders settle ORDER PRIORITY'.",
        disputes.total,
    )
    yield Text(said, style="head")
    yield from left_out(disputes)
    yield ""
    drawn = table(_("order"), _("premises"), _("ours"), _("theirs"), _("since"), _("to be fixed by"), lead=2)
    for one in disputes.lines:
        drawn.add_row(
            one.subject,
            one.premises,
            priority(one.ours),
            priority(one.providers),
            f"{local(one.since, desk.zone)} ({length(desk.now - one.since)})",
            local(one.fix_due, desk.zone) if one.fix_due is not None else "·",
        )
    yield drawn
