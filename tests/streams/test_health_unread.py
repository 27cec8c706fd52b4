"""What is unread: its age, and the partition that is passed over; told apart from what merely has to wait its turn."""

import pytest

from streams.health_unread import LONGEST_STEP_S, MOST_ENDS, TURN, Place, Unread

ONE, TWO, THREE = ("work-orders", 0), ("work-orders", 1), ("shift-cover", 0)
EVERY_S = 5.0


@pytest.fixture
def unread() -> Unread:
    return Unread()


def measure(unread: Unread, *looks: dict[tuple[str, int], Place], every: float = EVERY_S, from_s: float = 0.0) -> float:
    """Look at these one after the other, the intake having gone round before each; when the last look was."""
    now = from_s
    for n, places in enumerate(looks):
        now = from_s + n * every
        unread.measured(places, now, now)
    return now


def passed_over(unread: Unread, longest: float = 60.0) -> list[tuple[str, int]]:
    return [name for name, one in unread.waiting.items() if one.is_passed_over(longest)]


def test_a_partition_that_stands_still_while_another_moves_is_passed_over(unread: Unread) -> None:
    looks = [{ONE: Place(10, 900), TWO: Place(n, n + 1)} for n in range(14)]
    measure(unread, *looks[:13])
    assert passed_over(unread) == [], "60 s are not more than 60 s"
    measure(unread, looks[13], from_s=13 * EVERY_S)
    assert passed_over(unread) == [ONE]
    assert (unread.waiting[ONE].records, unread.waiting[ONE].stood_s) == (890, 65)


def test_two_partitions_that_stand_still_do_not_excuse_each_other(unread: Unread) -> None:
    measure(unread, *[{ONE: Place(10, 900), TWO: Place(4, 50_000), THREE: Place(n, n)} for n in range(14)])
    assert passed_over(unread) == [ONE, TWO]


def test_of_many_that_have_much_each_waits_for_its_turn_and_none_is_passed_over(unread: Unread) -> None:
    many = [("work-orders", n) for n in range(10)]
    at = dict.fromkeys(many, 0)
    for n in range(200):  # each has two measurings of its own, and so a turn again after 100 s
        at[many[n // 2 % len(many)]] += TURN // 2
        measure(unread, {name: Place(at[name], 100 * TURN) for name in many}, from_s=n * EVERY_S)
        assert passed_over(unread) == []
    assert max(one.stood_s for one in unread.waiting.values()) > 60
    for n in range(200, 240):  # and now the first never comes again
        at[many[1 + n // 2 % (len(many) - 1)]] += TURN // 2
        measure(unread, {name: Place(at[name], 100 * TURN) for name in many}, from_s=n * EVERY_S)
    assert passed_over(unread) == [many[0]]


def test_one_record_taken_is_movement(unread: Unread) -> None:
    measure(unread, *[{ONE: Place(n // 12, 900)} for n in range(60)])
    assert passed_over(unread) == []


def test_where_much_waits_in_others_it_is_their_turn_until_they_have_had_it(unread: Unread) -> None:
    deep = 10 * TURN
    looks = [{ONE: Place(0, deep), TWO: Place(n * 1_000, deep)} for n in range(30)]
    measure(unread, *looks[: TURN // 1_000])
    assert unread.waiting[ONE].stood_s > 60
    assert passed_over(unread) == [], "the other's records may have been fetched before"
    measure(unread, *looks[TURN // 1_000 :], from_s=TURN // 1_000 * EVERY_S)
    assert passed_over(unread) == [ONE]


def test_a_partition_without_records_never_stands_still(unread: Unread) -> None:
    measure(unread, *[{ONE: Place(9, 9), TWO: Place(12, 9)}] * 50)
    assert unread.waiting == {}


def test_an_outage_and_an_intake_that_does_not_go_round_blame_no_partition(unread: Unread) -> None:
    measure(unread, {ONE: Place(10, 900)}, {ONE: Place(10, 900)}, every=3600)
    assert unread.waiting[ONE].stood_s == LONGEST_STEP_S
    for n in range(100):
        unread.measured({ONE: Place(10, 900)}, 3605 + n * EVERY_S, 3599)
    assert passed_over(unread) == [], "a batch that takes long is told as an intake that does not turn"


def test_a_partition_that_was_given_away_and_comes_back_begins_anew(unread: Unread) -> None:
    last = measure(unread, *[{ONE: Place(10, 900)}] * 20, {}, {ONE: Place(10, 900)})
    assert passed_over(unread) == []
    assert unread.waiting[ONE].age_s(last) == 0


def test_what_waits_grows_old_although_the_lag_stands_and_everything_moves(unread: Unread) -> None:
    looks = [{ONE: Place(n * 100, n * 100 + 900_000)} for n in range(200)]
    last = measure(unread, *looks)
    assert unread.waiting[ONE].age_s(last) == last == 995
    assert passed_over(unread) == []


def test_the_age_is_that_of_the_oldest_record_that_still_waits(unread: Unread) -> None:
    last = measure(unread, *[{ONE: Place(max(0, n - 4) * 10, n * 10)} for n in range(1, 50)])
    assert unread.waiting[ONE].age_s(last) == 3 * EVERY_S
    measure(unread, {ONE: Place(500, 500)}, from_s=last + EVERY_S)
    assert unread.waiting == {}


def test_however_long_it_goes_on_a_bounded_number_of_ends_is_remembered_and_the_oldest_of_them(unread: Unread) -> None:
    last = measure(unread, *[{ONE: Place(0, n)} for n in range(1, 2_000)])
    assert len(unread.waiting[ONE].ends) <= MOST_ENDS
    assert unread.waiting[ONE].age_s(last) == last


def test_a_topic_that_was_made_anew_has_no_age_of_the_one_before(unread: Unread) -> None:
    last = measure(unread, *[{ONE: Place(10, 900)}] * 5, {ONE: Place(0, 5)})
    assert unread.waiting[ONE].age_s(last) == 0
    assert unread.waiting[ONE].stood_s == 0
