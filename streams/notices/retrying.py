"""Retrying: what comes of a notice after an attempt, and when the next one is due; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.notice_settings import NoticeSettings
from streams.notices.channels.channel import Outcome, Sent


@dataclass(frozen=True, slots=True)
class Next:
    """``at`` is when it is tried again; None if nothing more will be tried."""

    at: datetime | None


def after(sent: Sent, tries: int, settings: NoticeSettings, now: datetime, chance: float) -> Next:
    """What comes after the attempt numbered ``tries`` (from 1); ``chance`` is any number from 0 to 1.

    An unknown outcome is tried again as a failure is, for the key is the same. A receiver that asked to be left alone
    is, within the longest pause.
    """
    if sent.outcome is Outcome.ACCEPTED or sent.final or tries >= settings.tries:
        return Next(None)
    return Next(now + timedelta(seconds=_pause_s(sent, tries, settings, chance)))


def _pause_s(sent: Sent, tries: int, settings: NoticeSettings, chance: float) -> float:
    """Twice as long each time, of which chance takes up to a half, so that many do not come back together."""
    longest = settings.longest_pause_s
    doubled = min(longest, settings.first_pause_s * 2.0 ** min(tries - 1, 32))
    asked = min(longest, max(0.0, sent.retry_after_s or 0.0))
    return max(doubled * (0.5 + chance / 2), asked)
