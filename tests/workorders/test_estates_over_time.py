"""A subject whose premises or source the estate of today does not have: by the estate that had it last, or refused."""

from datetime import timedelta

import pytest

from models.decision import OrderState, SourceState
from tests.workorders.telling import START, ap, hour, raised
from workorders.decide import Case, Undecidable, decide
from workorders.policy import Estate, EstateTimeline, World, default_world


def without(*, premises: str = "", source: str = "") -> World:
    """The default world, whose estate drops the premises or the source an hour after the start."""
    world = default_world()
    spec = world.estates.at(START).spec
    kept = {
        "premises": tuple(one for one in spec.premises if one.id != premises),
        "sources": tuple(one for one in spec.sources if one.id != source),
        "routes": tuple(one for one in spec.routes if one.of != premises),
    }
    entries = [(START - timedelta(days=300), world.estates.at(START)), (hour(1), Estate(spec.model_copy(update=kept)))]
    return World(world.policies, EstateTimeline(entries))


def test_an_order_does_not_end_with_its_premises_entry_in_the_estate() -> None:
    found = decide(Case(ap(), "WO-1", [raised()]), without(premises=ap()), hour(3))
    assert isinstance(found.state, OrderState)
    assert found.state.status == "open"
    assert found.reached


def test_an_order_at_premises_that_no_estate_ever_had_cannot_be_decided() -> None:
    with pytest.raises(Undecidable, match=r"^no estate knows the premises 'nowhere'$"):
        decide(Case("nowhere", "WO-1", [raised()]), default_world(), hour(3))


def expected_source() -> str:
    return next(one.id for one in default_world().estates.at(START).spec.sources if one.expect_every is not None)


def test_a_source_that_the_estate_dropped_is_decided_as_it_was_registered_last() -> None:
    name = expected_source()
    found = decide(Case(f"source:{name}", f"source:{name}", [], since=START), without(source=name), hour(3))
    assert isinstance(found.state, SourceState)
    assert found.state.source == name


def test_a_source_that_no_estate_ever_had_cannot_be_decided() -> None:
    with pytest.raises(Undecidable, match=r"^the estate registers no source 'source:nobody' at "):
        decide(Case("source:nobody", "source:nobody", [], since=START), default_world(), hour(3))
