"""Report a repair: the questions, in the policy's own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from desk.opening import Desk
from desk.pages.repair_answers import NO, NO_IMPACT, YES, Answers, Step
from desk.words import _, reason
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.policy import Codes
from models.premises import Premises, PremisesKind

OTHER: Final = "other"
"""What a policy calls so is whatever it names nowhere else, and is looked for last."""
FAULTS: Final[Mapping[Step, str]] = {
    Step.DANGER: N_("Say whether anybody is in danger now"),
    Step.ASSET: N_("Choose what is broken"),
    Step.FAULT: N_("Choose what is wrong with it"),
    Step.IMPACTS: N_("Tick what it endangers, or that it is none of these"),
    Step.ALTERNATIVE: N_("Say whether there is another that works"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that can be given; ``known`` words are the policy's, else they are in the page's language already."""

    value: str
    words: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its answers, of which several can be ticked if ``several``; a ``long`` list has columns."""

    heading: str
    hint: str
    choices: Sequence[Choice]
    several: bool = False
    long: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """One delivery unit with its premises: their ids and names, and whether they are approved premises."""

    name: str
    places: Sequence[tuple[str, str, bool]]


def question(step: Step, codes: Codes) -> Question:
    """The question of a step that has answers to choose from."""
    match step:
        case Step.DANGER:
            hint = _("For example fire, gas, somebody hurt or threatened, or a door that keeps nobody out right now.")
            choices = _yes_or_no(_("Yes, somebody is in danger"), _("No, nobody is in danger"))
            return Question(_("Is anybody in danger now?"), hint, choices)
        case Step.ASSET:
            return Question(_("What is broken?"), "", _choices(codes.assets), long=True)
        case Step.FAULT:
            return Question(_("What is wrong with it?"), "", _choices(codes.faults))
        case Step.IMPACTS:
            none = Choice(NO_IMPACT, _("None of these"), known=False)
            hint = _("Tick all that apply.")
            return Question(_("What does it endanger?"), hint, [*_choices(codes.impacts), none], several=True)
        case _:
            hint = _("Another that does the same, is near enough, and works.")
            choices = _yes_or_no(_("Yes, there is another"), _("No, there is no other"))
            return Question(_("Is there another that can be used meanwhile?"), hint, choices)


def in_words(answers: Answers, step: Step, codes: Codes) -> list[str]:
    """The policy's words for an answer."""
    match step:
        case Step.ASSET:
            return [codes.assets[answers.asset]]
        case Step.FAULT:
            return [codes.faults[answers.fault]]
        case _:
            return [] if answers.impacts == (NO_IMPACT,) else [codes.impacts[one] for one in answers.impacts]


def units_of(desk: Desk, places: Sequence[Premises], wanted: str) -> list[Unit]:
    """The premises by delivery unit, those whose name or unit's name holds what is looked for."""
    found: dict[str, list[tuple[str, str, bool]]] = {}
    names = {one.id: one.name for one in desk.world.estates.at(desk.now).spec.ldus}
    for one in places:
        if wanted.casefold() in f"{one.name} {_(one.name)} {names[one.ldu]} {_(names[one.ldu])}".casefold():
            found.setdefault(one.ldu, []).append((one.id, one.name, one.kind is PremisesKind.APPROVED_PREMISES))
    return [Unit(name, found[id_]) for id_, name in names.items() if id_ in found]


def _yes_or_no(yes: str, no: str) -> list[Choice]:
    return [Choice(YES, yes, known=False), Choice(NO, no, known=False)]


def _choices(codes: Mapping[str, str]) -> list[Choice]:
    """The codes by their words in the page's language; the ledger keeps them in no order that a person would."""
    by_words = sorted(codes.items(), key=lambda one: (one[0] == OTHER, reason(one[1]).casefold()))
    return [Choice(code, words) for code, words in by_words]
