"""The rules of telling, flood and retrying by themselves: pure, for any history."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from models.decision import Reached
from models.escalation import EscalationKind, StatementKind
from models.ids import NAMESPACE
from models.work_order import Priority
from streams.notices import flood
from streams.notices.channels.channel import Outcome, Sent
from streams.notices.notice import DIGEST, Address, Due, Fate, Notice
from streams.notices.retrying import after
from streams.notices.telling import LOOK_AGAIN, NO_ROUTE, SAID_AGAIN, plan
from tests.notices.office import ACCEPTED, BUSY, DROPPED, REFUSED, SETTINGS
from tests.streams.ledger.telling import START

EMAIL = Address("email", "duty@facilities.example", "en")
TEXT = Address("text", "+44 7700 900123", "en")
ESCALATION = uuid5(NAMESPACE, "an escalation of a test")


class Ways:
    """Where the role is reached, and of these what is configured."""

    def __init__(self, *addresses: Address, configured: Sequence[Address] | None = None, closed: bool = False) -> None:
        self.addresses, self.closed = addresses, closed
        self.configured = addresses if configured is None else configured

    def of(self, _: Due) -> Sequence[Address]:
        return self.addresses

    def has_routes(self, _: Due) -> bool:
        return self.closed or bool(self.addresses)

    def refuse_unconfigured(self, notice: Notice) -> None:
        if notice.to not in self.configured:
            notice.settle(Fate.FAILED, "not configured", START)


def reached(kind: EscalationKind = EscalationKind.BREACH, priority: Priority | None = Priority.P2) -> Reached:
    return Reached(
        id=ESCALATION, subject="WO-1", kind=kind, clock="fix", spell="first", rung="first", role="estates-desk",
        repeat=0, due_at=START, ended_at=None, end_reason="", original_due_at=START, priority=priority,
        business_critical=False, labels=(), reason="Why.", acknowledged_until=None, happened_at=None, heard_at=None,
        policy_version="v",
    )  # fmt: skip


def said(statement: StatementKind, n: int = 1, *, stands: bool = True, reason: str = "", **more: object) -> Due:
    about = replace(reached(), **more)  # type: ignore[arg-type]
    return Due(ESCALATION, n, START, "ap-bryn-awel", statement, reason, START, about, stands)


def told(*fates: Fate, what: str = "raised") -> list[Notice]:
    return [
        Notice(
            id=UUID(int=n), escalation_id=ESCALATION, n=1, what=what, unit="ap-bryn-awel", role="estates-desk",
            kind=to.kind, address=to.address, language="en", priority="P2", urgent=False, planned_at=START,
            next_at=START, outcome=fate,
        )
        for n, (fate, to) in enumerate(zip(fates, (EMAIL, TEXT), strict=False), start=1)
    ]  # fmt: skip


def test_a_rung_that_the_ladder_has_skipped_tells_nobody() -> None:
    due = said(StatementKind.RAISED, labels=(NO_ROUTE,))
    assert plan(due, [], Ways(EMAIL), START).new == []


def test_where_no_route_is_open_what_can_wait_waits_and_what_is_urgent_climbs() -> None:
    waits = plan(said(StatementKind.RAISED), [], Ways(closed=True), START)
    assert (waits.again_at, waits.lost) == (START + LOOK_AGAIN, False)
    climbs = plan(said(StatementKind.RAISED, priority=Priority.P1), [], Ways(closed=True), START)
    assert (climbs.again_at, climbs.lost) == (None, True)
    night = plan(said(StatementKind.RAISED, kind=EscalationKind.UNCOVERED_NIGHT, priority=None), [], Ways(), START)
    assert night.lost


def test_a_role_that_has_no_route_at_any_hour_waits_for_none_and_its_ladder_climbs() -> None:
    found = plan(said(StatementKind.RAISED), [], Ways(), START)
    assert (found.again_at, found.lost) == (None, True)


def test_a_channel_that_is_not_configured_has_failed_for_good_and_says_why() -> None:
    found = plan(said(StatementKind.RAISED), [], Ways(EMAIL, TEXT, configured=[EMAIL]), START)
    assert [(one.kind, one.outcome, one.next_at) for one in found.new] == [
        ("email", Fate.WAITING, START), ("text", Fate.FAILED, None),
    ]  # fmt: skip
    assert not found.lost
    assert plan(said(StatementKind.RAISED), [], Ways(EMAIL, configured=[]), START).lost


def test_only_a_stricter_priority_is_worth_another_notice() -> None:
    before = told(Fate.ACCEPTED)
    for priority, news in ((Priority.P1, 1), (Priority.P2, 0), (Priority.P3, 0)):
        due = said(StatementKind.AMENDED, 2, priority=priority)
        assert len(plan(due, before, Ways(EMAIL), START).new) == news
    assert plan(said(StatementKind.AMENDED, 2, priority=Priority.P1), [], Ways(EMAIL), START).new == []


def test_that_it_is_over_is_told_to_those_who_may_know_and_to_nobody_else() -> None:
    found = plan(said(StatementKind.CLOSED, 2, stands=False), told(Fate.ACCEPTED, Fate.FAILED), Ways(), START)
    assert [(one.to, one.urgent) for one in found.new] == [(EMAIL, False)]
    unknown = plan(said(StatementKind.WITHDRAWN, 2, stands=False), told(Fate.UNKNOWN, Fate.WAITING), Ways(), START)
    assert [one.to for one in unknown.new] == [EMAIL]
    assert {(one.kind, one.outcome) for one in unknown.changed} == {("email", "unknown"), ("text", "overtaken")}
    assert all(one.next_at is None for one in unknown.changed)
    assert plan(said(StatementKind.CLOSED, 2, reason=SAID_AGAIN), told(Fate.ACCEPTED), Ways(), START).new == []
    assert plan(said(StatementKind.ACKNOWLEDGED, 2), told(Fate.ACCEPTED), Ways(EMAIL), START).new == []


@given(st.lists(st.sampled_from(StatementKind), max_size=6), st.booleans(), st.booleans())
def test_whatever_is_said_one_address_is_never_told_one_statement_twice(
    kinds: list[StatementKind], stands: bool, one_fails: bool
) -> None:
    history: list[Notice] = []
    ways = Ways(EMAIL, TEXT, EMAIL)
    for n, kind in enumerate(kinds, start=1):
        again = plan(said(kind, n, stands=stands), deepcopy(history), ways, START)
        found = plan(said(kind, n, stands=stands), history, ways, START)
        assert [one.id for one in again.new] == [one.id for one in found.new]
        for notice in found.new:
            notice.outcome = Fate.FAILED if one_fails and notice.kind == "email" else Fate.ACCEPTED
        history += found.new
    assert len({(one.n, one.to) for one in history}) == len({one.id for one in history}) == len(history)


def notices(n: int, *, urgent: bool = False) -> list[Notice]:
    return [
        replace(
            told(Fate.WAITING)[0], id=uuid5(NAMESPACE, f"{n}-{i}-{urgent}"), urgent=urgent, planned_at=START
        )
        for i in range(n)
    ]  # fmt: skip


def test_as_many_as_one_can_read_are_sent_one_by_one() -> None:
    fresh = notices(10)
    assert flood.gather(fresh, [], 10, START) == flood.Digests()
    assert all(one.next_at == START for one in fresh)


def test_more_than_one_can_read_go_into_one_digest_that_is_sent_within_a_minute() -> None:
    fresh = notices(11)
    found = flood.gather(fresh, [], 10, START)
    (digest,) = found.new
    assert {(one.outcome, one.digest, one.next_at) for one in fresh} == {(Fate.IN_DIGEST, digest.id, None)}
    assert digest.what == DIGEST
    assert digest.next_at == START + flood.MINUTE


def test_what_is_urgent_is_never_held_back_however_much_there_is() -> None:
    fresh = [*notices(50, urgent=True), *notices(50)]
    flood.gather(fresh, [], 10, START)
    assert {one.next_at for one in fresh if one.urgent} == {START}
    assert {one.outcome for one in fresh if one.urgent} == {Fate.WAITING}


def test_what_comes_in_the_same_minute_joins_the_digest_that_is_still_open_and_takes_what_waits_along() -> None:
    first = notices(6)
    assert flood.gather(first, [], 10, START).new == []
    sent, waiting = first[:3], first[3:]
    for one in sent:
        one.tries, one.outcome = 1, Fate.ACCEPTED
    second = [replace(one, id=uuid5(one.id, "later")) for one in notices(6)]
    found = flood.gather(second, first, 10, START + timedelta(seconds=20))
    (digest,) = found.new
    assert found.changed == waiting
    assert {one.digest for one in (*waiting, *second)} == {digest.id}
    third = [replace(one, id=uuid5(one.id, "latest")) for one in notices(1)]
    joined = flood.gather(third, [*first, *second, digest], 10, START + timedelta(seconds=40))
    assert (joined.new, third[0].digest) == ([], digest.id)


def test_one_digest_lists_two_hundred_at_most_and_all_are_listed() -> None:
    fresh = notices(flood.MOST_LISTED + 100)
    found = flood.gather(fresh, [], 10, START)
    assert [sum(one.digest == digest.id for one in fresh) for digest in found.new] == [flood.MOST_LISTED, 100]
    later = [replace(one, id=uuid5(one.id, "later")) for one in notices(150)]
    (third,) = flood.gather(later, [*fresh, *found.new], 10, START + timedelta(seconds=20)).new
    assert [sum(one.digest == id_ for one in later) for id_ in (found.new[1].id, third.id)] == [100, 50]


def test_a_digest_that_was_taken_in_hand_takes_nobody_in_any_more() -> None:
    first = notices(11)
    (digest,) = flood.gather(first, [], 10, START).new
    digest.tries, digest.outcome = 1, Fate.UNKNOWN
    later = [replace(one, id=uuid5(one.id, "later")) for one in notices(1)]
    (other,) = flood.gather(later, [*first, digest], 10, START + timedelta(seconds=59)).new
    assert later[0].digest == other.id != digest.id


@given(st.integers(1, 4), st.floats(0, 1))
def test_pauses_grow_within_their_bounds_and_never_all_alike(tries: int, chance: float) -> None:
    for sent in (BUSY, DROPPED):
        at = after(sent, tries, SETTINGS, START, chance).at
        assert at is not None
        pause, doubled = (at - START).total_seconds(), min(60.0, 5.0 * 2 ** (tries - 1))
        assert doubled / 2 <= pause <= doubled
    assert after(BUSY, 2, SETTINGS, START, 0.0).at != after(BUSY, 2, SETTINGS, START, 1.0).at


def test_a_receiver_that_asks_to_be_left_alone_is_left_alone_within_the_longest_pause() -> None:
    for asked, pause in ((30.0, 30), (1e9, 60), (0.1, 5)):
        sent = Sent(Outcome.FAILED, "too many", retry_after_s=asked)
        assert after(sent, 1, SETTINGS, START, 1.0).at == START + timedelta(seconds=pause)


def test_what_arrived_what_can_never_arrive_and_what_was_tried_often_enough_is_tried_no_more() -> None:
    assert after(ACCEPTED, 1, SETTINGS, START, 0.5).at is None
    assert after(REFUSED, 1, SETTINGS, START, 0.5).at is None
    assert after(BUSY, SETTINGS.tries, SETTINGS, START, 0.5).at is None
    assert after(DROPPED, SETTINGS.tries - 1, SETTINGS, START, 0.5).at is not None
