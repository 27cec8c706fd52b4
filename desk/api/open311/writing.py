"""How an answer is written: as XML or JSON, from one tree of plain values, as GeoReport v2 has them."""

import re
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

import orjson
from starlette.requests import Request
from starlette.responses import Response

from desk.api.problems import Problem, words_for
from desk.words import Words

PREFIX: Final = "/open311/v2"


class Format(StrEnum):
    """The end of an address: how the answer is to be written."""

    XML = "xml"
    JSON = "json"


_MEDIA_TYPE: Final = {Format.XML: "text/xml; charset=utf-8", Format.JSON: "application/json; charset=utf-8"}
_ONE_OF: Final = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "errors": "error",
}
"""What one of a list is called in XML; in JSON the list says it all."""
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEPT_STATUS: Final = frozenset(
    {
        *(HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE),
        *(HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE),
    }
)
_NAMED: Final = {
    "Authorization": "api_key",
    "premises": "address_id",
    "asset": "service_code",
    "fault": "service_code",
    "note": "description",
    "impacts": "attribute[impacts]",
    "alternative_available": "attribute[alternative_available]",
}
"""What the specification calls the fields of an order."""


def written(kind: Format, root: str, value: object, status: int = HTTPStatus.OK, **headers: str) -> Response:
    """A tree of plain values under its root, which JSON leaves out."""
    body = orjson.dumps(value) if kind is Format.JSON else _xml(root, value)
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(body, status, {**named, "Content-Type": _MEDIA_TYPE[kind]})


def is_asked(request: Request) -> bool:
    """Whether a request came by this door."""
    return request.url.path.startswith(f"{PREFIX}/")


def refused(request: Request, problem: Problem) -> Response:
    """A problem as the specification writes it: 403, 404, 410, what may pass by itself, and for all else 400."""
    status = HTTPStatus(problem.status)
    if status is HTTPStatus.UNAUTHORIZED:
        status = HTTPStatus.FORBIDDEN
    if status not in _KEPT_STATUS:
        status = HTTPStatus.BAD_REQUEST
    kind = Format.JSON if request.url.path.endswith(".json") else Format.XML
    words = words_for(request)
    errors = [{"code": int(status), "description": _described(problem, words)}]
    headers = {name: text for name, text in problem.headers.items() if name in {"Retry-After", "Connection"}}
    return written(kind, "errors", errors, status, **headers)


def _described(problem: Problem, words: Words) -> str:
    name, sentence = _NAMED.get(problem.field, problem.field), words.reason(problem.sentence)
    said = sentence if not name or name in problem.sentence else f"{name}: {sentence}"
    return said if problem.emergency is None else f"{said} {words.reason(problem.emergency.instruction)}"


def _xml(root: str, value: object) -> bytes:
    top = Element(root)
    _fill(top, value)
    found: bytes = tostring(top, encoding="utf-8", xml_declaration=True)
    return found


def _fill(element: Element, value: object) -> None:
    if isinstance(value, Mapping):
        for name, one in value.items():
            _fill(SubElement(element, name), one)
    elif isinstance(value, list):
        for one in value:
            _fill(SubElement(element, _ONE_OF[element.tag]), one)
    elif value is not None:
        element.text = _text(value)


def _text(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold and is no list
    """The value as text; a character that XML has no way to write becomes the one that stands for such."""
    return _NO_XML.sub("\ufffd", str(value).lower() if isinstance(value, bool) else str(value))
