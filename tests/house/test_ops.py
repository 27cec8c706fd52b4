"""What those on duty have: alerts and panels read metrics that exist, and every alert has its page in the runbook."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from streams.clock import FixedClock, monotonic
from streams.health import Stock, Vitals
from streams.health_unread import Place
from streams.metrics import Metrics, Readings
from streams.settings import Settings
from tests.streams.ledger.telling import START

ROOT = Path(__file__).parents[2]
RULES = yaml.safe_load((ROOT / "ops/alerts.yml").read_text(encoding="utf-8"))
ALERTS: list[dict[str, Any]] = [rule for group in RULES["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((ROOT / "ops/grafana/workorders.json").read_text(encoding="utf-8"))
RUNBOOK = (ROOT / "docs/RUNBOOK.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^#|\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))

OF_PROMETHEUS = {"up", "ALERTS"}
METRIC = re.compile(r"\b(workorders_\w+|process_\w+|up)\b(?!=)")


@pytest.fixture(scope="module")
def exported() -> set[str]:
    """The names of all samples that a worker can show."""
    metrics = Metrics()
    vitals = Vitals(stock=Stock(monotonic(), outstanding={"P1": 1}, standing={"breach": 1}))
    vitals.measured({("work-orders", 0): Place(0, 1)})
    metrics.registry.register(Readings(vitals, FixedClock(START)))
    for counter, labels in (
        (metrics.rejected, 1), (metrics.statements, 3), (metrics.decided, 1), (metrics.sent, 1), (metrics.batch, 1),
    ):  # fmt: skip
        counter.labels(*["x"] * labels)
    text = generate_latest(metrics.registry).decode()
    return {re.split(r"[{ ]", line)[0] for line in text.splitlines() if not line.startswith("#")} | OF_PROMETHEUS


def queries() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]


@pytest.mark.parametrize("expression", [*(alert["expr"] for alert in ALERTS), *queries()])
def test_every_alert_and_panel_reads_a_metric_that_exists(expression: str, exported: set[str]) -> None:
    names = set(METRIC.findall(expression))
    assert names
    assert names <= exported


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_has_a_section_that_says_what_it_means_what_to_do_and_how_it_was_tried(
    alert: dict[str, Any],
) -> None:
    assert alert["annotations"]["runbook_url"] == f"docs/RUNBOOK.md#{alert['alert'].lower()}"
    assert alert["labels"]["severity"] in {"page", "warning"}
    section = SECTIONS[alert["alert"]]
    for part in ("**Means.**", "**Look at.**", "**Do.**", "**Tried by**"):
        assert part in section, f"{alert['alert']} lacks {part}"


def test_every_section_belongs_to_an_alert() -> None:
    assert {name for name, text in SECTIONS.items() if "**Means.**" in text} == {alert["alert"] for alert in ALERTS}


def test_every_test_that_the_runbook_names_exists() -> None:
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", RUNBOOK))
    assert named
    assert [name for name in sorted(named) if f"def {name}(" not in written] == []


def test_every_command_that_the_runbook_names_exists() -> None:
    commands = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "desk/commands").glob("*.py"))
    named = set(re.findall(r"`workorders ([a-z-]+)", RUNBOOK))
    groups = {"db", "topics", "rejected", "policy", "estate", "cover"}
    assert [name for name in sorted(named - groups) if f"def {name.replace('-', '_')}(" not in commands] == []


def test_a_link_within_the_runbook_leads_somewhere() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", RUNBOOK, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", RUNBOOK)) <= headings


def test_prometheus_asks_no_port_of_the_api_and_that_of_the_first_worker() -> None:
    config = yaml.safe_load((ROOT / "ops/prometheus.yml").read_text(encoding="utf-8"))
    (job,) = config["scrape_configs"]
    ports = [int(target.rpartition(":")[2]) for target in job["static_configs"][0]["targets"]]
    assert ports[0] == Settings().health_port
    assert Settings().api_port not in ports


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
@pytest.mark.parametrize(
    "what",
    [["check", "rules", "alerts.yml"], ["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]],
)
def test_promtool_finds_the_rules_sound_and_each_is_raised_by_what_it_is_for(what: list[str]) -> None:
    done = subprocess.run(["promtool", *what], cwd=ROOT / "ops", capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert done.returncode == 0, done.stdout + done.stderr
