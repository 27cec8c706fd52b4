"""How the workers are, on the command line: one asked, all watched, and what is mended by hand."""

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from desk import mending
from desk.commands import health as health_commands
from desk.health import LOOKS_WITHIN_S
from streams.clock import SystemClock, monotonic
from streams.health import PARTS, SWEEPER, Stock, Vitals
from streams.health_server import health_served
from streams.ledger import pulses
from streams.ledger.adopting import Adopted
from streams.ledger.engine import Database
from streams.ledger.errors import OffsetGap
from streams.ledger.ledger import Ledger
from streams.parts import Parts
from streams.restore import Restored
from streams.settings import Settings
from streams.watcher_judging import WATCHED
from tests.desk.conftest import Workorders
from tests.streams.ledger.telling import START, Feed, hour, raised
from workorders import decide
from workorders.policy import default_world


@pytest.fixture
def well() -> Vitals:
    now = monotonic()
    return Vitals(turned=dict.fromkeys(PARTS, now), assigned=12, stock=Stock(read_at=now))


@pytest.fixture
def address(well: Vitals) -> Iterator[str]:
    """A worker that answers."""
    nothing = cast("Any", None)
    parts = Parts(Settings(health_port=0), SystemClock(), nothing, nothing, nothing, vitals=well)
    with health_served(parts) as address:
        assert address is not None
        yield address


