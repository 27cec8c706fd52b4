"""The timelines of policy and estate, as the ledger keeps them: whole documents, each in force from an instant on.

What was decided under a version can be decided again, because the version's document never leaves the ledger. Each is
published too, in the transaction that keeps it, so that a restored ledger can learn it.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.outputs import ActivatedData
from models.tables import EstateVersionRow, MetaRow, NightRow, PolicyVersionRow, SourceStateRow
from streams.ledger import outbox, rows, units
from streams.ledger.audit import ADMINISTRATION, Entry, message_seal
from streams.ledger.errors import LedgerError
from streams.ledger.units import Unit
from streams.messages import too_large, version_message
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

_META: Final = rows.table_of(MetaRow)
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
        PolicyTimeline([(at, _policy(version, document)) for at, version, document in policies]),
        EstateTimeline([(at, _estate(version, document)) for at, version, document in estates]),
    )


async def begin(connection: AsyncConnection, world: World, now: datetime) -> bool:
    """Keep the versions that a new ledger starts with, from whenever they are in force; tells whether it was new.

    Of what it holds already, because another worker began it or because it was published, nothing is kept twice.
    """
    locked = await units.lock(connection, [ADMINISTRATION])
    admin, held = locked[ADMINISTRATION], [what for what in _MODELS if await _entries(connection, what)]
    if len(held) == len(_MODELS):
        return False
    links = [] if held else [await began(connection, admin, now)]
    entries: list[tuple[What, datetime, Policy | Estate]] = [
        *(("policy", at, version) for at, version in world.policies.entries),
        *(("estate", at, version) for at, version in world.estates.entries),
    ]
    for what, at, version in entries:
        if what not in held:
            _check_size(version)
            row = row_of(at, version.version, canonical(version.spec).decode(), now, "start")
            links.append(await _keep(connection, admin, what, row))
    await units.save(connection, [admin], links)
    return True


async def began(connection: AsyncConnection, admin: Unit, now: datetime) -> dict[str, Any]:
    """The link that says what the ledger is, before its first version."""
    identity = (await connection.execute(select(_META.c.ledger_id, _META.c.time_kind, _META.c.created_at))).one()
    what = {"ledger_id": identity.ledger_id, "time_kind": identity.time_kind, "created_at": identity.created_at}
    return admin.chain("began", now, Entry(acts=[{"began": what}]), {})


async def activate(
    connection: AsyncConnection, version: Policy | Estate, effective_from: datetime, now: datetime, by: str
) -> None:
    """Put a version in force from a future instant on; ``by`` is the role that did it.

    Raises ``LedgerError`` if the instant is not ahead, another version begins then, or it is too large to be published.
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
    _check_size(version)
    _check_fit(world, version, effective_from)
    row = row_of(effective_from, version.version, canonical(version.spec).decode(), now, by)
    link = await _keep(connection, locked[ADMINISTRATION], what, row)
    await units.save(connection, list(locked.values()), [link])
    await look_again(connection, effective_from)


async def look_again(connection: AsyncConnection, effective_from: datetime) -> None:
    """What is still watched is looked at again then: the new version may ask for it earlier than the old one did."""
    for table in (rows.table_of(NightRow), rows.table_of(SourceStateRow)):
        later = table.update().where(table.c.next_due_at > effective_from)
        await connection.execute(later.values(next_due_at=effective_from))


async def history(connection: AsyncConnection, what: What) -> list[dict[str, Any]]:
    """Every activation, in order of effect, without the documents."""
    table = rows.table_of(_MODELS[what])
    names = ("effective_from", "version", "activated_at", "activated_by")
    found = await connection.execute(select(*(table.c[name] for name in names)).order_by(table.c.effective_from))
    return [dict(row._mapping) for row in found]  # noqa: SLF001 - public under this name since SQLAlchemy 1.4


async def versions(connection: AsyncConnection, what: What) -> dict[datetime, str]:
    """Which version is in force from which instant on."""
    return {at: version for at, version, _ in await _entries(connection, what)}


async def keep(connection: AsyncConnection, what: What, row: dict[str, Any]) -> None:
    """Write one version's row."""
    await rows.insert(connection, _MODELS[what], [row])


async def _keep(connection: AsyncConnection, admin: Unit, what: What, row: dict[str, Any]) -> dict[str, Any]:
    """Write a version's row and its message; the link that seals both."""
    await keep(connection, what, row)
    message = version_message(what, ActivatedData.model_validate(row))
    seal = message_seal(message.topic, message.key, message.value)
    entry = Entry(acts=[act(what, row)], said=[(str(message.id), seal)])
    link = admin.chain("activated", row["activated_at"], entry, {})
    await outbox.add(connection, [outbox.new_row(message, admin.audit_head, row["activated_at"])])
    return link


async def _entries(connection: AsyncConnection, what: What) -> list[tuple[datetime, str, str]]:
    table = rows.table_of(_MODELS[what])
    query = select(table.c.effective_from, table.c.version, table.c.document).order_by(table.c.effective_from)
    return [(row.effective_from, row.version, row.document) for row in await connection.execute(query)]


def _check_size(version: Policy | Estate) -> None:
    """See that whoever listens can be told of it: what no topic takes would be decided by and never published."""
    if fault := too_large(version):
        raise LedgerError(fault)


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


def row_of(at: datetime, version: str, document: str, now: datetime, by: str) -> dict[str, Any]:
    """One activation as it is kept."""
    return {
        "effective_from": at,
        "version": version,
        "document": document,
        "activated_at": now,
        "activated_by": by,
    }


def act(what: What, row: dict[str, Any]) -> dict[str, Any]:
    """The activation as the audit names it."""
    return {
        "activated": what,
        "version": row["version"],
        "effective_from": row["effective_from"],
        "by": row["activated_by"],
    }


def compiled(what: What, version: str, document: str) -> Policy | Estate:
    """A stored or published version, without the checks of an activation.

    ``PolicyError`` if this release cannot read its shape, ``LedgerError`` if it reads another version in it.
    """
    return _policy(version, document) if what == "policy" else _estate(version, document)


@lru_cache(maxsize=64)
def _policy(version: str, document: str) -> Policy:
    return _same(version, policy_from_json(document, "the ledger"))


@lru_cache(maxsize=64)
def _estate(version: str, document: str) -> Estate:
    return _same(version, estate_from_json(document, "the ledger"))


VersionT = TypeVar("VersionT", Policy, Estate)


def _same(version: str, found: VersionT) -> VersionT:
    if found.version != version:
        raise LedgerError(
            f"the stored version {version[:12]} is read as {found.version[:12]} by this release: it would decide "
            "otherwise than was activated, so go on with the release that wrote it"
        )
    return found
