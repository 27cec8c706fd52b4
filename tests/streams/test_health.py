"""Health: three questions with three answers, each with its reasons, and a guard that ends what stands still."""

import asyncio
import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from streams import health_guard
from streams.clock import FixedClock, SystemClock, monotonic
from streams.health import (
    INTAKE,
    LOOP,
    PARTS,
    RELAY,
    SWEEPER,
    Finding,
    NoProgressError,
    Stock,
    Vitals,
    dead,
    stuck,
    unready,
)
from streams.health_guard import Guard, guarded
from streams.health_server import Answer, answers, health_served
from streams.health_unread import Place
from streams.parts import Parts
from streams.settings import Settings, SettingsError

SETTINGS = Settings(health_stuck_after_s=60, health_end_after_s=60, sweep_every_s=1, broker_timeout_s=10)
AT = datetime(2026, 1, 13, 2, 10, tzinfo=UTC)


@pytest.fixture
def vitals() -> Vitals:
    """A worker that began ten minutes ago and does all its work."""
    now = monotonic()
    found = Vitals(began=now - 600, turned=dict.fromkeys(PARTS, now), assigned=12, stock=Stock(read_at=now))
    found.batch_done = found.assigned_changed = now - 600
    return found


def sentences(vitals: Vitals, at: datetime | None = AT) -> list[str]:
    return [one.sentence for one in stuck(vitals, SETTINGS, monotonic(), at)]


def ours(vitals: Vitals) -> list[str]:
    return [one.part for one in stuck(vitals, SETTINGS, monotonic(), AT) if one.ours]


