"""Disputes: what the client side and the contractor each say of a priority, since when, and the rule behind ours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.responses import Response

from desk.api import pages
from desk.opening import Desk
from desk.pages.board import as_sheet
from desk.pages.filters import Filters, filters, units
from desk.pages.navigation import DISPUTES, leads_to
from desk.pages.orders import said
from desk.pages.rendering import page
from desk.pages.sentences import place_name, role_name
from desk.pages.visitors import Visit
from desk.views.disputing import ByGravity, Dispute, count_disputes, read_open_disputes
from desk.words import _, reason, spoken

AT_ONCE: Final = 20
"""How many are shown on one page, each with all that is known of it."""
IN_A_SHEET: Final = 2_000
"""How many lines a sheet has at most; what is more is narrowed by the filters."""
_SHEET: Final = (
    "premises", "subject", "ours", "providers", "since", "raised_at", "fix_due", "contractor_source", "rules",
)  # fmt: skip
_FACTS: Final = ("asset", "fault", "impacts", "alternative_available", "out_of_hours", "season")


@dataclass(frozen=True, slots=True)
class Shown:
    """One dispute in words. ``higher``: the contractor gives it a higher priority than the rules do."""

    line: Dispute
    where: str
    href: str
    what: Sequence[str]
    stands: str
    due: str
    contractor: str
    role: str
    higher: bool
    facts: Sequence[tuple[str, Sequence[str]]]


async def show_disputes(visit: Visit) -> Response:
    """The gravest and longest-standing first."""
    chosen = _filters(visit)
    after = pages.key_in(visit.request.query_params.get("after"), ByGravity)
    within, caller = units(visit, chosen), visit.caller
    async with caller.place.ledger.reading() as connection:
        lines = await read_open_disputes(connection, within, limit=AT_ONCE + 1, after=after)
        total = await count_disputes(connection, within)
    shown = lines[:AT_ONCE]
    last = pages.cursor_of(shown[-1].place) if len(lines) > AT_ONCE else None
    return page(
        visit.request, "disputes.html", 200,
        lines=[_shown(visit, one) for one in shown], total=total, now=caller.desk.now, first=after is None,
        narrowed=said(visit, chosen), sheet=chosen.address(f"{DISPUTES}.csv"),
        later=chosen.address(DISPUTES, after=last) if last is not None else None,
    )  # fmt: skip


async def disputes_sheet(visit: Visit) -> Response:
    """The same as CSV."""
    async with visit.caller.place.ledger.reading() as connection:
        lines = await read_open_disputes(connection, units(visit, _filters(visit)), limit=IN_A_SHEET)
    return as_sheet(_SHEET, [_row(one) for one in lines], "disputes")


def _filters(visit: Visit) -> Filters:
    """The places to which the list is narrowed; it has no other filter."""
    asked = filters(visit)
    return Filters(ldu=asked.ldu, premises=asked.premises)


def _row(one: Dispute) -> dict[str, object]:
    plain = {name: getattr(one, name) for name in _SHEET[:-2]}
    named = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in plain.items()}
    return {
        **named,
        "contractor_source": one.word.source if one.word is not None else None,
        "rules": "; ".join(rule.reason for rule in one.rules),
    }


def _shown(visit: Visit, one: Dispute) -> Shown:
    desk = visit.caller.desk
    facts = dict(_facts(desk, one))
    return Shown(
        line=one,
        where=place_name(desk, one.premises),
        href=leads_to(visit.caller.key.holder, one.premises, one.subject) or "",
        what=[part for name in ("asset", "fault") for part in facts.get(name, ())],
        stands=spoken().span(desk.now - one.since),
        due=_due(desk, one),
        contractor=_contractor(desk, one),
        role=_role(desk, one),
        higher=one.providers < one.ours,
        facts=[(_name(name), words) for name, words in facts.items()],
    )


def _name(fact: str) -> str:
    return reason(fact.replace("_", " "))


def _facts(desk: Desk, one: Dispute) -> Iterator[tuple[str, Sequence[str]]]:
    """What the rules looked at, in the policy's words, which are English."""
    policies = desk.world.policies
    codes = (policies.by_version(one.policy_version) or policies.at(desk.now)).spec.codes
    words = {"asset": codes.assets, "fault": codes.faults, "impacts": codes.impacts}
    known = dict(one.facts)
    for name in _FACTS:
        if name in known:
            said_by = words.get(name, {})
            parts = [said_by.get(part, part) for part in known[name].split(", ")] if known[name] else ["nothing named"]
            yield name, parts


def _contractor(desk: Desk, one: Dispute) -> str:
    """The contractor that holds the premises' contract; empty if none does."""
    estate = desk.world.estates.at(desk.now)
    provider = estate.provider_of(one.premises, desk.now) if estate.premises(one.premises) is not None else None
    return provider.name if provider is not None else ""


def _role(desk: Desk, one: Dispute) -> str:
    """The role as which the contractor said so; empty if that is not known."""
    source = desk.world.estates.at(desk.now).source(one.word.source, desk.now) if one.word is not None else None
    return role_name(desk, source.role) if source is not None else ""


def _due(desk: Desk, one: Dispute) -> str:
    """The due time of the repair, which our priority alone gives."""
    if one.fix_due is None:
        return ""
    late = desk.now - one.fix_due
    length = spoken().span(late)
    return _("{length} overdue", length=length) if late > timedelta(0) else _("due in {length}", length=length)
