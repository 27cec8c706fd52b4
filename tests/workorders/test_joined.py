"""Joined risk: two open controls, or a security order on a short-staffed night, count as P1 while both last."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from models.decision import Context, Span
from workorders.joined import joined_windows, merged, overlap, presence, several_throughout, with_others

START = datetime(2026, 1, 13, tzinfo=UTC)


def span(a: int, b: int | None) -> Span:
    return START + timedelta(hours=a), None if b is None else START + timedelta(hours=b)


def test_stretches_share_what_lies_in_both_and_touching_ones_share_nothing() -> None:
    assert overlap(span(0, 5), span(3, None)) == span(3, 5)
    assert overlap(span(0, None), span(3, None)) == span(3, None)
    assert overlap(span(0, None), span(3, 4)) == span(3, 4)
    assert overlap(span(0, 3), span(3, 4)) is None


def test_a_security_order_is_joined_with_the_short_staffed_stretches_only() -> None:
    context = Context(short=(span(4, 6), span(20, None)))
    assert joined_windows("a", [(span(0, 21), True, ())], context) == [span(4, 6), span(20, 21)]
    assert joined_windows("a", [(span(0, 21), False, ())], context) == []


def test_two_orders_on_one_control_are_joined_and_an_order_is_never_joined_with_itself() -> None:
    context = Context(siblings={"doors": (("a", span(0, None)), ("b", span(3, 5)))})
    assert joined_windows("a", [(span(0, None), False, ("doors",))], context) == [span(3, 5)]
    assert joined_windows("a", [(span(0, None), False, ("power",))], context) == []


def test_windows_that_overlap_or_touch_become_one() -> None:
    assert merged([span(3, 5), span(0, 3), span(4, None), span(6, 7)]) == [span(0, None)]
    assert merged([span(0, 4), span(1, 2)]) == [span(0, 4)]


@given(st.lists(st.tuples(st.integers(0, 30), st.none() | st.integers(1, 10)), max_size=8))
def test_merged_stretches_hold_the_same_hours(pairs: list[tuple[int, int | None]]) -> None:
    spans = [span(a, None if b is None else a + b) for a, b in pairs]

    def hours(some: list[Span]) -> set[int]:
        return {
            h
            for h in range(60)
            for since, until in some
            if since <= span(h, None)[0] and (until is None or span(h, None)[0] < until)
        }

    found = merged(spans)
    assert hours(found) == hours(spans)
    assert all(a[1] is not None and a[1] < b[0] for a, b in pairwise(found))


SPANS = st.tuples(st.integers(0, 20), st.none() | st.integers(0, 8)).map(
    lambda pair: span(pair[0], None if pair[1] is None else sum(pair))  # type: ignore[arg-type]
)


@given(st.lists(st.tuples(st.sampled_from("abcd"), SPANS), max_size=9), SPANS, st.sampled_from("abx"))
def test_an_order_is_joined_with_exactly_what_it_shares_with_each_other_one(
    others: list[tuple[str, Span]], own: Span, subject: str
) -> None:
    context = Context(siblings={"doors": tuple(others)})
    each = [overlap(own, other) for name, other in others if name != subject]
    assert joined_windows(subject, [(own, False, ("doors",))], context) == merged([one for one in each if one])


def test_who_is_there_changes_only_when_it_is_another_one_or_several() -> None:
    there = presence([("a", span(0, 4)), ("b", span(2, None)), ("c", span(3, 5)), ("a", span(4, 4))])
    assert there == ((span(0, 0)[0], "a"), (span(2, 2)[0], None), (span(5, 5)[0], "b"))
    assert list(with_others("b", span(0, None), there)) == [span(0, 2), span(2, 5)]
    assert presence([]) == ()


def test_thousands_at_one_premises_are_looked_at_once_and_not_once_for_each_of_them() -> None:
    context = Context(siblings={"doors": tuple((f"WO-{n}", span(n, None)) for n in range(2_000))})
    for n in range(2_000):
        found = joined_windows(f"WO-{n}", [(span(n, None), False, ("doors",))], context)
        assert found == [span(n, None)] if n else [span(1, None)]
    assert len(context.present["doors"]) == 2


def test_several_are_there_throughout_only_if_never_fewer_than_two_are() -> None:
    there = presence(
        [("a", span(0, 9)), ("b", span(1, 5)), ("c", span(4, 8)), ("a", span(20, None)), ("b", span(21, None))]
    )
    assert several_throughout(span(1, 8), there)
    assert several_throughout(span(30, None), there)
    assert not several_throughout(span(0, 3), there)
    assert not several_throughout(span(7, 9), there)
    assert not several_throughout(span(7, None), there)
    assert not several_throughout(span(-3, 2), there)
    assert not several_throughout(span(10, 11), there)
