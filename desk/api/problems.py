"""Problems: every answer that is a no, as RFC 9457 writes it, with the reason code and the field that it is about."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

import orjson
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from desk.words import Words, best, words_in
from models.refusal import Reason, Refusal

MEDIA_TYPE: Final = "application/problem+json"
TYPE: Final = "urn:workorders:problem:"

_STATUS: Final = {
    Reason.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Reason.NOT_UTF8: HTTPStatus.BAD_REQUEST,
    Reason.NOT_JSON: HTTPStatus.BAD_REQUEST,
    Reason.NESTED_TOO_DEEP: HTTPStatus.BAD_REQUEST,
    Reason.DUPLICATE_KEY: HTTPStatus.BAD_REQUEST,
    Reason.EMPTY_VALUE: HTTPStatus.BAD_REQUEST,
    Reason.SOURCE_NOT_PERMITTED: HTTPStatus.FORBIDDEN,
    Reason.ROLE_NOT_PERMITTED: HTTPStatus.FORBIDDEN,
    Reason.UNKNOWN_SOURCE: HTTPStatus.FORBIDDEN,
    Reason.ID_REUSED: HTTPStatus.CONFLICT,
}
"""With which status each reason is refused; every other is 422: it was understood and cannot be taken."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """What whoever reports danger to life must do first of all; no report replaces it."""

    telephone: str
    instruction: str


@dataclass(frozen=True, slots=True)
class ProblemBody:
    """A problem: ``code`` and ``field`` are for programs, ``detail`` is the sentence for people."""

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    code: str
    field: str
    request: str
    emergency: Emergency | None = None


EMERGENCY: Final = Emergency(
    "999", "If anybody's life is in danger, telephone 999 now. Nobody is sent because of this report alone."
)


class Problem(Exception):  # noqa: N818 - it is one, and ends a request
    """Ends a request with a problem."""

    def __init__(self, status: int, code: str, sentence: str, *, about: str = "", **headers: str) -> None:
        super().__init__(sentence)
        self.status, self.code, self.field, self.sentence = status, code, about, sentence
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.emergency: Emergency | None = None

    @classmethod
    def of(cls, refusal: Refusal, about: str) -> "Problem":
        """The problem that a refusal is; ``about`` is the field as the request names it."""
        status = _STATUS.get(Reason(refusal.code), HTTPStatus.UNPROCESSABLE_ENTITY)
        return cls(status, str(refusal.code), refusal.sentence, about=about)


def missing(what: str) -> Problem:
    """What is not there, or not within this key's reach: nobody can tell which."""
    return Problem(HTTPStatus.NOT_FOUND, "not-found", f"There is no such {what}.")


def words_for(request: Request) -> Words:
    """The language that a request prefers of those there are."""
    return words_in(best(",".join(request.headers.getlist("accept-language"))))


def answer(request: Request, problem: Problem) -> Response:
    """The problem as a response, what a person reads of it in the language that the request prefers."""
    status, words = HTTPStatus(problem.status), words_for(request)
    body = {
        "type": TYPE + problem.code,
        "title": words.reason(status.phrase),
        "status": int(status),
        "detail": words.reason(problem.sentence),
        "code": problem.code,
        "field": problem.field,
        "request": getattr(request.state, "id", ""),
    }
    if problem.emergency is not None:
        body["emergency"] = {"telephone": EMERGENCY.telephone, "instruction": words.reason(EMERGENCY.instruction)}
    headers = {"Content-Language": words.language, "Vary": "Accept-Language", **problem.headers}
    return Response(orjson.dumps(body), int(status), headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How the statuses that may end a request are described."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {
        int(status): {"description": HTTPStatus(status).phrase, "content": content}
        for status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS, *statuses)
    }
