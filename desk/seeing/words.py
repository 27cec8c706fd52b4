"""How the parts of an escalation, an event and a clock are said on every page."""

from collections.abc import Iterable
from typing import Any, Final

from rich.text import Text

from desk.instants import local
from desk.opening import Desk
from desk.views.escalations import EscalationLine, StatementLine
from desk.views.listed import Listed

KINDS: Final = {
    "breach": "breach",
    "warning": "warning",
    "contested-breach": "contested breach",
    "rejected-work": "rejected work",
    "dispute": "dispute",
    "orphan": "orphan",
    "uncovered-night": "uncovered night",
    "unconfirmed-night": "unconfirmed night",
    "silent-source": "silent source",
}
STATEMENT_STYLES: Final = {
    "raised": "bad",
    "reinstated": "bad",
    "amended": "p2",
    "acknowledged": "p3",
    "withdrawn": "good",
    "closed": "good",
}


def what(one: EscalationLine | StatementLine) -> str:
    """What an escalation is about: ``breach of attend``, ``uncovered night``."""
    kind = KINDS.get(one.kind, one.kind)
    return f"{kind} of {one.clock}" if one.clock else kind


def whom(one: EscalationLine | StatementLine, desk: Desk) -> str:
    """Who was told: the role's name, and which repeat it is."""
    role = desk.world.estates.at(desk.now).role(one.role)
    again = f" (repeat {one.repeat})" if one.repeat else ""
    return f"{role.name if role is not None else one.role}{again}"


def short_id(one: EscalationLine | StatementLine) -> str:
    """The beginning of an escalation's id, enough to answer it."""
    return str(one.id if isinstance(one, EscalationLine) else one.escalation_id)[:8]


def event_name(event_type: str) -> str:
    """An event's type without the prefix that all have."""
    return event_type.removeprefix("facilities.")


def answered(one: EscalationLine, desk: Desk) -> Text:
    """Whether anybody has taken it on, and until when that holds."""
    if one.acknowledged_until is None:
        return Text("no answer", style="bad" if one.standing else "quiet")
    held = one.acknowledged_until > desk.now
    return Text(f"taken on until {local(one.acknowledged_until, desk.zone)}", style="p3" if held else "quiet")


def left_out(found: Listed[Any]) -> Iterable[Text]:
    """How much of a list is shown, where that is not all of it."""
    if found.truncated:
        yield Text(f"Showing {len(found.lines):,} of {found.total:,}; --limit 0 shows all.", style="doubt")


def code_words(kind: str, code: str, desk: Desk) -> str:
    """A code with the words that the policy in force has for it."""
    codes = desk.world.policies.at(desk.now).spec.codes
    words = {"asset": codes.assets, "fault": codes.faults, "impacts": codes.impacts}[kind].get(code)
    return f"{words} ({code})" if words else code
