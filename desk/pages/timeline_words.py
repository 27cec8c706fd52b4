"""What each event says, in plain words: a title for its type, and a name and a value for each of its fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from desk.opening import Desk
from desk.pages.sentences import role_name
from desk.views.escalations import EscalationLine
from desk.words import _, reason, spoken
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.escalation import StatementKind
from models.policy import Codes
from streams.notices.notice import Fate

EVENTS: Final[Mapping[str, str]] = {
    "work-order.raised": N_("A repair was asked for"),
    "work-order.amended": N_("The facts were corrected"),
    "work-order.prioritised": N_("The contractor gave a priority of its own"),
    "work-order.acknowledged": N_("The contractor took the repair in"),
    "work-order.scheduled": N_("A visit was agreed"),
    "work-order.paused": N_("The clock for the repair was paused"),
    "work-order.resumed": N_("The clock for the repair went on"),
    "work-order.attended": N_("Somebody came"),
    "work-order.made-safe": N_("It was made safe"),
    "work-order.temporarily-fixed": N_("It was mended for the time being"),
    "work-order.completed": N_("The repair was reported done"),
    "work-order.completion-rejected": N_("The work was rejected as not to standard"),
    "work-order.closed": N_("The order was closed"),
    "work-order.cancelled": N_("The order was cancelled"),
    "work-order.criticality-settled": N_("The priority was settled"),
    "work-order.reassessed": N_("The order was moved to another version of the rules"),
    "work-order.retracted": N_("An event was taken back as a mistake"),
    "work-order.report-confirmed": N_("A late report was confirmed"),
    "work-order.report-refused": N_("A late report was refused"),
    "shift-cover.requirement-changed": N_("The night needs another number of people"),
    "shift-cover.confirmed": N_("A person was confirmed"),
    "shift-cover.withdrawn": N_("A person was withdrawn"),
    "shift-cover.refused": N_("A person was not accepted"),
    "shift-cover.not-attended": N_("A person did not come"),
    "shift-cover.checked-in": N_("A person checked in"),
    "shift-cover.left-early": N_("A person left early"),
    "shift-cover.missing-reported": N_("Missing cover was reported"),
    "shift-cover.contingency-arranged": N_("A replacement was put in"),
    "shift-cover.stood-down": N_("A person was stood down"),
    "shift-cover.retracted": N_("An event was taken back as a mistake"),
    "shift-cover.report-confirmed": N_("A late report was confirmed"),
    "shift-cover.report-refused": N_("A late report was refused"),
    "escalation-response.acknowledged": N_("An escalation was taken on"),
    "escalation-response.resolved": N_("An escalation was said to be done"),
    "escalation-response.declined": N_("An escalation was declined"),
    "escalation-response.retracted": N_("An answer was taken back as a mistake"),
    "escalation-response.report-confirmed": N_("A late answer was confirmed"),
    "escalation-response.report-refused": N_("A late answer was refused"),
}
"""The plain words for each type of event, without the prefix that all types have."""

FIELDS: Final[Mapping[str, str]] = {
    "asset": N_("What is broken"),
    "fault": N_("What is wrong with it"),
    "impacts": N_("What it endangers"),
    "alternative_available": N_("Something else can be used meanwhile"),
    "contractor_reference": N_("Contractor's reference"),
    "promised_fix": N_("Promised by"),
    "priority": N_("Priority"),
    "visit_at": N_("Visit"),
    "reason": N_("Reason"),
    "until": N_("Until"),
    "from": N_("From"),
    "defect": N_("Defect"),
    "outcome": N_("Outcome"),
    "duplicate_of": N_("The same as"),
    "policy_version": N_("Version of the rules"),
    "of_id": N_("The event"),
    "of_source": N_("Sent by"),
    "cover_ref": N_("Person"),
    "supplier": N_("Provided by"),
    "replaces": N_("In the place of"),
    "cost_pence": N_("Cost"),
    "required": N_("People required"),
    "own_staff": N_("Of them own staff"),
    "missing": N_("People missing"),
    "commitment": N_("To be done by"),
    "covers_subject": N_("Counts for everything that stands about it"),
    "escalation_id": N_("Escalation"),
}
"""What a person calls each field of an event."""

STATEMENTS: Final[Mapping[str, str]] = {
    StatementKind.RAISED: N_("Escalated"),
    StatementKind.AMENDED: N_("The escalation has changed"),
    StatementKind.ACKNOWLEDGED: N_("The escalation is held: somebody has taken it on"),
    StatementKind.WITHDRAWN: N_("The escalation was withdrawn: by what is known now it was never due"),
    StatementKind.REINSTATED: N_("The escalation stands again"),
    StatementKind.CLOSED: N_("The escalation is over"),
}
NOTICES: Final[Mapping[str, str]] = {
    StatementKind.RAISED: N_("Told that it is their turn"),
    StatementKind.AMENDED: N_("Told that it has got graver"),
    StatementKind.REINSTATED: N_("Told that it stands again"),
    StatementKind.WITHDRAWN: N_("Told that it was an error"),
    StatementKind.CLOSED: N_("Told that it is over"),
}
CHANNELS: Final[Mapping[str, str]] = {
    "email": N_("e-mail"),
    "text": N_("text message"),
    "call": N_("call"),
    "webhook": N_("message to another program"),
    "file": N_("file"),
}
FATES: Final[Mapping[str, str]] = {
    Fate.WAITING: N_("not sent yet"),
    Fate.IN_DIGEST: N_("goes with others in one message"),
    Fate.ACCEPTED: N_("sent, and taken on for delivery"),
    Fate.FAILED: N_("could not be sent"),
    Fate.UNKNOWN: N_("sent, but no answer came: it may have arrived"),
    Fate.OVERTAKEN: N_("not sent: it was over before"),
}

_CODES: Final[Mapping[str, str]] = {
    "parts": N_("parts are awaited"),
    "no-access": N_("there was no access"),
    "approval": N_("approval is awaited"),
    "agreed-date": N_("a later date was agreed"),
    "done": N_("done"),
    "administrative": N_("administrative"),
    "duplicate": N_("it is reported already"),
    "invalid": N_("it should never have been raised"),
    "withdrawn": N_("it is no longer wanted"),
    "own": N_("own staff"),
    "agency": N_("the agency"),
    "unsuitable": N_("unsuitable"),
    "not-vetted": N_("not vetted"),
}
"""The plain words for the codes that events themselves may hold."""
_INSTANTS: Final = frozenset({"promised_fix", "visit_at", "until", "from", "commitment"})
_TYPED: Final = frozenset({"contractor_reference", "defect", "duplicate_of", "of_id", "of_source", "cover_ref"})
_ONLY_IF_SO: Final = frozenset({"covers_subject"})
_VERSION_DIGITS: Final = 12


class Kind(StrEnum):
    """How a value is shown: in the page's language already, made in English below, or typed by somebody."""

    SAID = "said"
    KNOWN = "known"
    TYPED = "typed"


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that an event says: a name in the page's language, and a value of a kind."""

    name: str
    value: str
    kind: Kind = Kind.SAID


