"""The pages of orphans and disputes."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from desk.instants import length, local
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import counted, priority, table
from desk.seeing.words import event_name
from desk.views.lists import Dispute, Orphan, read_disputes, read_orphans


def show_orphans(reading: Reading) -> int:
    """Print the events that wait for an order which nobody has raised."""
    return look(reading, "orphans", lambda _, connection: read_orphans(connection), draw_orphans)


def draw_orphans(orphans: list[Orphan], desk: Desk) -> Iterable[RenderableType]:
    """A line for each order that was named and never raised."""
    if not orphans:
        yield Text("No events wait for an order that nobody has raised.", style="good")
        return
    yield Text(
        f"{counted(len(orphans), 'order')} named by events and never raised: a reference may be mistyped.", style="head"
    )
    yield ""
    drawn = table("order", "premises", "what was said", "by", "first heard", "waiting")
    for one in orphans:
        drawn.add_row(
            one.subject,
            one.premises,
            ", ".join(event_name(kind) for kind in one.types),
            ", ".join(one.sources),
            local(one.first_heard, desk.zone),
            Text(length(desk.now - one.first_heard), style="bad"),
        )
    yield drawn


def show_disputes(reading: Reading) -> int:
    """Print the orders on which the provider's priority differs from ours."""
    return look(reading, "disputes", lambda _, connection: read_disputes(connection), draw_disputes)


def draw_disputes(disputes: list[Dispute], desk: Desk) -> Iterable[RenderableType]:
    """A line for each open dispute."""
    if not disputes:
        yield Text("Nobody disputes a priority.", style="good")
        return
    yield Text(
        f"{counted(len(disputes), 'dispute')} open: our view stands until 'workorders settle ORDER PRIORITY'.",
        style="head",
    )
    yield ""
    drawn = table("order", "premises", "ours", "theirs", "since", "to be fixed by")
    for one in disputes:
        drawn.add_row(
            one.subject,
            one.premises,
            priority(one.ours),
            priority(one.providers),
            f"{local(one.since, desk.zone)} ({length(desk.now - one.since)})",
            local(one.fix_due, desk.zone) if one.fix_due is not None else "·",
        )
    yield drawn
