"""The Compose file: what `make up` starts, what it keeps to itself, and that it agrees with the rest of the house."""

import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, cast

import pytest
import typer
import yaml
from jsonschema import Draft7Validator
from pydantic import SecretStr

from desk.cli import app
from desk.environment import WatcherSettings, watcher_settings
from streams.settings import PREFIX, Settings
from streams.topics import TOPICS

ROOT = Path(__file__).parents[2]
COMPOSE = cast("dict[str, Any]", yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {"migrate", "topics", "worker", "watcher", "desk"}
SCHEMA = Path(__file__).with_name("vendored") / "compose-spec.json"
UNITS = {"s": 1, "m": 60, "h": 3600}


def test_compose_starts_kafka_postgres_both_jobs_the_workers_and_the_api() -> None:
    assert set(SERVICES) == {"kafka", "postgres"} | OURS


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_published_port_is_bound_to_the_loopback_address(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert str(port).startswith("127.0.0.1:"), f"{name} publishes {port} beyond this machine"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_container_may_gain_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cap_drop"] == ["ALL"]
    assert not service.get("privileged", False)


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_run_on_a_read_only_disk_as_the_user_that_the_image_was_made_for(name: str) -> None:
    assert SERVICES[name]["user"] == "10001:10001"
    assert f"USER {SERVICES[name]['user']}" in (ROOT / "Dockerfile").read_text()
    assert SERVICES[name]["read_only"] is True


def test_the_worker_waits_until_the_ledger_is_migrated_and_the_topics_exist() -> None:
    waits = {name: wait["condition"] for name, wait in SERVICES["worker"]["depends_on"].items()}
    assert waits == {"migrate": "service_completed_successfully", "topics": "service_completed_successfully"}


@pytest.mark.parametrize(("job", "needs"), [("migrate", "postgres"), ("topics", "kafka")])
def test_a_job_waits_until_what_it_needs_is_healthy(job: str, needs: str) -> None:
    assert SERVICES[job]["depends_on"] == {needs: {"condition": "service_healthy"}}
    assert SERVICES[needs]["healthcheck"]["test"][0] == "CMD"


def test_two_workers_share_the_premises() -> None:
    assert SERVICES["worker"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_stands_in_the_environment(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if "PASSWORD" in variable or "SECRET" in variable:
            assert variable.endswith("_FILE"), f"{name}: {variable} belongs in a file"
        assert "@" not in str(value) or variable == "KAFKA_CONTROLLER_QUORUM_VOTERS", f"{name}: {variable} has a login"


def test_every_secret_is_a_file_that_is_never_committed() -> None:
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    for name, secret in COMPOSE["secrets"].items():
        assert secret["file"].startswith("./secrets/"), f"{name} is kept elsewhere"


def test_every_image_has_a_version() -> None:
    for name, service in SERVICES.items():
        tag = service["image"].partition(":")[2]
        assert tag not in {"", "latest"}, f"{name} would change by itself"


def test_kafka_makes_no_topic_by_itself() -> None:
    assert SERVICES["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_the_image_installs_by_hash_and_runs_unprivileged() -> None:
    steps = (ROOT / "Dockerfile").read_text()
    last_stage = steps.rpartition("\nFROM ")[2]
    assert "USER 10001:10001" in last_stage
    installs = [line for line in steps.splitlines() if "pip install" in line]
    assert installs
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)


def test_our_containers_read_the_ledger_url_from_a_file_under_the_settings_own_name() -> None:
    for name in OURS:
        assert SERVICES[name]["secrets"] == ["workorders_ledger"]
    assert "workorders_ledger" in {f"{PREFIX}{field}".lower() for field in Settings.model_fields}


def test_every_setting_given_to_our_containers_is_one_that_they_know() -> None:
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
    known |= {f"{PREFIX}WATCHER_{field.upper()}" for field in WatcherSettings.model_fields}
    for name in OURS:
        assert set(SERVICES[name]["environment"]) <= known


def test_one_broker_is_asked_for_one_copy_of_each_topic() -> None:
    assert SERVICES["topics"]["environment"]["WORKORDERS_REPLICATION"] == 1


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_container_runs_as_root_without_a_limit_of_memory_or_with_a_log_without_end(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] not in {"", "root", "0", "0:0"}
    assert re.fullmatch(r"[0-9]+m", service["mem_limit"])
    assert service["pids_limit"] > 0
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])


def test_the_api_answers_where_its_port_is_published_and_is_asked_there_whether_it_lives() -> None:
    desk = SERVICES["desk"]
    port = str(desk["environment"][f"{PREFIX}API_PORT"])
    assert desk["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert str(desk["environment"][f"{PREFIX}HEALTH_PORT"]) == port
    assert port == str(Settings().api_port)


@pytest.mark.parametrize("name", ["kafka", "postgres", "worker", "desk", "watcher"])
def test_what_runs_for_ever_is_started_again_and_is_asked_how_it_is(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", ["kafka", "postgres"])
def test_what_is_recorded_outlives_its_container(name: str) -> None:
    for volume in SERVICES[name]["volumes"]:
        assert volume.partition(":")[0] in COMPOSE["volumes"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_command_is_one_that_we_have(name: str) -> None:
    commands = [SERVICES[name]["command"]]
    if "healthcheck" in SERVICES[name]:
        program, *asked = SERVICES[name]["healthcheck"]["test"][1:]
        assert program == entrypoint() == "workorders"
        commands.append(asked)
    for words in commands:
        found: Any = typer.main.get_command(app)
        left = list(words)
        while left and hasattr(found, "commands"):
            found = found.commands[left.pop(0)]
        assert not hasattr(found, "commands"), f"{name} names a group of commands, not one"
        assert len(left) <= len([one for one in found.params if one.param_type_name == "argument"])


def test_a_worker_is_asked_whether_it_gets_on_and_not_only_whether_it_lives() -> None:
    assert SERVICES["worker"]["healthcheck"]["test"][-1] == "progress"


def test_a_prometheus_in_the_network_of_compose_reaches_the_workers_where_it_is_told_to() -> None:
    worker = SERVICES["worker"]
    assert worker["environment"][f"{PREFIX}HEALTH_HOST"] == "0.0.0.0"  # noqa: S104 - of its container
    assert "ports" not in worker
    told = (ROOT / "ops/prometheus.yml").read_text(encoding="utf-8")
    assert f"names: [worker], type: A, port: {worker['environment'][f'{PREFIX}HEALTH_PORT']} " in told


def test_the_watchers_news_goes_where_the_environment_of_compose_says(monkeypatch: pytest.MonkeyPatch) -> None:
    given = SERVICES["watcher"]["environment"][f"{PREFIX}WATCHER_POST"]
    assert given == f"${{{PREFIX}WATCHER_POST:-}}"
    monkeypatch.setenv(f"{PREFIX}WATCHER_POST", "")
    assert watcher_settings().post is None
    monkeypatch.setenv(f"{PREFIX}WATCHER_POST", "https://pager.example/key")
    assert watcher_settings().post == SecretStr("https://pager.example/key")


def test_a_stop_is_given_the_time_that_a_worker_may_take() -> None:
    grace = SERVICES["worker"]["stop_grace_period"]
    assert int(grace[:-1]) * UNITS[grace[-1]] > Settings().stop_within_s


def test_the_workers_can_share_the_input_partitions() -> None:
    given = SERVICES["worker"]["environment"].get(f"{PREFIX}PARTITIONS", Settings().partitions)
    workers = SERVICES["worker"]["deploy"]["replicas"]
    assert all(topic.partitions(given) >= workers for topic in TOPICS if topic.direction == "in")


def test_our_containers_reach_the_broker_where_it_listens_for_them() -> None:
    kafka = SERVICES["kafka"]["environment"]
    doors = dict(part.split("://") for part in kafka["KAFKA_ADVERTISED_LISTENERS"].split(","))
    for name in OURS:
        assert SERVICES[name]["environment"][f"{PREFIX}BROKER"] == doors["INSIDE"]
    published = SERVICES["kafka"]["ports"][0].rpartition(":")[0]
    assert doors["OUTSIDE"] == published, "who calls from this machine is sent back to the same address"


def test_the_broker_is_the_one_that_the_tests_run_on() -> None:
    names = {"m": "http://maven.apache.org/POM/4.0.0"}
    pom = ET.parse(ROOT / "tests/servers/pom.xml").getroot()  # noqa: S314 - our own file
    tested = {one.findtext("m:artifactId", "", names): one.findtext("m:version", "", names)
              for one in pom.iterfind("m:dependencies/m:dependency", names)}  # fmt: skip
    assert SERVICES["kafka"]["image"].partition(":")[2] == tested["kafka_2.13"]


def test_the_ledger_that_the_makefile_writes_down_is_the_database_that_compose_makes() -> None:
    postgres = SERVICES["postgres"]["environment"]
    user, database = postgres["POSTGRES_USER"], postgres["POSTGRES_DB"]
    assert f"postgresql+psycopg://{user}:%s@postgres:5432/{database}" in (ROOT / "Makefile").read_text()


def test_the_file_is_valid_by_the_present_compose_specification() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert [fault.message for fault in Draft7Validator(schema).iter_errors(COMPOSE)] == []
    broken = {**COMPOSE, "services": {**SERVICES, "worker": {**SERVICES["worker"], "restrat": "always"}}}
    assert list(Draft7Validator(schema).iter_errors(broken)), "a misspelt key would be seen"


def test_debians_compose_takes_the_file_too(tmp_path: Path) -> None:
    compose = shutil.which("docker-compose")
    if compose is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail("with CI=true nothing may be left out: apt install docker-compose", pytrace=False)
        pytest.skip("this machine has no docker-compose (apt install docker-compose)")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    for folder in ("secrets", "ops"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "ops/notices.env", tmp_path / "ops")
    for secret in COMPOSE["secrets"].values():
        (tmp_path / secret["file"]).write_text("made up")
    done = subprocess.run([compose, "config", "--quiet"], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


def entrypoint() -> str:
    """The program that our image starts."""
    (line,) = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("ENTRYPOINT ")]
    (program,) = json.loads(line.removeprefix("ENTRYPOINT "))
    return str(program)


def test_the_page_about_servers_names_only_settings_that_there_are() -> None:
    page = (ROOT / "docs/SERVERS.md").read_text(encoding="utf-8")
    named = set(re.findall(rf"{PREFIX}[A-Z_]+", page))
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
    protecting = {name for name in known if re.search(r"KAFKA|LEDGER", name)}
    assert named - {f"{name}_FILE" for name in protecting} <= known
    assert protecting <= named, "every setting that protects is on the page"
