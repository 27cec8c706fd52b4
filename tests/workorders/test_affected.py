"""What a change of one subject means for the others of its premises, open or ended."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.decision import Exposed, NightState, OrderState, Span
from workorders.affected import NOTHING, Affected, affects, apart

START = datetime(2026, 1, 13, tzinfo=UTC)


def span(a: int, b: int | None) -> Span:
    return START + timedelta(hours=a), None if b is None else START + timedelta(hours=b)


def order(*exposure: Exposed) -> OrderState:
    return OrderState("a", "ap", "open", exposure=exposure)


def night(*short: Span) -> NightState:
    return NightState(
        "ap/2026-01-13", "ap", date(2026, 1, 13), START, START + timedelta(hours=12), 2, 1, True, 0, (), short,
        0, 0, 0, 0, 0, (), "v", None,
    )  # fmt: skip


def test_an_order_that_begins_to_count_affects_its_groups_from_then_on() -> None:
    found = affects(None, order((span(2, None), True, ("doors",))))
    assert found == Affected({"doors": (span(2, None),)})


def test_an_order_that_ends_affects_only_the_time_after_its_end() -> None:
    before, after = order((span(2, None), False, ("doors",))), order((span(2, 5), False, ("doors",)))
    assert affects(before, after) == Affected({"doors": (span(5, None),)})


def test_an_order_that_moves_to_another_control_affects_both() -> None:
    before = order((span(0, None), False, ("doors", "locks")))
    after = order((span(0, 3), False, ("doors", "locks")), (span(3, None), False, ("locks", "power")))
    assert affects(before, after) == Affected({"doors": (span(3, None),), "power": (span(3, None),)})


def test_what_has_not_changed_affects_nobody() -> None:
    same = order((span(0, None), False, ("doors",)))
    assert affects(same, replace(same)) is NOTHING
    assert affects(night(span(1, 2)), night(span(1, 2))) is NOTHING
    assert affects(None, night()) is NOTHING


def test_a_night_affects_security_orders_where_its_shortage_has_changed() -> None:
    found = affects(night(span(1, None)), night(span(1, 4)))
    assert found == Affected(security=(span(4, None),))
    assert affects(None, night(span(1, 2))) == Affected(security=(span(1, 2),))


def test_an_order_is_touched_only_where_it_shares_time_under_its_own_control() -> None:
    change = Affected({"doors": (span(5, 7),)}, (span(20, None),))
    assert change.touches([(span(6, None), False, ("doors",))])
    assert not change.touches([(span(6, None), False, ("power",))])
    assert not change.touches([(span(0, 5), False, ("doors",)), (span(7, 9), True, ("doors",))])
    assert change.touches([(span(0, 21), True, ())])
    assert not change.touches([])
    assert not NOTHING.touches([(span(0, None), True, ("doors",))])


hours = st.lists(st.tuples(st.integers(0, 20), st.none() | st.integers(1, 9)), max_size=5)


@given(hours, hours)
def test_two_lists_of_stretches_are_apart_exactly_where_one_alone_holds(
    some: list[tuple[int, int | None]], others: list[tuple[int, int | None]]
) -> None:
    def spans(pairs: list[tuple[int, int | None]]) -> list[Span]:
        return [span(a, None if b is None else a + b) for a, b in pairs]

    def held(found: list[Span]) -> set[int]:
        at = [START + timedelta(hours=n) for n in range(40)]
        return {
            n for n, t in enumerate(at) if any(since <= t and (until is None or t < until) for since, until in found)
        }

    found = apart(spans(some), spans(others))
    assert held(list(found)) == held(spans(some)) ^ held(spans(others))
    assert all(until is not None for _, until in found[:-1])
