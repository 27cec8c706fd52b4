"""Processes of the tests' own: guarded programs, free ports, and waiting until a server answers."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

GUARD: Final = Path(__file__).with_name("guard.py")
LOOK_AGAIN_S: Final = 0.05
FIRST_PORT: Final = 20_000


class ServerMissing(Exception):  # noqa: N818 - it is what is so, in words
    """A server cannot be had on this machine; the text says what to install."""


class ServerFailed(Exception):  # noqa: N818 - it is what happened, in words
    """A server did not start or ended by itself; the text has the end of its log."""


class Guarded:
    """One program that ends with us, however we end; its output goes to the end of the log.

    If we end without having ended it, its ``folder`` is removed, for we cannot do so any more.
    """

    def __init__(self, command: list[str], log: Path, *, user: str | None = None, folder: Path | None = None) -> None:
        self._log = log
        with log.open("ab") as output:
            self._guard = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-I", str(GUARD), user or "-", str(folder or "-"), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
        assert self._guard.stdout is not None
        told = self._guard.stdout.readline()
        if not told:
            self.end(signal.SIGKILL, within_s=1)
            raise ServerFailed(self.last_words(f"{command[0]} cannot be run"))
        self.pid = int(told)

    @property
    def runs(self) -> bool:
        """Whether the program is still running."""
        return self._guard.poll() is None

    def end(self, how: signal.Signals, *, within_s: float) -> None:
        """Signal the program and wait until it has ended; what has not ended in time is killed."""
        if how is not signal.SIGKILL:
            self.send(how)
            with suppress(subprocess.TimeoutExpired):
                self._guard.wait(within_s)
        with suppress(BrokenPipeError):
            self._guard.communicate(b"end")

    def send(self, which: signal.Signals) -> None:
        """Send the program a signal: ``SIGSTOP`` makes it hang, ``SIGCONT`` go on."""
        if self.runs:
            os.kill(self.pid, which)

    def wait_until(self, answers: Callable[[], bool], within_s: float, what: str) -> None:
        """Wait until it answers; raises ``ServerFailed`` with its last words if it does not or has ended."""
        ends = time.monotonic() + within_s
        while not answers():
            if not self.runs:
                raise ServerFailed(self.last_words(f"{what} ended while it was starting"))
            if time.monotonic() > ends:
                raise ServerFailed(self.last_words(f"{what} did not answer within {within_s:g} s"))
            time.sleep(LOOK_AGAIN_S)

    def last_words(self, what: str) -> str:
        """The sentence, with the last lines of the log."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([f"{what}; the end of its log:", *lines[-15:]])


def run(command: list[str], *, cwd: Path, user: str | None = None) -> None:
    """Run a program to its end; raises ``ServerFailed`` with what it said if it does not end well."""
    done = subprocess.run(  # noqa: S603 - programs of the servers
        command, cwd=cwd, user=user, group=user, stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True
    )
    if done.returncode:
        raise ServerFailed(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[-2000:]}")


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on, and that no outgoing connection takes while a server is down.

    The kernel gives outgoing connections ports of its own range; a client that calls a dead server on such a port
    can even meet itself.
    """
    own = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    chance = random.SystemRandom()
    found: set[int] = set()
    while len(found) < count:
        port = chance.randrange(FIRST_PORT, max(own, FIRST_PORT + 5_000))
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) != 0 and _can_bind(port):
                found.add(port)
    return sorted(found)


def listens(port: int) -> bool:
    """Whether somebody listens on the loopback port."""
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _can_bind(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
