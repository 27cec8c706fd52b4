"""The Compose file: what `make up` starts, and what it keeps to itself."""

from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from streams.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
COMPOSE = cast("dict[str, Any]", yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {"migrate", "topics", "worker"}


def test_compose_starts_kafka_postgres_both_jobs_and_the_worker() -> None:
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
def test_our_containers_run_as_an_unprivileged_user_on_a_read_only_disk(name: str) -> None:
    assert SERVICES[name]["user"] == "10001:10001"
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
    for name in OURS:
        assert set(SERVICES[name]["environment"]) <= known


def test_one_broker_is_asked_for_one_copy_of_each_topic() -> None:
    assert SERVICES["topics"]["environment"]["WORKORDERS_REPLICATION"] == 1
