"""Timekeeping: an instant to decide by is told only while our clock and the database's agree about it."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from models.tables import EventRow
from streams import timekeeping
from streams.intake import Intake
from streams.parts import Parts
from streams.timekeeping import ClocksDifferError, agreed_now, noted_now
from tests.streams.ledger.telling import START, all_rows, plain, raised
from tests.streams.on_paper import at_work, parts_on_paper, put_on_paper
from tests.streams.paper_broker import PaperBroker
from tests.streams.running_system import eventually

Skew = Callable[[float], None]


@pytest.fixture
def broker() -> PaperBroker:
    return PaperBroker()


@pytest.fixture
async def parts(tmp_path: Path, broker: PaperBroker) -> AsyncIterator[Parts]:
    async with parts_on_paper(tmp_path, broker) as opened:
        yield opened


@pytest.fixture
def skewed(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Skew:
    """Puts our clock so many seconds ahead of the database's."""
    ahead = [0.0]

    async def clock_skew(_: object, now: datetime) -> timedelta:
        return timedelta(seconds=ahead[0])

    monkeypatch.setattr(type(parts.ledger), "clock_skew", clock_skew)
    return lambda seconds: ahead.__setitem__(0, seconds)


@pytest.mark.parametrize("ahead", [0.0, 5.0, -5.0])
async def test_within_what_is_allowed_it_is_our_clocks_time(parts: Parts, skewed: Skew, ahead: float) -> None:
    skewed(ahead)
    assert await agreed_now(parts) == START
    assert (parts.progress.sweeping, parts.vitals.skew_s) == (True, ahead)


@pytest.mark.parametrize("ahead", [5.1, -6.0, 3_600.0, -86_400.0])
async def test_beyond_it_no_time_is_told_and_it_shouts_once(
    parts: Parts, skewed: Skew, ahead: float, caplog: pytest.LogCaptureFixture
) -> None:
    skewed(ahead)
    for _ in range(3):
        with pytest.raises(ClocksDifferError, match="ahead of the database's"):
            await agreed_now(parts)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert (parts.progress.sweeping, parts.vitals.sweeping) == (False, False)
    skewed(0.0)
    assert await agreed_now(parts) == START
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


async def test_that_the_database_answers_slowly_is_no_fault_of_a_clock(
    parts: Parts, skewed: Skew, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter((100.0, 112.0))
    monkeypatch.setattr(timekeeping, "monotonic", lambda: next(moments))
    skewed(-12.0)
    assert await agreed_now(parts) == START


@pytest.mark.parametrize("ahead", [0.0, 3_600.0, -86_400.0])
async def test_what_is_only_noted_bears_the_databases_time(parts: Parts, skewed: Skew, ahead: float) -> None:
    skewed(ahead)
    assert await noted_now(parts) == START - timedelta(seconds=ahead)


async def test_intake_takes_nothing_while_the_clocks_differ_and_then_goes_on_where_it_stood(
    parts: Parts, broker: PaperBroker, skewed: Skew, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_paper(monkeypatch, broker)
    broker.tell(plain(raised("WO-1")))
    async with at_work(Intake(parts)):
        await eventually(lambda: parts.progress.recorded == 1, "the first is taken")
        skewed(86_400.0)
        broker.tell(plain(raised("WO-2")), plain(raised("WO-3")))
        await eventually(lambda: not parts.progress.sweeping and not broker.members, "it has left the group")
        assert [row.subject for row in await all_rows(parts.ledger, EventRow)] == ["WO-1"]
        skewed(0.0)
        await eventually(lambda: parts.progress.recorded == 3, "it goes on")
    assert parts.progress.duplicates == 0
