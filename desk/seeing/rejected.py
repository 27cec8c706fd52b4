"""The pages of input that could not be taken."""

import base64
import sys
from collections.abc import Iterable

import orjson
from rich.console import RenderableType
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.exits import NotFound
from desk.instants import local, local_in_full
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import table
from desk.seeing.words import left_out
from desk.views.listed import Listed
from desk.views.lists import Rejected, RejectedWhole, read_rejected, read_rejected_whole
from desk.words import _, many, reason


def show_rejected(limit: int, reading: Reading) -> int:
    """Print the latest refusals."""
    return look(reading, "rejected", lambda _, connection: read_rejected(connection, limit), draw_rejected)


def draw_rejected(found: Listed[Rejected], desk: Desk) -> Iterable[RenderableType]:
    """A line for each refusal, the newest first."""
    if not found.total:
        yield Text(_("Nothing was rejected."), style="good")
        return
    yield Text(many("{n} rejection, the latest first", "{n} rejections, the latest first", found.total), style="head")
    yield from left_out(found)
    yield ""
    heads = (_("number"), _("when"), _("topic"), _("from"), _("reason"), _("field"))
    drawn = table(*heads, "", lead=5)
    for one in found.lines:
        again = _(" (submitted again)") if one.resubmitted_as else ""
        drawn.add_row(
            str(one.seq), local(one.rejected_at, desk.zone), one.topic, one.source or "?", Text(one.code, style="bad"),
            one.field, Text(reason(one.sentence) + again),
        )  # fmt: skip
    yield drawn


def show_one(number: int, raw: bool, reading: Reading) -> int:
    """Print one refused input; with ``raw`` only its bytes."""

    async def read(_: Desk, connection: AsyncConnection) -> dict[str, object]:
        found = await the_rejected(connection, number)
        return _shown(found)

    if raw:
        return _print_bytes(number, reading)
    return look(reading, "rejected", read, _draw_one)


async def the_rejected(connection: AsyncConnection, number: int) -> RejectedWhole:
    """The refused input of that number; ``NotFound`` if there is none."""
    found = await read_rejected_whole(connection, number)
    if found is None:
        raise NotFound(f"There is no rejected input of the number {number}; 'workorders rejected list' lists them.")
    return found


def _print_bytes(number: int, reading: Reading) -> int:
    def write(found: RejectedWhole, _: Desk) -> Iterable[RenderableType]:
        sys.stdout.buffer.write(found.value or b"")
        sys.stdout.buffer.flush()
        return ()

    plain = Reading(ledger=reading.ledger)
    return look(plain, "rejected", lambda _, connection: the_rejected(connection, number), write)


def _shown(one: RejectedWhole) -> dict[str, object]:
    """Everything about it; the bytes as text where they are UTF-8, and always in base64."""
    value = one.value or b""
    names = (
        "seq",
        "rejected_at",
        "heard",
        "topic",
        "topic_offset",
        "source",
        "code",
        "field",
        "sentence",
        "length",
        "sha256",
    )
    return {
        **{name: getattr(one, name) for name in names},
        "receipt": one.receipt,
        "resubmitted_as": one.resubmitted_as,
        "key": None if one.key is None else one.key.decode(errors="backslashreplace"),
        "headers": orjson.loads(one.headers),
        "text": _as_text(value),
        "bytes_base64": base64.b64encode(value).decode(),
    }


def _as_text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _draw_one(one: dict[str, object], desk: Desk) -> Iterable[RenderableType]:
    head = _("Rejected {number}", number=one["seq"])
    yield Text.assemble((head, "head"), "  ", (str(one["code"]), "bad"), f"  {one['field']}")
    yield Text(reason(str(one["sentence"])))
    drawn = table("", "")
    drawn.show_header = False
    rejected_at = one["rejected_at"]
    for name, value in (
        (_("topic"), one["topic"]),
        (_("offset"), one["topic_offset"]),
        (_("key"), one["key"]),
        (_("source"), one["source"]),
        (_("rejected"), local_in_full(rejected_at, desk.zone)),  # type: ignore[arg-type]
        (_("length"), _("{n} bytes", n=one["length"])),
        (_("sha-256"), one["sha256"]),
        (_("submitted again as"), one["resubmitted_as"]),
    ):
        if value is not None:
            drawn.add_row(Text(name, style="quiet"), Text(str(value)))
    yield drawn
    yield ""
    no_text = _("Its bytes are no UTF-8: --raw writes them as they came.")
    yield Text(str(one["text"]) if one["text"] is not None else no_text)