class TestHealth:
    def test_a_worker_that_is_well_gives_exit_code_0(self, workorders: Workorders, address: str) -> None:
        for question, word in (("live", "alive"), ("ready", "ready"), ("progress", "well")):
            told = workorders("health", question, "--url", address)
            assert (told.code, told.out.strip()) == (0, f"{question}: {word}")

    def test_one_that_is_not_gives_exit_code_1_and_says_why(
        self, workorders: Workorders, address: str, well: Vitals
    ) -> None:
        well.turned[SWEEPER] = monotonic() - 100
        told = workorders("health", "--url", address)
        assert told.code == 1
        assert "progress: stuck" in told.out
        assert "sweeper: the sweeper has not turned for 100 s" in told.out
        assert workorders("health", "--url", address, "--json").json["reasons"][0]["restart_may_help"] is True

    def test_the_settings_name_the_worker_if_nobody_does(
        self, workorders: Workorders, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WORKORDERS_HEALTH_PORT", address.rpartition(":")[2])
        assert workorders("health").code == 0
        monkeypatch.setenv("WORKORDERS_HEALTH_PORT", "0")
        told = workorders("health")
        assert (told.code, "name the worker's address with --url" in told.err) == (3, True)

    @pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no.such.host.invalid"])
    def test_no_answer_gives_exit_code_4(self, workorders: Workorders, url: str) -> None:
        told = workorders("health", "--url", url)
        assert told.code == 4
        assert told.err.startswith(f"workorders: No worker answers at {url}/health/progress: ")

    def test_an_address_of_another_kind_is_refused(self, workorders: Workorders) -> None:
        told = workorders("health", "--url", "file:///etc/passwd")
        assert told.code == 2
        assert "write http://HOST:PORT" in told.err

    def test_what_is_no_worker_is_not_taken_for_one(self, workorders: Workorders) -> None:
        class Stranger(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                """Nothing is logged."""

        with HTTPServer(("127.0.0.1", 0), Stranger) as server:
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            told = workorders("health", "--url", f"http://127.0.0.1:{server.server_port}")
            thread.join()
        assert (told.code, "it answers 404" in told.err) == (4, True)


async def beat(url: str, stop: threading.Event) -> None:
    database = Database(url)
    while not stop.is_set():
        for part in WATCHED:
            await pulses.beat(database, part, "w", SystemClock().now())
        await asyncio.sleep(0.05)
    await database.close()


class TestWatcher:
    @pytest.fixture
    def _living(self, ledger: Path) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(beat(f"sqlite:///{ledger}", stop)))
        thread.start()
        yield
        stop.set()
        thread.join()

    @pytest.mark.usefixtures("_living")
    def test_asked_once_while_all_live_it_gives_exit_code_0(self, workorders: Workorders) -> None:
        told = workorders("watcher", "--once", "--every", "0.1")
        assert (told.code, told.out.strip()) == (0, "All show signs of life.")

    @pytest.mark.usefixtures("ledger")
    def test_asked_once_while_nobody_lives_it_gives_exit_code_1(self, workorders: Workorders) -> None:
        told = workorders("watcher", "--once", "--every", "0.1", "--silent-after", "0.5")
        assert told.code == 1
        assert "the relay showed no sign of life; the sweeper showed no sign of life within 0.5 s" in told.out
        assert workorders("watcher", "--once", "--silent-after", "0.5", "--every", "0.1", "--json").json == {
            "state": "silent",
            "wrong": [f"the {part} showed no sign of life" for part in sorted(WATCHED)],
        }

    @pytest.mark.usefixtures("ledger")
    @pytest.mark.parametrize("form", ["text", "json"])
    def test_until_it_is_stopped_it_shouts(
        self, workorders: Workorders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str
    ) -> None:
        # The command that is told of the silence is what stops the watcher here.
        stop = tmp_path / "stop.sh"
        stop.write_text('echo "$WORKORDERS_WATCHER_STATE" > told; kill -TERM $PPID; sleep 0.3\n')
        as_json = ["--json"] if form == "json" else []
        told = workorders("watcher", "--every", "0.1", "--silent-after", "0.5", "--run", f"sh {stop}", *as_json)
        assert told.code == 0
        assert (tmp_path / "told").read_text() == "silent\n"
        said = json.loads(told.out.splitlines()[0])["text"] if form == "json" else told.err
        assert "no worker has shown any sign of life for " in said

    def test_a_watcher_that_looks_is_told_from_one_that_does_not_and_from_none(
        self, workorders: Workorders, ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WORKORDERS_LEDGER", f"sqlite:///{ledger}")
        monkeypatch.setenv("WORKORDERS_DATA_DIR", str(tmp_path / "watching"))
        none = workorders("health", "watcher")
        assert (none.code, "No watcher has left " in none.err) == (4, True)
        stop = tmp_path / "stop.sh"
        stop.write_text("kill -TERM $PPID; sleep 0.3\n")
        monkeypatch.setenv("WORKORDERS_WATCHER_RUN", f"sh {stop}")
        assert workorders("watcher", "--every", "0.1", "--silent-after", "0.5").code == 0, (
            "the setting's command ended it"
        )
        told = workorders("health", "watcher")
        assert (told.code, told.out.startswith("the watcher looked last ")) == (0, True)
        (sign,) = (tmp_path / "watching").glob("watcher.looked")
        long_ago = sign.stat().st_mtime - LOOKS_WITHIN_S - 5
        os.utime(sign, (long_ago, long_ago))
        assert workorders("health", "watcher").code == 1
        assert workorders("health", "watcher", "--json").json["status"] == "stuck"

    def test_a_watcher_that_can_leave_no_sign_watches_all_the_same(
        self, workorders: Workorders, ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WORKORDERS_LEDGER", f"sqlite:///{ledger}")
        (tmp_path / "a-file").touch()
        monkeypatch.setenv("WORKORDERS_DATA_DIR", str(tmp_path / "a-file"))
        stop = tmp_path / "stop.sh"
        stop.write_text("kill -TERM $PPID; sleep 0.3\n")
        assert workorders("watcher", "--every", "0.1", "--silent-after", "0.5", "--run", f"sh {stop}").code == 0

    @pytest.mark.usefixtures("ledger")
    def test_watching_for_heartbeats_shouts_as_the_watcher_does(
        self, workorders: Workorders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        stop = tmp_path / "stop.sh"
        stop.write_text("kill -TERM $PPID; sleep 0.3\n")
        usual = health_commands.watch_over.__kwdefaults__
        quick = {"silent_after": 0.5, "every": 0.1, "run": f"sh {stop}"}
        monkeypatch.setattr(health_commands.watch_over, "__kwdefaults__", {**(usual or {}), **quick})
        told = workorders("watch", "--heartbeat")
        assert told.code == 0
        assert "no worker has shown any sign of life for " in told.err


def with_ledger(tmp_path: Path, act: Callable[[Ledger], Any]) -> Any:  # noqa: ANN401 - what the act gives
    async def run() -> object:
        ledger = await Ledger.open(f"sqlite:///{tmp_path}/own.db", time_kind="simulated", now=START)
        await ledger.world(default_world(), START)
        try:
            return await act(ledger)
        finally:
            await ledger.close()

    return asyncio.run(run())


class TestMending:
    def test_a_gap_can_be_accepted_for_a_reason_and_the_worker_goes_on(
        self, workorders: Workorders, tmp_path: Path
    ) -> None:
        world, feed = default_world(), Feed()
        lost = feed.read(*(raised(f"WO-{n}", id=f"e-{n}") for n in range(5)))

        async def stops(ledger: Ledger) -> None:
            await ledger.take(lost[:1], hour(0), world)
            with pytest.raises(OffsetGap):
                await ledger.take(lost[4:], hour(0), world)

        async def goes_on(ledger: Ledger) -> int:
            return (await ledger.take(lost[4:], hour(1), world)).recorded

        with_ledger(tmp_path, stops)
        told = ("accept-gap", "work-orders", "0", "4", "--ledger", str(tmp_path / "own.db"))
        refused = workorders(*told, "--reason", " ")
        assert (refused.code, "--reason is empty" in refused.err) == (2, True)
        done = workorders(*told, "--reason", "retention removed them in the outage")
        assert (done.code, done.err) == (0, "")
        assert "3 records of partition 0 of work-orders gone past. A worker goes on at 4." in done.out
        assert with_ledger(tmp_path, goes_on) == 1
        again = workorders(*told, "--reason", "once more")
        assert (again.code, "there is no gap before offset 4" in again.err.lower()) == (4, True)

    def test_a_partition_that_was_never_read_has_no_gap(self, workorders: Workorders, ledger: Path) -> None:
        told = workorders("accept-gap", "work-orders", "7", "4", "--reason", "none")
        assert (told.code, "Partition 7 of work-orders is never read" in told.err) == (5, True)

    def test_what_is_in_quarantine_is_tried_again_and_what_still_fails_is_named(
        self, workorders: Workorders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError("a fault of ours")

        async def take(ledger: Ledger) -> None:
            await ledger.take(Feed().read(raised("WO-1")), hour(0), default_world())

        told = ("release", "--ledger", str(tmp_path / "own.db"))
        with monkeypatch.context() as broken:
            broken.setattr(decide, "decide", fail)
            with_ledger(tmp_path, take)
            held = workorders(*told)
            assert held.code == 1
            assert "still held" in held.out
            assert "WO-1 at ap-bryn-awel" in held.out
        released = workorders(*told, "--json")
        assert (released.code, released.json["decided"] > 0, released.json["still_held"]) == (0, True, [])

    def test_whoever_tells_what_cannot_be_decided_is_told_that_it_is_held(
        self, workorders: Workorders, ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError("a fault of ours")

        facts = ("ap-cae-glas", "--asset", "cctv", "--fault", "total-loss", "--order", "WO-90")
        event = {**raised("WO-91", id="held-1"), "time": START.isoformat()}
        (tmp_path / "one.jsonl").write_text(json.dumps(event), encoding="utf-8")
        with monkeypatch.context() as broken:
            broken.setattr(decide, "decide", fail)
            told, sent = workorders("raise", *facts), workorders("send", str(tmp_path / "one.jsonl"))
        assert (told.code, sent.code) == (6, 6)
        assert "It could not be decided: held in quarantine" in told.out
        assert "Of the recorded 1 could not be decided" in sent.out
        assert workorders("release").code == 0
        assert workorders("verify").code == 0

    def test_where_the_broker_forgets_nothing_can_be_adopted(self, workorders: Workorders, ledger: Path) -> None:
        told = workorders("adopt")
        assert (told.code, "An embedded broker forgets what was said" in told.err) == (3, True)

    @pytest.mark.parametrize("how", [[], ["--json"]])
    def test_what_has_two_contents_is_named_and_the_answer_is_no(
        self, workorders: Workorders, ledger: Path, monkeypatch: pytest.MonkeyPatch, how: list[str]
    ) -> None:
        async def found(*_: object) -> Restored:
            return Restored(Adopted(new=1, known=2, different={"b", "a"}), {"work-orders": 1}, {"work-orders": 0})

        monkeypatch.setattr(mending, "restore", found)
        told = workorders("adopt", "--broker", "127.0.0.1:1", *how)
        assert told.code == 1
        if how:
            assert told.json["different"] == ["a", "b"]
        else:
            assert "2 messages with another content on the topics than in the ledger:\n  · a\n  · b\n" in told.out
