"""Requests that may come again: the same Idempotency-Key means the same event and the same answer, for a day.

What is said and the name of its request become durable in one transaction: neither is ever there without the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

import orjson
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.api.mends import Mend, MendedAlready, Mending
from desk.api.problems import Problem
from desk.telling.saying import Event
from models.refusal import Refusal
from models.tables import ApiRequestRow
from streams.ledger import inbox, rows, sorting, states, units
from streams.ledger.audit import SUBMISSIONS
from streams.ledger.inbox import Receipt
from streams.ledger.ledger import Ledger
from streams.ledger.sorting import Parsed
from streams.ledger.transaction import retried
from workorders.policy import World

HEADER: Final = "Idempotency-Key"
KEPT: Final = timedelta(hours=24)
LONGEST: Final = 200
_TABLE: Final = rows.table_of(ApiRequestRow)
_PURGED_AT_ONCE: Final = 500
_NAMED: Final = rows.Query(
    ApiRequestRow,
    ("key", "name"),
    tuple(_TABLE.c),
    """SELECT a.key, a.name, a.asked, a.topic, a.unit, a.event, a.receipt, a.at, a.answer
    FROM {wanted} CROSS JOIN api_request a WHERE a.key = w.key AND a.name = w.name""",
)

Name = tuple[str, str]
"""A caller's key, and the Idempotency-Key."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request by its caller, its Idempotency-Key, and what it asks as a hash in hex."""

    key: str
    name: str
    asked: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An event with the reference of its receipt, before it is durable.

    Its request, if that may come again; and what was refused, if the event mends that.
    """

    event: Event
    reference: str
    request: Request | None = None
    mend: Mend | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What is durable: the event, its receipt, and the answer that its request had, if it had one."""

    event: Event
    receipt: Receipt
    answer: bytes | None = None


def named(key: str, name: str | None, path: str, said: dict[str, Any]) -> Request | None:
    """The request, if it may come again; a ``Problem`` for a name that is none."""
    if name is None:
        return None
    if not 0 < len(name) <= LONGEST or not name.isascii() or not name.isprintable():
        sentence = f"{HEADER} must be 1 to {LONGEST} printable characters of ASCII."
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed-idempotency-key", sentence, about=HEADER)
    return Request(key, name, sha256(states.canonical([path, said])).hexdigest())


async def keep(
    ledger: Ledger, drafts: Sequence[Draft], now: datetime, world: World
) -> Sequence[Kept | Refusal | Problem]:
    """Make the drafts durable as one, or say of each why it cannot be taken; a refused one leaves its name free.

    A request that was here before gets what was kept then; a ``Problem`` if another one bore its name.
    """
    parsed = sorting.read([replace(one.event.as_input(), receipt=one.reference) for one in drafts])
    verdicts = [sorting.verdict(one, now, world) for one in parsed]
    if not any(one.request for one in drafts):
        refused = [one for one in verdicts if one is not None]
        if len(refused) == len(drafts):
            return refused

    async def once() -> Sequence[Kept | Refusal | Problem]:
        async with ledger.database.writing() as connection:
            return await _keep(connection, list(zip(drafts, parsed, verdicts, strict=True)), now)

    return await retried(once)


async def _keep(
    connection: AsyncConnection, batch: Sequence[tuple[Draft, Parsed, Refusal | None]], now: datetime
) -> Sequence[Kept | Refusal | Problem]:
    known = await _known(connection, [one.request for one, _, _ in batch if one.request is not None], now)
    found: dict[int, Kept | Refusal | Problem] = {}
    fresh: list[tuple[int, Draft, Parsed]] = []
    begun: list[dict[str, Any]] = []
    mending = await Mending.of(connection, [draft.mend for draft, _, _ in batch if draft.mend is not None])
    for n, (draft, parsed, refusal) in enumerate(batch):
        request = draft.request
        if request is not None and (before := known.get((request.key, request.name))) is not None:
            found[n] = _again(request, draft.event, before)
        elif refusal is not None:
            found[n] = refusal
        elif draft.mend is not None and not mending.begins(draft.mend, draft.reference):
            found[n] = MendedAlready(mending.receipt(draft.mend))
        else:
            fresh.append((n, draft, parsed))
            if request is not None:
                begun.append(_row(request, draft, now))
                known[request.key, request.name] = begun[-1]
    await _begin(connection, begun, now)
    receipts = await inbox.add(connection, [parsed for _, _, parsed in fresh], now) if fresh else []
    for (n, draft, _), receipt in zip(fresh, receipts, strict=True):
        found[n] = Kept(draft.event, receipt)
        if draft.mend is not None:
            await mending.note(connection, draft.mend, receipt.id, now)
    return [found[n] for n in range(len(batch))]


async def _known(connection: AsyncConnection, asked: Sequence[Request], now: datetime) -> dict[Name, Mapping[str, Any]]:
    """The requests of these names that came within a day."""
    if not asked:
        return {}
    await units.lock(connection, [SUBMISSIONS])  # nobody else begins a request now, of these names or others
    names = sorted({(one.key, one.name) for one in asked})
    found = await rows.fetch(connection, _NAMED, names)
    return {(row.key, row.name): row._asdict() for row in found if row.at > now - KEPT}


async def _begin(connection: AsyncConnection, begun: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Keep the requests, and no longer some of those that are a day old."""
    if begun:
        name = tuple_(_TABLE.c.key, _TABLE.c.name)
        old = select(_TABLE.c.key, _TABLE.c.name).where(_TABLE.c.at <= now - KEPT).limit(_PURGED_AT_ONCE)
        await connection.execute(_TABLE.delete().where(name.in_(old)))
        await rows.insert(connection, ApiRequestRow, begun, clash="replace")


async def keep_answers(ledger: Ledger, answers: Sequence[tuple[Request, bytes]]) -> None:
    """From now on each of the requests has this answer."""
    changes = {(request.key, request.name): answer for request, answer in answers}
    async with ledger.database.writing() as connection:
        given = [{"key": key, "name": name, "answer": answer} for (key, name), answer in sorted(changes.items())]
        await rows.update(connection, ApiRequestRow, given)


def _again(request: Request, event: Event, before: Mapping[str, Any]) -> Kept | Problem:
    if before["asked"] != request.asked:
        sentence = f"Another request was made with this {HEADER} within 24 hours; take a new one for a new request."
        return Problem(HTTPStatus.CONFLICT, "idempotency-key-reused", sentence, about=HEADER)
    content = orjson.loads(before["event"])
    if "note" in event.content["data"]:
        content["data"]["note"] = event.content["data"]["note"]
    receipt = Receipt(before["receipt"], content["source"], content["id"], before["at"], again=True)
    return Kept(Event(before["topic"], before["unit"], content), receipt, before["answer"])


def _row(request: Request, draft: Draft, now: datetime) -> dict[str, Any]:
    content = draft.event.content
    # What may have to be erased is not kept in yet another place: it comes again with the request.
    silent = {**content, "data": {name: value for name, value in content["data"].items() if name != "note"}}
    return {
        "key": request.key,
        "name": request.name,
        "asked": request.asked,
        "topic": draft.event.topic,
        "unit": draft.event.key,
        "event": orjson.dumps(silent),
        "receipt": draft.reference,
        "at": now,
        "answer": None,
    }
