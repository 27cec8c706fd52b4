"""Who may post a form at all: pages of this very desk; and with the embedded broker, browsers of this machine only."""

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from desk.api.problems import Problem
from desk.words import _
from streams.settings import LOOPBACK

_READING: Final = frozenset({"GET", "HEAD"})
_OWN: Final = frozenset({"same-origin", "none"})
"""Where a form may come from by ``Sec-Fetch-Site``: this desk, or what somebody typed or keeps as a bookmark."""


def check_doorway(request: Request, *, loopback_only: bool) -> None:
    """Refuses what comes under the name of another host (another site may have had its name lead here), or from one."""
    host = request.url.hostname or ""
    if loopback_only and host not in LOOPBACK:
        sentence = _("This desk answers this machine only, at http://127.0.0.1.")
        raise Problem(HTTPStatus.MISDIRECTED_REQUEST, "another-host", sentence)
    if request.method not in _READING and not _comes_from_here(request):
        sentence = _("This form came from another site, so nothing was done. Open the page here and fill it in again.")
        raise Problem(HTTPStatus.FORBIDDEN, "another-site", sentence)


def names_a_host(request: Request) -> bool:
    """Whether the request names a host at all by which its address can be written."""
    try:
        return bool(request.url.hostname)
    except ValueError:
        return False


def _comes_from_here(request: Request) -> bool:
    """By what the browser itself says; one that says neither is judged by the form's own token."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in _OWN:
        return False
    origin = request.headers.get("origin")
    try:
        return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
    except ValueError:
        return False
