"""The policies, the estates, the gaps and the ledger's own name are what was put there, by whom and when."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from models.tables import EstateVersionRow, MetaRow, OffsetGapRow, PolicyVersionRow
from streams.ledger import rows
from streams.ledger.queries.plain import as_dict
from streams.ledger.verify.acts import Acts
from streams.ledger.verify.finding import Finding
from streams.ledger.verify.reading import differing, everything

_VERSIONS: Final[Mapping[str, type[SQLModel]]] = {"policy": PolicyVersionRow, "estate": EstateVersionRow}


async def check(connection: AsyncConnection, acts: Acts) -> tuple[int, list[Finding]]:
    """Each version is one that somebody activated, with the document that its hash names; and the rest of the kind."""
    found = await _identity(connection, acts)
    n = 0
    for what, model in _VERSIONS.items():
        kept, unread = await everything(connection, model)
        n += len(kept)
        found += unread + _versions(what, rows.table_of(model).name, kept, acts)
    gaps, unread = await everything(connection, OffsetGapRow)
    return n, found + unread + _gaps(gaps, acts)


async def _identity(connection: AsyncConnection, acts: Acts) -> list[Finding]:
    kept, unread = await everything(connection, MetaRow)
    if unread:
        return unread
    if len(kept) != 1 or kept[0].id != 1:
        return [Finding("meta", "1", f"a ledger says once what it is, and this one says it {len(kept)} times")]
    if acts.began is None:
        return []  # nobody has given it a policy yet, and nothing is decided without one
    wrong = differing(as_dict(kept[0]), acts.began)
    return [Finding("meta", "1", f"it was edited: {', '.join(wrong)} is not what it began with")] if wrong else []


def _versions(what: str, table: str, kept: Sequence[Row[Any]], acts: Acts) -> list[Finding]:
    activated = {one.effective_from: one for one in acts.activated if one.what == what}
    found = []
    for row in kept:
        where = row.effective_from.isoformat()
        act = activated.pop(row.effective_from, None)
        if act is None:
            found.append(Finding(table, where, "no link says that anybody activated it"))
        elif (row.version, row.activated_at, row.activated_by) != (act.version, act.at, act.by):
            found.append(Finding(table, where, "it was edited: version, activated_at or activated_by is not as sealed"))
        if sha256(row.document.encode()).hexdigest() != row.version:
            found.append(Finding(table, where, "it was edited: its document is not the one that its version names"))
    found += [Finding(table, at.isoformat(), "it was activated and is gone") for at in activated]
    return found


def _gaps(kept: Sequence[Row[Any]], acts: Acts) -> list[Finding]:
    told = {(gap["stream"], gap["from_offset"]): gap for gap in acts.gaps}
    found = []
    for row in kept:
        where = f"{row.stream} {row.from_offset}"
        gap = told.pop((row.stream, row.from_offset), None)
        if gap is None:
            found.append(Finding("offset_gap", where, "no link says that anybody accepted it"))
        elif wrong := differing(as_dict(row), gap):
            found.append(Finding("offset_gap", where, f"it was edited: {', '.join(wrong)} is not what was accepted"))
    found += [Finding("offset_gap", f"{stream} {at}", "it was accepted and is gone") for stream, at in told]
    return found
