"""How the parts of an escalation, an event and a clock are said on every page."""

from collections.abc import Iterable
from typing import Any, Final

from rich.text import Text

from desk.instants import local
from desk.opening import Desk
from desk.views.escalations import EscalationLine, StatementLine
from desk.views.listed import Listed
from desk.words import _, reason
from desk.words import mark as N_  # noqa: N812 - as gettext calls it

KINDS: Final = {
    "breach": N_("breach"),
    "warning": N_("warning"),
    "contested-breach": N_("contested breach"),
    "rejected-work": N_("rejected work"),
    "dispute": N_("dispute"),
    "orphan": N_("orphan"),
    "uncovered-night": N_("uncovered night"),
    "unconfirmed-night": N_("unconfirmed night"),
    "silent-source": N_("silent source"),
}
STATEMENT_STYLES: Final = {
    "raised": "bad",
    "reinstated": "bad",
    "amended": "p2",
    "acknowledged": "p3",
    "withdrawn": "good",
    "closed": "good",
}


def kind_of(kind: str, clock: str) -> str:
    """What an escalation of a kind is about: ``breach of attend``, ``uncovered night``."""
    said = _(KINDS.get(kind, kind))
    return _("{kind} of {clock}", kind=said, clock=reason(clock)) if clock else said


def what(one: EscalationLine | StatementLine) -> str:
    """What an escalation is about."""
    return kind_of(one.kind, one.clock)


def whom(one: EscalationLine | StatementLine, desk: Desk) -> str:
    """Who was told: the role's name, and which repeat it is."""
    role = desk.world.estates.at(desk.now).role(one.role)
    name = reason(role.name) if role is not None else one.role
    return _("{role} (repeat {n})", role=name, n=one.repeat) if one.repeat else name


def short_id(one: EscalationLine | StatementLine) -> str:
    """The beginning of an escalation's id, enough to answer it."""
    return str(one.id if isinstance(one, EscalationLine) else one.escalation_id)[:8]


def event_name(event_type: str) -> str:
    """An event's type without the prefix that all have; it is a name, and the same in every language."""
    return event_type.removeprefix("facilities.")


def answered(one: EscalationLine, desk: Desk) -> Text:
    """Whether anybody has taken it on, and until when that holds."""
    if one.acknowledged_until is None:
        return Text(_("no answer"), style="bad" if one.standing else "quiet")
    held = one.acknowledged_until > desk.now
    until = _("taken on until {when}", when=local(one.acknowledged_until, desk.zone))
    return Text(until, style="p3" if held else "quiet")


def left_out(found: Listed[Any]) -> Iterable[Text]:
    """How much of a list is shown, where that is not all of it."""
    if found.truncated:
        shown, total = f"{len(found.lines):,}", f"{found.total:,}"
        yield Text(_("Showing {shown} of {total}; --limit 0 shows all.", shown=shown, total=total), style="doubt")


def code_words(kind: str, code: str, desk: Desk) -> str:
    """A code with the words that the policy in force has for it."""
    codes = desk.world.policies.at(desk.now).spec.codes
    words = {"asset": codes.assets, "fault": codes.faults, "impacts": codes.impacts}[kind].get(code)
    return f"{reason(words)} ({code})" if words else code
