"""Which language a page is in: what the address asks for, else what was chosen before, else what is preferred."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from desk.api.heading import heading
from desk.pages.cookies import cookie
from desk.words import LANGUAGES, best, in_language

ASKED: Final = "lang"
"""The part of an address that chooses a language, and the name of the cookie that remembers the choice."""
_YEAR_S: Final = 365 * 24 * 3600
_OWN_NAMES: Final = {"en": "English", "cy": "Cymraeg"}


class Speaking:
    """Has every page spoken in one language from first to last, and remembers a language that was chosen."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on in its language."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        asked = request.query_params.get(ASKED)

        def remember(headers: MutableHeaders) -> None:
            headers.add_vary_header("Cookie, Accept-Language")
            if asked in LANGUAGES:
                headers.append("Set-Cookie", cookie(request, ASKED, asked, lasts_s=_YEAR_S))

        with in_language(language_of(request)):
            await self._app(scope, receive, heading(send, remember))


def language_of(request: Request) -> str:
    """The language of the answer to a request."""
    for wanted in (request.query_params.get(ASKED), request.cookies.get(ASKED)):
        if wanted in LANGUAGES:
            return wanted
    return best(request.headers.get("accept-language"))


def others(request: Request) -> list[tuple[str, str, str]]:
    """Every other language: its code, its own name for itself, and the address of this very place in it."""
    now = language_of(request)
    return [(one, _OWN_NAMES[one], _here_in(request, one)) for one in LANGUAGES if one != now]


def _here_in(request: Request, language: str) -> str:
    found = request.url.include_query_params(**{ASKED: language})
    # Two slashes at the beginning would lead to another site.
    return f"/{found.path.lstrip('/')}?{found.query}"
