"""Timekeeping: what time it is for a decision, told only while our clock and the database's agree about it.

Whoever decides, decides by one instant. If that were a day ahead, open orders would be escalated whose time has not
come; a day behind, and overdue ones would be kept silent about and what was said withdrawn.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from streams.clock import Clock, monotonic

if TYPE_CHECKING:
    from streams.ledger.ledger import Ledger
    from streams.parts import Parts

log = logging.getLogger(__name__)


class ClocksDifferError(Exception):
    """Our clock and the database's differ by more than is allowed: nothing may be decided by either."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What our clock said, how far it was ahead of the database's, and whether that is within what is allowed."""

    now: datetime
    skew: timedelta
    agree: bool


async def agreed_now(parts: "Parts") -> datetime:
    """The present instant, held against the database's clock after it was read.

    Raises ``ClocksDifferError`` while they differ by more than ``clock_skew_limit_s``; the first time it shouts.
    """
    found = await compared(parts.ledger, parts.clock, parts.settings.clock_skew_limit_s)
    _tell(parts, found.skew, agree=found.agree)
    if not found.agree:
        raise ClocksDifferError(f"our clock is {found.skew.total_seconds():+.1f} s ahead of the database's")
    return found.now


async def compared(ledger: "Ledger", clock: Clock, limit_s: float) -> Compared:
    """Our clock held against the ledger's database, which may differ by so many seconds."""
    limit, asked = timedelta(seconds=limit_s), monotonic()
    now = clock.now()
    skew = await ledger.clock_skew(now)
    # The database was asked at some moment since: how long it took to answer is no fault of a clock.
    return Compared(now, skew, -limit - timedelta(seconds=monotonic() - asked) <= skew <= limit)


async def noted_now(parts: "Parts") -> datetime:
    """The present instant for what is only noted, such as when a message was sent: the database's, if it has one."""
    now = parts.clock.now()
    return now - await parts.ledger.clock_skew(now)


def _tell(parts: "Parts", skew: timedelta, *, agree: bool) -> None:
    if not agree and parts.progress.sweeping:
        log.error(
            "deciding stops: our clock is %+.1f s ahead of the database's, and %g s are allowed",
            skew.total_seconds(),
            parts.settings.clock_skew_limit_s,
        )
    elif agree and not parts.progress.sweeping:
        log.warning("deciding goes on: our clock and the database's agree again")
    parts.progress.sweeping = parts.vitals.sweeping = agree
    parts.vitals.skew_s = skew.total_seconds()
