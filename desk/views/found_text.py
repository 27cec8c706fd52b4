"""What was said about outstanding orders, searched for words: in the notes, and in the words for assets and faults.

There is no index of words, so only so many orders are looked through, the gravest first; what is left out is told.
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Subquery, and_, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.views.found_orders import MOST, SHOWN, FoundOrder
from models.tables import EventNoteRow, EventRow, WorkOrderRow
from models.work_order import Priority
from streams.ledger import rows

LOOKED_THROUGH: Final = 3_000
"""How many outstanding orders are looked through at most."""
SHORTEST: Final = 3
"""Shorter words are in every text."""
WORDS_AT_MOST: Final = 6
_FACETS: Final = ("asset", "fault")
_AROUND: Final = 90
"""How many characters of a note are shown before and after what was looked for."""

_ORDER: Final = rows.table_of(WorkOrderRow)
_EVENT: Final = rows.table_of(EventRow)
_NOTE: Final = rows.table_of(EventNoteRow)

Codes = Mapping[str, Sequence[str]]
"""The words that stand for each code of an asset or fault, in every language."""


@dataclass(frozen=True, slots=True)
class Said:
    """One event about an outstanding order in which the words were: the codes it names, and a piece of its note."""

    order: FoundOrder
    heard: datetime
    codes: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was found. ``looked_at`` orders were looked through, and ``cut`` tells that there are more of them.

    ``more``: not all that was found is given.
    """

    lines: tuple[Said, ...] = ()
    looked_at: int = 0
    cut: bool = False
    more: bool = False


def plain(written: str) -> str:
    """A text without its accents and case, as it is compared."""
    apart = unicodedata.normalize("NFKD", written.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


def words_of(said: str) -> list[str]:
    """The words that are looked for."""
    return [one for one in dict.fromkeys(said.split()) if len(one) >= SHORTEST][:WORDS_AT_MOST]


async def said_about(connection: AsyncConnection, words: Sequence[str], units: Collection[str], codes: Codes) -> Found:
    """The outstanding orders of these premises about which something was said that has all of the words."""
    if not words or not units:
        return Found()
    wanted = [_has(one, _codes_like(one, codes)) for one in words]
    lines: dict[tuple[str, str], Said] = {}
    left, looked = LOOKED_THROUGH, 0
    for level in Priority:
        if left and len(lines) <= MOST:
            some = _some(units, level, left)
            n = (await connection.execute(select(func.count()).select_from(some))).scalar_one()
            for one in await _said(connection, some, wanted, words) if n else ():
                lines.setdefault((one.order.premises, one.order.subject), one)
            left, looked = left - n, looked + n
    cut = not left and await _are_more(connection, units)
    return Found(tuple(lines.values())[:MOST], looked, cut=cut, more=len(lines) > MOST)


def _codes_like(word: str, codes: Codes) -> list[str]:
    """The codes whose words, in any language, have the word."""
    return [code for code, said in codes.items() if any(plain(word) in plain(one) for one in (code, *said))]


def _some(units: Collection[str], level: Priority, most: int) -> Subquery:
    """The outstanding orders of a priority, as the index has them."""
    query = select(*(_ORDER.c[name] for name in SHOWN)).where(text("is_open"), _ORDER.c.unit.in_(sorted(units)))
    return query.where(_ORDER.c.effective == level.value).limit(most).subquery()


async def _are_more(connection: AsyncConnection, units: Collection[str]) -> bool:
    """Whether there are more outstanding orders than are looked through."""
    query = select(_ORDER.c.unit).where(text("is_open"), _ORDER.c.unit.in_(sorted(units)))
    some = query.limit(LOOKED_THROUGH + 1).subquery()
    return (await connection.execute(select(func.count()).select_from(some))).scalar_one() > LOOKED_THROUGH


def _has(word: str, codes: Iterable[str]) -> ColumnElement[bool]:
    """Whether an event's note has the word, or its body one of the codes."""
    by_code = [_EVENT.c.body.contains(f'"{code}"', autoescape=True) for code in codes]
    return or_(_NOTE.c.note.icontains(word, autoescape=True), *by_code)


async def _said(
    connection: AsyncConnection, some: Subquery, wanted: Sequence[ColumnElement[bool]], words: Sequence[str]
) -> list[Said]:
    same = (_EVENT.c.unit == some.c.unit) & (_EVENT.c.subject == some.c.subject)
    query = (
        select(*(some.c[name] for name in SHOWN), _EVENT.c.heard, _EVENT.c.body, _NOTE.c.note)
        .select_from(some)
        .join(_EVENT, same)
        .join(_NOTE, (_NOTE.c.source == _EVENT.c.source) & (_NOTE.c.id == _EVENT.c.id), isouter=True)
        .where(and_(*wanted))
        .limit(10 * MOST)
    )
    found = [_line(row, words) for row in await connection.execute(query)]
    return sorted(found, key=lambda one: (one.order.premises, one.order.subject, one.heard))


def _line(row: Any, words: Sequence[str]) -> Said:  # noqa: ANN401 - a row of any statement
    data = orjson.loads(row.body)["data"]
    codes = tuple(str(data[name]) for name in _FACETS if data.get(name))
    return Said(FoundOrder(*row[: len(SHOWN)]), row.heard, codes, _piece(row.note or "", words))


def _piece(note: str, words: Sequence[str]) -> str:
    """The part of a note around the first of the words that it has, else its beginning."""
    places = [at for at in (note.casefold().find(one.casefold()) for one in words) if at >= 0]
    at = min(places, default=0)
    first = max(0, at - _AROUND)
    last = first + 2 * _AROUND
    return ("… " if first else "") + note[first:last].strip() + (" …" if last < len(note) else "")
