"""A private PostgreSQL for the tests: made, started and removed by whoever asks, where the machine has the programs."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, text

_PLACES: Final = "/usr/lib/postgresql/*/bin"


def programs() -> Path | None:
    """The folder of PostgreSQL's programs; the newest if there are several, None if there is none."""
    on_path = shutil.which("initdb")
    places = sorted(Path("/").glob(_PLACES.lstrip("/")), key=lambda place: int(place.parent.name))
    return Path(on_path).parent if on_path else places[-1] if places else None


@contextmanager
def running(programs: Path) -> Iterator["Server"]:
    """A server of its own on a free loopback port, stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="workorders-postgres-") as folder:
        server = Server(programs, Path(folder), _free_port())
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")


class Server:
    """One PostgreSQL server in one folder."""

    def __init__(self, programs: Path, folder: Path, port: int) -> None:
        self._programs, self._folder, self.port = programs, folder, port
        self._data = folder / "data"
        # PostgreSQL refuses to run as root; the package has made a user for it.
        self._as: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}

    def make(self) -> None:
        """Make an empty cluster."""
        if self._as:
            shutil.chown(self._folder, "postgres", "postgres")
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        """Start it and wait until it answers."""
        # A killed server loses nothing that it handed to the kernel; only a dead machine would, and that is not tested.
        options = f"-h 127.0.0.1 -p {self.port} -k {self._folder} -c max_connections=100 -c fsync=off"
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self._folder / "log", "-o", options, "start")

    def stop(self, mode: str) -> None:
        """Stop it: ``fast`` ends every session, ``immediate`` is a crash."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")

    def url(self, database: str = "postgres") -> str:
        """The URL of a database."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def new_database(self, name: str) -> str:
        """An empty database; its URL."""
        return self.copy_database("template1", name)

    def copy_database(self, template: str, name: str) -> str:
        """A copy of a database that nobody is connected to; its URL."""
        engine = create_engine(self.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        engine.dispose()
        return self.url(name)

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        done = subprocess.run(  # noqa: S603 - the machine's own programs
            command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, **self._as
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
