"""What a person may say about a night, form by form: its fields, what is typed there, and what that says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

from pydantic import TypeAdapter, ValidationError

from desk.api.operations import Operation
from desk.exits import BadValue
from desk.instants import utc
from desk.opening import Desk
from desk.pages.forms import Form
from desk.pages.night_reading import ARRANGE, CHECK_IN, CONFIRM, WITHDRAW
from desk.pages.night_replacing import meant_ref, stands_under, tick_for
from desk.pages.night_times import EARLY, read_time
from desk.pages.night_words import SUPPLIERS, people
from desk.telling.nights import pence
from desk.views.nights_ahead import NightAhead
from desk.words import _, spoken
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.ids import CoverRef

MOST_PENCE: Final = 100_000_000
"""What a contingency may cost at most, as the event's own field has it."""
_REF: Final = TypeAdapter[str](CoverRef)


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form about a night holds, as it was typed or chosen."""

    cover_ref: str = ""
    replace: str = ""
    """What the box was called that was ticked to replace who stands under the reference."""
    supplier: str = ""
    cost: str = ""
    starts: str = ""
    until: str = ""
    at: str = ""
    note: str = ""

    @classmethod
    def of(cls, form: Form) -> Self:
        """What was posted."""
        return cls(**{one.name: form.one(one.name) for one in fields(cls)})

    @property
    def is_part(self) -> bool:
        """Whether only a part of the night is meant."""
        return bool(self.starts or self.until)


@dataclass(slots=True)
class Said:
    """What is said about a night, and the faults of what was typed, by field.

    ``doubts`` are faults of what is said for the first time: a form that comes again finds its own work done.
    """

    data: dict[str, Any]
    faults: dict[str, str]
    doubts: dict[str, str] = field(default_factory=dict)


Reader = Callable[[Typed, NightAhead, Desk, Said], None]


@dataclass(frozen=True, slots=True)
class NightForm:
    """One thing to say: what its page and button are called, its fields in order, and what it says."""

    operation: Operation
    heading: str
    button: str
    done: str
    first: str
    """The field at which a fault of the whole form is shown."""
    read: Reader


def _person(typed: Typed, night: NightAhead, _desk: Desk, said: Said) -> None:
    """Somebody who is known on this night, whatever has become of them by now: a form may come twice."""
    known = {one.cover_ref for one in night.outlook.state.covers}
    said.data["cover_ref"] = typed.cover_ref
    if typed.cover_ref not in known:
        said.faults["cover_ref"] = _("Choose the person")


def _standing_person(typed: Typed, night: NightAhead, desk: Desk, said: Said) -> None:
    """Somebody whose cover nothing has ended, unless by this very form."""
    _person(typed, night, desk, said)
    ended = next((one for one in people(night, desk) if one.ref == typed.cover_ref and not one.stands), None)
    if ended is not None:
        said.doubts["cover_ref"] = _("This person\u2019s place has ended already: {status}", status=ended.status)


def _new_person(typed: Typed, night: NightAhead, desk: Desk, said: Said) -> None:
    """Somebody who is not known on this night yet, or who is replaced outright."""
    ref = said.data["cover_ref"] = meant_ref(typed.cover_ref, typed.replace)
    standing = stands_under(typed.cover_ref, night)
    if standing is not None and typed.replace != tick_for(standing):
        said.doubts["cover_ref"] = _would_replace(standing.cover_ref, night, desk)
    if not ref:
        said.faults["cover_ref"] = _("Write the reference of the person")
        return
    try:
        _REF.validate_python(ref)
    except ValidationError:
        said.faults["cover_ref"] = _(
            "The reference begins with a letter or a digit, and has only those, full stops, hyphens and underscores: "
            "60 characters at most"
        )


def _would_replace(ref: str, night: NightAhead, desk: Desk) -> str:
    who = next(one.summary for one in people(night, desk) if one.ref == ref)
    return _(
        "Somebody stands under {ref} already ({who}). Saying it again replaces them: tick that you mean that, or write "
        "another reference",
        ref=ref, who=who,
    )  # fmt: skip


def _supplier(typed: Typed, name: str, said: Said) -> None:
    said.data[name] = typed.supplier
    if typed.supplier not in SUPPLIERS:
        said.faults["supplier"] = _("Choose who provides the person") if name == "supplier" else _("Choose whose place")


def _stretch(typed: Typed, night: NightAhead, desk: Desk, said: Said) -> None:
    """The whole night, unless another stretch of it is typed."""
    plan = night.outlook.plan
    starts, until = (read_time(one, plan.starts, plan.ends, desk.zone) for one in (typed.starts, typed.until))
    for name, one in (("starts", starts), ("until", until)):
        if one.fault:
            said.faults[name] = one.fault
    begins, ends = starts.at or plan.starts, until.at or plan.ends
    if begins >= ends and not {"starts", "until"} & said.faults.keys():
        said.faults["until"] = _("The end must come after the beginning")
    said.data |= {"from": utc(begins), "until": utc(ends)}


def _cost(typed: Typed, said: Said) -> None:
    try:
        cost = pence(typed.cost)
    except BadValue:
        said.faults["cost"] = _("Write the cost in pounds and pence, such as 214.50")
        return
    if cost > MOST_PENCE:
        said.faults["cost"] = _("The cost is {most} at most", most=spoken().pounds(MOST_PENCE))
    said.data["cost_pence"] = cost


def _confirm(typed: Typed, night: NightAhead, desk: Desk, said: Said) -> None:
    _new_person(typed, night, desk, said)
    _supplier(typed, "supplier", said)
    _stretch(typed, night, desk, said)


def _arrange(typed: Typed, night: NightAhead, desk: Desk, said: Said) -> None:
    _new_person(typed, night, desk, said)
    _supplier(typed, "replaces", said)
    _cost(typed, said)
    _stretch(typed, night, desk, said)


def _check_in(typed: Typed, night: NightAhead, desk: Desk, said: Said) -> None:
    _person(typed, night, desk, said)
    plan = night.outlook.plan
    if desk.now < plan.starts - EARLY:
        said.faults["cover_ref"] = _("This night is too far ahead for anybody to be there")
    came = read_time(typed.at, plan.starts - EARLY, min(desk.now, plan.ends), desk.zone)
    if came.fault:
        said.faults["at"] = came.fault
    if came.at is not None:
        said.data["time"] = utc(came.at)


FORMS: Final[Mapping[str, NightForm]] = {
    "confirm": NightForm(
        CONFIRM, N_("Confirm a person"), N_("Confirm the person"), N_("The person is confirmed"), "cover_ref", _confirm
    ),
    "check-in": NightForm(
        CHECK_IN, N_("Check somebody in"), N_("Check the person in"), N_("The person is checked in"), "cover_ref",
        _check_in,
    ),
    "withdraw": NightForm(
        WITHDRAW, N_("Withdraw a person"), N_("Withdraw the person"), N_("The person is withdrawn"), "cover_ref",
        _standing_person,
    ),
    "contingency": NightForm(
        ARRANGE, N_("Arrange contingency"), N_("Arrange the contingency"), N_("The contingency is arranged"),
        "cover_ref", _arrange,
    ),
}  # fmt: skip
"""The forms by the last part of their addresses."""

FIELD_OF: Final[Mapping[str, str]] = {
    "cover_ref": "cover_ref", "supplier": "supplier", "replaces": "supplier", "cost_pence": "cost",
    "from": "starts", "until": "until", "time": "at", "note": "note",
}  # fmt: skip
"""Where a fault that the ledger finds in a field of the event is shown."""


def read_said(form: NightForm, typed: Typed, night: NightAhead, desk: Desk) -> Said:
    """What is said by what was typed, with the fault of each field that says nothing."""
    said = Said({"note": typed.note} if typed.note else {}, {})
    form.read(typed, night, desk, said)
    return said
