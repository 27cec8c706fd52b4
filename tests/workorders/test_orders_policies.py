"""Which version of the policy judges an order, where its codes or a reassessment name another (the rules, 2.1)."""

from datetime import timedelta
from functools import cache
from typing import get_args

from models.decision import OrderState
from models.history import OrderEvent
from tests.workorders.telling import START, Telling, event, hour, raised
from workorders.order_fold import handled_types
from workorders.policy import Policy, PolicyTimeline, World, default_world


@cache
def first() -> Policy:
    return default_world().policies.at(START)


@cache
def second() -> Policy:
    """The same with one asset more."""
    codes = first().spec.codes
    more = codes.model_copy(update={"assets": codes.assets | {"drone": "Drone"}})
    return Policy(first().spec.model_copy(update={"codes": more}))


def world() -> World:
    """The second policy comes into force an hour after the order is raised."""
    entries = [(START - timedelta(days=300), first()), (hour(1), second())]
    return World(PolicyTimeline(entries), default_world().estates)


def judged(story: Telling, hours: float) -> tuple[str, dict[str, str]]:
    """The version that judges the order, and the facts that it judges."""
    state = story.at(hours).state
    assert isinstance(state, OrderState)
    assert state.classification is not None
    return state.classification.policy_version, dict(state.classification.facts)


def test_the_fold_has_a_case_for_every_order_event() -> None:
    assert handled_types() == set(get_args(OrderEvent))


def test_a_code_that_only_the_version_of_its_hearing_knows_moves_the_order_to_that_from_the_start() -> None:
    version, facts = judged(Telling(raised(asset="drone", heard=2), world=world()), 2)
    assert (version, facts["asset"]) == (second().version, "drone")


def test_an_amendment_with_a_newer_code_moves_the_order_to_the_version_that_knows_it() -> None:
    story = Telling(raised(), world=world())
    assert judged(story, 2)[0] == first().version
    story.history.append(event("amended", 0.5, heard=3, role="estates-desk", asset="drone"))
    version, facts = judged(story, 3)
    assert (version, facts["asset"]) == (second().version, "drone")


def test_a_reassessment_judges_by_the_version_that_it_names_from_its_time_on() -> None:
    story = Telling(raised(), world=world())
    story.history.append(event("reassessed", 3, role="division", policy_version=second().version))
    assert judged(story, 3)[0] == second().version


def test_a_reassessment_to_a_version_that_nobody_knows_leaves_the_order_as_it_was() -> None:
    story = Telling(raised(), event("reassessed", 3, role="division", policy_version="0" * 64), world=world())
    assert judged(story, 4)[0] == first().version


def test_a_reassessment_to_a_version_that_lacks_the_orders_code_leaves_it_judged_as_before() -> None:
    story = Telling(
        raised(2, asset="drone"), event("reassessed", 3, role="division", policy_version=first().version), world=world()
    )
    version, facts = judged(story, 4)
    assert (version, facts["asset"]) == (second().version, "drone")


def test_a_code_that_no_version_in_question_knows_changes_nothing() -> None:
    story = Telling(raised(), event("amended", 0.5, role="estates-desk", asset="drone"), world=world())
    version, facts = judged(story, 4)
    assert (version, facts["asset"]) == (first().version, "entry-lock")
