"""How a night is said on a page: its state, who covers it, when somebody lacks, and what money it costs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from desk.opening import Desk
from desk.views.nights_ahead import NightAhead
from desk.words import _, many, spoken
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.decision import CoverState
from workorders.night_hours import Stretch

STATUSES: Final[Mapping[str, str]] = {
    "covered": N_("Covered"),
    "short": N_("Short"),
    "later": N_("Short later in the night"),
    "not-confirmed": N_("Nobody has confirmed"),
    "ahead": N_("Not due yet"),
    "was-covered": N_("Was covered"),
    "was-short": N_("Was short"),
    "not-required": N_("Nobody is required"),
}
BAD: Final = frozenset({"short", "later", "not-confirmed", "was-short"})
SUPPLIERS: Final[Mapping[str, str]] = {"own": N_("Own staff"), "agency": N_("The agency")}
_COVERS: Final[Mapping[str, str]] = {
    "confirmed": N_("Confirmed"),
    "checked-in": N_("Checked in"),
    "no-check-in": N_("Has not checked in"),
    "withdrawn": N_("Withdrawn"),
    "refused": N_("Not accepted"),
    "not-attended": N_("Did not come"),
    "left-early": N_("Left early"),
    "missing": N_("Reported missing"),
    "stood-down": N_("Stood down"),
    "outside-window": N_("Outside the night"),
}
STILL_MADE: Final = frozenset({"confirmed", "checked-in", "no-check-in"})
"""What cover is called that nothing has ended: it can still be withdrawn, and checked in."""
AWAITED: Final = STILL_MADE - {"checked-in"}
"""What cover is called whose person is still to check in."""
_AWAY: Final = frozenset({"no-check-in", "withdrawn", "refused", "not-attended", "left-early", "missing"})


@dataclass(frozen=True, slots=True)
class Person:
    """One person's place in words; ``ref`` was typed by somebody."""

    ref: str
    supplier: str
    starts: str
    until: str
    status: str
    remark: str
    cost: str
    is_bad: bool
    waits: bool
    """Whether the person is still to check in."""
    stands: bool
    """Whether nothing has ended the cover."""

    @property
    def summary(self) -> str:
        """Who provides the person, from when to when, and how that stands."""
        return _("{supplier}, {starts} to {until}: {status}",
                 supplier=self.supplier, starts=self.starts, until=self.until, status=self.status)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hour:
    """One stretch of the night in words: a line of the table beside the drawing."""

    starts: str
    until: str
    required: str
    there: str
    missing: str
    is_bad: bool
    ahead: bool


def clock(at: datetime, night: NightAhead, desk: Desk) -> str:
    """The time of day, with its zone in a night in which the clocks change: an hour of it comes twice, or never."""
    text = spoken().time(at)
    return f"{text} {at.astimezone(desk.zone).tzname()}" if night.outlook.plan.clocks_change else text


def people(night: NightAhead, desk: Desk) -> list[Person]:
    """Everybody who is or was to cover the night, those who count first."""

    def place(one: CoverState) -> tuple[bool, datetime, str]:
        return one.status not in STILL_MADE, one.starts, one.cover_ref

    return [_person(one, night, desk) for one in sorted(night.outlook.state.covers, key=place)]


def _person(cover: CoverState, night: NightAhead, desk: Desk) -> Person:
    supplier = _(SUPPLIERS[cover.supplier])
    return Person(
        ref=cover.cover_ref,
        supplier=_("Contingency, in the place of: {supplier}", supplier=supplier) if cover.contingency else supplier,
        starts=clock(cover.starts, night, desk),
        until=clock(cover.until, night, desk),
        status=_(_COVERS[cover.status]),
        remark=_remark(cover),
        cost=spoken().pounds(cover.cost_pence) if cover.contingency else "",
        is_bad=cover.status in _AWAY,
        waits=cover.status in AWAITED,
        stands=cover.status in STILL_MADE,
    )


def _remark(cover: CoverState) -> str:
    """When the person came or went, and how long before their start they were withdrawn."""
    if cover.ended_at is None:
        return "" if cover.checked_in_at is None else spoken().moment(cover.checked_in_at)
    when = spoken().moment(cover.ended_at)
    if cover.notice_minutes is None:
        return when
    notice = many("{n} minute of notice", "{n} minutes of notice", cover.notice_minutes)
    return f"{when}, {notice}"


def hours_of(night: NightAhead, desk: Desk) -> list[Hour]:
    """The stretches of the night in words."""
    return [_hour(one, night, desk) for one in night.outlook.stretches]


def is_more_than_names_show(night: NightAhead) -> bool:
    """Whether more are missing somewhere than what is required less who is there."""
    return any(one.missing > max(one.required - one.there, 0) for one in night.outlook.stretches)


def _hour(one: Stretch, night: NightAhead, desk: Desk) -> Hour:
    number = spoken().number
    return Hour(
        clock(one.starts, night, desk), clock(one.until, night, desk), number(one.required), number(one.there),
        number(one.missing), one.missing > 0, one.ahead,
    )  # fmt: skip


def shortages(night: NightAhead, desk: Desk) -> list[str]:
    """When how many people lack, in sentences: still to come, or of a night that is over those that were."""
    over = not any(one.ahead for one in night.outlook.stretches)
    return [_shortage(one, over, night, desk) for one in _missing(night)]


def missing_when(night: NightAhead, desk: Desk) -> list[str]:
    """The same in a few words each, for a table."""
    return [
        _("{n} from {starts} to {until}", n=spoken().number(one.missing), starts=clock(one.starts, night, desk),
          until=clock(one.until, night, desk))
        for one in _missing(night)
    ]  # fmt: skip


def _missing(night: NightAhead) -> Iterator[Stretch]:
    """The stretches to come (of a night that is over: all) in which somebody lacks; alike neighbours are one."""
    last: Stretch | None = None
    stretches = night.outlook.stretches
    for one in [one for one in stretches if one.ahead] or stretches:
        if last is not None and last.until == one.starts and last.missing == one.missing:
            last = last._replace(until=one.until)
            continue
        if last is not None and last.missing:
            yield last
        last = one
    if last is not None and last.missing:
        yield last


def _shortage(one: Stretch, over: bool, night: NightAhead, desk: Desk) -> str:
    times = {"starts": clock(one.starts, night, desk), "until": clock(one.until, night, desk)}
    if night.status == "ahead":
        return many(
            "{n} person is still needed from {starts} to {until}",
            "{n} people are still needed from {starts} to {until}",
            one.missing,
            **times,
        )
    if over:
        return many(
            "{n} person was missing from {starts} to {until}", "{n} people were missing from {starts} to {until}",
            one.missing, **times,
        )  # fmt: skip
    return many(
        "{n} person is missing from {starts} to {until}", "{n} people are missing from {starts} to {until}",
        one.missing, **times,
    )  # fmt: skip


def headcounts(night: NightAhead) -> tuple[int, int]:
    """How many are confirmed and count on, those who have checked in among them; and how many have checked in."""
    covers = night.outlook.state.covers
    here = sum(one.status == "checked-in" for one in covers)
    return here + sum(one.status == "confirmed" for one in covers), here
