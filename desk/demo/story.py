"""The story as it unfolds: what was heard, decided, said and refused since the last look, read from the ledger."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.demo.naming import Names
from desk.demo.sentences import heard, lateness
from desk.demo.spoken import Line, Spoken, in_order
from desk.demo.tally import Account
from desk.instants import local
from desk.printing import counted
from desk.seeing.watch import place_before, said_since
from desk.views.board import read_board
from desk.views.rows import AnyRow
from desk.views.subject import says
from models.decision import OrderState
from models.escalation import ClockName
from models.tables import EventRow, RejectedRow, WorkOrderRow
from streams.ledger import states
from workorders.policy import World

HEARTBEAT: Final = "facilities.source.heartbeat"
_PREFIX: Final = "facilities."
_HOME: Final = "approved-premises"


class Story:
    """Tells what is new each time it is asked. What was there before ``begins`` is background, told in sums."""

    def __init__(self, world: World, begins: datetime) -> None:
        self._world = world
        self._begins = self._heard_until = self._told_until = begins
        self._names = Names(world, begins)
        self._spoken = Spoken(self._names, begins)
        self._known: set[tuple[str, str]] = set()
        self._statements = self._refusals = self._sent_twice = 0

    async def start(self, connection: AsyncConnection) -> list[Line]:
        """Take everything that is in the ledger now as background, and sum it up."""
        await self._events(connection)
        self._statements = await place_before(connection, 0)
        old = select(col(WorkOrderRow.unit), col(WorkOrderRow.subject)).where(
            col(WorkOrderRow.raised_at) < self._begins
        )
        self._spoken.start(frozenset((row.unit, row.subject) for row in await connection.execute(old)))
        board = await read_board(connection, self._world, self._begins)
        homes = [line.figures.outstanding or 0 for ldu in board.ldus for line in ldu.premises if line.kind == _HOME]
        found = (
            f"{counted(board.total.outstanding or 0, 'old order')} are found outstanding, {sum(homes)} of them at the "
        )
        found += f"{len(homes)} approved premises; {board.total.breached} are overdue"
        told = f"{counted(board.total.standing, 'escalation')} stand about them, each told to its role"
        return [Line(self._begins, "decided", found), Line(self._begins, "routine", told)]

    async def more(self, connection: AsyncConnection, account: Account, now: datetime) -> list[Line]:
        """The lines since the last time, in the order in which they became known."""
        found = [line for row in await self._events(connection) for line in await self._heard(connection, row)]
        found += await self._refused(connection)
        if account.sent_twice > self._sent_twice:
            twice = counted(account.sent_twice - self._sent_twice, "event")
            found.append(
                Line(now, "duplicate", f"{twice} came again, word for word: counted as a duplicate, and nothing else")
            )
            self._sent_twice = account.sent_twice
        statements, self._statements = await said_since(connection, self._statements)
        found += self._spoken.tell(statements)
        found = in_order(found)
        self._told_until = max([self._told_until, *(line.at for line in found)])
        return [*found, *self._spoken.sum_up(self._told_until)]

    async def _events(self, connection: AsyncConnection) -> list[AnyRow]:
        query = (
            select(*(col(getattr(EventRow, name)) for name in _EVENT))
            .where(col(EventRow.recorded_at) >= self._heard_until, col(EventRow.type) != HEARTBEAT)
            .order_by(col(EventRow.recorded_at), col(EventRow.heard), col(EventRow.time))
        )
        fresh: list[AnyRow] = []
        for row in await connection.execute(query):
            if (row.source, row.id) not in self._known:
                self._known.add((row.source, row.id))
                self._heard_until = max(self._heard_until, row.recorded_at)
                fresh.append(row)
        return fresh

    async def _heard(self, connection: AsyncConnection, row: AnyRow) -> list[Line]:
        policy = self._world.policies.at(row.heard)
        kind = row.type.removeprefix(_PREFIX)
        event = states.stored_event(row.type, row.body)
        name = self._names.subject(row.unit, row.subject)
        sentence = heard(kind, name, self._names.role(row.role), says(event), policy)
        found = [Line(row.heard, "heard", f"{sentence}{lateness(row.heard - row.time)}")]
        order = await _order(connection, row.unit, row.subject)
        if order is not None:
            found += [Line(row.heard, "decided", text) for text in self._decided(kind, order, row.heard)]
        return found

    def _decided(self, kind: str, order: OrderState, at: datetime) -> list[str]:
        """What follows for the order, where that is worth a line."""
        known, subject = order.classification, order.subject
        if known is None:
            return [f"Nobody has raised {subject}: the report waits for its order"]
        if kind == "work-order.completion-rejected" and order.is_open:
            zone = self._world.policies.at(at).zone
            fix = next((clock.due for clock in order.clocks if clock.name is ClockName.FIX), None)
            due = f": to be fixed by {local(fix, zone)}, as from the first" if fix is not None else ""
            return [f"{subject} is open again with its first clocks{due}"]
        if kind != "work-order.raised":
            return []
        critical = ", business-critical" if known.base == "P1" else ""
        found = [f"{subject} is {known.base}{critical}: {known.rules[0].reason}"]
        if known.effective != known.base:
            found.append(
                f"{subject} counts as {known.effective} by joined risk; 'workorders explain {subject}' says why"
            )
        if order.ended_at is not None:
            found.append(f"{subject} was {order.status} before we heard that it was raised: nothing is escalated")
        return found

    async def _refused(self, connection: AsyncConnection) -> list[Line]:
        names = ("seq", "source", "code", "sentence", "rejected_at")
        query = select(*(col(getattr(RejectedRow, name)) for name in names)).where(
            col(RejectedRow.seq) > self._refusals
        )
        found = []
        for row in await connection.execute(query.order_by(col(RejectedRow.seq))):
            self._refusals = row.seq
            who = row.source or "a sender without a name"
            found.append(Line(row.rejected_at, "refused", f"An event of {who} is refused ({row.code}): {row.sentence}"))
        return found


async def _order(connection: AsyncConnection, unit: str, subject: str) -> OrderState | None:
    mine = (col(WorkOrderRow.unit) == unit, col(WorkOrderRow.subject) == subject)
    text = (await connection.execute(select(col(WorkOrderRow.state)).where(*mine))).scalar_one_or_none()
    return states.ORDER_STATE.validate_json(text) if text is not None else None


_EVENT: Final = ("type", "unit", "subject", "time", "heard", "source", "id", "role", "body", "recorded_at")
