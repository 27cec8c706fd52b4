"""Requests that may come again: the same Idempotency-Key means the same event and the same answer, for a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

import orjson
from sqlalchemy import select

from desk.api.problems import Problem
from desk.telling.saying import Event
from models.tables import ApiRequestRow
from streams.ledger import rows, states
from streams.ledger.ledger import Ledger

HEADER: Final = "Idempotency-Key"
KEPT: Final = timedelta(hours=24)
LONGEST: Final = 200
_TABLE: Final = rows.table_of(ApiRequestRow)
_PURGED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Draft:
    """An event with the reference of its receipt, before it is durable."""

    event: Event
    reference: str


@dataclass(frozen=True, slots=True)
class Request:
    """One request by its caller, its Idempotency-Key, and what it asks as a hash in hex."""

    key: str
    name: str
    asked: str


def named(key: str, name: str | None, path: str, said: dict[str, Any]) -> Request | None:
    """The request, if it may come again; a ``Problem`` for a name that is none."""
    if name is None:
        return None
    if not 0 < len(name) <= LONGEST or not name.isascii() or not name.isprintable():
        sentence = f"{HEADER} must be 1 to {LONGEST} printable characters of ASCII."
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed-idempotency-key", sentence, about=HEADER)
    return Request(key, name, sha256(states.canonical([path, said])).hexdigest())


async def first(ledger: Ledger, request: Request, draft: Draft, now: datetime) -> tuple[Draft, bytes | None]:
    """The draft of the request when it first came, and its answer if it had one; this draft if it is the first.

    A ``Problem`` if another request bore the same name.
    """
    mine = (_TABLE.c.key == request.key) & (_TABLE.c.name == request.name)
    note = draft.event.content["data"].get("note")
    async with ledger.database.writing() as connection:
        old = select(_TABLE.c.key, _TABLE.c.name).where(_TABLE.c.at <= now - KEPT).limit(_PURGED_AT_ONCE)
        gone = [tuple(row) for row in await connection.execute(old)]
        await rows.delete(connection, ApiRequestRow, ("key", "name"), gone)
        await connection.execute(_TABLE.delete().where(mine & (_TABLE.c.at <= now - KEPT)))
        await rows.insert(connection, ApiRequestRow, [_row(request, draft, now)], clash="keep")
        row = (await connection.execute(select(_TABLE).where(mine))).one()
    if row.asked != request.asked:
        sentence = f"Another request was made with this {HEADER} within 24 hours; take a new one for a new request."
        raise Problem(HTTPStatus.CONFLICT, "idempotency-key-reused", sentence, about=HEADER)
    return Draft(_event(row.topic, row.unit, row.event, note), row.receipt), row.answer


async def forget(ledger: Ledger, request: Request) -> None:
    """Nothing came of the request: its name may be used for a mended one."""
    async with ledger.database.writing() as connection:
        await rows.delete(connection, ApiRequestRow, ("key", "name"), [(request.key, request.name)])


async def keep_answer(ledger: Ledger, request: Request, answer: bytes) -> None:
    """From now on the request has this answer, unless it had one already."""
    mine = (_TABLE.c.key == request.key) & (_TABLE.c.name == request.name) & _TABLE.c.answer.is_(None)
    async with ledger.database.writing() as connection:
        await connection.execute(_TABLE.update().where(mine).values(answer=answer))


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
    }


def _event(topic: str, unit: str, stored: bytes, note: object) -> Event:
    content = orjson.loads(stored)
    if note is not None:
        content["data"]["note"] = note
    return Event(topic, unit, content)
