"""Refused events: what could not be taken, why in words, its bytes as text, and whether it was mended."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from desk.api import pages
from desk.api.problems import Problem, missing
from desk.pages.board import as_sheet
from desk.pages.mends import how_to_mend
from desk.pages.navigation import REFUSED
from desk.pages.rendering import page
from desk.pages.visitors import Visit
from desk.views.lists import Rejected, RejectedWhole, read_rejected_whole
from desk.views.refused import Sight, headers_in, read_refused, sight_of
from desk.words import _
from models.kafka_binding import structured_text
from models.refusal import Reason

AT_ONCE: Final = 50
IN_A_SHEET: Final = 10_000
"""How many lines a sheet has at most; what is more is narrowed by the filters."""
LARGEST_NUMBER: Final = 2**62
LONGEST_SHOWN: Final = 20_000
"""How many characters of what was refused are shown."""
_SHEET: Final = (
    "seq", "rejected_at", "heard", "topic", "source", "code", "field", "sentence", "length", "sha256", "receipt",
    "resubmitted_as",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """Which refusals are wanted: for one reason, or only those that nobody has mended."""

    code: str | None
    waiting: bool

    def address(self, path: str, after: str | None = None) -> str:
        """The address of this view."""
        parts = {"code": self.code, "waiting": "yes" if self.waiting else None, "after": after}
        said = "&".join(f"{name}={value}" for name, value in parts.items() if value)
        return f"{path}?{said}" if said else path


async def show_refused(visit: Visit) -> Response:
    """The newest first; whoever has not the whole division sees what their own source sent within their reach."""
    asked = _asked(visit)
    key = pages.key_in(visit.request.query_params.get("after"), tuple[pages.Number])
    lines = await _lines(visit, asked, AT_ONCE + 1, None if key is None else key[0])
    shown = lines[:AT_ONCE]
    last = pages.cursor_of((shown[-1].seq,)) if len(lines) > AT_ONCE else None
    return page(
        visit.request, "refused.html", 200,
        lines=shown, now=visit.caller.desk.now, first=key is None, asked=asked, codes=[one.value for one in Reason],
        own=None if visit.caller.units is None else visit.caller.key.source,
        sheet=asked.address(f"{REFUSED}.csv"), later=asked.address(REFUSED, last) if last is not None else None,
    )  # fmt: skip


async def refused_sheet(visit: Visit) -> Response:
    """The same as CSV."""
    lines = await _lines(visit, _asked(visit), IN_A_SHEET, None)
    return as_sheet(_SHEET, [{name: _plain(getattr(one, name)) for name in _SHEET} for one in lines], "refused")


def _plain(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _asked(visit: Visit) -> Asked:
    given = visit.request.query_params
    code = given.get("code") or None
    if code is not None and code not in {one.value for one in Reason}:
        sentence = _("This address asks for something that there is not here.")
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(Reason.MALFORMED_FIELD), sentence)
    return Asked(code, given.get("waiting") == "yes")


async def _lines(visit: Visit, asked: Asked, limit: int, after: int | None) -> Sequence[Rejected]:
    caller = visit.caller
    async with caller.place.ledger.reading() as connection:
        return await read_refused(
            connection, _sight(visit), code=asked.code, waiting=asked.waiting, limit=limit, after=after
        )


def _sight(visit: Visit) -> Sight | None:
    caller = visit.caller
    return sight_of(caller.key, caller.units, caller.desk.world, caller.desk.now)


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused input as its page shows it. ``text`` is its bytes, with what cannot be seen written out."""

    whole: RejectedWhole
    text: str
    cut: bool
    mend: str
    headers: Sequence[tuple[str, str]]
    key: str


async def the_refused(visit: Visit) -> Refused:
    """The refusal of the address's number; one that is the business of others is missing like none at all."""
    number = visit.request.path_params["number"]
    caller, found = visit.caller, None
    if number.isascii() and number.isdecimal() and len(number) < 20 and int(number) < LARGEST_NUMBER:
        async with caller.place.ledger.reading() as connection:
            found = await read_rejected_whole(connection, int(number))
    sight = _sight(visit)
    if found is None or (sight is not None and not sight.takes_in(found.source, found.value, found.key, found.headers)):
        raise missing("refusal")
    await caller.note(f"rejected/{found.seq}")
    text = visible(found.value or b"")
    given = [(visible(name.encode()), visible(value or b"")) for name, value in headers_in(found.headers)]
    key = visible(found.key or b"")
    return Refused(found, text[:LONGEST_SHOWN], len(text) > LONGEST_SHOWN, how_to_mend(found.code), given, key)


def visible(raw: bytes) -> str:
    """Bytes as text that shows all there is: what is no text or has no sign of its own is written as an escape."""
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() or char == "\n" else _escape(char) for char in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode()


def as_event(found: RejectedWhole) -> str:
    """The refused input as one JSON text to be mended: with line ends where it is JSON, else as it came."""
    raw = structured_text(found.value or b"", headers_in(found.headers)) or found.value or b""
    text = raw.decode("utf-8", "replace").replace("\0", "\ufffd")
    if found.code == Reason.DUPLICATE_KEY:
        return text  # read as JSON, one of the two would be gone
    try:
        spread = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        spread.encode()
    except (ValueError, RecursionError):
        return text
    return spread
