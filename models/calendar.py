"""The typed shape of a calendar: the hours in which working time runs, and the days on which it does not."""

import re
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, ValidationInfo, model_validator

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES: Final = 24 * 60
# Years outside which no list of holidays is believed, and so no working calendar either.
FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100

_WINDOW: Final = r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)"
# The zones of the pinned package: what the machine has beside them (localtime, right/...) differs from one to the next.
ZONES: Final = frozenset((files("tzdata") / "zones").read_text(encoding="ascii").split())


JUDGED: Final = {"judged": True}
"""The validation context of what was found sound before: whether the list of holidays is known is not asked again."""


def window_minutes(window: str) -> tuple[int, int]:
    """Opening and closing in minutes after the midnight that begins the window's day.

    The day is the one on which the window starts, so ``22:00-06:00`` gives (1320, 1800). A text that is no
    window, or one that closes when it opens, is a ``ValueError``.
    """
    found = re.fullmatch(_WINDOW, window)
    if not found:
        raise ValueError(f"{window!r} is no window: write for example '09:00-17:00', '22:00-06:00' or '00:00-24:00'")
    open_hour, open_minute, close_hour, close_minute = (int(part or 0) for part in found.groups())
    opens, closes = open_hour * 60 + open_minute, close_hour * 60 + close_minute
    if window.endswith("24:00"):
        return opens, DAY_MINUTES
    if opens == closes:
        raise ValueError(f"{window!r} closes when it opens: a whole day is '00:00-24:00'")
    return opens, closes if closes > opens else closes + DAY_MINUTES


def _written_one_way(window: str) -> str:
    """The window as it is always stored: midnight at its end is 24:00."""
    return f"{window[:6]}24:00" if window_minutes(window)[1] == DAY_MINUTES else window


def _known_zone(zone: str) -> str:
    """The zone itself, if the time-zone database has it."""
    if zone not in ZONES:
        raise ValueError(f"{zone!r} is no zone of the time-zone database: write for example 'Europe/London'")
    return zone


def _once_each(days: tuple[date, ...]) -> tuple[date, ...]:
    """The days in order of date; a day that is listed twice is refused, for another was probably meant."""
    in_order = tuple(sorted(days))
    for day, following in pairwise(in_order):
        if day == following:
            raise ValueError(f"{day} is listed twice")
    return in_order


Window = Annotated[str, AfterValidator(_written_one_way), Field(json_schema_extra={"pattern": f"^{_WINDOW}$"})]
Zone = Annotated[str, AfterValidator(_known_zone)]
_Day = Annotated[date, Field(ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR, 12, 31))]
Days = Annotated[tuple[_Day, ...], AfterValidator(_once_each)]


class Week(BaseModel):
    """The windows of each weekday, in local wall time; a day that is left out is closed.

    A window that passes midnight belongs to the day on which it starts. Windows may touch but never overlap, not
    even one of Sunday night with one of Monday.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mon: tuple[Window, ...] = ()
    tue: tuple[Window, ...] = ()
    wed: tuple[Window, ...] = ()
    thu: tuple[Window, ...] = ()
    fri: tuple[Window, ...] = ()
    sat: tuple[Window, ...] = ()
    sun: tuple[Window, ...] = ()

    def days(self) -> Iterator[tuple[str, ...]]:
        """The windows of Monday, of Tuesday, and so on to Sunday."""
        return (getattr(self, day) for day in WEEKDAYS)

    @model_validator(mode="after")
    def _open_and_apart(self) -> "Week":
        in_order = sorted(
            (number * DAY_MINUTES + opens, number * DAY_MINUTES + closes, f"{WEEKDAYS[number]} {window}")
            for number, windows in enumerate(self.days())
            for window in windows
            for opens, closes in (window_minutes(window),)
        )
        if not in_order:
            raise ValueError("week has no window: give at least one day some hours")
        opens, closes, name = in_order[0]
        week_minutes = len(WEEKDAYS) * DAY_MINUTES
        for earlier, later in pairwise([*in_order, (opens + week_minutes, closes + week_minutes, name)]):
            if later[0] < earlier[1]:
                raise ValueError(f"windows of week overlap: {earlier[2]} and {later[2]}")
        return self


class HolidayList(BaseModel):
    """Whose holidays are kept: of a country, a part of it, and which kinds (its public ones if nothing is said)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    subdivision: str | None = None
    categories: Annotated[tuple[str, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _known(self, info: ValidationInfo) -> "HolidayList":
        if info.context == JUDGED:
            return self
        from holidays import country_holidays  # noqa: PLC0415 - slow to load, and most readers ask for no holiday

        try:
            country_holidays(self.country, subdiv=self.subdivision, categories=self.categories)
        except (NotImplementedError, ValueError) as refusal:
            raise ValueError(f"no list for country, subdivision or categories: {refusal}") from None
        return self


class CalendarSpec(BaseModel):
    """One calendar of a policy: either ``always`` (24x7), or a week of local hours less the holidays.

    On a holiday no window starts; one that started on the evening before runs on to its end. ``extra_holidays`` are
    kept besides the listed ones and ``not_holidays`` are worked although they are listed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: Zone
    always: StrictBool = False
    week: Week | None = None
    holidays: HolidayList | None = None
    extra_holidays: Days = ()
    not_holidays: Days = ()

    @model_validator(mode="after")
    def _of_one_mind(self) -> "CalendarSpec":
        if self.always:
            given = ("week", "holidays", "extra_holidays", "not_holidays")
            useless = [key for key in given if getattr(self, key)]
            if useless:
                raise ValueError(f"always = true leaves nothing to say for {' and '.join(useless)}: remove either")
        elif self.week is None:
            raise ValueError("a calendar needs either always = true or a week")
        if self.not_holidays and self.holidays is None:
            raise ValueError("not_holidays takes days off a list, but holidays names none")
        both = set(self.extra_holidays) & set(self.not_holidays)
        if both:
            raise ValueError(f"{min(both)} is in extra_holidays and in not_holidays")
        return self
