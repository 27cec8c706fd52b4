"""Whose business a refused input is: its own source's, as far as their reach takes in the premises that it names."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.access.keys import Key
from desk.access.scope import premises_within
from desk.views.lists import Rejected
from models.ids import SOURCE_PREFIX
from models.kafka_binding import structured_text
from streams.ledger import queries
from workorders.policy import Estate, World

READ_AT_ONCE: Final = 50
"""How many are read with their bytes at a time, each of which may be as long as a record can be."""
_NAMES: Final = tuple(field.name for field in fields(Rejected))


@dataclass(frozen=True, slots=True)
class Sight:
    """What of the refusals somebody sees who has not the whole division."""

    source: str
    units: frozenset[str]
    estate: Estate
    now: datetime

    def takes_in(self, source: str | None, value: bytes | None, key: bytes | None, headers: str) -> bool:
        """Whether it came from their own source and, where it names premises, those lie within their reach.

        A name that no premises has says nothing of where it belongs: it is seen by whoever reaches all that the source
        speaks for. Where nothing names premises, the source alone decides.
        """
        if source != self.source:
            return False
        named = premises_named(value, key, headers)
        known = next((one for one in named if self._is_unit(one)), None)
        if known is not None:
            return known in self.units
        return not named or self._reaches_all()

    def _is_unit(self, name: str) -> bool:
        return name.startswith(SOURCE_PREFIX) or self.estate.premises(name) is not None

    def _reaches_all(self) -> bool:
        known = self.estate.source(self.source, self.now)
        return known is not None and self.units.issuperset(
            premises_within(self.estate, known.scope, known.of, self.now)
        )


def sight_of(key: Key, units: frozenset[str] | None, world: World, now: datetime) -> Sight | None:
    """What of the refusals a key sees that reaches these units; None for all of them."""
    return None if units is None else Sight(key.source, units, world.estates.at(now), now)


async def read_refused(
    connection: AsyncConnection,
    sight: Sight | None,
    *,
    limit: int,
    after: int | None = None,
    code: str | None = None,
    waiting: bool = False,
) -> list[Rejected]:
    """The refusals that are within sight, the newest first; ``after`` is the number of the last one before."""
    if sight is None:
        rows = await queries.rejected(connection, code=code, waiting=waiting, limit=limit, after=after)
        return [_line(row) for row in rows]
    found: list[Rejected] = []
    while len(found) < limit:
        rows = await queries.rejected_with_bytes(
            connection, sight.source, code=code, waiting=waiting, limit=READ_AT_ONCE, after=after
        )
        found += [_line(row) for row in rows if sight.takes_in(row["source"], row["value"], row["key"], row["headers"])]
        if len(rows) < READ_AT_ONCE:
            break
        after = rows[-1]["seq"]
    return found[:limit]


def _line(row: Mapping[str, Any]) -> Rejected:
    return Rejected(**{name: row[name] for name in _NAMES})


def headers_in(kept: str) -> list[tuple[str, bytes | None]]:
    """The headers of a refused record as they came."""
    return [(name, None if value is None else base64.b64decode(value)) for name, value in orjson.loads(kept)]


def said_in(value: bytes | None, headers: str) -> dict[str, Any]:
    """What a refused input says, as far as it can be read: claimed by it, and never believed."""
    raw = structured_text(value or b"", headers_in(headers)) or value or b""
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def premises_in(said: Mapping[str, Any]) -> object:
    """What an input calls its premises, whatever that is."""
    data = said.get("data")
    return data.get("premises") if isinstance(data, dict) else None


def premises_named(value: bytes | None, key: bytes | None, headers: str) -> list[str]:
    """What a refused input names as premises: in its data, by its record's key, and in a night that it is about."""
    said = said_in(value, headers)
    subject = said.get("subject")
    night = subject.partition("/")[0] if isinstance(subject, str) and "/" in subject else None
    named = (premises_in(said), (key or b"").decode("utf-8", "replace"), night)
    return [one for one in named if isinstance(one, str) and one]
