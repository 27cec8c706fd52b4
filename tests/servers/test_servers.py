"""The servers of the tests: they are shared, come back with their data, and never outlive whoever uses them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # it exports them without saying so

from tests.servers import jars as broker_files
from tests.servers import postgres as database_server
from tests.servers.fixtures import wanted
from tests.servers.kafka import KafkaAddress, private_kafka
from tests.servers.postgres import PostgresAddress, private_postgres
from tests.servers.processes import Guarded, ServerFailed, ServerMissing, free_ports
from tests.servers.shared import RUN_FOLDER, SharedServers

ROOT = Path(__file__).parents[2]


def soon(true: Callable[[], bool]) -> bool:
    ends = time.monotonic() + 10
    while not true() and time.monotonic() < ends:
        time.sleep(0.02)
    return true()


def lives(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # it may end between the opening and the reading
        return False


@pytest.mark.kafka
def test_every_process_of_a_run_is_given_the_same_broker(kafka: KafkaAddress, servers: SharedServers) -> None:
    again = SharedServers({RUN_FOLDER: str(servers.folder)})
    assert again.kafka() == kafka
    again.leave()
    assert servers.folder.is_dir(), "who leaves takes nothing from those who stay"


@pytest.mark.kafka
@pytest.mark.slow
def test_a_broker_comes_back_with_its_topics_after_a_kill() -> None:
    wanted(broker_files.jars)
    with private_kafka() as broker:
        first = AdminClient({"bootstrap.servers": broker.address.bootstrap, "log_level": 0})
        first.create_topics([NewTopic("kept", 3, 1)], operation_timeout=10)["kept"].result()
        killed = broker.pid
        broker.kill()
        assert not lives(killed)
        broker.start()
        again = AdminClient({"bootstrap.servers": broker.address.bootstrap, "log_level": 0})
        assert len(again.list_topics(timeout=20).topics["kept"].partitions) == 3
        last = broker.pid
    assert not lives(last)


@pytest.mark.postgres
@pytest.mark.parametrize("mode", ["fast", "immediate", "kill"])
def test_a_database_comes_back_with_its_rows(mode: database_server.StopMode) -> None:
    wanted(database_server.programs)
    with private_postgres() as server:
        server.address.execute("CREATE TABLE kept AS SELECT 1 AS one")
        server.stop(mode)
        with pytest.raises(psycopg.OperationalError):
            server.address.execute("SELECT 1")
        server.start()
        server.address.execute("INSERT INTO kept VALUES (2)")


@pytest.mark.postgres
def test_each_test_has_an_empty_database_of_its_own(database: str, postgres: PostgresAddress) -> None:
    assert database != postgres.admin
    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


HOLDS_A_PROGRAM = """
import signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background has it ignored
from tests.servers.processes import Guarded
folder = Path(sys.argv[1])
print(Guarded(["sleep", "600"], folder / "log", folder=folder).pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_program_ends_with_whoever_asked_for_it_however_that_ends(how: signal.Signals, tmp_path: Path) -> None:
    asker = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-c", HOLDS_A_PROGRAM, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert asker.stdout is not None
    program = int(asker.stdout.readline())
    assert lives(program)
    asker.send_signal(how)
    asker.wait()
    asker.stdout.close()
    assert soon(lambda: not lives(program))
    assert soon(lambda: not tmp_path.exists()), "what nobody can remove any more is removed"


def test_a_program_ends_with_its_guard(tmp_path: Path) -> None:
    held = Guarded(["sleep", "600"], tmp_path / "log")
    guard = int(Path(f"/proc/{held.pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(guard, signal.SIGKILL)
    assert soon(lambda: not lives(held.pid))
    held.end(signal.SIGTERM, within_s=1)


def test_a_program_that_ignores_a_stop_is_killed_in_time(tmp_path: Path) -> None:
    deaf = Guarded(["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], tmp_path / "log")
    begun = time.monotonic()
    time.sleep(0.2)
    deaf.end(signal.SIGTERM, within_s=0.5)
    assert not lives(deaf.pid)
    assert time.monotonic() - begun < 10


def test_a_server_that_does_not_start_says_its_last_words(tmp_path: Path) -> None:
    fails = Guarded(["sh", "-c", "echo the disk is full >&2; exit 3"], tmp_path / "log")
    with pytest.raises(ServerFailed, match=r"it ended while it was starting[^$]*the disk is full"):
        fails.wait_until(lambda: False, 10, "it")
    fails.end(signal.SIGTERM, within_s=1)
    with pytest.raises(ServerFailed, match="no-such-program cannot be run"):
        Guarded(["no-such-program"], tmp_path / "log")


def test_ports_are_those_that_no_outgoing_connection_takes() -> None:
    first_of_the_kernel = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(20_000 <= port < max(first_of_the_kernel, 25_000) for port in ports)


def test_without_java_a_run_of_ones_own_skips_with_the_reason_and_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match=r"this machine has no java: install .*WORKORDERS_BROKER"):
        wanted(broker_files.java)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="with CI=true nothing may be left out"):
        wanted(broker_files.java)


def test_without_postgresql_the_advice_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(database_server, "PLACES", "no/such/folder/*")
    with pytest.raises(ServerMissing, match=r"apt install postgresql\) or name a database by WORKORDERS_LEDGER"):
        database_server.programs()


def test_a_changed_broker_file_is_never_used(tmp_path: Path) -> None:
    for line in broker_files.HASHES.read_text().splitlines():
        (tmp_path / line.split()[1]).write_bytes(b"not what was published")
    with pytest.raises(ServerMissing, match=r"not as kafka\.sha256 has them: .*kafka_2\.13-4\.3\.0\.jar"):
        broker_files._check(tmp_path)


def test_servers_that_the_environment_names_are_used_as_they_are() -> None:
    given = {"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "WORKORDERS_LEDGER": "postgresql://u@db/ledger"}
    run = SharedServers(given)
    member = SharedServers({RUN_FOLDER: str(run.folder)})
    assert member.kafka() == KafkaAddress("kafka:9092")
    assert member.postgres().url("other") == "postgresql://u@db/other"
    member.leave()
    run.leave()
    assert not run.folder.exists()


def test_what_a_run_needs_once_is_made_once() -> None:
    run, made = SharedServers({}), []
    for _ in range(3):
        run.once("template", lambda: made.append(1))
    run.leave()
    assert made == [1]


def test_what_two_want_at_the_same_time_is_made_once() -> None:
    run, made = SharedServers({}), []

    def slowly() -> None:
        made.append(1)
        time.sleep(0.3)  # meanwhile the others have opened the file and wait

    others = [Thread(target=run.once, args=("template", slowly)) for _ in range(3)]
    for one in others:
        one.start()
    for one in others:
        one.join(30)
    run.leave()
    assert made == [1]
