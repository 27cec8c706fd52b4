"""One Kafka and one PostgreSQL for a whole test run, started when first wanted, however many processes share them.

Whoever uses a run's servers holds a shared lock on a file in the run's folder, which the kernel takes back when the
process ends, however it ends. A keeper process of each server stops it when nobody holds that lock any more.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final, Literal, TextIO

from tests.servers.kafka import KafkaAddress, private_kafka
from tests.servers.postgres import PostgresAddress, private_postgres
from tests.servers.processes import LOOK_AGAIN_S, ServerFailed, ServerMissing

RUN_FOLDER: Final = "TEST_SERVERS_FOLDER"
"""The environment variable by which the processes of one run find its folder."""
ROOT: Final = Path(__file__).parents[2]
STARTS_WITHIN_S: Final = 400.0
"""Fetching Kafka for the first time included."""

Kind = Literal["kafka", "postgres"]


class SharedServers:
    """The servers of one test run, seen from one of its processes.

    A process that finds no folder in ``environment`` begins a run: servers that its environment names
    (``WORKORDERS_BROKER`` or ``KAFKA_BOOTSTRAP_SERVERS``, ``WORKORDERS_LEDGER``) are used as they are.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        begun = environment.get(RUN_FOLDER)
        self.folder = Path(begun or tempfile.mkdtemp(prefix="workorders-servers-"))
        self._use: TextIO | None = (self.folder / "users").open("a", encoding="ascii")
        fcntl.flock(self._use, fcntl.LOCK_SH)
        if not begun:
            self._note_given(environment)

    @property
    def name(self) -> str:
        """A name that no other run has: for databases and topics on servers that were there already."""
        return f"run{self.folder.name.rpartition('-')[2]}"

    def kafka(self) -> KafkaAddress:
        """The broker; raises ``ServerMissing`` where none can be had and ``ServerFailed`` if it does not start."""
        given = self._told("given-kafka")
        return KafkaAddress(**given) if given else self.own_kafka()

    def own_kafka(self) -> KafkaAddress:
        """The run's own broker, with its protected doors, even if another is named."""
        return KafkaAddress(**self._kept("kafka"))

    def postgres(self) -> PostgresAddress:
        """The database server; raises as ``kafka`` does."""
        given = self._told("given-postgres")
        return PostgresAddress(**given) if given else self.own_postgres()

    def own_postgres(self) -> PostgresAddress:
        """The run's own database server, with TLS, even if another is named."""
        return PostgresAddress(**self._kept("postgres"))

    def once(self, what: str, make: Callable[[], object]) -> None:
        """Have it made, unless a process of this run has done so; the others wait for it."""
        with (self.folder / f"{what}.once").open("a+", encoding="ascii") as alone:
            fcntl.flock(alone, fcntl.LOCK_EX)
            if not alone.seek(0, os.SEEK_END):  # where it ends now, not where it ended before we waited
                make()
                alone.write("made")

    def leave(self) -> None:
        """Use them no longer; if nobody else does, the servers stop and the folder goes."""
        if self._use is not None:
            self._use.close()
            self._use = None
            remove_if_unused(self.folder)

    def _note_given(self, environment: Mapping[str, str]) -> None:
        broker = environment.get("KAFKA_BOOTSTRAP_SERVERS") or environment.get("WORKORDERS_BROKER", "embedded")
        if broker != "embedded":
            _tell(self.folder / "given-kafka.json", asdict(KafkaAddress(broker)))
        ledger = environment.get("WORKORDERS_LEDGER", "")
        if ledger.startswith("postgresql"):
            _tell(self.folder / "given-postgres.json", asdict(PostgresAddress(ledger)))

    def _kept(self, kind: Kind) -> dict[str, str]:
        with (self.folder / f"{kind}.lock").open("a") as alone:
            fcntl.flock(alone, fcntl.LOCK_EX)
            answer = self._told(kind) or self._keep(kind)
        if "missing" in answer:
            raise ServerMissing(answer["missing"])
        if "failed" in answer:
            raise ServerFailed(answer["failed"])
        return answer

    def _told(self, what: str) -> dict[str, str] | None:
        try:
            answer: dict[str, str] = json.loads((self.folder / f"{what}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return answer

    def _keep(self, kind: Kind) -> dict[str, str]:
        log = self.folder / f"{kind}-keeper.log"
        with log.open("ab") as output:
            keeper = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-m", "tests.servers.shared", kind, str(self.folder)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        ends = time.monotonic() + STARTS_WITHIN_S
        while (told := self._told(kind)) is None:
            if keeper.poll() is not None or time.monotonic() > ends:
                raise ServerFailed(f"the keeper of {kind} failed: {log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(LOOK_AGAIN_S)
        keeper.returncode = 0  # it outlives us on purpose, and must not be missed when this object goes
        return told


def remove_if_unused(folder: Path) -> bool:
    """Remove a run's folder unless somebody uses it; whether it was removed."""
    try:
        with (folder / "users").open("a", encoding="ascii") as users:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return True
    return True


def keep(kind: Kind, folder: Path) -> None:
    """Start the server, tell its address in the folder, and stop it when nobody uses the folder any more."""

    told = folder / f"{kind}.json"
    try:
        with private_kafka() if kind == "kafka" else private_postgres() as server:
            _tell(told, asdict(server.address))
            while not remove_if_unused(folder):
                time.sleep(LOOK_AGAIN_S * 4)
    except ServerMissing as reason:
        _tell(told, {"missing": str(reason)})
    except ServerFailed as reason:
        _tell(told, {"failed": str(reason)})


def _tell(told: Path, answer: Mapping[str, object]) -> None:
    written = told.with_suffix(".new")
    written.write_text(json.dumps(answer), encoding="utf-8")
    written.rename(told)


if __name__ == "__main__":
    keep("kafka" if sys.argv[1] == "kafka" else "postgres", Path(sys.argv[2]))
