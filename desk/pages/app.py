"""The pages as one application, served at the addresses that the API leaves free."""

import asyncio
import logging
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.access.oidc.provider import BACK, ENDED, SIGNED_OUT, provider_of
from desk.access.rights import Action
from desk.api.guard import record_refusal
from desk.api.place import Place
from desk.api.problems import Problem
from desk.api.telling import OUTAGES
from desk.exits import DeskError, NotFound
from desk.notices.signing import signing_keys
from desk.pages import (
    acknowledging,
    answering,
    board,
    cases,
    charts_page,
    escalations,
    live,
    missing,
    night,
    nights,
    oidc,
    oidc_choosing,
    order_routes,
    orders,
    quiet_routes,
    repair,
    signing_in,
    signing_out,
)
from desk.pages.assets import show_asset
from desk.pages.doorway import check_doorway, names_a_host
from desk.pages.dressing import Dressing
from desk.pages.languages import Speaking, language_of
from desk.pages.links import LINK
from desk.pages.live_views import Live
from desk.pages.navigation import BOARD, CHARTS, ESCALATIONS, NIGHTS, ORDERS
from desk.pages.rendering import page
from desk.pages.visitors import SendAgain, SignInFirst, allowed, signed_in
from desk.words import _, in_language
from streams.ledger.errors import LedgerError

log = logging.getLogger(__name__)

OF_THE_API: Final = ("/v1", "/open311", "/schemas", "/health", "/openapi.json", "/asyncapi.json")
"""What the addresses of programs begin with: what is not there is missing to a program, not to a person."""


async def begin(request: Request) -> Response:
    """The first page for whoever is signed in; else the way to sign in."""
    await signed_in(request)
    return RedirectResponse(ESCALATIONS, HTTPStatus.SEE_OTHER)


def routes() -> list[Route]:
    """Every address of the pages, with its right where somebody must be signed in."""
    return [
        Route("/", begin),
        *_doors(),
        *_of_escalations(),
        Route(missing.HERE, allowed(Action.REPORT_MISSING, missing.show_missing), methods=["GET"]),
        Route(missing.HERE, allowed(Action.REPORT_MISSING, missing.report_missing), methods=["POST"]),
        Route(f"{missing.HERE}/reported", allowed(Action.REPORT_MISSING, missing.show_reported)),
        *repair.routes(),
        *_of_lists(),
        *order_routes.routes(),
        *night.routes(),
        *live.routes(),
        *quiet_routes.routes(),
        Route("/assets/{version}/{name}", show_asset),
    ]


def _doors() -> list[Route]:
    """The ways in and out, for whoever is not signed in."""
    return [
        Route("/a/{token}", acknowledging.show_link, methods=["GET"]),
        Route("/a/{token}", acknowledging.acknowledge, methods=["POST"]),
        Route(signing_in.HERE, signing_in.show_sign_in, methods=["GET"], name=signing_in.SIGN_IN),
        Route(signing_in.HERE, signing_in.sign_in, methods=["POST"]),
        Route(oidc.HERE, oidc.go_out, methods=["POST"]),
        Route(BACK, oidc.come_back, methods=["GET"]),
        Route(oidc.AS, oidc_choosing.ask_as_whom, methods=["GET"]),
        Route(oidc.AS, oidc_choosing.choose, methods=["POST"]),
        Route(oidc.TYPED, oidc_choosing.show_typed, methods=["GET"]),
        Route(ENDED, signing_out.end_from_elsewhere, methods=["POST"]),
        Route("/sign-out", signing_out.sign_out, methods=["POST"]),
        Route(SIGNED_OUT, signing_out.show_signed_out, methods=["GET"]),
    ]


def _of_escalations() -> list[Route]:
    read = Action.READ_ESCALATIONS
    answers = [
        route
        for name, operation in answering.PATHS.items()
        for route in (
            Route(f"{ESCALATIONS}/{name}", allowed(operation.action, answering.question(operation)), methods=["GET"]),
            Route(f"{ESCALATIONS}/{name}", allowed(operation.action, answering.answer(operation)), methods=["POST"]),
        )
    ]
    return [
        Route(ESCALATIONS, allowed(read, escalations.show_escalations)),
        Route(cases.HERE, allowed(read, cases.show_cases)),
        Route(f"{ESCALATIONS}/answered", allowed(read, answering.show_answered)),
        *answers,
    ]


def _of_lists() -> list[Route]:
    """The board, the charts, the orders and the nights, and each as a table of its own."""
    return [
        Route(BOARD, allowed(Action.READ_BOARD, board.show_board)),
        Route(CHARTS, allowed(Action.READ_BOARD, charts_page.show_charts)),
        Route(f"{BOARD}.csv", allowed(Action.READ_BOARD, board.board_sheet)),
        Route(ORDERS, allowed(Action.READ_ORDERS, orders.show_orders)),
        Route(f"{ORDERS}.csv", allowed(Action.READ_ORDERS, orders.orders_sheet)),
        Route(NIGHTS, allowed(Action.READ_NIGHTS, nights.show_nights)),
        Route(f"{NIGHTS}.csv", allowed(Action.READ_NIGHTS, nights.nights_sheet)),
    ]


