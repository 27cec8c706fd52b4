"""The timelines of policy and estate, as the ledger keeps them: whole documents, each in force from an instant on.

What was decided under a version can be decided again, because the version's document never leaves the ledger.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import EstateVersionRow, NightRow, PolicyVersionRow, SourceStateRow
from streams.ledger import rows, units
from streams.ledger.audit import ADMINISTRATION, Entry
from streams.ledger.errors import LedgerError
from workorders.policy import (
    Estate,
    EstateTimeline,
    Policy,
    PolicyTimeline,
    World,
    canonical,
    check,
    estate_from_json,
    policy_from_json,
)

What = Literal["policy", "estate"]

_MODELS: Final[dict[What, type[PolicyVersionRow | EstateVersionRow]]] = {
    "policy": PolicyVersionRow,
    "estate": EstateVersionRow,
}


async def read(connection: AsyncConnection) -> World | None:
    """Every policy and estate that was ever activated, by the instants of their effect; None before the first."""
    policies = await _entries(connection, "policy")
    estates = await _entries(connection, "estate")
    if not policies or not estates:
        return None
    return World(
        PolicyTimeline([(at, _policy(document)) for at, document in policies]),
        EstateTimeline([(at, _estate(document)) for at, document in estates]),
    )


async def begin(connection: AsyncConnection, world: World, now: datetime) -> None:
    """Keep the versions that a new ledger starts with, from whenever they are in force."""
    locked = await units.lock(connection, [ADMINISTRATION])
    links = []
    entries: list[tuple[What, datetime, Policy | Estate]] = [
        *(("policy", at, version) for at, version in world.policies.entries),
        *(("estate", at, version) for at, version in world.estates.entries),
    ]
    for what, at, version in entries:
        row = _row(at, version, now, "start")
        await rows.insert(connection, _MODELS[what], [row])
        links.append(locked[ADMINISTRATION].chain("activated", now, Entry(acts=[_act(what, row)]), {}))
    await units.save(connection, list(locked.values()), links)


async def activate(
    connection: AsyncConnection, version: Policy | Estate, effective_from: datetime, now: datetime, by: str
) -> None:
    """Put a version in force from a future instant on; ``by`` is the role that did it.

    Raises ``LedgerError`` if the instant is not ahead, or another version begins then.
    """
    what: What = "policy" if isinstance(version, Policy) else "estate"
    if effective_from <= now:
        raise LedgerError(
            f"a {what} takes effect in the future, for what was decided under the old one stays decided: "
            f"effective_from is {effective_from.isoformat()}, and it is {now.isoformat()} now"
        )
    locked = await units.lock(connection, [ADMINISTRATION])
    world = await read(connection)
    if world is None:
        raise LedgerError("this ledger has no policy and no estate yet: open it once with those it begins with")
    _check_fit(world, version, effective_from)
    row = _row(effective_from, version, now, by)
    await rows.insert(connection, _MODELS[what], [row])
    link = locked[ADMINISTRATION].chain("activated", now, Entry(acts=[_act(what, row)]), {})
    await units.save(connection, list(locked.values()), [link])
    for table in (rows.table_of(NightRow), rows.table_of(SourceStateRow)):
        # What is still watched is looked at again then: the new version may ask for it earlier than the old one did.
        later = table.update().where(table.c.next_due_at > effective_from)
        await connection.execute(later.values(next_due_at=effective_from))


async def history(connection: AsyncConnection, what: What) -> list[dict[str, Any]]:
    """Every activation, in order of effect, without the documents."""
    table = rows.table_of(_MODELS[what])
    names = ("effective_from", "version", "activated_at", "activated_by")
    found = await connection.execute(select(*(table.c[name] for name in names)).order_by(table.c.effective_from))
    return [dict(row._mapping) for row in found]  # noqa: SLF001 - public under this name since SQLAlchemy 1.4


async def _entries(connection: AsyncConnection, what: What) -> list[tuple[datetime, str]]:
    table = rows.table_of(_MODELS[what])
    query = select(table.c.effective_from, table.c.document).order_by(table.c.effective_from)
    return [(row.effective_from, row.document) for row in await connection.execute(query)]


def _check_fit(world: World, version: Policy | Estate, at: datetime) -> None:
    """See that nothing else begins then, and that the version fits every one of the other kind beside it."""
    own: PolicyTimeline | EstateTimeline = world.policies if isinstance(version, Policy) else world.estates
    starts = [start for start, _ in own.entries]
    if at in starts:
        raise LedgerError(f"another version takes effect at {at.isoformat()} already")
    until = min((start for start in starts if start > at), default=None)
    other: PolicyTimeline | EstateTimeline = world.estates if isinstance(version, Policy) else world.policies
    beside = [other.at(at), *(one for start, one in other.entries if at < start and (until is None or start < until))]
    for one in beside:
        policy, estate = (version, one) if isinstance(version, Policy) else (one, version)
        if isinstance(policy, Policy) and isinstance(estate, Estate) and (faults := check(policy, estate)):
            raise LedgerError("; ".join(faults))


def _row(at: datetime, version: Policy | Estate, now: datetime, by: str) -> dict[str, Any]:
    document = canonical(version.spec).decode()
    return {
        "effective_from": at,
        "version": version.version,
        "document": document,
        "activated_at": now,
        "activated_by": by,
    }


def _act(what: What, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "activated": what,
        "version": row["version"],
        "effective_from": row["effective_from"],
        "by": row["activated_by"],
    }


@lru_cache(maxsize=64)
def _policy(document: str) -> Policy:
    return policy_from_json(document, "the ledger")


@lru_cache(maxsize=64)
def _estate(document: str) -> Estate:
    return estate_from_json(document, "the ledger")
