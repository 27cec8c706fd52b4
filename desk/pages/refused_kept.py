"""What a mended event must keep of what was refused: it is still the same event, with what was wrong put right."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from desk.opening import Desk
from desk.telling.inputs import as_input
from desk.views.lists import RejectedWhole
from desk.views.refused import premises_in, said_in
from desk.words import _
from models.refusal import quote
from streams.ledger import sorting

PREMISES: Final = "data.premises"
KEPT: Final = ("source", "id", "type", "subject", PREMISES)
"""What makes an event the one that it is."""


def changed(whole: RejectedWhole, mended: Mapping[str, Any], desk: Desk) -> str:
    """In one sentence which of these was changed though nothing was wrong with it; empty if none was.

    Wrong is what the refusal names, and what the mended event would be refused for as well.
    """
    for field, before in _said(whole):
        after = _of(mended, field)
        if after not in before and not _is_wrong(mended, field, before[0], desk):
            return _(
                "{field} must stay {value}: what is sent must be the event that was refused.",
                field=field, value=quote(before[0]),
            )  # fmt: skip
    return ""


def _said(whole: RejectedWhole) -> Iterator[tuple[str, list[str]]]:
    """What was said in each of these, where it can be read and is not what the refusal names."""
    said = said_in(whole.value, whole.headers)
    for field in KEPT:
        before = _of(said, field)
        if isinstance(before, str) and before and not _names(whole.field, field):
            yield field, [before, *_otherwise(whole, field)]


def _otherwise(whole: RejectedWhole, field: str) -> list[str]:
    """The record's key, where the refusal is that it is other than the premises: either may be what was meant."""
    return [(whole.key or b"").decode("utf-8", "replace")] if (field, whole.field) == (PREMISES, "key") else []


def _names(refused: str, field: str) -> bool:
    """Whether the field of a refusal is this one, or what it is part of."""
    return refused == field or field.startswith(f"{refused}.")


def _of(said: Mapping[str, Any], field: str) -> object:
    return premises_in(said) if field == PREMISES else said.get(field)


def _is_wrong(mended: Mapping[str, Any], field: str, before: str, desk: Desk) -> bool:
    """Whether the mended event, with what stood there before, would be refused for that."""
    own = {"data": {**mended["data"], "premises": before}} if field == PREMISES else {field: before}
    tried = as_input(orjson.dumps({**mended, **own}))
    refusal = sorting.verdict(sorting.read([tried])[0], desk.now, desk.world)
    return refusal is not None and _names(refusal.field, field)
