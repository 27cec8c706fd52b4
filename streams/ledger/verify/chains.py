"""Was anything edited? Each chain is walked link by link, and everything that a link sealed is held against it.

What is read stays small: some links at a time, and of one chain the seals of its subjects.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import AuditRow, QuarantineRow, UnitRow
from streams.ledger import rows
from streams.ledger.verify import links, reading, sealed_inputs, sealed_outputs, sealed_states
from streams.ledger.verify.acts import Acts
from streams.ledger.verify.finding import Finding, Tell
from streams.ledger.verify.links import Chain
from streams.ledger.verify.reading import count, everything
from streams.ledger.verify.sealed_states import Numbers
from streams.ledger.verify.walked import Entry, Walked


async def walk(connection: AsyncConnection, acts: Acts, tell: Tell) -> Walked:
    """Hold every event, state, message, statement, submission and rejection against the link that sealed it."""
    walked = Walked(acts)
    kept, walked.findings = await everything(connection, UnitRow)
    units: Units = dict.fromkeys((one.where for one in walked.findings), None) | {row.id: row for row in kept}
    held = await _quarantine(connection, walked)
    numbers = await sealed_states.numbers(connection)
    total, done = await count(connection, AuditRow), 0
    chain: Chain | None = None
    seen: set[str] = set()
    async for part, unread in reading.links(connection):
        walked.findings += unread
        entries: list[Entry] = []
        for link in part:
            if chain is None or link.chain != chain.name:
                await _check(connection, walked, chain, entries, held)
                await _end(connection, walked, chain, units, held, numbers)
                chain, entries = Chain(link.chain), []
                seen.add(link.chain)
            entry, found = chain.go_on(link)
            walked.findings += found
            entries.append((link, entry))
        await _check(connection, walked, chain, entries, held)
        done += len(part) + len(unread)
        tell("links", done, total)
    await _end(connection, walked, chain, units, held, numbers)
    walked.seen("links", done)
    without = [row for name, row in units.items() if name not in seen and row is not None]
    _without_chain(walked, without, held.keys() - seen)
    strange = [(model, unit) for model, unit in numbers if unit not in seen]
    walked.findings += [
        Finding(rows.table_of(model).name, unit, "no link says that anything was ever decided there")
        for model, unit in strange
    ]
    return walked


Units = Mapping[str, Row[Any] | None]
"""The units, each with its row; with none where that cannot be read."""
Held = Mapping[str, Sequence[Row[Any]]]
"""What is or was in quarantine, by unit and in the order of its rows."""


async def _quarantine(connection: AsyncConnection, walked: Walked) -> dict[str, list[Row[Any]]]:
    kept, unread = await everything(connection, QuarantineRow)
    walked.findings += unread
    found: dict[str, list[Row[Any]]] = {}
    for row in sorted(kept, key=lambda row: row.seq):
        found.setdefault(row.unit, []).append(row)
    return found


async def _check(
    connection: AsyncConnection, walked: Walked, chain: Chain | None, entries: Sequence[Entry], held: Held
) -> None:
    if chain is not None and entries:
        out = {(row.source, row.event_id) for row in held.get(chain.name, ()) if row.source and not row.released_at}
        await sealed_inputs.check(connection, walked, chain, entries, out)
        await sealed_outputs.check(connection, walked, chain, entries)


async def _end(
    connection: AsyncConnection,
    walked: Walked,
    chain: Chain | None,
    units: Units,
    held: Held,
    numbers: Numbers,
) -> None:
    if chain is not None:
        if chain.name not in units or units[chain.name] is not None:
            walked.findings += links.unit_faults(chain, units.get(chain.name))
        walked.findings += links.held_faults(chain, held.get(chain.name, ()))
        walked.findings += await sealed_states.check(connection, chain, walked.acts, numbers)


def _without_chain(walked: Walked, units: Sequence[Row[Any]], held: set[str]) -> None:
    for row in units:
        left = (row.version, row.audit_n, row.audit_head, row.decided_at, row.nights_until, row.backlog_due_at)
        if left != (0, 0, "", None, None, None) or row.backlog_n or row.incomplete:
            walked.findings.append(Finding("unit", row.id, "it says that it has a chain, and the chain is gone"))
    walked.findings += [Finding("quarantine", unit, "no link says that anything was held") for unit in sorted(held)]
