"""The application: its routes, what every answer bears, and how whatever goes wrong becomes a problem."""

import asyncio
import logging
import traceback
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from sqlalchemy.exc import DBAPIError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from desk.api import problems
from desk.api.following import Following
from desk.api.guard import Limits, record_refusal
from desk.api.heading import heading
from desk.api.open311 import routes as open311
from desk.api.open311 import writing
from desk.api.place import Place
from desk.api.problems import Problem, ProblemBody
from desk.api.routes import board, disputes, escalations, following, nights, orders, receipts, rejected, sources
from desk.api.schemas import COMPONENTS, schema_of
from desk.api.telling import OUTAGES, unavailable
from desk.contract.document import asyncapi
from desk.contract.schemas import schema, schema_names
from desk.exits import DeskError, NotFound
from models.ids import new_id
from models.refusal import Reason, quote_name
from streams.ledger.errors import LedgerError

log = logging.getLogger(__name__)

VERSION: Final = "1"
FRAMES_TOLD: Final = 12
ROUTERS: Final = (
    *(orders.router, nights.router, following.router, escalations.router, receipts.router),
    *(board.router, disputes.router, rejected.router, sources.router),
)
_SECURITY: Final = {"key": {"type": "http", "scheme": "bearer", "description": "Made by 'workorders key create'."}}
_ABOUT: Final = (
    "Which repairs and uncovered nights endanger the public, who has been told, and did it help. What is accepted is "
    "durable before it is answered. Every time is RFC 3339 with its offset. Every no is an RFC 9457 problem."
)


def build_app(place: Place) -> FastAPI:
    """The API over one ledger."""
    app = FastAPI(
        title="workorders", version=VERSION, description=_ABOUT, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.state.place = place
    app.state.limits = Limits(place.settings.api_per_minute)
    app.state.following = Following(place.ledger)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(open311.router)  # it is described elsewhere, and not by OpenAPI
    for path, page in (("/health/live", alive), ("/asyncapi.json", topics), ("/schemas/{name}", one_schema)):
        app.add_api_route(path, page, include_in_schema=False)
    app.add_middleware(cast("Any", Bearing))
    for kind in (
        Problem,
        RequestValidationError,
        HTTPException,
        DeskError,
        *OUTAGES,
        Exception,
    ):
        app.add_exception_handler(kind, ended)
    app.openapi = lambda: described(app)  # type: ignore[method-assign]
    return app


async def alive() -> Response:
    """Whether the door is open; it says nothing about any order, and needs no key."""
    return JSONResponse({"status": "alive", "reasons": []})


async def topics() -> Response:
    """The topics as AsyncAPI 3.0 has them; like the description of this API it needs no key."""
    return JSONResponse(asyncapi())


async def one_schema(name: str) -> Response:
    """The JSON Schema of one type and version of event, by the name of its file without the ending."""
    if name not in schema_names():
        raise problems.missing("schema")
    return JSONResponse(schema(name), media_type="application/schema+json")


def described(app: FastAPI) -> dict[str, Any]:
    """The whole API as OpenAPI 3.1 has it."""
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schema_of(ProblemBody)
        components = found.setdefault("components", {})
        components["schemas"] = dict(sorted(COMPONENTS.items()))
        components["securitySchemes"] = _SECURITY
        found["security"] = [{"key": []}]
        app.openapi_schema = found
    return app.openapi_schema


async def ended(request: Request, error: Exception) -> Response:
    """The problem that ends a request; each is put on record."""
    problem = _problem(error)
    await asyncio.shield(record_refusal(request, problem))
    return writing.refused(request, problem) if writing.is_asked(request) else problems.answer(request, problem)


def _problem(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _malformed(error)
        case HTTPException():
            return _of_http(error)
        case NotFound():
            return Problem(HTTPStatus.NOT_FOUND, "not-found", str(error))
        case DeskError():
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(Reason.MALFORMED_FIELD), str(error))
        case LedgerError() | DBAPIError():
            return unavailable()
        case _:
            log.error("a fault of the API itself: %s at %s", type(error).__name__, _where(error))
            sentence = "This is a fault of workorders itself; its log says more."
            return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "our-fault", sentence)


def _where(error: BaseException) -> str:
    """The way that led there, without the error's own words: those may quote what somebody said."""
    ways = traceback.extract_tb(error.__traceback__)[-FRAMES_TOLD:]
    return " > ".join(f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in ways)


def _malformed(error: RequestValidationError) -> Problem:
    fault = error.errors()[0]
    name = quote_name(str(fault["loc"][-1]) if len(fault["loc"]) > 1 else "")
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(Reason.MALFORMED_FIELD), f"{name}: {fault['msg']}.", about=name)


def _of_http(error: HTTPException) -> Problem:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problems.missing("address")
    phrase = HTTPStatus(error.status_code).phrase
    problem = Problem(error.status_code, phrase.lower().replace(" ", "-"), f"{phrase}.")
    problem.headers = dict(error.headers or {})
    return problem


class Bearing:
    """What every answer bears: the id of its request, and that nothing of it may be guessed at or kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under an id of its own."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        id_ = new_id()
        scope.setdefault("state", {})["id"] = id_

        def bear(headers: MutableHeaders) -> None:
            headers["Request-Id"] = id_
            headers["X-Content-Type-Options"] = "nosniff"
            headers.setdefault("Cache-Control", "no-store")

        await self._app(scope, receive, heading(send, bear))
