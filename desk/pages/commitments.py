"""By when it will be done: the instants that can be chosen, and what was chosen."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from desk.instants import utc
from desk.opening import Desk
from desk.words import _, spoken

NO_TIME: Final = "none"
"""What is chosen by whoever cannot say yet by when."""
STEP: Final = timedelta(minutes=5)
"""What is offered is rounded up to so much, as people would say it."""
_AHEAD: Final = tuple(timedelta(hours=hours) for hours in (1, 2, 4, 8))
_AGAIN_WITHIN: Final = timedelta(days=7)
"""A form that held a time which has passed by so much may have been sent before, and is looked up."""
_MORNING, _EVENING = 9, 17


@dataclass(frozen=True, slots=True)
class Choice:
    """One instant that can be chosen: what a form holds, and what a person reads."""

    value: str
    text: str


def choices(desk: Desk) -> list[Choice]:
    """What can be promised now, the soonest first, and never beyond what holds a ladder."""
    most = desk.now + longest(desk)
    return [_choice(at, desk) for at in dict.fromkeys(sorted(_instants(desk))) if desk.now < at <= most]


def longest(desk: Desk) -> timedelta:
    """The longest commitment that holds a ladder."""
    return desk.world.policies.at(desk.now).spec.answers.commitment_max


def _instants(desk: Desk) -> Iterator[datetime]:
    begin = _rounded_up(desk.now)
    for ahead in _AHEAD:
        yield begin + ahead
    tomorrow = desk.now.astimezone(desk.zone) + timedelta(days=1)
    for hour in (_MORNING, _EVENING):
        yield tomorrow.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0).astimezone(desk.now.tzinfo)


def _rounded_up(at: datetime) -> datetime:
    over = timedelta(minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond)
    return at + (STEP - over) if over else at


def _choice(at: datetime, desk: Desk) -> Choice:
    day = at.astimezone(desk.zone).date()
    ahead = (day - desk.now.astimezone(desk.zone).date()).days
    time, length = spoken().time(at), spoken().span(at - desk.now)
    if ahead == 0:
        return Choice(utc(at), _("today at {time}, in {length}", time=time, length=length))
    if ahead == 1:
        return Choice(utc(at), _("tomorrow at {time}, in {length}", time=time, length=length))
    return Choice(utc(at), _("{moment}, in {length}", moment=spoken().moment(at), length=length))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen: an instant, or None for no promise; ``fault`` is the sentence for what cannot be one now."""

    at: datetime | None
    fault: str = ""


def chosen(value: str, desk: Desk) -> Chosen:
    """What a form holds; an instant that has passed or lies too far ahead is none."""
    if value == NO_TIME:
        return Chosen(None)
    if not value:
        return Chosen(None, _("Choose by when it will be done"))
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return Chosen(None, _("Choose one of the times"))
    if at.tzinfo is None:
        return Chosen(None, _("Choose one of the times"))
    if not desk.now < at <= desk.now + longest(desk):
        lately = desk.now - _AGAIN_WITHIN < at <= desk.now
        return Chosen(at if lately else None, _("That time has passed or is too far ahead: choose one of these"))
    return Chosen(at)
