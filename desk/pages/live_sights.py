"""What can be followed: the part of a page that changes, and what makes two people see the same of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import URL
from starlette.requests import Request

from desk.access.rights import Action, Holder
from desk.pages.visitors import Visit
from desk.pages.voices import Voice
from models.premises import ScopeKind


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a page that changes by itself: the block ``live`` of its template, and what that is drawn from.

    ``by_role``: it depends on the role of whoever looks, and not only on their rights and how far they reach.
    """

    path: str
    action: Action
    template: str
    content: Callable[[Visit], Awaitable[dict[str, Any]]]
    by_role: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """What makes two people see the same: the page with its filters, their rights and reach, and the language."""

    part: Part
    query: str
    holder: Holder
    reach: ScopeKind
    of: str
    role: str
    language: str


def sight_of(part: Part, query: str, voice: Voice, language: str) -> Sight:
    """What somebody with this voice sees."""
    return Sight(part, query, voice.holder, voice.reach, voice.of, voice.role if part.by_role else "", language)


def request_of(sight: Sight) -> Request:
    """The request of the page with these filters; it bears nothing of whoever followed it first."""
    url = URL(path=sight.part.path, query=sight.query)
    scope = {"type": "http", "method": "GET", "path": url.path, "query_string": url.query.encode(), "headers": []}
    return Request(scope)
