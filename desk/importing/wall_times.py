"""Reading what a clock on the wall showed: one instant, or a plain reason why it names none."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from desk.importing.mapping import Times
from desk.importing.remarks import Why
from models.refusal import quote
from workorders.wall_clock import instant_of, zone_named

_KEPT: Final = 100_000
"""How many readings are kept: many rows of one file share the same due time."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An instant in UTC, with the flag of a reading that the mapping chose between two."""

    at: datetime
    flag: Why | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a text names no instant; the sentence goes on after the column's name."""

    code: Why
    why: str


class WallTimes:
    """Reads the times of one mapping."""

    def __init__(self, times: Times) -> None:
        self._times = times
        self.zone: Final = zone_named(times.zone)
        self.read = lru_cache(maxsize=_KEPT)(self._read)

    def _read(self, text: str) -> Reading | Unreadable:
        """The instant that a cell names."""
        written = self._written(text)
        if written is None:
            forms = " or ".join(f"'{form}'" for form in self._times.forms)
            return Unreadable(Why.NO_TIME, f"is {quote(text)}, which is no time written as {forms}")
        try:
            return self._instant(written, text)
        except OverflowError:
            return Unreadable(Why.NO_TIME, f"is {quote(text)}, which lies beyond the years 1 to 9999 in UTC")

    def _written(self, text: str) -> datetime | None:
        # strptime takes digits of any script; a file that means them would say so in its form.
        if not text.isascii():
            return None
        for form in self._times.forms:
            try:
                return datetime.strptime(text, form)  # noqa: DTZ007 - the zone of the mapping is added below
            except ValueError:
                continue
        return None

    def _instant(self, written: datetime, text: str) -> Reading | Unreadable:
        if written.tzinfo is not None:
            return Reading(written.astimezone(UTC))
        at = instant_of(written, self.zone)
        match self._oddity(written, at):
            case Why.REPEATED_HOUR if self._times.repeated == "refuse":
                why = f"is {quote(text)}, which the clock in {self._times.zone} showed twice: it does not say which"
                return Unreadable(Why.REPEATED_HOUR, why)
            case Why.SKIPPED_HOUR if self._times.skipped == "refuse":
                why = f"is {quote(text)}, which the clock in {self._times.zone} never showed: it was put forward then"
                return Unreadable(Why.SKIPPED_HOUR, why)
            case oddity:
                return Reading(at, oddity)

    def _oddity(self, written: datetime, at: datetime) -> Why | None:
        if self._offset(written, 0) == self._offset(written, 1):
            return None
        shown = at.astimezone(self.zone).replace(tzinfo=None, fold=0)
        return Why.REPEATED_HOUR if shown == written else Why.SKIPPED_HOUR

    def _offset(self, written: datetime, fold: int) -> timedelta | None:
        return self.zone.utcoffset(written.replace(fold=fold))
