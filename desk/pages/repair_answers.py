"""Report a repair: what has been answered so far. All of it stands in the address, so going back changes nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from desk.pages.forms import is_once, new_once
from desk.pages.navigation import REPAIR
from models.policy import Codes

YES: Final = "yes"
NO: Final = "no"
NO_IMPACT: Final = "NONE"
"""That nothing more is endangered, said outright. No code is written in capitals."""


class Step(StrEnum):
    """The questions in their order, and the look at all answers at the end."""

    DANGER = "danger"
    CALLED = "called"
    PREMISES = "premises"
    ASSET = "asset"
    FAULT = "fault"
    IMPACTS = "impacts"
    ALTERNATIVE = "alternative"
    NEW = "new"
    NOTE = "note"
    CHECK = "check"


STEPS: Final = tuple(Step)


@dataclass(frozen=True, slots=True)
class Answers:
    """Each answer as the address has it, empty while there is none.

    ``once`` names this report from its first page on, so that it is one report however often it is sent. ``new`` says
    for which premises and asset the open orders were looked at; ``note`` is sealed.
    """

    once: str
    danger: str = ""
    called: str = ""
    premises: str = ""
    asset: str = ""
    fault: str = ""
    impacts: tuple[str, ...] = ()
    alternative: str = ""
    new: str = ""
    note: str = ""

    @property
    def in_danger(self) -> bool:
        """Whether somebody was said to be in danger now."""
        return self.danger == YES

    @property
    def thing(self) -> str:
        """What similar open orders are about: this asset at these premises."""
        return f"{self.premises}.{self.asset}"

    def fields(self, without: Step | None = None) -> list[tuple[str, str]]:
        """The answers as fields of a form, but for that to one question and what follows from it."""
        single = ("once", "danger", "called", "premises", "asset", "fault", "alternative", "new", "note")
        found = [(name, str(getattr(self, name))) for name in single]
        found += [(Step.IMPACTS.value, one) for one in self.impacts]
        dropped = {without} if without is not Step.DANGER else {Step.DANGER, Step.CALLED}
        return [(name, value) for name, value in found if value and name not in dropped]

    def address(self, path: str = REPAIR, *, change: Step | None = None) -> str:
        """Where these answers are shown with the next question, or with one that is asked again."""
        again = [] if change in {None, Step.CHECK} else [("change", str(change))]
        return f"{path}?{urlencode([*self.fields(), *again])}"

    def are_whole(self, step: Step, codes: Codes, places: Collection[str]) -> bool:
        """Whether a question has an answer that it can have; ``new`` and the note are judged by who can see them."""
        match step:
            case Step.DANGER | Step.ALTERNATIVE:
                return getattr(self, step) in {YES, NO}
            case Step.CALLED:
                return not self.in_danger or self.called == YES
            case Step.PREMISES:
                return self.premises in places
            case Step.ASSET:
                return self.asset in codes.assets
            case Step.FAULT:
                return self.fault in codes.faults
            case Step.IMPACTS:
                return self.impacts == (NO_IMPACT,) or (bool(self.impacts) and codes.impacts.keys() >= {*self.impacts})
            case Step.NEW:
                return self.new == self.thing
            case _:
                return bool(self.note)


def read_answers(asked: QueryParams, only_place: str | None) -> Answers:
    """The answers of an address; the premises is known where there is only one to be asked for."""
    once = asked.get("once", "")
    return Answers(
        once=once if is_once(once) and once.isascii() and once.isprintable() else new_once(),
        impacts=tuple(dict.fromkeys(filter(None, asked.getlist(Step.IMPACTS)))),
        premises=asked.get(Step.PREMISES, "") or only_place or "",
        **{name: asked.get(name, "") for name in ("danger", "called", "asset", "fault", "alternative", "new", "note")},
    )
