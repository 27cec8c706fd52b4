"""A dispute is open exactly while the provider's latest priority differs from ours and the order is open."""

from datetime import UTC, datetime, timedelta

from models.work_order import Priority
from workorders.disputes import Dispute, disputes

START = datetime(2026, 1, 13, tzinfo=UTC)
P1, P2, P3, _ = Priority


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def test_a_downgrade_by_the_provider_opens_a_dispute() -> None:
    assert disputes([(at(0), P1)], [(at(2), P3)], [(at(0), None)]) == [Dispute(at(2), None, P1, P3)]


def test_agreement_of_the_provider_ends_it() -> None:
    assert disputes([(at(0), P1)], [(at(2), P3), (at(5), P1)], [(at(0), None)]) == [Dispute(at(2), at(5), P1, P3)]


def test_a_settlement_of_ours_ends_it() -> None:
    assert disputes([(at(0), P1), (at(4), P3)], [(at(2), P3)], [(at(0), None)]) == [Dispute(at(2), at(4), P1, P3)]


def test_the_end_of_the_order_ends_it_and_a_reopened_order_goes_on_with_it() -> None:
    found = disputes([(at(0), P1)], [(at(2), P3)], [(at(0), at(3)), (at(6), None)])
    assert found == [Dispute(at(2), at(3), P1, P3), Dispute(at(6), None, P1, P3)]


def test_a_change_of_view_that_still_differs_is_the_same_dispute_with_the_latest_priorities() -> None:
    found = disputes([(at(0), P1)], [(at(2), P3), (at(4), P2)], [(at(0), None)])
    assert found == [Dispute(at(2), None, P1, P2)]


def test_no_view_of_the_provider_is_no_dispute() -> None:
    assert disputes([(at(0), P1)], [], [(at(0), None)]) == []


def test_a_settlement_ends_it_whichever_way_until_one_of_the_priorities_changes_again() -> None:
    ours, views = [(at(0), P1)], [(at(2), P3)]
    assert disputes(ours, views, [(at(0), None)], [at(4)]) == [Dispute(at(2), at(4), P1, P3)]
    later = [*views, (at(6), P2)]
    assert disputes(ours, later, [(at(0), None)], [at(4)])[-1] == Dispute(at(6), None, P1, P2)