class Doorway:
    """Turns away what comes under another host's name or with a form of another site, and ends what goes wrong.

    It stands inside of what dresses the answers, so that whatever goes wrong is answered with every header too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if it may come in."""
        request = Request(scope, receive)
        if not names_a_host(request):
            await PlainTextResponse("Bad Request", HTTPStatus.BAD_REQUEST)(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            check_doorway(request, loopback_only=request.app.state.chooses_role)
            await self._app(scope, receive, sending)
        except Exception as error:
            if begun:
                raise
            await (await ended(request, error))(scope, receive, send)


def build_pages(place: Place, limits: object) -> Starlette:
    """The pages over one ledger; ``limits`` are those that hold for the API too."""
    app = Starlette(
        routes=routes(),
        middleware=[Middleware(Dressing), Middleware(Speaking), Middleware(Doorway)],
        exception_handlers=dict.fromkeys((Problem, SendAgain, HTTPException, SignInFirst, DeskError, *OUTAGES), ended),
    )
    app.router.redirect_slashes = False
    app.state.place = place
    app.state.limits = limits
    app.state.chooses_role = place.settings.is_embedded
    app.state.sign_in_service = service = provider_of(place.settings)
    known_as = (place.settings.notices.base_url, service.settings.base_url if service is not None else None)
    app.state.public_https = any((one or "").startswith("https:") for one in known_as)
    app.state.link_keys = signing_keys(place.settings)
    app.state.live = Live(place)
    app.state.charts = charts_page.Kept()
    return app


def with_pages(app: FastAPI, place: Place) -> FastAPI:
    """The API, and beside it the pages at every address that is none of the API's."""
    pages, nothing = build_pages(place, app.state.limits), app.router.default
    app.state.pages = pages
    app.state.following.others.append(pages.state.live.end)

    async def otherwise(scope: Scope, receive: Receive, send: Send) -> None:
        of_a_program = scope["type"] != "http" or scope["path"].startswith(OF_THE_API)
        await (nothing if of_a_program else pages)(scope, receive, send)

    app.router.default = otherwise
    return app


async def ended(request: Request, error: Exception) -> Response:
    """The page that ends a request; what was refused is put on record."""
    with in_language(language_of(request)):
        if isinstance(error, SignInFirst):
            return await signing_in.sign_in_first(request, error.form)
        problem = _problem(error)
        await _of_nobody(request)
        await asyncio.shield(record_refusal(_without_secrets(request), problem))
        if isinstance(error, SendAgain):
            return signing_in.send_again(request, error.form)
        answer = page(
            request, "problem.html", problem.status,
            heading=_heading(problem.status), sentence=problem.sentence, more=[], way=("/", _("Go to the first page")),
        )  # fmt: skip
        answer.headers.update(problem.headers)
        return answer


async def _of_nobody(request: Request) -> None:
    """What was refused to somebody unknown is put on record only so often."""
    address = request.client.host if request.client is not None else ""
    if getattr(request.state, "key", None) is None and not await request.app.state.limits.stranger_is_recorded(address):
        request.state.unrecorded = True


def _heading(status: int) -> str:
    match status:
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            return _("This page is not there")
        case HTTPStatus.FORBIDDEN | HTTPStatus.MISDIRECTED_REQUEST:
            return _("You may not do this here")
        case HTTPStatus.TOO_MANY_REQUESTS:
            return _("Please wait a moment")
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _("This does not work just now")
        case _:
            return _("That did not work")


def _problem(error: Exception) -> Problem:
    match error:
        case Problem(code="idempotency-key-reused"):
            sentence = _(
                "This form was sent before with other answers, and those count. Open the page anew to say more."
            )
            return Problem(HTTPStatus.CONFLICT, error.code, sentence)
        case Problem():
            return error
        case HTTPException() if error.status_code == HTTPStatus.NOT_FOUND:
            return Problem(HTTPStatus.NOT_FOUND, "not-found", _("There is no such page here."))
        case HTTPException():
            return Problem(error.status_code, "not-possible", _("That cannot be done with this page."))
        case NotFound():
            return Problem(HTTPStatus.NOT_FOUND, "not-found", str(error))
        case LedgerError() | DBAPIError():
            sentence = _("The ledger cannot be reached, so nothing is sure to be saved. Try again in a moment.")
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "ledger-unavailable", sentence, Retry_After="5")
        case DeskError():
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "not-possible", str(error))
        case _:
            log.error("a fault of a page itself: %s", type(error).__name__)
            sentence = _("This is a fault of this program itself, and its log says more. Nothing you did was wrong.")
            return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "our-fault", sentence)


def _without_secrets(request: Request) -> Request:
    """The same request for the record, which shows no link by which somebody could still acknowledge."""
    path: str = request.scope["path"]
    return Request({**request.scope, "path": LINK}) if path.startswith(LINK) else request
