"""Escalations as they are said, as server-sent events: whoever comes back with Last-Event-ID misses none."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Header, Query
from fastapi.sse import format_sse_event
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from desk.access.rights import Action
from desk.api.following import FOLLOWERS_PER_KEY, Following, joined, left
from desk.api.guard import Caller, permit
from desk.api.problems import Problem, documented
from desk.views.escalations import StatementLine
from desk.views.said import said_between
from models.escalation import StatementKind
from streams.clock import monotonic

router: Final = APIRouter(prefix="/v1/escalations", tags=["escalations"])
MEDIA_TYPE: Final = "text/event-stream"
ALIVE_EVERY_S: Final = 15.0
"""After how long a silence a comment shows that the line still holds, and the key is looked at again."""
_LINE: Final = TypeAdapter(StatementLine)
_EVENT: Final = {
    "type": "object",
    "description": "One event; its data is a statement, with the fields that statements have everywhere here.",
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "event": {"type": "string", "enum": [kind.value for kind in StatementKind]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_NUMBER: Final = r"^[0-9]{1,18}$"


async def follow(
    request: Request,
    caller: Annotated[Caller, permit(Action.READ_ESCALATIONS)],
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", pattern=_NUMBER, description="The id of the last event that came.")
    ] = None,
    seconds: Annotated[float | None, Query(ge=0, le=86_400, description="End after so long; else never.")] = None,
) -> Response:
    """Each statement has a number as its id; with the last one that came everything after it comes, in order, once."""
    following: Following = request.app.state.following
    place = await following.present()
    seen = place if last_event_id is None else int(last_event_id)
    if seen > place:
        sentence = f"Last-Event-ID is {seen}, which this ledger has not reached: begin anew, without it."
        raise Problem(HTTPStatus.GONE, "unknown-place", sentence, about="Last-Event-ID")
    if not joined(following, caller.key.id):
        sentence = f"{FOLLOWERS_PER_KEY} follow with this key already."
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too-often", sentence, Retry_After="60")
    await caller.note("what is said from now on")
    until = None if seconds is None else monotonic() + seconds
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request, caller, seen, until), HTTPStatus.OK, headers, MEDIA_TYPE)


async def _events(request: Request, caller: Caller, seen: int, until: float | None) -> AsyncIterator[bytes]:
    following: Following = request.app.state.following
    try:
        yield b"retry: 1000\n\n"
        while not following.ended and await _still_opens(request, caller):
            left_s = ALIVE_EVERY_S if until is None else min(ALIVE_EVERY_S, until - monotonic())
            place = await following.moves(seen, max(0.0, left_s))
            silent = True
            while seen < place:
                async with caller.place.ledger.reading() as connection:
                    found, seen = await said_between(connection, seen, place, caller.units)
                for number, line in found:
                    silent = False
                    yield _event(number, line)
            if until is not None and monotonic() >= until:
                return
            if silent:
                yield b": still here\n\n"
    finally:
        left(following, caller.key.id)


async def _still_opens(request: Request, caller: Caller) -> bool:
    secret = request.headers.get("authorization", "").partition(" ")[2].strip()
    return await caller.place.key(secret, caller.place.clock.now()) is not None


def _event(number: int, line: StatementLine) -> bytes:
    data = orjson.dumps(_LINE.dump_python(line, mode="json")).decode()
    return bytes(format_sse_event(data_str=data, event=line.statement, id=str(number)))


router.add_api_route(
    "/stream",
    follow,
    methods=["GET"],
    summary="Escalations as they are said",
    operation_id="follow-escalations",
    response_class=Response,
    responses={
        200: {"description": "Events without end.", "content": {MEDIA_TYPE: {"schema": _EVENT}}},
        **documented(410, 422, 503),
    },
)
