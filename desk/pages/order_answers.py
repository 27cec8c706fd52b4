"""What was filled in on a form about an order, and what it says; each fault is one sentence at its field."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from desk.pages.forms import Form
from desk.pages.order_reading import order_state
from desk.views.subject import SubjectView
from desk.words import _
from models.work_order import CancelReason

LONGEST: Final = 60
"""What a defect may have of characters, as the event's own field has it."""
YES, NO = "yes", "no"
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "complete": ("note",),
    "reject": ("defect", "note"),
    "withdraw": ("because", "duplicate_of", "note"),
    "amend": ("alternative_available", "impacts", "note"),
}
"""The fields of each form, the one first at which a fault of the whole form is shown."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form holds. ``was_alternative`` and ``was_impacts`` are the facts as it was made from them.

    Only what differs from those is changed in the facts as they stand by now (``now_impacts``), so nobody undoes what
    somebody else corrected meanwhile.
    """

    note: str = ""
    defect: str = ""
    because: str = ""
    duplicate_of: str = ""
    alternative: str = ""
    impacts: tuple[str, ...] = ()
    was_alternative: str = ""
    was_impacts: tuple[str, ...] = ()
    now_impacts: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, view: SubjectView) -> Self:
        """A form that nobody has filled in yet: a correction begins with the facts as they stand."""
        known = order_state(view).classification
        if name != "amend" or known is None:
            return cls()
        impacts = _impacts(view)
        alternative = dict(known.facts)["alternative_available"]
        return cls(alternative=alternative, impacts=impacts, was_alternative=alternative, was_impacts=impacts)

    @classmethod
    def in_form(cls, form: Form, view: SubjectView) -> Self:
        """What was posted, beside how the order stands."""
        return cls(
            note=form.one("note"),
            defect=form.one("defect"),
            because=form.one("because"),
            duplicate_of=form.one("duplicate_of"),
            alternative=form.one("alternative_available"),
            impacts=tuple(form.all("impacts")),
            was_alternative=form.one("was_alternative"),
            was_impacts=tuple(form.all("was_impacts")),
            now_impacts=_impacts(view),
        )

    @property
    def filled(self) -> dict[str, object]:
        """All that the form holds, whatever the order has become since: the same form is the same report."""
        return {name: value for name, value in asdict(self).items() if name != "now_impacts"}

    @property
    def corrected(self) -> list[str]:
        """The impacts as they are once this is said: what was ticked and unticked here, and else what stands."""
        kept = [one for one in self.impacts if one in self.now_impacts or one not in self.was_impacts]
        return kept + sorted({*self.now_impacts} - {*self.was_impacts} - {*self.impacts})


def _impacts(view: SubjectView) -> tuple[str, ...]:
    known = order_state(view).classification
    said = dict(known.facts)["impacts"] if known is not None else ""
    return tuple(said.split(", ")) if said else ()


def read_answer(name: str, typed: Typed) -> tuple[dict[str, Any], dict[str, str]]:
    """What is said, and the faults of what was filled in, by field."""
    said: dict[str, Any] = {"note": typed.note} if typed.note else {}
    faults: dict[str, str] = {}
    match name:
        case "reject":
            said["defect"] = typed.defect
            if not typed.defect:
                faults["defect"] = _("Say what is wrong with the work")
            elif len(typed.defect) > LONGEST:
                faults["defect"] = _("What is wrong must have {most} characters or fewer", most=LONGEST)
        case "withdraw":
            faults = _withdrawal(typed, said)
        case "amend":
            faults = _correction(typed, said)
        case _:
            pass  # that a repair is done needs no more than a note
    return said, faults


def _withdrawal(typed: Typed, said: dict[str, Any]) -> dict[str, str]:
    if typed.because not in list(CancelReason):
        return {"because": _("Choose why the order is withdrawn")}
    said["reason"] = typed.because
    if typed.duplicate_of and typed.because != CancelReason.DUPLICATE:
        return {"duplicate_of": _("Name another order only if this one is reported already")}
    if typed.duplicate_of:
        said["duplicate_of"] = typed.duplicate_of
    return {}


def _correction(typed: Typed, said: dict[str, Any]) -> dict[str, str]:
    if typed.alternative not in {YES, NO}:
        return {"alternative_available": _("Choose whether something else can be used meanwhile")}
    if typed.alternative != typed.was_alternative:
        said["alternative_available"] = typed.alternative == YES
    if set(typed.impacts) != set(typed.was_impacts):
        said["impacts"] = typed.corrected
    if not said.keys() - {"note"}:
        return {"alternative_available": _("Change what is no longer right, or go back")}
    return {}
