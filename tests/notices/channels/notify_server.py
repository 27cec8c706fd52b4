"""GOV.UK Notify on this machine, as its documentation says that it behaves: tokens, answers, errors, references."""

import calendar
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import jwt
from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

SERVICE: Final = "26785a09-ab16-4eb0-8407-a37497a57506"
SECRET: Final = "3d844edf-8d35-48ac-975b-e847b4f122b0"
KEY: Final = f"live-{SERVICE}-{SECRET}"
TEMPLATE: Final = "f33517ff-2a88-4f6e-b855-c550268ce08a"


def refusal(status: int, kind: str, message: str) -> web.Response:
    """An answer that is no success, in Notify's form."""
    return web.json_response({"status_code": status, "errors": [{"error": kind, "message": message}]}, status=status)


REFUSALS: Final = {
    "bad request": (400, "BadRequestError", "Can't send to this recipient using a team-only API key"),
    "validation": (400, "ValidationError", "phone_number Not enough digits"),
    "clock": (403, "AuthError", "Error: Your system clock must be accurate to within 30 seconds"),
    "key": (403, "AuthError", "Invalid token: API key not found"),
    "rate": (429, "RateLimitError", "Exceeded rate limit for key type live of 3000 requests per 60 seconds"),
    "day": (429, "TooManyRequestsError", "Exceeded send limits (250,000) for today"),
    "server": (500, "Exception", "Internal server error"),
}


@dataclass
class Notify:
    """What it has taken and what it does next; ``after`` names what goes wrong once a message has been taken."""

    refuse: str = ""
    refuse_asking: str = ""
    after: Answer | None = None
    asking: Answer | None = None
    status: str = "created"
    taken: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What is answered to any request."""
        if (wrong := self._token(request)) is not None:
            return wrong
        if (request.method, request.path) == ("GET", "/v2/notifications"):
            return await self._list(request)
        if (request.method, request.path) in (("POST", "/v2/notifications/sms"), ("POST", "/v2/notifications/email")):
            return await self._take(request)
        return refusal(404, "NoResultFound", "No result found")

    def _token(self, request: web.Request) -> web.Response | None:
        try:
            scheme, _, token = request.headers["Authorization"].partition(" ")
            claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"require": ["iss", "iat"]})
        except (KeyError, jwt.InvalidTokenError):
            return refusal(*REFUSALS["key"])
        if scheme != "Bearer" or claims["iss"] != SERVICE:
            return refusal(*REFUSALS["key"])
        if abs(calendar.timegm(time.gmtime()) - claims["iat"]) > 30:
            return refusal(*REFUSALS["clock"])
        return None

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.query.get("reference", ""))
        if self.asking is not None:
            found: web.StreamResponse = await self.asking(request)
            return found
        if self.refuse_asking:
            return refusal(*REFUSALS[self.refuse_asking])
        known = [one for one in self.taken if one["reference"] == request.query.get("reference")]
        links = {"current": str(request.url)}
        return web.json_response({"notifications": known, "links": links})

    async def _take(self, request: web.Request) -> web.StreamResponse:
        if self.refuse:
            return refusal(*REFUSALS[self.refuse])
        body = await request.json()
        kind = request.path.rpartition("/")[2]
        wants = {"sms": "phone_number", "email": "email_address"}[kind]
        if not {wants, "template_id"} <= body.keys():
            return refusal(400, "ValidationError", f"{wants} is a required property")
        message = {
            "id": str(uuid.uuid4()),  # noqa: TID251 - Notify's own
            "type": kind,
            "reference": body.get("reference"),
            "status": self.status,
            "personalisation": body.get("personalisation"),
            wants: body[wants],
            "template": {"id": body["template_id"], "version": 1},
        }
        self.taken.append(message)
        if self.after is not None:
            broken: web.StreamResponse = await self.after(request)
            return broken
        return web.json_response(message, status=201)
