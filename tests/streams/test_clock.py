"""The clocks: what they say and how they wait."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from streams import clock as clock_module
from streams.clock import AcceleratedClock, Clock, FixedClock, SystemClock, in_utc, monotonic

START = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("clock", "kind"),
    [(SystemClock(), "real"), (FixedClock(START), "simulated"), (AcceleratedClock(START, 60), "simulated")],
)
def test_every_clock_says_which_kind_of_time_it_keeps_and_gives_it_in_utc(clock: Clock, kind: str) -> None:
    assert clock.kind == kind
    assert clock.now().tzinfo is UTC


def test_the_system_clock_shows_the_machines_time() -> None:
    before = datetime.now(UTC)  # noqa: TID251 - what it is compared with
    assert before <= SystemClock().now() <= before + timedelta(seconds=5)


async def test_the_system_clock_sleeps_no_shorter_than_asked() -> None:
    began = monotonic()
    await SystemClock().sleep(0.05)
    assert monotonic() - began >= 0.05


async def test_the_system_clock_never_returns_before_the_instant() -> None:
    clock = SystemClock()
    due = clock.now() + timedelta(seconds=0.05)
    await clock.sleep_until(due)
    assert clock.now() >= due


@pytest.mark.parametrize("clock", [SystemClock(), FixedClock(START), AcceleratedClock(START, 60)])
async def test_sleeping_for_less_than_nothing_or_until_the_past_returns_at_once(clock: Clock) -> None:
    began = monotonic()
    await clock.sleep(-5)
    await clock.sleep_until(clock.now() - timedelta(days=1))
    assert monotonic() - began < 1


async def test_the_system_clock_notices_within_a_nap_that_it_was_set_forwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module, "LONGEST_NAP_S", 0.01)
    clock = SystemClock()
    due = clock.now() + timedelta(hours=1)
    waiting = asyncio.create_task(clock.sleep_until(due))
    await asyncio.sleep(0.03)
    assert not waiting.done()
    monkeypatch.setattr(SystemClock, "now", lambda _: due)
    await asyncio.wait_for(waiting, 1)


async def test_accelerated_time_runs_factor_times_as_fast() -> None:
    clock = AcceleratedClock(START, 3_600)
    began = monotonic()
    await clock.sleep(180)
    took = monotonic() - began
    assert 0.05 <= took < 1
    assert clock.now() - START >= timedelta(seconds=180)


async def test_accelerated_time_never_returns_before_the_instant() -> None:
    clock = AcceleratedClock(START, 36_000)
    for minutes in range(10, 60, 10):
        await clock.sleep_until(START + timedelta(minutes=minutes))
        assert clock.now() >= START + timedelta(minutes=minutes)


@pytest.mark.parametrize("factor", [0, -1, float("inf"), float("nan")])
def test_a_factor_that_is_no_speed_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="greater than zero"):
        AcceleratedClock(START, factor)


def test_a_time_without_offset_is_refused_by_every_clock() -> None:
    naive = START.replace(tzinfo=None)
    for make in (FixedClock, lambda start: AcceleratedClock(start, 1)):
        with pytest.raises(ValueError, match="no offset"):
            make(naive)


def test_an_instant_of_another_offset_is_the_same_instant_in_utc() -> None:
    cardiff = datetime(2026, 7, 1, 9, 0, tzinfo=timezone(timedelta(hours=1)))
    assert in_utc(cardiff) == datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
    assert in_utc(cardiff).tzinfo is UTC


async def test_fixed_time_stands_still_until_it_is_moved() -> None:
    clock = FixedClock(START)
    await asyncio.sleep(0.01)
    assert clock.now() == START
    clock.set(START + timedelta(days=1))
    assert clock.now() == START + timedelta(days=1)


async def test_sleepers_wake_at_their_own_instants_earliest_first_then_in_the_order_they_fell_asleep() -> None:
    clock = FixedClock(START)
    woken: list[tuple[str, timedelta]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.now() - START))

    tasks = [asyncio.create_task(sleeper(*each)) for each in [("late", 30), ("first", 10), ("second", 10), ("no", 99)]]
    await clock.advance(60)
    assert woken == [
        ("first", timedelta(seconds=10)),
        ("second", timedelta(seconds=10)),
        ("late", timedelta(seconds=30)),
    ]
    assert clock.now() == START + timedelta(seconds=60)
    tasks[-1].cancel()
    await clock.advance(60)
    assert len(woken) == 3


async def test_a_sleeper_that_sleeps_again_is_woken_again_within_one_walk() -> None:
    clock = FixedClock(START)
    ticks: list[datetime] = []

    async def every_minute() -> None:
        while True:
            await clock.sleep_until(clock.now() + timedelta(minutes=1))
            ticks.append(clock.now())

    ticking = asyncio.create_task(every_minute())
    await clock.advance(3_600)
    ticking.cancel()
    assert ticks == [START + timedelta(minutes=minute) for minute in range(1, 61)]


async def test_a_jump_wakes_everybody_who_is_due_and_shows_them_the_new_time() -> None:
    clock = FixedClock(START)
    waiting = asyncio.create_task(clock.sleep(60))
    await asyncio.sleep(0)
    clock.set(START - timedelta(hours=1))
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.set(START + timedelta(hours=1))
    await asyncio.wait_for(waiting, 1)


async def test_time_does_not_walk_backwards() -> None:
    with pytest.raises(ValueError, match="forwards only"):
        await FixedClock(START).advance(-1)