class TestJudging:
    def test_a_worker_that_turns_and_has_nothing_to_do_is_alive_ready_and_well(self, vitals: Vitals) -> None:
        now = monotonic()
        assert (dead(vitals, SETTINGS, now), unready(vitals, SETTINGS, now), sentences(vitals)) == ([], [], [])

    def test_a_stuck_event_loop_is_dead_not_ready_and_no_progress_and_hides_what_follows_from_it(
        self, vitals: Vitals
    ) -> None:
        vitals.turned = dict.fromkeys(PARTS, monotonic() - 100)
        assert sentences(vitals) == ["the event loop has not turned for 100 s, so nothing here does"]
        assert dead(vitals, SETTINGS, monotonic())
        assert unready(vitals, SETTINGS, monotonic())
        assert ours(vitals) == [LOOP]

    @pytest.mark.parametrize(("part", "patience"), [(SWEEPER, 61), (INTAKE, 80), (RELAY, 80)])
    def test_a_part_that_does_not_turn_is_named_after_its_own_patience(
        self, vitals: Vitals, part: str, patience: int
    ) -> None:
        vitals.turned[part] = monotonic() - patience + 1
        assert sentences(vitals) == []
        vitals.turned[part] = monotonic() - patience - 1
        assert sentences(vitals) == [f"the {part} has not turned for {patience + 1} s"]
        assert ours(vitals) == [part]

    def test_lag_with_batches_is_well_and_lag_without_one_is_not(self, vitals: Vitals) -> None:
        vitals.measured({("work-orders", 0): Place(0, 5), ("work-orders", 1): Place(3, 10)})
        vitals.lag_since = monotonic() - 90
        vitals.took()
        assert sentences(vitals) == []
        vitals.batch_done = monotonic() - 70
        assert sentences(vitals) == ["12 records wait and no batch was taken for 70 s"]
        assert ours(vitals) == [INTAKE]
        vitals.measured({("work-orders", 0): Place(5, 5)})
        assert sentences(vitals) == []

    def test_lag_that_has_only_just_come_is_no_fault_of_an_idle_worker(self, vitals: Vitals) -> None:
        vitals.measured({("work-orders", 0): Place(0, 5)})
        assert sentences(vitals) == []

    def test_a_partition_that_stands_still_while_others_move_is_named_and_a_new_start_may_help(
        self, vitals: Vitals
    ) -> None:
        stuck_one = Place(100, 1000)
        for n in range(6):
            places = {("work-orders", 1): stuck_one, ("work-orders", 2): Place(n, n)}
            vitals.unread.measured(places, monotonic() - 75 + n * 15, monotonic())
            vitals.took()
        vitals.lag_since = monotonic() - 3600
        assert sentences(vitals) == [
            "900 records of partition 1 of work-orders wait and none of them was taken for 75 s"
        ]
        assert ours(vitals) == [INTAKE]
        vitals.broker_away(INTAKE, away=True)
        assert sentences(vitals) == [], "without a broker it may do nothing"
        vitals.broker_away(INTAKE, away=False)
        vitals.assign(0)
        vitals.spare = True
        assert sentences(vitals) == [], "what was revoked is another's"

    def test_without_partitions_a_spare_is_well_and_one_that_missed_its_share_is_not(self, vitals: Vitals) -> None:
        vitals.assign(0)
        assert sentences(vitals) == []
        assert [one.part for one in unready(vitals, SETTINGS, monotonic())] == [INTAKE]
        vitals.assigned_changed = monotonic() - 61
        assert sentences(vitals) == [
            "no partition was assigned to this worker for 61 s, and who has them cannot be told"
        ]
        vitals.spare = False
        assert sentences(vitals) == ["no partition was assigned to this worker for 61 s, and nobody has all the others"]
        vitals.spare = True
        assert (sentences(vitals), unready(vitals, SETTINGS, monotonic())) == ([], [])
        vitals.assign(3)
        assert vitals.spare is None

    def test_a_broker_that_is_away_is_not_ready_at_once_and_no_progress_later_but_no_reason_to_end(
        self, vitals: Vitals
    ) -> None:
        vitals.assign(0)
        vitals.broker_away(INTAKE, away=True)
        assert unready(vitals, SETTINGS, monotonic())[0].sentence == "the intake looks for a broker and finds none"
        assert sentences(vitals) == []
        vitals.away[INTAKE] = vitals.assigned_changed = monotonic() - 61
        assert sentences(vitals) == ["the intake has found no broker for 61 s"]
        assert ours(vitals) == []
        vitals.broker_away(INTAKE, away=False)
        assert vitals.away == {}

    def test_while_the_clocks_differ_it_is_neither_ready_nor_well_but_does_not_end(self, vitals: Vitals) -> None:
        vitals.sweeping, vitals.skew_s = False, 3600.0
        said = ["our clock is +3600.0 s ahead of the database's and 5 s are allowed: nothing is decided"]
        assert sentences(vitals) == said == [one.sentence for one in unready(vitals, SETTINGS, monotonic())]
        vitals.assign(0)
        vitals.assigned_changed = monotonic() - 600
        assert ours(vitals) == [], "a new start would not put the clock right"

    def test_a_ledger_that_is_not_read_any_more_is_named_and_its_last_figures_are_not_believed(
        self, vitals: Vitals
    ) -> None:
        vitals.stock = Stock(read_at=monotonic() - 61, oldest_due=AT - timedelta(hours=1))
        assert sentences(vitals) == ["the ledger could not be read for 61 s"]
        vitals.stock = Stock()
        assert [one.sentence for one in unready(vitals, SETTINGS, monotonic())] == [
            "the ledger has not been read yet",
            "the ledger could not be read for 600 s",
        ]

    def test_a_ledger_unread_for_a_quarter_of_a_minute_makes_it_unready_long_before_it_is_no_progress(
        self, vitals: Vitals
    ) -> None:
        vitals.stock = Stock(read_at=monotonic() - 14)
        assert unready(vitals, SETTINGS, monotonic()) == []
        vitals.stock = Stock(read_at=monotonic() - 16)
        assert [one.sentence for one in unready(vitals, SETTINGS, monotonic())] == [
            "the ledger could not be read for 16 s"
        ]
        assert sentences(vitals) == []

    def test_what_waits_too_long_is_named_with_its_age(self, vitals: Vitals) -> None:
        long_ago, lately = AT - timedelta(seconds=61), AT - timedelta(seconds=59)
        vitals.stock = Stock(monotonic(), lately, 3, lately, untaken=2, untaken_since=lately)
        assert sentences(vitals) == []
        vitals.stock = Stock(monotonic(), long_ago, 3, long_ago, untaken=2, untaken_since=long_ago)
        assert sentences(vitals) == [
            "a decision has been due for 61 s",
            "3 messages wait to be sent, the oldest for 61 s",
            "2 submitted inputs wait to be taken, the oldest for 61 s",
        ]
        assert sentences(vitals, at=None) == []

    def test_only_the_worker_that_sends_and_has_a_broker_is_to_blame_for_what_is_not_sent(self, vitals: Vitals) -> None:
        vitals.stock = Stock(monotonic(), None, 3, AT - timedelta(seconds=61))
        assert ours(vitals) == []
        vitals.sends, vitals.sent = True, monotonic() - 61
        assert ours(vitals) == [RELAY]
        vitals.went_out()
        assert ours(vitals) == [], "after an outage what goes out is old for a while"
        vitals.sent = monotonic() - 61
        vitals.broker_away(RELAY, away=True)
        assert ours(vitals) == []

    def test_a_worker_does_not_end_itself_for_what_the_broker_refuses_and_says_what_waits(self, vitals: Vitals) -> None:
        vitals.stock = Stock(monotonic(), None, 3, AT - timedelta(seconds=61))
        vitals.sends, vitals.sent, vitals.refused = True, monotonic() - 61, 1
        assert ours(vitals) == []
        refused = "(the broker refuses the first of 1 key)"
        assert sentences(vitals) == [f"3 messages wait to be sent {refused}, the oldest for 61 s"]
        vitals.refused = 2
        assert "the first of 2 keys" in sentences(vitals)[0]


