"""Sign-ins that are under way: each can be finished once, by the browser that began it, within some minutes."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.access.keys import hash_of
from desk.access.oidc import sealing
from models.tables import DeskSignInRow
from streams.ledger import rows

LASTS: Final = timedelta(minutes=15)
"""For how long a sign-in can be finished, and what was typed is kept for it."""
LARGEST: Final = 32_768
"""How many bytes of what was typed are kept."""
LARGE: Final = 4_096
"""From how many bytes on a sign-in counts among those that hold much."""
LARGE_AT_MOST: Final = 500
"""How many of those are kept at a time: nobody has proved yet who they are."""
_SECRET_BYTES: Final = 32
_TABLE: Final = rows.table_of(DeskSignInRow)


class TooMuchTyped(Exception):  # noqa: N818 - what happened, in words
    """What was typed cannot be kept through signing in."""


def new_secret() -> str:
    """A fresh secret for the browser's cookie."""
    return secrets.token_urlsafe(_SECRET_BYTES)


async def keep(
    connection: AsyncConnection, secret: str, purpose: str, content: Mapping[str, Any], now: datetime
) -> None:
    """Keep a sign-in for the browser with this secret; ``TooMuchTyped`` if it holds too much."""
    sealed = sealing.seal(secret, purpose, content)
    await connection.execute(_TABLE.delete().where(_TABLE.c.began_at < now - LASTS))
    if len(sealed) > LARGEST or (len(sealed) > LARGE and await _large(connection) >= LARGE_AT_MOST):
        raise TooMuchTyped
    await connection.execute(_TABLE.insert().values(hash=hash_of(secret), began_at=now, sealed=sealed))


async def take(connection: AsyncConnection, secret: str, purpose: str, now: datetime) -> dict[str, Any] | None:
    """What was kept for this purpose, given once and never again; None if there is nothing, or it is too old."""
    gone = _TABLE.delete().where(_TABLE.c.hash == hash_of(secret)).returning(_TABLE.c.began_at, _TABLE.c.sealed)
    row = (await connection.execute(gone)).one_or_none()
    return _opened(secret, purpose, row.began_at, row.sealed, now) if row is not None else None


async def look(connection: AsyncConnection, secret: str, purpose: str, now: datetime) -> dict[str, Any] | None:
    """What is kept for this purpose, which stays kept."""
    row = (await connection.execute(select(_TABLE).where(_TABLE.c.hash == hash_of(secret)))).one_or_none()
    return _opened(secret, purpose, row.began_at, row.sealed, now) if row is not None else None


def _opened(secret: str, purpose: str, began_at: datetime, sealed: bytes, now: datetime) -> dict[str, Any] | None:
    return sealing.opened(secret, purpose, sealed) if began_at <= now < began_at + LASTS else None


async def _large(connection: AsyncConnection) -> int:
    query = select(func.count()).select_from(_TABLE).where(func.length(_TABLE.c.sealed) > LARGE)
    return (await connection.execute(query)).scalar_one()
