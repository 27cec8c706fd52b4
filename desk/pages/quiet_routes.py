"""The addresses of the quieter pages: search, disputes, refused events, how the rules work, and the system."""

from starlette.routing import Route

from desk.access.rights import Action
from desk.pages import disputes, refused, refused_mending, rules, search, system
from desk.pages.navigation import DISPUTES, REFUSED, RULES, SEARCH, SYSTEM
from desk.pages.visitors import allowed


def routes() -> list[Route]:
    """Each with its right; whoever is signed in may search and read the rules, and reads their escalations anyway."""
    anybody = Action.READ_ESCALATIONS
    one = f"{REFUSED}/{{number}}"
    return [
        Route(SEARCH, allowed(anybody, search.show_search)),
        Route(DISPUTES, allowed(Action.READ_DISPUTES, disputes.show_disputes)),
        Route(f"{DISPUTES}.csv", allowed(Action.READ_DISPUTES, disputes.disputes_sheet)),
        Route(REFUSED, allowed(Action.READ_REJECTED, refused.show_refused)),
        Route(f"{REFUSED}.csv", allowed(Action.READ_REJECTED, refused.refused_sheet)),
        Route(one, allowed(Action.READ_REJECTED, refused_mending.show_one), methods=["GET"]),
        Route(one, allowed(Action.READ_REJECTED, refused_mending.mend), methods=["POST"]),
        Route(RULES, allowed(anybody, rules.show_rules)),
        Route(SYSTEM, system.promptly(allowed(Action.READ_SOURCES, system.show_system))),
    ]
