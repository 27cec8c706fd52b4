"""When a source is silent, and when time alone will make it so (the rules, section 5)."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.decision import Condition
from models.premises import ScopeKind, Source
from workorders.silence import reckon_source

START = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
INSTANT = timedelta.resolution


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def source(
    expect: float | None = 60, valid_from: datetime | None = None, valid_until: datetime | None = None
) -> Source:
    return Source(
        id="/agency-desk",
        role="agency-desk",
        scope=ScopeKind.DIVISION,
        types=("facilities.shift-cover.confirmed",),
        earliest=START,
        expect_every=None if expect is None else timedelta(minutes=expect),
        valid_from=valid_from,
        valid_until=valid_until,
    )


def silence(
    now: datetime, heard: tuple[float, ...] = (), of: Source | None = None, since: datetime = START
) -> Condition | None:
    found = reckon_source(of or source(), [at(minutes) for minutes in heard], since, now)
    assert len(found.conditions) <= 1
    return found.conditions[0] if found.conditions else None


def span(found: Condition | None) -> tuple[datetime, datetime | None]:
    assert found is not None
    return found.onset, found.end


def test_a_source_is_silent_once_it_was_not_heard_for_as_long_as_expected() -> None:
    assert silence(at(70) - INSTANT, (10,)) is None
    found = silence(at(70), (10,))
    assert span(found) == (at(70), None)
    assert found is not None
    assert (found.kind, found.clock, found.spell, found.end_reason) == ("silent-source", "", "first", "")
    assert found.priorities == ((at(70), None),)
    assert found.reason == (
        "/agency-desk was to be heard every 1h and was not by Tue 13 Jan 2026 10:10 UTC; "
        "what it would have said is unknown."
    )


def test_a_source_that_was_never_heard_is_silent_from_the_ledgers_start() -> None:
    assert span(silence(at(90))) == (at(60), None)


def test_a_source_is_not_expected_before_it_is_registered() -> None:
    later = source(valid_from=at(30))
    assert silence(at(89), of=later) is None
    assert span(silence(at(90), of=later)) == (at(90), None)
    assert span(silence(at(200), of=later, since=at(100))) == (at(160), None)


def test_what_was_heard_before_the_ledgers_start_counts_from_there() -> None:
    assert span(silence(at(90), (-300,))) == (at(60), None)


def test_only_the_latest_of_what_was_heard_counts() -> None:
    assert span(silence(at(130), (50, 10, 50, 30))) == (at(110), None)


def test_hearing_it_again_ends_the_silence() -> None:
    found = silence(at(100), (10, 95))
    assert span(found) == (at(70), at(95))
    assert found is not None
    assert found.end_reason == "the source was heard again"


def test_a_source_heard_exactly_when_expected_was_never_silent() -> None:
    assert silence(at(80), (10, 70)) is None


def test_the_latest_silence_is_told() -> None:
    assert span(silence(at(420), (10, 95, 300, 330, 390))) == (at(155), at(300))
    assert span(silence(at(500), (10, 95, 300))) == (at(360), None)


def test_what_is_heard_after_now_is_not_known_yet() -> None:
    assert span(silence(at(80), (10, 95))) == (at(70), None)


def test_silence_ends_with_the_registration() -> None:
    gone = source(valid_until=at(100))
    found = silence(at(120), (10,), gone)
    assert span(found) == (at(70), at(100))
    assert found is not None
    assert found.end_reason == "the source is not registered any more"
    assert silence(at(400), (10, 60), gone) is None
    assert span(silence(at(99), (10,), gone)) == (at(70), None)


def test_a_source_without_an_expectation_is_never_silent() -> None:
    found = reckon_source(source(None), [], START, at(9_000))
    assert (found.conditions, found.next_at) == ((), None)


def test_the_state_tells_when_it_was_heard_and_since_when_it_is_silent() -> None:
    state = reckon_source(source(), [at(10), at(20)], START, at(30)).state
    assert (state.subject, state.source) == ("source:/agency-desk", "/agency-desk")
    assert (state.last_heard, state.silent_since, state.next_due_at) == (at(20), None, at(80))
    state = reckon_source(source(), [at(10), at(20)], START, at(90)).state
    assert (state.last_heard, state.silent_since, state.next_due_at) == (at(20), at(80), None)


def test_a_source_that_was_never_heard_shows_so() -> None:
    assert reckon_source(source(), [], START, at(90)).state.last_heard is None
    assert reckon_source(source(), [at(10), at(100)], START, at(105)).state.silent_since is None


def test_time_alone_changes_it_at_its_silence_and_the_end_of_its_registration() -> None:
    gone = source(valid_until=at(100))
    assert reckon_source(gone, [at(10)], START, at(20)).next_at == at(70)
    assert reckon_source(gone, [at(10)], START, at(70)).next_at == at(100)
    assert reckon_source(gone, [at(60)], START, at(70)).next_at == at(100)
    assert reckon_source(gone, [at(60)], START, at(100)).next_at is None


@given(
    st.lists(st.integers(-100, 600), max_size=8),
    st.integers(0, 700),
    st.sampled_from([None, 40]),
    st.sampled_from([None, 350]),
)
def test_it_is_silent_in_the_minutes_in_which_nothing_was_heard_for_so_long(
    heard: list[int], now: int, begins: int | None, ends: int | None
) -> None:
    of = source(60, None if begins is None else at(begins), None if ends is None else at(ends))
    found = reckon_source(of, [at(minute) for minute in heard], START, at(now))

    def silent(minute: int) -> bool:
        signs = [sign for sign in heard if sign <= min(minute, now)]
        return minute - max([*signs, begins or 0]) >= 60 and (ends is None or minute < ends)

    marks = [minute for minute in range(now + 1) if silent(minute)]
    assert bool(found.conditions) == bool(marks)
    assert (found.state.silent_since is not None) == silent(now)
    if marks:
        first = next(minute for minute in range(marks[-1], -1, -1) if not silent(minute - 1))
        assert span(found.conditions[0]) == (at(first), None if silent(now) else at(marks[-1] + 1))
    following = now + 1
    while silent(following) == silent(now) and following < 1_000:
        following += 1
    if following < 1_000:
        assert found.next_at is not None
        assert found.next_at <= at(following)
