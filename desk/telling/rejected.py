"""Submitting a rejected input again, mended or as it came."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from desk.exits import Exit
from desk.opening import Desk, open_ledger
from desk.options import Reading
from desk.printing import console, new_console, print_json
from desk.seeing.rejected import the_rejected
from desk.telling.fates import taken
from desk.telling.inputs import as_input, with_receipt
from desk.words import _, reason
from models.refusal import Refusal

BY = "division"
"""Who resubmits: whoever has the ledger in hand acts for the division."""


@dataclass(frozen=True, slots=True)
class Resubmitted:
    """What became of a rejected input that was submitted again: its fate, and the reason if it was refused again."""

    number: int
    fate: str
    receipt: str | None
    code: str | None = None
    field: str | None = None
    sentence: str | None = None


def resubmit(number: int, file: str | None, reading: Reading) -> int:
    """Submit the rejected input again, with the bytes of the file (``-``: stdin) if one is given."""
    mended = _read(file) if file is not None else None
    found, desk = asyncio.run(_resubmit(number, mended, reading))
    if reading.json:
        print_json({"as_at": desk.now, "time": desk.time_kind, "resubmitted": found})
    elif found.sentence is not None:
        where = f", {found.field}" if found.field else ""
        again = _("Refused again ({code}{where}). {why}", code=found.code, where=where, why=reason(found.sentence))
        line = f"workorders: {again}"
        new_console(stderr=True).print(Text(line), soft_wrap=True)
    else:
        console().print(
            Text(_("Submitted again as {receipt}: {fate}.", receipt=found.receipt, fate=reason(found.fate)))
        )
    return Exit.OK if found.fate in {"recorded", "duplicate"} else Exit.NO


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


async def _resubmit(number: int, mended: bytes | None, reading: Reading) -> tuple[Resubmitted, Desk]:
    async with open_ledger(reading.ledger) as (desk, ledger):
        async with ledger.reading() as connection:
            rejected = await the_rejected(connection, number)
        incoming = as_input(mended if mended is not None else rejected.value or b"")
        answer = (await ledger.submit([incoming], desk.now, desk.world))[0]
        if isinstance(answer, Refusal):
            return Resubmitted(number, "refused", None, str(answer.code), answer.field, answer.sentence), desk
        await ledger.resubmitted(rejected.message_id, answer.id, desk.now, BY)
        found = await taken(desk, ledger, with_receipt(incoming, answer), again=answer.again)
    fate = found.fate or "recorded"
    if found.is_rejected:
        return Resubmitted(number, fate, answer.id, found.code, found.field, found.sentence), desk
    return Resubmitted(number, fate, answer.id), desk
