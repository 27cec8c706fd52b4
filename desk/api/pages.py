"""How an answer is written: as JSON or CSV, with the fields that were asked for, and not at all if it is known."""

import base64
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import fields as fields_of
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

import orjson
from pydantic import Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from desk.api.problems import Problem
from desk.instants import utc
from models.refusal import Reason, quote

T = TypeVar("T")

Number = Annotated[int, Field(ge=0, le=2**62)]
"""A number in a cursor."""
CSV: Final = "text/csv"
JSON: Final = "application/json"
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet reckon with a cell instead of showing it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a list was asked for: which page of it, and which fields of its lines."""

    limit: int
    after: str | None
    fields: str | None


def cursor_of(key: Sequence[object]) -> str:
    """The key of a page's last line as text that nobody need understand."""
    parts = [
        utc(part) if isinstance(part, datetime) else str(part) if not isinstance(part, int) else part for part in key
    ]
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def key_in(cursor: str | None, kind: Any) -> Any:  # noqa: ANN401 - whatever tuple the list is sorted by
    """The key that a cursor holds, None for none; a ``Problem`` for what is no cursor of this list."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = TypeAdapter(kind).validate_json(raw)
        for part in key:
            if isinstance(part, datetime):
                utc(part)  # no ledger can hold an instant that lies beyond every calendar
    except (ValueError, ValidationError, OverflowError):
        sentence = "after is no cursor of this list: give back what 'next' said, as it was."
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "malformed-cursor", sentence, about="after") from None
    return key


def listed(
    request: Request,
    asked: Asked,
    now: datetime,
    kind: type[T],
    lines: Sequence[T],
    key: Callable[[T], Sequence[object]],
) -> Response:
    """One page of a list of dataclasses; ``lines`` holds one more than the limit if there are more."""
    shown = lines[: asked.limit]
    more = cursor_of(key(shown[-1])) if len(lines) > asked.limit else None
    plain = [_plain(kind, line) for line in shown]
    known = [one.name for one in fields_of(kind)]  # type: ignore[arg-type]
    names = _chosen(asked.fields, known)
    if names is not None:
        plain = [{name: line[name] for name in names} for line in plain]
    tag = _tag([plain, more])
    if _wants_csv(request):
        link = {} if more is None else {"Link": f'<{request.url.include_query_params(after=more)}>; rel="next"'}
        return _answered(request, tag, sheet(names or known, plain).encode(), f"{CSV}; charset=utf-8", link)
    body = orjson.dumps({"as_at": utc(now), "lines": plain, "next": more})
    return _answered(request, tag, body, JSON, {})


def shown(request: Request, now: datetime, name: str, value: object) -> Response:
    """One thing, under its name."""
    plain = _plain(type(value), value)
    return _answered(request, _tag([plain]), orjson.dumps({"as_at": utc(now), name: plain}), JSON, {})


_ADAPTERS: Final[dict[Any, TypeAdapter[Any]]] = {}


def _plain(kind: Any, value: object) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    found: dict[str, Any] = _ADAPTERS[kind].dump_python(value, mode="json")
    return found


def _chosen(fields: str | None, known: Sequence[str]) -> list[str] | None:
    """The names of the fields that were asked for, None for all; a ``Problem`` for one that there is not."""
    if fields is None:
        return None
    names = list(dict.fromkeys(part.strip() for part in fields.split(",")))
    for name in names:
        if name not in known:
            sentence = f"fields names {quote(name)}, which a line has not; it has {', '.join(known)}."
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(Reason.UNKNOWN_FIELD), sentence, about="fields")
    return names


def _tag(content: object) -> str:
    return f'W/"{sha256(orjson.dumps(content)).hexdigest()[:32]}"'


def _answered(request: Request, tag: str, body: bytes, media_type: str, more: Mapping[str, str]) -> Response:
    headers = {"ETag": tag, "Vary": "Accept, Authorization", "Cache-Control": "private, no-cache", **more}
    known = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, HTTPStatus.OK, headers, media_type)


def _wants_csv(request: Request) -> bool:
    wanted = dict(_weighed(part) for part in request.headers.get("accept", "").lower().split(","))
    return wanted.get(CSV, 0.0) > max(wanted.get(JSON, 0.0), wanted.get("application/*", 0.0))


def _weighed(part: str) -> tuple[str, float]:
    media_type, *parameters = (one.strip() for one in part.split(";"))
    weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        return media_type, float(weight)
    except ValueError:
        return media_type, 0.0


def sheet(names: Sequence[str], lines: Sequence[Mapping[str, Any]]) -> str:
    """The lines as CSV under their names, which are there without any line too; no cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_cell(line[name]) for name in names] for line in lines)
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULAS) else value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return _cell(" ".join(value))
    return orjson.dumps(value).decode() if isinstance(value, list | dict | bool) else value
