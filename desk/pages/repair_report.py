"""Report a repair: one report under way, as far as its address says."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from desk.access.rights import Action, may
from desk.api import operations
from desk.api.problems import Problem, missing
from desk.api.telling import Once
from desk.pages.repair_answers import NO_IMPACT, STEPS, YES, Answers, Step, read_answers
from desk.pages.repair_notes import unseal
from desk.pages.repair_similar import Similar, similar_orders
from desk.pages.visitors import Visit
from desk.pages.voices import event_type, is_heard
from desk.words import _
from models.policy import Codes
from models.premises import Premises

RAISED: Final = event_type(operations.RAISE)
"""The type of what a report of a repair says."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report under way: who makes it, where it can be about, and what has been answered.

    ``similar`` are the open orders like it, None while it is not known what it is about. ``note`` is what was typed,
    None where it cannot be read any more.
    """

    visit: Visit
    places: Sequence[Premises]
    answers: Answers
    similar: Sequence[Similar] | None
    note: str | None

    @property
    def codes(self) -> Codes:
        """Every code that can be chosen now."""
        desk = self.visit.caller.desk
        return desk.world.policies.at(desk.now).spec.codes

    @property
    def has_several_places(self) -> bool:
        """Whether the premises must be asked for."""
        return len(self.places) > 1

    @property
    def next(self) -> Step:
        """The first question without an answer; the look at all answers if there is none."""
        return next((step for step in STEPS[:-1] if not self.is_done(step)), Step.CHECK)

    @property
    def order(self) -> str:
        """The order's id: the same for the same report, and as short as any that is raised here."""
        return _order(self.answers)

    @property
    def once(self) -> Once:
        """By what it is one report, however often it is sent."""
        return Once(self.answers.once, str(uuid5(NAMESPACE_URL, _name(self.answers))))

    def is_done(self, step: Step) -> bool:
        """Whether a question is answered, or need not be asked."""
        if step is Step.NEW and not self.similar:
            return True
        if step is Step.NOTE and self.note is None:
            return False
        return self.answers.are_whole(step, self.codes, [one.id for one in self.places])

    def before(self, step: Step) -> Step | None:
        """The question before this one that this report has; None before the first."""
        earlier = reversed(STEPS[: STEPS.index(step)])
        # The emergency page asks nothing: from behind it one goes back to the question that led there.
        return next((one for one in earlier if self.has(one) and one is not Step.CALLED), None)

    def has(self, step: Step) -> bool:
        """Whether this report comes by a step at all."""
        match step:
            case Step.CALLED:
                return self.answers.in_danger
            case Step.PREMISES:
                return self.has_several_places
            case Step.NEW:
                return bool(self.similar)
            case _:
                return True

    def said(self) -> dict[str, Any]:
        """What is said, as a request of the API says it."""
        answers = self.answers
        impacts = (
            [] if answers.impacts == (NO_IMPACT,) else [one for one in self.codes.impacts if one in answers.impacts]
        )
        said = {
            "asset": answers.asset, "fault": answers.fault, "impacts": impacts,
            "alternative_available": answers.alternative == YES, **({"note": self.note} if self.note else {}),
        }  # fmt: skip
        return {**said, "danger_to_life": True} if answers.in_danger else said


async def read_report(visit: Visit) -> Report:
    """The report as far as its address says; premises beyond reach are missing like what there is not."""
    caller, places = visit.caller, _places(visit)
    answers = read_answers(visit.request.query_params, places[0].id if len(places) == 1 else None)
    if answers.premises and answers.premises not in {one.id for one in places}:
        raise missing("premises")
    policy = caller.desk.world.policies.at(caller.desk.now)
    similar = None
    if answers.premises and answers.asset in policy.spec.codes.assets and may(caller.key.holder, Action.READ_ORDERS):
        async with caller.place.ledger.reading() as connection:
            found = await similar_orders(connection, policy, answers.premises, answers.asset)
        # A report is not like itself: one that comes twice is asked nothing that it was not asked the first time.
        similar = [one for one in found if one.reference != _order(answers)]
    keys, voice = visit.request.app.state.link_keys, visit.session.voice
    note = unseal(keys, voice.id, answers.note, caller.desk.now) if answers.note else ""
    return Report(visit, places, answers, similar, note)


def _name(answers: Answers) -> str:
    """What a report is called, whoever opens its address: it is of one repair, and becomes one order."""
    return f"{answers.premises} {answers.once}"


def _order(answers: Answers) -> str:
    return f"WO-{uuid5(NAMESPACE_URL, f'order {_name(answers)}').hex[:12]}"


def _places(visit: Visit) -> list[Premises]:
    """The premises in use within reach of whoever asks and of the source through which they speak."""
    caller, desk = visit.caller, visit.caller.desk
    estate = desk.world.estates.at(desk.now)
    speaker = estate.source(caller.key.source, desk.now)
    found = [
        one for one in estate.spec.premises
        if speaker is not None and one.holds_at(desk.now) and caller.reaches(one.id)
        and estate.speaks_for(speaker, one.id, desk.now)
    ]  # fmt: skip
    if speaker is None or not is_heard(desk.world, caller.key.source, operations.RAISE, desk.now) or not found:
        sentence = _("Your role may not do this. If it should, ask whoever looks after this desk.")
        raise Problem(HTTPStatus.FORBIDDEN, "not-permitted", sentence)
    return found
