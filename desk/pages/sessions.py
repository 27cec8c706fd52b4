"""Sessions of people who are signed in: kept in the ledger, so that each can be ended, and none lasts long."""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.access.keys import Key, hash_of
from desk.access.oidc import sealing
from desk.access.oidc.provider import Ending, Proof
from desk.access.rights import Holder
from desk.pages.voices import Voice
from models.premises import ScopeKind
from models.tables import ApiKeyRow, DeskSessionRow
from streams.ledger import rows

IDLE: Final = timedelta(hours=1)
"""After how long without a page a session ends."""
LONGEST: Final = timedelta(hours=12)
"""After how long a session ends whatever is done: a long shift."""
SEEN_EVERY: Final = timedelta(minutes=1)
"""How exactly it is known when a session was last used."""
KEPT: Final = timedelta(days=30)
"""How long it is known of a session that there was one."""
LONGEST_HINT: Final = 6_000
"""How many characters of a sign-in service's proof are kept for signing out there: it must fit into an address."""
CLOCKS_S: Final = 5
"""How many seconds after it was told to end a session may have begun, by clocks that differ."""
_HINT: Final = "hint"
_ID_BYTES: Final = 5
_SECRET_BYTES: Final = 32
_TABLE: Final = rows.table_of(DeskSessionRow)
_KEYS: Final = rows.table_of(ApiKeyRow)


@dataclass(frozen=True, slots=True)
class Session:
    """One person at one browser, signed in as a role: by a key, by the sign-in service ``issuer``, or by choice.

    ``secret`` is what the browser's cookie holds; ``hint`` the service's proof, sealed with it.
    """

    id: str
    secret: str
    voice: Voice
    by_key: bool
    began_at: datetime
    seen_at: datetime
    ends_at: datetime
    issuer: str | None = None
    hint: bytes | None = None

    @property
    def proof(self) -> str | None:
        """The sign-in service's proof, by which it knows whom we sign out."""
        found = sealing.opened(self.secret, _HINT, self.hint) if self.hint is not None else None
        return found.get(_HINT) if found is not None else None

    def as_key(self) -> Key:
        """What it opens, as a key of the API of the same source, holder and scope would."""
        voice, name = self.voice, f"session:{self.id}"
        return Key(
            name, voice.source, voice.holder, voice.reach, voice.of, self.began_at, self.ends_at, None, self.seen_at
        )


async def begin(connection: AsyncConnection, voice: Voice, now: datetime, key: Key | None = None) -> str:
    """Sign somebody in, by an API key if one is given, and give the secret for the browser's cookie."""
    ends = now + LONGEST if key is None or key.expires_at is None else min(now + LONGEST, key.expires_at)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    await _keep(connection, voice, now, secret, ends, {"api_key": key.id if key is not None else None})
    return secret


