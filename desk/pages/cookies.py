"""Cookies: none can be read by a script, none goes along with what another site posts."""

from http.cookies import SimpleCookie
from typing import Final

from starlette.requests import Request

SESSION: Final = "workorders"
"""Holds the secret of whoever is signed in."""
GUEST: Final = "workorders-guest"
"""Holds a secret of whoever is not, so that the form for signing in cannot be posted from elsewhere."""

SIGN_IN: Final = "workorders-sign-in"
"""Holds the secret of a sign-in that is under way at the sign-in service, which leads back here from another site."""


def is_secure(request: Request) -> bool:
    """Whether the browser came by https: to this program itself, or to the TLS before it, which the settings name."""
    return request.url.scheme == "https" or bool(request.app.state.public_https)


def cookie(request: Request, name: str, value: str, *, lasts_s: int | None = None) -> str:
    """The header that sets a cookie; without ``lasts_s`` it lasts as long as the browser's own session, 0 ends it."""
    jar: SimpleCookie = SimpleCookie()
    jar[name] = value
    made = jar[name]
    made["path"] = "/"
    made["httponly"] = True
    made["samesite"] = "Lax"
    if is_secure(request):
        made["secure"] = True
    if lasts_s is not None:
        made["max-age"] = lasts_s
    return made.OutputString()
