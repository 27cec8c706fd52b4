"""One order: how it stands, its clocks, its ladders and why, one timeline of everything, and what a person may do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup, escape
from starlette.responses import Response

from desk.access.rights import Action, may
from desk.opening import Desk
from desk.pages.charts.clocks import At, Bar, draw_clocks, scale_of
from desk.pages.charts.keys import draw_key
from desk.pages.escalations import verbs
from desk.pages.navigation import DISPUTES, ESCALATIONS, subject_address
from desk.pages.order_forms import FORMS
from desk.pages.order_ladders import ahead, ladders
from desk.pages.order_reading import OrderRead, read_order
from desk.pages.order_words import FACTS, ClockRow, clock_rows, state_said, target_rows
from desk.pages.rendering import known, page
from desk.pages.sentences import place_name
from desk.pages.timeline import timeline
from desk.pages.visitors import Visit, can_say
from desk.views.explaining import Fact
from desk.words import _, spoken
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from desk.words.dates import written
from models.decision import OrderState
from models.premises import PremisesKind

ID: Final = "clocks"
"""What the drawing is called on its page."""
_A_YEAR: Final = timedelta(days=300)
_KEYS: Final = (
    ("allowed", N_("time allowed")),
    ("run", N_("time that has passed")),
    ("late", N_("over the time allowed")),
    ("pause", N_("the clock was paused")),
    ("due", N_("due")),
    ("met", N_("met")),
    ("hours", N_("hours in which the clock runs")),
    ("now", N_("now")),
)


_PREMISES: Final[Mapping[str, str]] = {
    PremisesKind.APPROVED_PREMISES: N_("approved premises"),
    PremisesKind.OFFICE: N_("office"),
    PremisesKind.COURT: N_("court"),
    PremisesKind.SHARED: N_("shared premises"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One fact with its name, as people call it, and its values in the page's language."""

    name: str
    values: Sequence[Markup]


@dataclass(frozen=True, slots=True)
class Way:
    """Something that a person may do here."""

    text: str
    href: str


async def show_order(visit: Visit) -> Response:
    """The page of one order."""
    read, desk = await read_order(visit), visit.caller.desk
    state, why = read.state, read.why
    rows = clock_rows(read, desk)
    here = subject_address(read.view.premises, read.view.subject)
    return page(
        visit.request, "order.html", 200,
        here=here, reference=read.view.subject, where=place_name(desk, read.view.premises), now=desk.now,
        state=state, state_said=state_said(state), why=why, incomplete=read.view.incomplete,
        facts=[_told(one) for one in why.facts], rows=rows, targets=target_rows(read, desk),
        drawing=drawing(rows, state, desk) if rows else None, keys=keys(rows, state),
        ladders=ladders(read, desk), ahead=ahead(read, desk), verbs=verbs(visit), escalations=ESCALATIONS,
        disputes=DISPUTES if may(visit.caller.key.holder, Action.READ_DISPUTES) else None,
        reference_since=_reference_since(read), doings=doings(visit, state, here),
        timeline=timeline(visit, read.view, read.notices),
    )  # fmt: skip


def doings(visit: Visit, state: OrderState, here: str) -> list[Way]:
    """What this role may do about an order that stands so."""
    return [
        Way(_(form.heading), f"{here}/{name}")
        for name, form in FORMS.items()
        if can_say(visit, form.operation) and state.status in form.fits
    ]


def keys(rows: Sequence[ClockRow], state: OrderState) -> list[tuple[Markup, str]]:
    """What each form of the drawing means, of those that are in it."""
    absent = {
        "late": all(one.until <= one.clock.due for one in rows),
        "pause": not any(one.pauses for one in rows),
        "met": all(one.clock.met is None for one in rows),
        "now": state.ended_at is not None,
    }
    return [(draw_key(ID, form), _(words)) for form, words in _KEYS if not absent.get(form)]


def drawing(rows: Sequence[ClockRow], state: OrderState, desk: Desk) -> Markup:
    """The clocks as bars."""
    bars = [
        Bar(one.name, one.state, one.clock.start, one.clock.due, one.until, one.clock.met, one.clock.breached_at,
            one.pauses, one.hours)
        for one in rows
    ]  # fmt: skip
    now = (desk.now, _("now")) if state.ended_at is None else None
    scale = scale_of(bars, desk.now if now is not None else None)
    places, are_days = scale.marks(desk.zone)
    pattern = "EEE HH:mm" if not are_days else "d MMM" if scale.until - scale.since < _A_YEAR else "MMM y"
    marks: list[At] = [(at, written(at, pattern, spoken().language)) for at in places]
    desc = " ".join(_described(one) for one in rows)
    return draw_clocks(ID, _("The clocks as bars"), desc, bars, marks, now)


def _described(row: ClockRow) -> str:
    due = spoken().moment(row.clock.due)
    return _("{clock}: due {moment}, {state}.", clock=row.name, moment=due, state=row.state)


def _told(fact: Fact) -> Told:
    name = _(FACTS[fact.name]) if fact.name in FACTS else fact.name
    if fact.value in _PREMISES:
        return Told(name, [escape(_(_PREMISES[fact.value]))])
    return Told(name, [known(one) for one in (fact.words.split(", ") if fact.name == "impacts" else [fact.words])])


def _reference_since(read: OrderRead) -> datetime | None:
    """When somebody last said what the contractor calls it; None if nobody has."""
    said = [one.time for one in read.view.events if one.says.get("contractor_reference") and one.ignored is None]
    return max(said, default=None)
