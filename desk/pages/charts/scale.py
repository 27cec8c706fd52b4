"""The scale of a drawing over time: where an instant is, and the marks that people read it by."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MARKS_AT_MOST: Final = 4
"""More would run into each other on a telephone."""
_HOURS: Final = (1, 2, 3, 6, 12)
_DAYS: Final = (1, 2, 4, 7, 14, 28, 56, 91, 182, 364)
_MARGIN: Final = 0.01
_YEAR: Final = 364


@dataclass(frozen=True, slots=True)
class Scale:
    """From one instant to another, with a little room at both ends; places are in percent of the width."""

    since: datetime
    until: datetime

    def place(self, at: datetime) -> float:
        """Where an instant is, at the edge if it lies beyond."""
        length = max((self.until - self.since).total_seconds(), 1.0)
        part = (at - self.since).total_seconds() / length
        return 100 * (_MARGIN + min(max(part, 0.0), 1.0) * (1 - 2 * _MARGIN))

    def shows(self, at: datetime) -> bool:
        """Whether an instant lies on it."""
        return self.since <= at <= self.until

    def marks(self, zone: ZoneInfo) -> tuple[list[datetime], bool]:
        """Round instants of the zone's clocks at which marks stand, and whether they are whole days."""
        length = self.until - self.since
        hours = next((n for n in _HOURS if length <= timedelta(hours=n) * MARKS_AT_MOST), None)
        if hours is not None:
            return [*self._hours(zone, hours)], False
        days = next((n for n in _DAYS if length <= timedelta(days=n) * MARKS_AT_MOST), None)
        return [*self._days(zone, days or _YEAR * (1 + length.days // (_YEAR * MARKS_AT_MOST)))], True

    def _hours(self, zone: ZoneInfo, step: int) -> Iterator[datetime]:
        local = self.since.astimezone(zone)
        day = datetime(local.year, local.month, local.day, tzinfo=zone)
        for n in range(0, 24 * 4, step):
            wall = day + timedelta(hours=n)  # by the wall clock: 06:00 stays 06:00 when the clocks change
            if self.shows(at := wall.astimezone(UTC)):
                yield at

    def _days(self, zone: ZoneInfo, step: int) -> Iterator[datetime]:
        local = self.since.astimezone(zone)
        wall = datetime(local.year, local.month, local.day, tzinfo=zone)
        while (at := wall.astimezone(UTC)) <= self.until:
            if at >= self.since:
                yield at
            wall += timedelta(days=step)
