"""Who is asking, may they, and not too often: the one way by which any request comes to be answered."""

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import Depends
from fastapi.routing import APIRoute
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from desk.access.keys import Key
from desk.access.record import Access
from desk.access.rights import Action, may
from desk.access.scope import is_within, units_within
from desk.api.place import Place
from desk.api.problems import Problem
from desk.opening import Desk
from models.refusal import Reason, quote_name

log = logging.getLogger(__name__)

SCHEME: Final = "Bearer"
STRANGERS_PER_MINUTE: Final = 60
"""How often one address may come without a key before it is not even answered why."""
SIGN_INS_PER_MINUTE: Final = 600
AFTER_S: Final = 60
"""After how long whoever came too often may come again at the latest."""
UNKNOWN: Final = "unknown"
"""The action of who was not let in."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, through which place, and which premises they may know of (None: all)."""

    place: Place
    key: Key
    action: Action
    desk: Desk
    units: frozenset[str] | None

    def reaches(self, unit: str) -> bool:
        """Whether a premises is within the key's scope."""
        return is_within(unit, self.units)

    async def note(self, about: str, status: int = 200) -> None:
        """Put on record that they looked at a subject, before it is shown."""
        await self.place.recording.ask(Access(self.desk.now, self.key.id, self.action.value, about, status))


class Limits:
    """How often a key, and an address without one, may come in a minute."""

    def __init__(self, per_minute: int) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._of_key = RateLimitItemPerMinute(per_minute)
        self._of_stranger = RateLimitItemPerMinute(STRANGERS_PER_MINUTE)
        self._of_office = RateLimitItemPerMinute(SIGN_INS_PER_MINUTE)

    async def key_comes(self, key: str) -> bool:
        """Whether a key may come once more."""
        return await self._limiter.hit(self._of_key, "key", key)

    async def stranger_comes(self, address: str) -> bool:
        """Whether an address without a key may come once more."""
        return await self._limiter.hit(self._of_stranger, "address", address)

    async def stranger_is_recorded(self, address: str) -> bool:
        """Whether one more refusal of an address without a key is put on record: the record must not grow for ever."""
        return await self._limiter.hit(self._of_stranger, "record", address)

    async def sign_in_begins(self, address: str) -> bool:
        """Whether one more sign-in at a service may begin from an address, behind which a whole office may be."""
        return await self._limiter.hit(self._of_office, "begin", address)

    async def sign_in_fails(self, address: str) -> bool:
        """Whether signing in from an address may fail once more, whatever else comes from there."""
        return await self._limiter.hit(self._of_stranger, "sign-in", address)


def permit(action: Action) -> Any:  # noqa: ANN401 - what FastAPI calls a dependency
    """Lets a request through if its key may do this; every route has one."""

    async def checked(request: Request) -> Caller:
        request.state.action = action.value
        place: Place = request.app.state.place
        desk = place.desk()
        key = await _key(request, place, desk)
        request.state.key = key.id
        limits: Limits = request.app.state.limits
        if not await limits.key_comes(key.id):
            raise _too_often()
        if not may(key.holder, action):
            sentence = f"A key for the {key.holder.value} may not do this: {action.value}."
            raise Problem(HTTPStatus.FORBIDDEN, "not-permitted", sentence)
        _refuse_unknown(request)
        return Caller(place, key, action, desk, units_within(key, desk.world, desk.now))

    checked.action = action  # type: ignore[attr-defined]
    return Depends(checked)


def _refuse_unknown(request: Request) -> None:
    """A misspelt question must not vanish: it would be answered as another one."""
    for name in request.query_params:
        if name not in _known(request.scope["route"]):
            sentence = f"{quote_name(name)} is nothing that can be asked here."
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            raise Problem(status, str(Reason.UNKNOWN_FIELD), sentence, about=quote_name(name))


def _known(route: APIRoute) -> frozenset[str]:
    """What can be asked at a route."""
    shared = (one for needed in route.dependant.dependencies for one in needed.query_params)
    return frozenset(one.alias for one in (*route.dependant.query_params, *shared))


async def _key(request: Request, place: Place, desk: Desk) -> Key:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    found = await place.key(secret.strip(), desk.now) if scheme.lower() == SCHEME.lower() and secret else None
    if found is not None:
        return found
    limits: Limits = request.app.state.limits
    address = request.client.host if request.client is not None else ""
    if not await limits.stranger_comes(address):
        request.state.unrecorded = True
        raise _too_often()
    sentence = "No key that opens anything came with this: send the header Authorization: Bearer <key>."
    raise Problem(HTTPStatus.UNAUTHORIZED, "no-key", sentence, about="Authorization", WWW_Authenticate=SCHEME)


def _too_often() -> Problem:
    sentence = f"Too many requests in this minute; come again in at most {AFTER_S} seconds."
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, "too-often", sentence, Retry_After=str(AFTER_S))


async def record_refusal(request: Request, problem: Problem) -> None:
    """Put on record what was refused to whom."""
    state = request.state
    if getattr(state, "unrecorded", False):
        return
    place: Place = request.app.state.place
    action = getattr(state, "action", UNKNOWN)
    line = Access(
        place.clock.now(), getattr(state, "key", None), action, request.url.path, problem.status, problem.code
    )
    try:
        await place.recording.ask(line)
    except Exception as error:  # noqa: BLE001 - a refusal stands whether or not it can be put on record
        log.warning("a refusal could not be put on record: %s", type(error).__name__)
