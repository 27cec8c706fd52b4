"""Sessions of people who are signed in: kept in the ledger, so that each can be ended, and none lasts long."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.access.keys import Key, hash_of
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
_ID_BYTES: Final = 5
_SECRET_BYTES: Final = 32
_TABLE: Final = rows.table_of(DeskSessionRow)
_KEYS: Final = rows.table_of(ApiKeyRow)


@dataclass(frozen=True, slots=True)
class Session:
    """One person at one browser, signed in as a role, by a key or by choice.

    ``secret`` is what the browser's cookie holds.
    """

    id: str
    secret: str
    voice: Voice
    by_key: bool
    began_at: datetime
    seen_at: datetime
    ends_at: datetime

    def as_key(self) -> Key:
        """What it opens, as a key of the API of the same source, holder and scope would."""
        voice, name = self.voice, f"session:{self.id}"
        return Key(
            name, voice.source, voice.holder, voice.reach, voice.of, self.began_at, self.ends_at, None, self.seen_at
        )


async def begin(connection: AsyncConnection, voice: Voice, now: datetime, key: Key | None = None) -> str:
    """Sign somebody in, by an API key if one is given, and give the secret for the browser's cookie."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    ends = now + LONGEST if key is None or key.expires_at is None else min(now + LONGEST, key.expires_at)
    await connection.execute(_TABLE.delete().where(_TABLE.c.began_at < now - KEPT))
    await connection.execute(_TABLE.insert().values(
        id=secrets.token_hex(_ID_BYTES), hash=hash_of(secret), api_key=key.id if key is not None else None,
        role=voice.role, source=voice.source, holder=voice.holder.value, reach=voice.reach.value, of=voice.of,
        began_at=now, seen_at=now, ends_at=ends, ended_at=None,
    ))  # fmt: skip
    return secret


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
    return Session(row.id, secret, voice, row.api_key is not None, row.began_at, row.seen_at, row.ends_at)


def _holds(row: Row[Any], now: datetime) -> bool:
    if row.ended_at is not None or now >= row.ends_at or now - row.seen_at >= IDLE:
        return False
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


async def note_use(connection: AsyncConnection, id_: str, now: datetime) -> None:
    """The session was used."""
    await connection.execute(_TABLE.update().where(_TABLE.c.id == id_).values(seen_at=now))


async def end(connection: AsyncConnection, id_: str, now: datetime) -> bool:
    """Let a session open nothing from now on; tells whether there was one that still did."""
    live = (_TABLE.c.id == id_) & _TABLE.c.ended_at.is_(None)
    return bool((await connection.execute(_TABLE.update().where(live).values(ended_at=now))).rowcount)
