"""All that is known of one order, for its page: its state and why, what was sent, its pauses, and what comes next."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from desk.api.finding import place_named
from desk.api.problems import Problem, missing
from desk.exits import NotFound
from desk.opening import Desk
from desk.pages.visitors import Visit
from desk.views.coming import next_rungs
from desk.views.explaining import Explanation, read_explanation
from desk.views.subject import SubjectView, read_subject
from models.decision import Context, OrderState, Reached
from models.history import Taken
from models.premises import PremisesKind
from streams.ledger import notices, store
from streams.ledger.context import Contexts
from streams.notices.notice import Notice
from workorders.calendars import BeyondCalendar
from workorders.decide import Case
from workorders.history import arrange
from workorders.order_reckoning import PauseSpans, reckon


@dataclass(frozen=True, slots=True)
class OrderRead:
    """One order with what its page shows; ``coming`` are the next rungs of its ladders if nothing else is heard."""

    why: Explanation
    notices: Mapping[UUID, Sequence[Notice]]
    pauses: PauseSpans
    coming: Sequence[Reached]

    @property
    def view(self) -> SubjectView:
        """Its state, and everything that was heard and said about it."""
        return self.why.subject

    @property
    def state(self) -> OrderState:
        """How it stands."""
        return order_state(self.view)


def order_state(view: SubjectView) -> OrderState:
    """The state of a subject that is an order."""
    if not isinstance(view.state, OrderState):
        raise missing("order")
    return view.state


def order_asked(visit: Visit) -> tuple[str, str]:
    """The premises and the reference that an address names; what is beyond reach is missing like what there is not."""
    given = visit.request.path_params
    premises, reference = str(given["premises"]), str(given["reference"])
    try:
        return place_named(visit.caller, reference, premises) or premises, reference
    except Problem:
        raise missing("order") from None


async def read_order(visit: Visit) -> OrderRead:
    """The order that an address names; that somebody looked is put on record before it is shown."""
    caller, desk = visit.caller, visit.caller.desk
    premises, reference = order_asked(visit)
    async with caller.place.ledger.reading() as connection:
        try:
            why = await read_explanation(connection, desk.world, desk.now, reference, premises)
        except NotFound:
            raise missing("order") from None
        sent = await notices.of(connection, [one.id for one in why.subject.escalations])
        history, context = await _history(connection, desk, (premises, reference))
    await caller.note(reference)
    state = order_state(why.subject)
    case = Case(premises, reference, history, context, since=caller.place.since)
    coming = sorted(next_rungs(case, desk.world, desk.now, begun=False).values(), key=lambda one: one.due_at)
    return OrderRead(why, sent, _pauses(case, state, desk), coming)


async def read_state(visit: Visit) -> SubjectView:
    """The order as its forms need it, without what its page shows beside."""
    caller, desk = visit.caller, visit.caller.desk
    premises, reference = order_asked(visit)
    async with caller.place.ledger.reading() as connection:
        try:
            view = await read_subject(connection, desk.world, desk.now, reference, premises)
        except NotFound:
            raise missing("order") from None
    await caller.note(reference)
    order_state(view)
    return view


async def _history(connection: AsyncConnection, desk: Desk, key: tuple[str, str]) -> tuple[list[Taken], Context]:
    """What was heard about an order, and what else of its premises matters to it."""
    history = (await store.known(connection, {key}))[key].history
    contexts = Contexts(desk.world)
    await contexts.read(connection, {key: history})
    return history, contexts.of(key, history)


def _pauses(case: Case, state: OrderState, desk: Desk) -> PauseSpans:
    """The stretches in which the clock of the repair stood still, as far as the rules allow them."""
    if state.raised_at is None:
        return ()
    premises = desk.world.estates.at(desk.now).premises(case.unit)
    kind = premises.kind if premises is not None else PremisesKind.OFFICE
    kept = arrange(case.history, desk.world.policies.at(state.raised_at).late_after).kept
    with suppress(BeyondCalendar):
        found = reckon(case.subject, kept, kind, desk.world.policies, case.context, desk.now)
        return found.pauses if found is not None else ()
    return ()
