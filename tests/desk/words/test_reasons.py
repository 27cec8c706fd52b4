"""Every sentence that a decision can say is recognised by one form, and its Welsh holds no English."""

import re
from collections.abc import Iterator
from itertools import pairwise
from time import perf_counter

import pytest

from desk.words import words_in
from desk.words.catalogue import SAID_BELOW, catalogue
from desk.words.messages import placeholders
from desk.words.recognising import LONGEST, TELLING, Form, recogniser
from desk.words.words import PLACEHOLDER, filled
from models.decision import Decision, OrderState
from tests.simulation.driver import Live, decide_source
from tests.simulation.scene import shipped
from tests.simulation.trial import DAYS, Trial, live_through, shuffle_through
from tests.simulation.world import World

WELSH = words_in("cy")
ENGLISH = re.compile(r"\b(the|was|were|has|have|not|and|from|before|after|said|which|been|with|night|order|report)\b")
SEEDS = (3, 4)


def ours(sentence: str) -> str:
    """The sentence without what somebody else wrote: ids, sources and types of events."""
    return re.sub(r"\S*[./:]\S+|\S+-\S+", " ", sentence)


def said_in(live: Live, *, rules: bool) -> Iterator[str]:
    """Whatever a worker said; the reasons of ``rules`` only where they are those of the packaged policy."""
    for statement in live.told:
        yield from (statement.reason, statement.reached.reason, statement.reached.end_reason)
    for state in live.states.values():
        yield from (one.why for one in state.ignored)
        if rules and isinstance(state, OrderState) and state.classification is not None:
            yield from (rule.reason for rule in state.classification.rules)


def said_of(decision: Decision) -> Iterator[str]:
    for one in decision.reached:
        yield from (one.reason, one.end_reason)


@pytest.fixture(scope="module")
def every_reason() -> list[str]:
    """What is said over the simulator's whole mix of events, live and shuffled, about orders, nights and sources."""
    found: set[str] = set()
    for seed in SEEDS:
        trial = Trial(seed)
        for where, world in (
            (trial.scene, trial.world),
            (shipped(), World(seed, shipped().setting, days=DAYS, orders_per_day=8, start=trial.start)),
        ):
            heard = world.heard()
            for unit in where.setting.premises:
                own = [one for one in heard if one.key == unit]
                for living in (live_through, shuffle_through):
                    found.update(said_in(living(world, where, unit, own), rules=where is shipped()))
            for source, _ in where.setting.heartbeats():
                about = [one for one in heard if one.key == f"source:{source}"]
                signs = [one.heard for one in heard if one.event["source"] == source]
                for at in signs[-40::4]:
                    known = [one for one in about if one.heard <= at]
                    found.update(said_of(decide_source(where.world, source, known, signs, world.start, at)))
    return sorted(found - {""})


def test_the_simulation_says_reasons_of_every_kind(every_reason: list[str]) -> None:
    forms = {form for sentence in every_reason for form in recogniser("cy").forms_of(sentence)[:1]}
    assert len(every_reason) > 1_000
    assert len(forms) > 12


def test_every_reason_that_is_ever_said_is_recognised(every_reason: list[str]) -> None:
    assert [sentence for sentence in every_reason if not recogniser("cy").knows(sentence, WELSH)] == []


def test_no_english_is_left_in_the_welsh_of_a_reason(every_reason: list[str]) -> None:
    welsh = {sentence: WELSH.reason(sentence) for sentence in every_reason}
    assert {sentence: said for sentence, said in welsh.items() if ENGLISH.search(ours(said))} == {}


def test_no_reason_fits_two_forms_equally_well(every_reason: list[str]) -> None:
    for sentence in every_reason:
        forms = [Form(form) for form in recogniser("cy").forms_of(sentence)]
        assert all(first.letters > second.letters for first, second in pairwise(forms)), sentence


def test_english_stays_as_it_was_to_the_letter(every_reason: list[str]) -> None:
    assert all(words_in("en").reason(sentence) == sentence for sentence in every_reason)


def below() -> list[str]:
    ids = [message.id for message in catalogue("cy") if message.id and SAID_BELOW in message.auto_comments]
    return [one if isinstance(one, str) else one[0] for one in ids]


@pytest.mark.parametrize("message", [pytest.param(one, id=one[:60]) for one in below()])
def test_each_form_is_recognised_from_its_own_sentence(message: str) -> None:
    counted = Form(message).counted
    values = {name: "3" if name == counted else f"<{name}>" for name in placeholders(message)}
    sentence = filled(message, values)
    welsh = WELSH(message, **values) if counted is None else WELSH.many(message, message, 3, **values)
    if Form(message).letters >= TELLING:
        assert WELSH.reason(sentence) == welsh


def test_forms_that_nobody_can_tell_apart_say_the_same_in_welsh() -> None:
    welsh: dict[str, set[str]] = {}
    for message in below():
        welsh.setdefault(shape(message), set()).add(shape(WELSH(message)))
    assert {form: said for form, said in welsh.items() if len(said) > 1} == {}


def shape(message: str) -> str:
    """A message without the names of its placeholders, each numbered by the place where it stands first."""
    names = list(dict.fromkeys(PLACEHOLDER.findall(message)))
    return PLACEHOLDER.sub(lambda found: f"{{{names.index(found[1])}}}", message)


def test_what_is_not_known_is_shown_as_it_stands() -> None:
    sentence = "An old release said this, of 2 people, at 18:40."
    assert WELSH.reason(sentence) == sentence


@pytest.mark.parametrize(
    "part", ["; ", ": ", ". ", "a. ", " at ", " is , which ; write  or ", " missing from ; ", "x: ", "x (x) "]
)
def test_what_is_made_to_be_slow_to_recognise_is_soon_given_up(part: str) -> None:
    began = perf_counter()
    for length in (LONGEST, 100 * LONGEST):
        hostile = (part * length)[:length]
        assert isinstance(WELSH.reason(hostile), str)
    assert perf_counter() - began < 5


def test_what_a_sender_wrote_is_not_taken_for_ours() -> None:
    said = WELSH.reason("'the night is covered' is no approved premises, so no night there has to be covered.")
    assert "'the night is covered'" in said


def test_dates_within_a_reason_are_those_of_the_language() -> None:
    said = WELSH.reason(
        "Entry or exit lock (does not work at all): repair was due Tue 13 Jan 2026 04:10 GMT and has not been reported."
    )
    assert "Clo mynediad neu allanfa (ddim yn gweithio o gwbl)" in said
    assert "Maw 13 Ion 2026 04:10 GMT" in said
