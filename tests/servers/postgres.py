"""PostgreSQL of the tests' own: one server on a loopback port, that can be stopped, killed and started again.

``with private_postgres() as postgres:`` is a server of one's own; ``postgres.address.new_database("x")`` is the URL of
an empty database on it. Anybody may connect from this machine, with TLS or without; only ``GUARDED`` needs a password.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import psycopg
from sqlalchemy import make_url

from tests.servers.certificates import make_certificates
from tests.servers.processes import Guarded, ServerMissing, free_ports, run

STARTS_WITHIN_S: Final = 60.0
STOPS_WITHIN_S: Final = 20.0
PLACES: Final = "usr/lib/postgresql/*/bin"
GUARDED: Final = "guarded"
"""A login that needs TLS and the password."""
PASSWORD: Final = "a-made-up-password"
SIGNALS: Final = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "kill": signal.SIGKILL}
HOW_MANY: Final = "300"
# A killed server loses nothing that it handed to the kernel; only a dead machine would, and that is not tested.
SETTINGS: Final = {"max_connections": HOW_MANY, "fsync": "off", "listen_addresses": "127.0.0.1", "ssl": "on"}
ENTRANCE: Final = f"""
local all all trust
hostssl all {GUARDED} 127.0.0.1/32 scram-sha-256
host all {GUARDED} 127.0.0.1/32 reject
host all all 127.0.0.1/32 trust
host replication all 127.0.0.1/32 trust
"""

StopMode = Literal["fast", "immediate", "kill"]


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """Where a server is: the URL of a database from which others can be made, and the folder of its certificates.

    The folder is not known of a server that was there already.
    """

    admin: str
    certificates: str = ""

    def url(self, database: str = "", *, user: str = "", password: str = "", options: str = "") -> str:
        """The URL of a database, perhaps for another login; ``options`` are as in ``sslmode=require``."""
        url = make_url(self.admin)
        url = url.set(database=database or url.database)
        if user:
            url = url.set(username=user, password=password or None)
        return url.render_as_string(hide_password=False) + (f"?{options}" if options else "")

    def new_database(self, name: str) -> str:
        """An empty database; its URL."""
        return self.copy_database("template1", name)

    def copy_database(self, template: str, name: str) -> str:
        """A copy of a database that nobody is connected to; its URL."""
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Run one statement on the server."""
        plain = make_url(self.admin).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement.encode())


class Postgres:
    """One server, which keeps its port and its data through ``stop``, ``kill`` and ``start``."""

    def __init__(self, folder: Path, *, settings: dict[str, str] | None = None) -> None:
        self._programs, self._folder = programs(), folder
        self._data = folder / "data"
        # PostgreSQL refuses to run as root; its package has made a user for it.
        self._user = "postgres" if os.geteuid() == 0 else None
        (self.port,) = free_ports(1)
        self._settings = SETTINGS | {"port": str(self.port), "unix_socket_directories": str(folder)} | (settings or {})
        self._process: Guarded | None = None
        admin = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"
        self.address = PostgresAddress(admin, str(folder / "certificates"))

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def url(self, database: str = "postgres") -> str:
        """The URL of a database."""
        return self.address.url(database)

    def start(self) -> None:
        """Start it and return when it answers; raises ``ServerFailed``."""
        new = not self._data.exists()
        if new:
            self._make()
        command = [str(self._programs / "postgres"), "-D", str(self._data)]
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        self._process = Guarded([*command, *options], self._folder / "log", user=self._user, folder=self._folder)
        self._process.wait_until(self._answers, STARTS_WITHIN_S, "PostgreSQL")
        if new:
            self.address.execute(f"CREATE ROLE {GUARDED} LOGIN SUPERUSER PASSWORD '{PASSWORD}'")

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop it: ``fast`` ends every session, ``immediate`` is a crash that it knows of, ``kill`` a power cut."""
        if self._process is not None:
            self._process.end(SIGNALS[mode], within_s=STOPS_WITHIN_S)
            self._process = None

    def kill(self) -> None:
        """Kill it, as a power cut does."""
        self.stop("kill")

    def send(self, which: signal.Signals) -> None:
        """Send its first process a signal: ``SIGSTOP`` keeps new sessions waiting, ``SIGCONT`` lets it go on."""
        assert self._process is not None, "the server is not running"
        self._process.send(which)

    def back_up(self, folder: Path) -> None:
        """Write a base backup into an empty folder, from which ``restored_postgres`` makes a server."""
        if self._user:
            shutil.chown(folder, self._user, self._user)
        where = ["--host=127.0.0.1", f"--port={self.port}", "--username=postgres", f"--pgdata={folder / 'data'}"]
        how = ["--wal-method=stream", "--checkpoint=fast", "--no-sync"]
        run([str(self._programs / "pg_basebackup"), *where, *how], cwd=folder, user=self._user)

    def _make(self) -> None:
        made = make_certificates(self._folder / "certificates")
        if self._user:
            shutil.chown(self._folder, self._user, self._user)
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        run([str(self._programs / "initdb"), "-D", str(self._data), *options], cwd=self._folder, user=self._user)
        (self._data / "pg_hba.conf").write_text(ENTRANCE, encoding="ascii")
        for file, name in ((made.server, "server.crt"), (made.server_key, "server.key")):
            kept = self._data / name
            shutil.copy(file, kept)
            kept.chmod(0o600)
            if self._user:
                shutil.chown(kept, self._user, self._user)

    def _answers(self) -> bool:
        try:
            self.address.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


def programs() -> Path:
    """The folder of PostgreSQL's programs, the newest if there are several; raises ``ServerMissing``."""
    places = sorted(Path("/").glob(PLACES), key=lambda place: int(place.parent.name))
    on_path = shutil.which("initdb")
    if not places and not on_path:
        advice = "install it (on Debian: apt install postgresql) or name a database by WORKORDERS_LEDGER"
        raise ServerMissing(f"this machine has no PostgreSQL: {advice}")
    return places[-1] if places else Path(str(on_path)).parent


@contextmanager
def private_postgres(*, settings: dict[str, str] | None = None) -> Iterator[Postgres]:
    """A server of one's own for as long as the block lasts; ``settings`` are in PostgreSQL's words and win over ours.

    Raises ``ServerMissing`` where there is no PostgreSQL, ``ServerFailed`` if it does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="workorders-postgres-"))
    try:
        postgres = Postgres(folder, settings=settings)
        try:
            postgres.start()
            yield postgres
        finally:
            postgres.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def restored_postgres(base: Path, archive: Path, moment: str) -> Iterator[Postgres]:
    """A server made of a base backup and the archive of another's log, as that other was at the moment (RFC 3339)."""
    to_the_moment = {
        "restore_command": f"cp {archive}/%f %p",
        "recovery_target_time": moment,
        "recovery_target_action": "promote",
    }
    postgres = Postgres(base, settings=to_the_moment)
    (base / "data" / "recovery.signal").touch()
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.kill()
