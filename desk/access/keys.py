"""The keys of the HTTP API: 256 random bits that are shown once; the ledger keeps only their hash."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.access.rights import Holder
from models.premises import ScopeKind
from models.tables import ApiKeyRow
from streams.ledger import rows

MARK: Final = "wo"
"""What every key begins with, so that one that was left lying about can be searched for."""
_ID_BYTES: Final = 5
_SECRET_BYTES: Final = 32
_TABLE: Final = rows.table_of(ApiKeyRow)


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key. ``id`` is the part of it that may be shown; ``reach`` and ``of`` are its scope."""

    id: str
    source: str
    holder: Holder
    reach: ScopeKind
    of: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def holds_at(self, now: datetime) -> bool:
        """Whether it opens anything at an instant."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def new_secret() -> tuple[str, str]:
    """A fresh key as a whole, and the part of it that may be shown."""
    id_ = secrets.token_hex(_ID_BYTES)
    return f"{MARK}_{id_}_{secrets.token_urlsafe(_SECRET_BYTES)}", id_


def hash_of(secret: str) -> str:
    """What is kept of a key: it is as random as the hash is long, so that it needs no salt and no slowness."""
    return sha256(secret.encode()).hexdigest()


async def add(connection: AsyncConnection, key: Key, secret: str) -> None:
    """Keep a new key by its hash."""
    row = {name: getattr(key, name) for name in _NAMES}
    row |= {"hash": hash_of(secret), "holder": key.holder.value, "reach": key.reach.value}
    await connection.execute(_TABLE.insert().values(**row))


async def opened_by(connection: AsyncConnection, secret: str) -> Key | None:
    """The key that this is, whether it still holds or not; None if there is none."""
    mark, _, rest = secret.partition("_")
    query = select(_TABLE).where(_TABLE.c.id == rest.partition("_")[0])
    row = (await connection.execute(query)).one_or_none() if mark == MARK else None
    if row is None or not hmac.compare_digest(row.hash, hash_of(secret)):
        return None
    return _key(row)


async def all_keys(connection: AsyncConnection) -> Sequence[Key]:
    """Every key that was ever made, the latest last."""
    return [_key(row) for row in await connection.execute(select(_TABLE).order_by(_TABLE.c.created_at, _TABLE.c.id))]


async def revoke(connection: AsyncConnection, id_: str, now: datetime) -> bool:
    """Let a key open nothing from now on; tells whether there was one that still did."""
    live = (_TABLE.c.id == id_) & _TABLE.c.revoked_at.is_(None)
    return bool((await connection.execute(_TABLE.update().where(live).values(revoked_at=now))).rowcount)


async def note_use(connection: AsyncConnection, id_: str, now: datetime) -> None:
    """The key was used."""
    await connection.execute(_TABLE.update().where(_TABLE.c.id == id_).values(last_used_at=now))


def _key(row: Row[Any]) -> Key:
    found = {name: getattr(row, name) for name in _NAMES}
    return Key(**{**found, "holder": Holder(row.holder), "reach": ScopeKind(row.reach)})


_NAMES: Final = ("id", "source", "holder", "reach", "of", "created_at", "expires_at", "revoked_at", "last_used_at")
