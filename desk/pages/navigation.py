"""The way from page to page: what somebody who is signed in may open."""

from dataclasses import dataclass
from typing import Final

from desk.access.rights import Action, may
from desk.pages.sessions import Session
from desk.words import _
from desk.words import mark as N_  # noqa: N812 - as gettext calls it

ESCALATIONS: Final = "/escalations"
BOARD: Final = "/board"
ORDERS: Final = "/orders"
NIGHTS: Final = "/nights"
MISSING: Final = "/missing"
_PLACES: Final = (
    (ESCALATIONS, N_("My escalations"), Action.READ_ESCALATIONS),
    (MISSING, N_("Report missing cover"), Action.REPORT_MISSING),
    (BOARD, N_("Board"), Action.READ_BOARD),
    (NIGHTS, N_("Nights"), Action.READ_NIGHTS),
)


@dataclass(frozen=True, slots=True)
class Way:
    """One entry of the navigation."""

    text: str
    href: str
    active: bool


def navigation(path: str, session: Session | None) -> list[Way]:
    """The entries for whoever is signed in; none for whoever is not."""
    if session is None:
        return []
    return [
        Way(_(text), href, path == href or path.startswith(f"{href}/"))
        for href, text, action in _PLACES
        if may(session.voice.holder, action)
    ]
