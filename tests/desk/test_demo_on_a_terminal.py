"""The demo as a person at a terminal has it: after the story the desk answers, until Ctrl-C."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from desk.exits import Exit
from tests.desk.test_demo import ROOT

PATIENCE_S = 180


class Terminal:
    """A process at a terminal, and all that it has shown there."""

    def __init__(self, process: "subprocess.Popen[bytes]", screen: int) -> None:
        self.process, self._screen, self.shown = process, screen, ""

    def wait_for(self, pattern: str) -> "re.Match[str]":
        """Read on until the pattern is there."""
        ends = time.monotonic() + PATIENCE_S
        while (found := re.search(pattern, self.shown)) is None:
            assert time.monotonic() < ends, self.shown[-2000:]
            assert self.process.poll() is None or self._more(), self.shown[-2000:]
            self._more()
        return found

    def _more(self) -> bool:
        if not select.select([self._screen], [], [], 0.2)[0]:
            return False
        try:
            self.shown += os.read(self._screen, 65_536).decode(errors="replace")
        except OSError:  # the other side is gone
            return False
        return True

    def end(self) -> int:
        """Press Ctrl-C, and read on until it has ended; its exit code."""
        self.process.send_signal(signal.SIGINT)
        ends = time.monotonic() + PATIENCE_S
        while self.process.poll() is None and time.monotonic() < ends:
            self._more()
        return self.process.wait(1)


@contextmanager
def at_a_terminal(folder: Path) -> Iterator[Terminal]:
    """``workorders demo`` in a hurry, at a terminal of its own."""
    ours, theirs = pty.openpty()
    arguments = ["demo", "--dir", str(folder), "--seconds", "8"]
    script = f"import sys; from desk.cli import main; sys.exit(main({arguments!r}))"
    others = {name: value for name, value in os.environ.items() if not name.startswith("WORKORDERS_")}
    env = {**others, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "TERM": "xterm", "WORKORDERS_API_PORT": "0"}
    with subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-c", script], stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=folder.parent
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.kill()
            os.close(ours)


def form_of(page: str) -> dict[str, str]:
    """The hidden fields by which a form is known as ours."""
    found = ((name, re.search(rf'name="{name}" value="([^"]+)"', page)) for name in ("token", "once"))
    return {name: match[1] for name, match in found if match is not None}


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_whoever_joins_in_at_the_desk_is_part_of_the_proof_and_may_stay_after_the_story(tmp_path: Path) -> None:
    with (
        at_a_terminal(tmp_path / "demo") as terminal,
        httpx2.Client(follow_redirects=True, timeout=60) as client,
    ):
        desk = terminal.wait_for(r"meanwhile: \S*?(http://127\.0\.0\.1:\d+)/")[1]
        choice = {**form_of(client.get(f"{desk}/sign-in").text), "voice": "ap-manager:premises:ap-bryn-awel"}
        assert client.post(f"{desk}/sign-in", data=choice).status_code == 200
        page = client.get(f"{desk}/missing").text
        night = re.search(r'name="night"[^>]* value="([^"]+)"', page)
        assert night is not None
        report = {**form_of(page), "premises": "ap-bryn-awel", "night": night[1], "missing": "1"}
        reported = client.post(f"{desk}/missing", data=report)
        assert re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", reported.text), reported.text
        terminal.wait_for(r"events sent \(1 of them at the desk\) =")
        later = terminal.wait_for(r"desk\s+(http://127\.0\.0\.1:\d+)/")[1]
        assert "The proof" in terminal.shown, "the story was told before"
        stayed = client.get(f"{later}/escalations")
        assert stayed.url.path == "/escalations", "a day of the story has ended nobody's session"
        assert "AP manager, Bryn Awel" in stayed.text
        assert terminal.end() == Exit.OK
