"""Planning: one transaction turns statements that wait to be told into notices that wait to be sent."""

from datetime import datetime
from typing import Final
from uuid import UUID

from streams.ledger import notices
from streams.ledger.engine import Database
from streams.ledger.transaction import retried
from streams.notices import flood
from streams.notices.notice import Due, Notice
from streams.notices.reaching import Reaching
from streams.notices.telling import earlier, plan

AT_ONCE: Final = 500
"""How many statements one transaction plans at most."""


async def plan_notices(database: Database, reaching: Reaching, flood_over: int) -> int:
    """Plan the notices of statements that wait; how many statements were looked at. Raises ``LedgerUnavailable``."""

    async def once() -> int:
        async with database.writing() as connection:
            if not await notices.plans_alone(connection):
                return 0
            waiting = await notices.due(connection, reaching.now, AT_ONCE)
            concerned = {id_ for one in waiting for id_ in (one.escalation_id, *earlier(one))}
            about = await notices.about(connection, concerned)
            planned = _Planned()
            for one in waiting:
                before = [told for id_ in earlier(one) for told in about.get(id_, ())]
                planned.take(one, about.setdefault(one.escalation_id, []), before, reaching)
            addresses = {one.address for one in planned.new}
            recent = await notices.recent(connection, addresses, reaching.now - flood.MINUTE)
            digests = flood.gather(planned.new, planned.as_changed(recent), flood_over, reaching.now)
            await notices.write(connection, [*planned.new, *digests.new], [*planned.changed.values(), *digests.changed])
            await notices.lose(connection, planned.lost, reaching.now)
            await notices.planned(connection, planned.done, planned.later)
            return len(waiting)

    return await retried(once)


class _Planned:
    """What comes of the statements of one transaction, one after another."""

    def __init__(self) -> None:
        self.new: list[Notice] = []
        self.changed: dict[UUID, Notice] = {}
        self.lost: list[tuple[UUID, int]] = []
        self.done: list[Due] = []
        self.later: list[tuple[Due, datetime]] = []

    def take(self, due: Due, told: list[Notice], before: list[Notice], reaching: Reaching) -> None:
        """Plan one statement; ``told`` learns what is planned, for the statements after it."""
        found = plan(due, told, reaching, reaching.now, before)
        fresh = {one.id for one in self.new}
        self.changed.update({one.id: one for one in found.changed if one.id not in fresh})
        self.new += found.new
        told += found.new
        if found.lost:
            self.lost.append((due.escalation_id, due.n))
        if found.again_at is None:
            self.done.append(due)
        else:
            self.later.append((due, found.again_at))

    def as_changed(self, recent: list[Notice]) -> list[Notice]:
        """The notices that were read, each as it has become."""
        return [self.changed.get(one.id, one) for one in recent]