async def begin_proven(
    connection: AsyncConnection, voice: Voice, now: datetime, issuer: str, proof: Proof, ends_at: datetime
) -> str:
    """Sign somebody in by the proof of a sign-in service, until ``ends_at`` at the latest, and give the secret."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    hint = sealing.seal(secret, _HINT, {_HINT: proof.raw}) if len(proof.raw) <= LONGEST_HINT else None
    known = {"issuer": issuer, "subject": proof.subject, "sid": proof.sid, "hint": hint}
    await _keep(connection, voice, now, secret, min(now + LONGEST, ends_at), known)
    return secret


async def _keep(
    connection: AsyncConnection, voice: Voice, now: datetime, secret: str, ends: datetime, known: Mapping[str, Any]
) -> None:
    await connection.execute(_TABLE.delete().where(_TABLE.c.began_at < now - KEPT))
    await connection.execute(_TABLE.insert().values(
        id=secrets.token_hex(_ID_BYTES), hash=hash_of(secret),
        role=voice.role, source=voice.source, holder=voice.holder.value, reach=voice.reach.value, of=voice.of,
        began_at=now, seen_at=now, ends_at=ends, ended_at=None, **known,
    ))  # fmt: skip


async def opened_by(connection: AsyncConnection, secret: str, now: datetime) -> Session | None:
    """The session that has this secret, if it has not ended, nor the key by which it began."""
    query = (
        select(_TABLE, _KEYS.c.expires_at, _KEYS.c.revoked_at)
        .join(_KEYS, _KEYS.c.id == _TABLE.c.api_key, isouter=True)
        .where(_TABLE.c.hash == hash_of(secret))
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None or not hmac.compare_digest(row.hash, hash_of(secret)) or not _holds(row, now):
        return None
    voice = Voice(row.role, row.source, Holder(row.holder), ScopeKind(row.reach), row.of)
    times = (row.began_at, row.seen_at, row.ends_at)
    return Session(row.id, secret, voice, row.api_key is not None, *times, row.issuer, row.hint)


def _holds(row: Row[Any], now: datetime) -> bool:
    if row.ended_at is not None or now >= row.ends_at or now - row.seen_at >= IDLE:
        return False
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


async def still_open(connection: AsyncConnection, ids: Sequence[str], now: datetime) -> set[str]:
    """Those of these sessions that have not ended, nor the key by which they began."""
    query = (
        select(_TABLE, _KEYS.c.expires_at, _KEYS.c.revoked_at)
        .join(_KEYS, _KEYS.c.id == _TABLE.c.api_key, isouter=True)
        .where(_TABLE.c.id.in_(ids))
    )
    return {row.id for row in await connection.execute(query) if _holds(row, now)}


async def note_use(connection: AsyncConnection, id_: str, now: datetime) -> None:
    """The session was used."""
    await connection.execute(_TABLE.update().where(_TABLE.c.id == id_).values(seen_at=now))


async def end(connection: AsyncConnection, id_: str, now: datetime) -> bool:
    """Let a session open nothing from now on; tells whether there was one that still did."""
    live = (_TABLE.c.id == id_) & _TABLE.c.ended_at.is_(None)
    return bool((await connection.execute(_TABLE.update().where(live).values(ended_at=now))).rowcount)


async def end_of(connection: AsyncConnection, issuer: str, ending: Ending, now: datetime) -> Sequence[str]:
    """End the sessions, begun before, of the person or the session at a sign-in service that ended; tells their ids."""
    which = (_TABLE.c.issuer == issuer) & (_TABLE.c.began_at <= datetime.fromtimestamp(ending.said_at + CLOCKS_S, UTC))
    for column, name in ((_TABLE.c.subject, ending.subject), (_TABLE.c.sid, ending.sid)):
        if name is not None:
            which &= column == name
    return await _ended(connection, which, now)


async def end_as(connection: AsyncConnection, role: str, now: datetime) -> Sequence[str]:
    """End every session as a role; tells their ids."""
    return await _ended(connection, _TABLE.c.role == role, now)


async def _ended(connection: AsyncConnection, which: ColumnElement[bool], now: datetime) -> Sequence[str]:
    live = which & _TABLE.c.ended_at.is_(None) & (_TABLE.c.ends_at > now)
    ended = _TABLE.update().where(live).values(ended_at=now).returning(_TABLE.c.id)
    return list((await connection.execute(ended)).scalars())


@dataclass(frozen=True, slots=True)
class SessionLine:
    """What may be told of a session: never its secret."""

    id: str
    role: str
    source: str
    holder: Holder
    reach: ScopeKind
    of: str
    by: str
    """``key:`` with the key's id, ``oidc:`` with the service's name for the person, or ``chosen``."""
    began_at: datetime
    seen_at: datetime
    ends_at: datetime


async def all_open(connection: AsyncConnection, now: datetime) -> Sequence[SessionLine]:
    """Every session that opens something now, the latest last."""
    query = (
        select(_TABLE, _KEYS.c.expires_at, _KEYS.c.revoked_at)
        .join(_KEYS, _KEYS.c.id == _TABLE.c.api_key, isouter=True)
        .where(_TABLE.c.ended_at.is_(None) & (_TABLE.c.ends_at > now))
        .order_by(_TABLE.c.began_at, _TABLE.c.id)
    )
    return [_line(row) for row in await connection.execute(query) if _holds(row, now)]


def _line(row: Row[Any]) -> SessionLine:
    by = f"key:{row.api_key}" if row.api_key is not None else f"oidc:{row.subject}" if row.issuer else "chosen"
    scope = Holder(row.holder), ScopeKind(row.reach), row.of
    return SessionLine(row.id, row.role, row.source, *scope, by, row.began_at, row.seen_at, row.ends_at)
