"""The seasons of a policy as instants: which one it is, and when the next begins."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from models.calendar import FIRST_YEAR, LAST_YEAR
from models.policy import Season
from workorders.wall_clock import instant_of, midnight


class Seasons:
    """Every beginning of a season from 1990 to 2100, ready to be searched; outside these years ``ValueError``."""

    __slots__ = ("_ids", "_starts")

    def __init__(self, seasons: Sequence[Season], zone: ZoneInfo) -> None:
        begins = sorted(
            (instant_of(midnight(date.fromisoformat(f"{year}-{season.starts}")), zone), season.id)
            for year in range(FIRST_YEAR - 1, LAST_YEAR + 2)
            for season in seasons
        )
        self._starts = [start for start, _ in begins]
        self._ids = [season for _, season in begins]

    def at(self, at: datetime) -> str:
        """The id of the season that holds at the instant."""
        return self._ids[self._index(at) - 1]

    def next_start(self, at: datetime) -> datetime:
        """The first beginning of a season after the instant."""
        return self._starts[self._index(at)]

    def _index(self, at: datetime) -> int:
        found = bisect_right(self._starts, at)
        if not 0 < found < len(self._starts):
            raise ValueError(f"{at.isoformat()} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
        return found
