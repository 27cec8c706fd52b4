"""The commands that run on and on, in processes of their own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desk.exits import Exit
from tests.desk.conftest import Workorders

ROOT = Path(__file__).parents[2]
FACTS = ("--asset", "cctv", "--fault", "total-loss", "--impact", "site-security")
PATIENCE_S = 60.0


@contextmanager
def running(*arguments: str, log: Path) -> Iterator["subprocess.Popen[str]"]:
    """The command in a process of its own; ended if the test has not ended it."""
    script = f"import sys; from desk.cli import main; sys.exit(main({list(arguments)!r}))"
    with log.open("w") as err:
        process = subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"},
        )
    with process:
        try:
            yield process
        finally:
            process.kill()


def interrupted(process: "subprocess.Popen[str]") -> int:
    """End it as Ctrl-C does, and give its exit code."""
    process.send_signal(signal.SIGINT)
    return process.wait(PATIENCE_S)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_person_is_answered_at_once_while_the_system_runs_and_nothing_is_taken_twice(
    tmp_path: Path, workorders: Workorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKORDERS_DATA_DIR", str(tmp_path / "live"))
    assert workorders("db", "upgrade").code == Exit.OK
    log = tmp_path / "run.log"
    with running("run", log=log) as process:
        told = workorders("raise", "ap-cae-glas", *FACTS, "--order", "WO-1", "--json")
        assert (told.code, told.json["told"]["fate"]) == (Exit.OK, "recorded")
        deadline = time.monotonic() + PATIENCE_S
        while "Ctrl-C stops it" not in log.read_text() or not workorders("escalations", "--json").json["escalations"]:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        assert interrupted(process) == Exit.OK
    said = log.read_text()
    assert "Traceback" not in said
    place = str(tmp_path / "live" / "ledger.db")
    for words in ("workorders is ready", "embedded (in this process", f"ledger  {place}, real time", "Ctrl-C stops it"):
        assert words in said
    assert re.search(r"  broker  127\.0\.0\.1:\d+, embedded", said)
    assert said.index("Starting.") < said.index("workorders is ready")
    assert len(workorders("show", "WO-1", "--json").json["subject"]["events"]) == 1
    assert workorders("verify").code == Exit.OK


def test_a_worker_needs_a_broker_on_servers(workorders: Workorders) -> None:
    ended = workorders("worker")
    assert ended.code == Exit.BAD_INPUT
    assert "A worker needs a broker on servers" in ended.err


@pytest.mark.timeout(120)
def test_a_ledger_of_simulated_time_is_not_run(ledger: Path, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    with running("run", log=log) as process:
        assert process.wait(PATIENCE_S) == Exit.UNREACHABLE
    assert "workorders: This ledger holds simulated time and was asked to go on in real time" in log.read_text()


@pytest.mark.timeout(120)
def test_watching_prints_what_was_said_until_it_is_interrupted(ledger: Path, tmp_path: Path) -> None:
    log = tmp_path / "watch.log"
    with running("watch", "--last", "3", log=log) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        assert all(re.search(r"raised|closed|withdrawn|amended|reinstated", line) for line in lines), lines
        assert interrupted(process) == Exit.INTERRUPTED
    assert log.read_text() == ""


@pytest.mark.timeout(120)
def test_watching_sees_what_is_said_after_it_began(ledger: Path, tmp_path: Path, workorders: Workorders) -> None:
    with running("watch", "--last", "1", "--every", "0.1", "--json", log=tmp_path / "watch.log") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["said_at"] <= "2026-01-14T06:00:00Z"
        workorders("complete", "WO-1", "--at", "2026-01-14 05:00")
        assert json.loads(process.stdout.readline())["subject"] == "WO-1"
