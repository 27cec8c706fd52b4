"""The demo with somebody at its desk: who joins in is told what happens, and is part of the proof."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import httpx2
import pytest

from tests.desk.test_demo import ROOT

PATIENCE_S = 200
TOKEN = re.compile(r'name="token" value="([^"]+)"')
ONCE = re.compile(r'name="once" value="([^"]+)"')


class Told:
    """A demo that plays, and the lines that it has told so far."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process, self.lines = process, list[str]()
        self._coming: Queue[str] = Queue()
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._coming.put(line)

    def wait_for(self, pattern: str) -> "re.Match[str]":
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            try:
                self.lines.append(self._coming.get(timeout=0.5))
            except Empty:
                assert self.process.poll() is None, "".join(self.lines)
                continue
            if found := re.search(pattern, self.lines[-1]):
                return found
        raise TimeoutError("".join(self.lines))


@contextmanager
def playing(folder: Path) -> Iterator[Told]:
    arguments = ["demo", "--dir", str(folder), "--seconds", "15", "--plain"]
    script = f"import sys; from desk.cli import main; sys.exit(main({arguments!r}))"
    others = {name: value for name, value in os.environ.items() if not name.startswith("WORKORDERS_")}
    env = {**others, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "WORKORDERS_API_PORT": "0", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env) as process:  # noqa: S603 - ours
        try:
            yield Told(process)
        finally:
            process.kill()


def form_of(page: str) -> dict[str, str]:
    """The hidden fields by which a form is known as ours."""
    found = {"token": TOKEN, "once": ONCE}
    return {name: match[1] for name, pattern in found.items() if (match := pattern.search(page))}


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_whoever_joins_in_at_the_desk_while_the_story_is_told_is_part_of_its_proof(tmp_path: Path) -> None:
    with playing(tmp_path / "demo") as told:
        address = told.wait_for(r"(http://127\.0\.0\.1:\d+)/")[1]
        with httpx2.Client(base_url=address, follow_redirects=True, timeout=30) as client:
            choice = {**form_of(client.get("/sign-in").text), "voice": "ap-manager:premises:ap-bryn-awel"}
            assert client.post("/sign-in", data=choice).status_code == 200
            page = client.get("/missing").text
            night = re.search(r'name="night"[^>]* value="([^"]+)"', page)
            assert night is not None
            report = {**form_of(page), "premises": "ap-bryn-awel", "night": night[1], "missing": "1"}
            reported = client.post("/missing", data=report)
            assert reported.status_code == 200, reported.text
            assert re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", reported.text)
            told.wait_for(r"Wednesday 14 January")
            assert client.get("/escalations").url.path == "/escalations", "hours of the story end nobody's session"
        told.wait_for(r"events sent \(1 of them at the desk\) =")
        assert told.process.wait(60) == 0
