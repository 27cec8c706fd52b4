"""Filters of a view: all of them stand in the address, so that a view can be sent to a colleague."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from desk.api.problems import Problem
from desk.pages.visitors import Visit
from desk.views.board import AGES
from desk.words import _
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.refusal import Reason
from models.work_order import Priority
from streams.ledger.outstanding import Age

LEVELS: Final = tuple(level.value for level in Priority)
AGE_WORDS: Final[Mapping[str, str]] = dict(
    zip(AGES, (N_("under 1 day"), N_("1 to 7 days"), N_("7 to 28 days"), N_("over 28 days")), strict=True)
)
SWITCHES: Final = ("overdue", "disputed", "short", "sites")
YES: Final = "yes"


@dataclass(frozen=True, slots=True)
class Filters:
    """What of all that is within reach is shown; None where it makes no difference."""

    ldu: str | None = None
    premises: str | None = None
    priority: str | None = None
    age: Age | None = None
    overdue: bool = False
    disputed: bool = False
    short: bool = False
    sites: bool = False
    """Only what is about premises, and not about a source."""

    def address(self, path: str, **changed: str | None) -> str:
        """The address of a view with these filters, but for those that are changed."""
        given: dict[str, str | None] = {
            "ldu": self.ldu, "premises": self.premises, "priority": self.priority, "age": self.age,
            **{name: YES for name in SWITCHES if getattr(self, name)},
        }  # fmt: skip
        kept = {name: value for name, value in {**given, **changed}.items() if value is not None}
        return f"{path}?{urlencode(kept)}" if kept else path


def filters(visit: Visit) -> Filters:
    """The filters of an address; a ``Problem`` for one that names nothing there is: it would show something else."""
    asked = {name: value for name, value in visit.request.query_params.items() if value}
    desk = visit.caller.desk
    spec = desk.world.estates.at(desk.now).spec
    if "ldu" in asked:
        reached = [one.ldu for one in spec.premises if visit.caller.reaches(one.id)]
        _check(asked["ldu"], reached if visit.caller.units is not None else [one.id for one in spec.ldus])
    if "premises" in asked:
        _check(asked["premises"], [one.id for one in spec.premises if visit.caller.reaches(one.id)])
    _check(asked.get("priority"), LEVELS)
    yes = {name: asked.get(name) == YES for name in SWITCHES}
    return Filters(asked.get("ldu"), asked.get("premises"), asked.get("priority"), _age(asked.get("age")), **yes)


def _age(value: str | None) -> Age | None:
    _check(value, AGES)
    return next((one for one in AGES if one == value), None)


def _check(value: str | None, known: object) -> None:
    if value is not None and value not in known:  # type: ignore[operator]
        sentence = _("This address asks for something that there is not here.")
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(Reason.MALFORMED_FIELD), sentence)


def units(visit: Visit, chosen: Filters) -> frozenset[str] | None:
    """The premises that are shown: those within reach that the filters leave; None for all there are."""
    if chosen.ldu is None and chosen.premises is None and not chosen.sites:
        return visit.caller.units
    desk = visit.caller.desk
    some = {
        one.id for one in desk.world.estates.at(desk.now).spec.premises
        if chosen.ldu in {None, one.ldu} and chosen.premises in {None, one.id} and visit.caller.reaches(one.id)
    }  # fmt: skip
    return frozenset(some)
