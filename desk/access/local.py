"""The local key: with the broker inside this process there is one machine and one user, who needs to ask nobody."""

import os
from datetime import datetime
from pathlib import Path

from desk.access import keys
from desk.access.granting import WHOLE, grant
from desk.access.rights import Holder
from desk.telling.saying import DEFAULT_SOURCE
from models.premises import ScopeKind
from streams.ledger.ledger import Ledger
from workorders.policy import World


async def local_key(ledger: Ledger, world: World, now: datetime, file: Path) -> Path:
    """The file with the key of this machine's user, made unless it holds one of this ledger that still opens it."""
    async with ledger.reading() as connection:
        known = await keys.opened_by(connection, _read(file))
    if known is not None and known.holds_at(now):
        return file
    _, secret = await grant(ledger, world, now, (DEFAULT_SOURCE, Holder.DIVISION, ScopeKind.DIVISION, WHOLE), None)
    _write(file, secret)
    return file


def _read(file: Path) -> str:
    return file.read_text(encoding="ascii", errors="replace").strip() if file.exists() else ""


def _write(file: Path, secret: str) -> None:
    """Only its owner may ever read it: it is made so, and not changed after."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="ascii") as writing:
        writing.write(secret + "\n")
