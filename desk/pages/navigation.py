"""The way from page to page: what somebody who is signed in may open."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from desk.access.rights import Action, Holder, may
from desk.api import operations
from desk.opening import Desk
from desk.pages.sessions import Session
from desk.pages.voices import is_heard
from desk.words import _
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.ids import SOURCE_PREFIX

ESCALATIONS: Final = "/escalations"
BOARD: Final = "/board"
CHARTS: Final = "/charts"
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
    (REPAIR, N_("Report a repair"), Action.RAISE_ORDER),
    (MISSING, N_("Report missing cover"), Action.REPORT_MISSING),
    (BOARD, N_("Board"), Action.READ_BOARD),
    (NIGHTS, N_("Nights"), Action.READ_NIGHTS),
)

_SAYS: Final = {REPAIR: operations.RAISE, MISSING: operations.OF_NIGHT[0]}
"""What is said by these pages: a role may have the right, and a source that the estate does not hear on it."""
_QUIET: Final = (
    (SEARCH, N_("Search"), Action.READ_ESCALATIONS),
    (DISPUTES, N_("Disputes"), Action.READ_DISPUTES),
    (REFUSED, N_("Refused events"), Action.READ_REJECTED),
    (RULES, N_("How the rules work"), Action.READ_ESCALATIONS),
    (SYSTEM, N_("System"), Action.READ_SOURCES),
)
"""The pages that are needed less often: they stand at the foot of each page, where they crowd nothing."""


def subject_address(premises: str, subject: str) -> str:
    """Where the page of an order or a night is; a source has none but its line on the page of the system."""
    if subject.startswith(SOURCE_PREFIX):
        return SYSTEM
    if "/" in subject:
        return f"{NIGHTS}/{quote(subject, safe='/')}"
    return f"{ORDERS}/{quote(premises, safe='')}/{quote(subject, safe='')}"


def leads_to(holder: Holder, premises: str, subject: str) -> str | None:
    """The same for a link; None for whoever may not read it."""
    reads = Action.READ_SOURCES if subject.startswith(SOURCE_PREFIX) else None
    reads = reads or (Action.READ_NIGHTS if "/" in subject else Action.READ_ORDERS)
    return subject_address(premises, subject) if may(holder, reads) else None


@dataclass(frozen=True, slots=True)
class Way:
    """One entry of the navigation."""

    text: str
    href: str
    active: bool


def navigation(path: str, session: Session | None, desk: Desk) -> list[Way]:
    """The entries for whoever is signed in; none for whoever is not, nor for what their source is not heard on."""
    if session is None:
        return []
    source = session.voice.source
    return [
        way
        for way in _ways(_PLACES, path, session)
        if way.href not in _SAYS or is_heard(desk.world, source, _SAYS[way.href], desk.now)
    ]


def quiet_navigation(path: str, session: Session | None) -> list[Way]:
    """The entries at the foot of the page."""
    return _ways(_QUIET, path, session)


def _ways(places: Sequence[tuple[str, str, Action]], path: str, session: Session | None) -> list[Way]:
    if session is None:
        return []
    return [
        Way(_(text), href, path == href or path.startswith(f"{href}/"))
        for href, text, action in places
        if may(session.voice.holder, action)
    ]
