"""Whether a role can always be reached, and whether it can be woken: over the dates and the hours of its routes."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

from models.premises import Route
from workorders.policy.routes import BEGINNING, END, Stretch, Way, narrowest, reached
from workorders.policy.rulebook import Policy

WAKING: Final = frozenset({"text", "call"})
"""The channels that wake a person."""

_SAMPLE_YEAR: Final = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))


def first_gap(ways: Sequence[Way], stretch: Stretch) -> str | None:
    """In words, from when on none of the ways leads there although the stretch lasts; None if one always does."""
    known, end = stretch[0] or BEGINNING, stretch[1] or END
    known = next((until for since, until in reached(ways) if since <= known < until), known)
    if known >= end:
        return None
    return "at first" if known == BEGINNING else f"from {known.isoformat()}"


class Sleepers:
    """Finds out when a role would sleep on.

    Dates are looked at wherever a route begins or ends. Hours are looked at over one whole year, at each opening and
    closing of a calendar, so that nothing between can differ.
    """

    def __init__(self, policy: Policy) -> None:
        self._calendars = policy.calendars
        self._office = policy.calendars[policy.spec.office_hours]
        self._known: dict[tuple[Route, ...], str | None] = {}

    def asleep_at(self, ways: Sequence[Way], stretch: Stretch) -> str | None:
        """In words, a moment in the stretch at which no way wakes anybody; None if there is none."""
        for moment in _changes(ways, stretch):
            routes = tuple(way.route for way in ways if way.holds_at(moment))
            if routes not in self._known:
                self._known[routes] = self._asleep(routes)
            if self._known[routes] is not None:
                return self._known[routes]
        return None

    def _asleep(self, routes: Sequence[Route]) -> str | None:
        for at in sorted(self._edges(routes)):
            if not self._office.is_open(at):
                used = narrowest(routes, partial(self._is_open, at))
                if not any(channel.kind in WAKING for route in used for channel in route.channels):
                    return f"for example on a {at:%A} at {at:%H:%M} UTC"
        return None

    def _is_open(self, at: datetime, hours: str) -> bool:
        return self._calendars[hours].is_open(at)

    def _edges(self, routes: Sequence[Route]) -> set[datetime]:
        calendars = [self._office, *(self._calendars[route.hours] for route in routes if route.hours is not None)]
        return {edge for calendar in calendars for span in calendar.intervals(*_SAMPLE_YEAR) for edge in span}


def _changes(ways: Sequence[Way], stretch: Stretch) -> Iterator[datetime]:
    """The start of the stretch, and each instant within it at which a way begins or ends."""
    start, end = stretch[0] or BEGINNING, stretch[1] or END
    yield start
    edges = {edge for way in ways for edge in (way.since, way.until) if edge is not None}
    yield from sorted(edge for edge in edges if start < edge < end)
