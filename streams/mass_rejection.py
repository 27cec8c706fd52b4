"""Rejections in mass: one source's are its own fault and only shout; several sources' at once are most likely ours.

A worker that rejects everything because of its own mistake would empty the topics into the rejections, so it stops.
"""

import logging
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from streams.ledger.incoming import Rejection
from streams.log_outcome import plain_id
from streams.settings import Settings

log = logging.getLogger(__name__)

UNKNOWN: Final = ""
"""What stands for the source where the input did not tell it; all such inputs count as one source."""


class MassRejectionError(Exception):
    """Several sources were rejected in mass at once, so the worker stops before it rejects more."""


class MassRejections:
    """Counts rejections by source within a sliding window."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen: deque[tuple[datetime, str]] = deque()
        self._shouted: set[str] = set()

    def note(self, rejections: Iterable[Rejection], now: datetime) -> None:
        """Count these; raises ``MassRejectionError`` if enough sources have each been rejected in mass."""
        self._seen.extend((now, rejection.source or UNKNOWN) for rejection in rejections)
        self._forget(now - self._settings.mass_rejection_window)
        many = self._in_mass()
        for source in sorted(many - self._shouted):
            name = plain_id(source or None) or "(source not readable)"
            log.error("inputs of one source are rejected in mass: %s", name)
        self._shouted = many
        if len(many) >= self._settings.mass_rejection_sources:
            raise MassRejectionError(
                f"{len(many)} sources were each rejected {self._settings.mass_rejection_count} times or more within "
                f"{self._settings.mass_rejection_window_s:g} s: the fault is likely ours, so nothing more is rejected"
            )

    def _forget(self, before: datetime) -> None:
        while self._seen and self._seen[0][0] < before:
            self._seen.popleft()

    def _in_mass(self) -> set[str]:
        counts: dict[str, int] = {}
        for _, source in self._seen:
            counts[source] = counts.get(source, 0) + 1
        return {source for source, count in counts.items() if count >= self._settings.mass_rejection_count}
