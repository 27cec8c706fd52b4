"""How a route is declared: each with its right, its problems, and all that OpenAPI says of it."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from desk.api import preferring
from desk.api.again import HEADER, LONGEST
from desk.api.operations import Operation
from desk.api.pages import CSV, JSON, Asked
from desk.api.problems import documented
from desk.api.schemas import Schema, page_of, schema_of
from desk.api.telling import ReceiptBody

MOST: Final = 500
"""How many lines a page has at most."""
Endpoint = Callable[..., Awaitable[Response]]

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many lines a page has at most.")]
After = Annotated[str | None, Query(max_length=500, description="What 'next' of the page before said.")]
Fields = Annotated[
    str | None, Query(max_length=500, description="Only these fields, with commas between them.", min_length=1)
]
At = Annotated[
    str | None,
    Query(description="As at this instant, by what had been heard by then.", json_schema_extra={"format": "date-time"}),
]
Premises = Annotated[str | None, Query(max_length=40, description="Only of this premises.")]

_TAGGED: Final[Schema] = {"ETag": {"schema": {"type": "string"}, "description": "For If-None-Match."}}
_KEY: Final[Schema] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[ -~]*$"},
    "description": "A request that comes again with it within 24 hours has the same answer, and one event.",
}
_PREFER: Final[Schema] = {
    "name": preferring.HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "RFC 7240: respond-async to be answered as soon as it is durable, wait=N to wait N seconds at most "
    "for what becomes of it. A report of danger to life is answered as soon as it is durable whatever is preferred.",
}
_APPLIED: Final[Schema] = {"schema": {"type": "string"}, "description": "Which preferences were followed."}
_KNOWN: Final[Schema] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The ETag of what is known already.",
}
_NOT_MODIFIED: Final = {"description": "It is as it was.", "headers": _TAGGED}


def _asked(limit: Limit = 100, after: After = None, fields: Fields = None) -> Asked:
    """How a list is asked for."""
    return Asked(limit, after, fields)


Page = Annotated[Asked, Depends(_asked)]
"""How a list is asked for, as every list may be."""


def add_list(router: APIRouter, path: str, endpoint: Endpoint, line: Any, summary: str) -> None:  # noqa: ANN401
    """Declare a list, as JSON or CSV."""
    content = {JSON: {"schema": page_of(line)}, CSV: {"schema": {"type": "string"}}}
    _add_get(router, path, endpoint, content, summary, HTTPStatus.UNPROCESSABLE_ENTITY)


def add_one(
    router: APIRouter,
    path: str,
    endpoint: Endpoint,
    name: str,
    kind: Any,  # noqa: ANN401
    summary: str,
    *,
    subject: bool = True,
) -> None:
    """Declare one thing that is answered under its name; ``subject``: there may be none."""
    schema = {
        "type": "object",
        "properties": {"as_at": {"type": "string", "format": "date-time"}, name: schema_of(kind)},
        "required": ["as_at", name],
    }
    statuses = (
        (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY) if subject else (HTTPStatus.UNPROCESSABLE_ENTITY,)
    )
    _add_get(router, path, endpoint, {JSON: {"schema": schema}}, summary, *statuses)


def add_operation(router: APIRouter, path: str, endpoint: Endpoint, operation: Operation) -> None:
    """Declare something that can be said."""
    link = {"schema": {"type": "string"}, "required": True, "description": "Where its receipt is."}
    headers = {"Location": link, preferring.APPLIED: _APPLIED}
    created = {
        "description": "It is durable.",
        "headers": headers,
        "content": {JSON: {"schema": schema_of(ReceiptBody)}},
    }
    router.add_api_route(
        path,
        endpoint,
        methods=["POST"],
        status_code=HTTPStatus.CREATED,
        summary=operation.summary,
        operation_id=operation.action.value,
        response_class=Response,
        responses={201: created, **documented(400, 404, 408, 409, 413, 415, 422, 503)},
        openapi_extra={"requestBody": operation.request_body(), "parameters": [_KEY, _PREFER]},
    )


def _add_get(router: APIRouter, path: str, endpoint: Endpoint, content: Schema, summary: str, *statuses: int) -> None:
    router.add_api_route(
        path,
        endpoint,
        methods=["GET"],
        summary=summary,
        operation_id="get" + _named(router.prefix.removeprefix("/v1") + path),
        response_class=Response,
        responses={
            200: {"description": "The answer.", "headers": _TAGGED, "content": content},
            304: _NOT_MODIFIED,
            **documented(*statuses, 503),
        },
        openapi_extra={"parameters": [_KNOWN]},
    )


def _named(path: str) -> str:
    return path.replace("/", "-").replace("{", "").replace("}", "")