def title_of(event_type: str) -> str:
    """What happened, in the page's language; a type without plain words by its own name."""
    name = event_type.removeprefix("facilities.")
    return _(EVENTS[name]) if name in EVENTS else name


def details(
    event_type: str, says: Mapping[str, Any], at: datetime, desk: Desk, answered: EscalationLine | None
) -> Iterator[Detail]:
    """Every field of an event with its value; ``answered`` is the escalation that an answer names, if it is known."""
    codes = desk.world.policies.at(at).spec.codes
    declines = event_type.endswith("escalation-response.declined")
    for name, value in says.items():
        if name in _ONLY_IF_SO and value is False:
            continue
        label = _(FIELDS[name]) if name in FIELDS else name
        if name == "escalation_id":
            yield from _escalation(answered, desk)
        elif name == "impacts":
            yield from _impacts(label, value, codes)
        elif declines and name == "reason":
            yield Detail(label, str(value), Kind.TYPED)
        else:
            yield _detail(name, label, value, codes)


def _detail(name: str, label: str, value: object, codes: Codes) -> Detail:
    if name in {"asset", "fault"}:
        words = (codes.assets if name == "asset" else codes.faults).get(str(value))
        return Detail(label, words or str(value), Kind.KNOWN if words else Kind.TYPED)
    if name == "cost_pence":
        return Detail(label, spoken().pounds(int(str(value))))
    if isinstance(value, bool):
        return Detail(label, _("yes") if value else _("no"))
    if name in _INSTANTS:
        return Detail(label, spoken().moment(datetime.fromisoformat(str(value))))
    if name in _TYPED:
        return Detail(label, str(value), Kind.TYPED)
    if name == "policy_version":
        return Detail(label, str(value)[:_VERSION_DIGITS])
    text = str(value)
    return Detail(label, _(_CODES[text]) if text in _CODES else text)


def _impacts(label: str, value: object, codes: Codes) -> Iterator[Detail]:
    found = [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]
    if not found:
        yield Detail(label, _("nothing is named"))
    for one in found:
        words = codes.impacts.get(one)
        yield Detail(label, words or one, Kind.KNOWN if words else Kind.TYPED)


def _escalation(line: EscalationLine | None, desk: Desk) -> Iterator[Detail]:
    """Which escalation an answer names: whom it had told."""
    if line is not None:
        yield Detail(_("Was told to"), reason(role_name(desk, line.role)), Kind.KNOWN)
