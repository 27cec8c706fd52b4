"""The way from page to page: what somebody who is signed in may open."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from desk.access.rights import Action, may
from desk.pages.sessions import Session
from desk.words import _
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.ids import SOURCE_PREFIX

ESCALATIONS: Final = "/escalations"
BOARD: Final = "/board"
ORDERS: Final = "/orders"
NIGHTS: Final = "/nights"
MISSING: Final = "/missing"
REPAIR: Final = "/repair"
DISPUTES: Final = "/disputes"
REFUSED: Final = "/refused"
SEARCH: Final = "/search"
RULES: Final = "/rules"
SYSTEM: Final = "/system"
_PLACES: Final = (
    (ESCALATIONS, N_("My escalations"), Action.READ_ESCALATIONS),
    (MISSING, N_("Report missing cover"), Action.REPORT_MISSING),
    (BOARD, N_("Board"), Action.READ_BOARD),
    (NIGHTS, N_("Nights"), Action.READ_NIGHTS),
)


def subject_address(premises: str, subject: str) -> str:
    """Where the page of an order or a night is; a source has none but its line on the page of the system."""
    if subject.startswith(SOURCE_PREFIX):
        return SYSTEM
    if "/" in subject:
        return f"{NIGHTS}/{quote(subject, safe='/')}"
    return f"{ORDERS}/{quote(premises, safe='')}/{quote(subject, safe='')}"


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