def get(address: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - our own loopback address
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read())


def parts_with(**settings: Any) -> Parts:  # noqa: ANN401 - any setting
    nothing = cast("Any", None)
    return Parts(Settings(**settings), SystemClock(), nothing, nothing, nothing)


class TestAnswering:
    @pytest.fixture
    def parts(self, vitals: Vitals) -> Parts:
        found = parts_with(health_port=0)
        found.vitals = vitals
        return found

    def test_each_page_answers_its_own_question(self, parts: Parts) -> None:
        with health_served(parts) as address:
            assert address is not None
            assert address.startswith("http://127.0.0.1:")
            well = {"live": "alive", "ready": "ready", "progress": "well"}
            for page, word in well.items():
                assert get(f"{address}/health/{page}") == (200, {"status": word, "reasons": []})
            parts.vitals.turned[SWEEPER] = monotonic() - 100
            assert get(f"{address}/health/live")[0] == 200
            assert get(f"{address}/health/ready")[0] == 200
            reason = {"part": "sweeper", "reason": "the sweeper has not turned for 100 s", "restart_may_help": True}
            assert get(f"{address}/health/progress") == (503, {"status": "stuck", "reasons": [reason]})
            parts.vitals.broker_away(RELAY, away=True)
            assert get(f"{address}/health/ready")[1]["status"] == "not ready"

    async def test_it_answers_although_the_event_loop_is_stuck(self, parts: Parts) -> None:
        parts.vitals.turned[LOOP] = monotonic() - 100
        with health_served(parts) as address:
            # Asked without awaiting: nothing else turns in this thread meanwhile.
            assert get(f"{address}/health/live") == (
                503,
                {
                    "status": "dead",
                    "reasons": [
                        {
                            "part": "loop",
                            "reason": "the event loop has not turned for 100 s, so nothing here does",
                            "restart_may_help": True,
                        }
                    ],
                },
            )

    def test_nothing_can_be_changed_through_it(self, parts: Parts) -> None:
        with health_served(parts) as address:
            for page in ("health/live", "metrics"):
                asked = urllib.request.Request(f"{address}/{page}", data=b"{}", method="POST")  # noqa: S310 - ours
                with pytest.raises(urllib.error.HTTPError, match="405") as refused:
                    urllib.request.urlopen(asked, timeout=5)  # noqa: S310 - our own loopback address
                refused.value.close()

    def test_at_its_end_the_thread_is_gone_and_nobody_answers(self, parts: Parts) -> None:
        with health_served(parts) as address:
            assert any(thread.name == "health" for thread in threading.enumerate())
        assert not any(thread.name == "health" for thread in threading.enumerate())
        with pytest.raises(urllib.error.URLError):
            get(f"{address}/health/live")

    def test_it_can_be_switched_off(self) -> None:
        with health_served(parts_with(health_port="off")) as address:
            assert address is None
            assert not any(thread.name == "health" for thread in threading.enumerate())

    @pytest.fixture
    def taken(self) -> Iterator[int]:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            yield taken.getsockname()[1]

    def test_a_port_that_was_set_and_is_taken_stops_the_start_with_a_sentence(self, taken: int) -> None:
        with (
            pytest.raises(SettingsError, match=rf"WORKORDERS_HEALTH_PORT: .* at 127\.0\.0\.1:{taken}: .*in use"),
            health_served(parts_with(health_port=taken)),
        ):
            pass

    def test_the_default_port_gives_way_where_it_is_taken(self, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
        parts = parts_with()
        monkeypatch.setitem(parts.settings.__dict__, "health_port", taken)
        with health_served(parts) as address:
            assert address is not None
            assert not address.endswith(f":{taken}")
            assert get(f"{address}/health/live")[0] == 200

    def test_an_address_that_other_machines_reach_is_said_aloud(self, caplog: pytest.LogCaptureFixture) -> None:
        with health_served(parts_with(health_port=0, health_host="0.0.0.0")):  # noqa: S104 - that is what is tested
            assert "health and metrics are open to other machines" in caplog.text

    def test_simulated_time_says_nothing_about_how_long_something_waits(self, parts: Parts) -> None:
        parts.vitals.stock = Stock(monotonic(), AT - timedelta(days=365))
        assert answers(parts)["progress"]().status == 503
        parts.clock = FixedClock(AT)
        assert answers(parts)["progress"]().status == 200


class TestGuard:
    settings = Settings(health_end_after_s=0.2, stop_within_s=0.2)

    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("faulthandler.dump_traceback", lambda *_: None)

    @staticmethod
    def answer(*findings: Finding) -> Answer:
        return Answer("progress", findings)

    async def test_a_worker_without_progress_is_told_to_end_and_says_why(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        stop = asyncio.Event()
        stuck_now = self.answer(Finding(SWEEPER, "the sweeper has not turned for 99 s", ours=True))
        with (
            pytest.raises(NoProgressError, match="the sweeper has not turned for 99 s"),
            guarded(self.settings, lambda: stuck_now, stop),
        ):
            await asyncio.wait_for(stop.wait(), 5)
        assert "the worker ends itself, for it makes no progress: the sweeper has not turned for 99 s" in caplog.text

    async def test_what_a_new_start_would_not_mend_is_no_reason_to_end(self) -> None:
        stop = asyncio.Event()
        away = self.answer(Finding("broker", "the relay has found no broker for 99 s"))
        with guarded(self.settings, lambda: away, stop):
            await asyncio.sleep(0.5)
        assert not stop.is_set()

    async def test_a_fault_that_passes_is_forgiven(self) -> None:
        stop = asyncio.Event()
        said = iter([True, True, False] * 100)

        def progress() -> Answer:
            return self.answer(*([Finding(LOOP, "stuck", ours=True)] if next(said) else []))

        with guarded(self.settings, progress, stop):
            await asyncio.sleep(0.8)
        assert not stop.is_set()

    async def test_it_can_be_switched_off(self) -> None:
        stuck_now = self.answer(Finding(LOOP, "stuck", ours=True))
        with guarded(Settings(health_end_after_s=0), lambda: stuck_now, asyncio.Event()):
            assert not any(thread.name == "health-guard" for thread in threading.enumerate())

    def test_a_process_that_does_not_stop_in_order_is_ended_with_the_exit_code_for_trying_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        left: list[int] = []
        monkeypatch.setattr("os._exit", left.append)
        asked: list[bool] = []
        guard = Guard(self.settings, lambda: self.answer(Finding(LOOP, "stuck", ours=True)), lambda: asked.append(True))
        guard.watch()
        assert asked == [True]
        for _ in range(100):
            if left:
                break
            threading.Event().wait(0.05)
        assert left == [health_guard.NO_PROGRESS] == [75]
