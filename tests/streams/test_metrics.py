"""Metrics: counts of what was committed, and ages that go on growing although nothing turns."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, cast

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from models.decision import Reached, Statement
from models.escalation import EscalationKind, StatementKind
from models.refusal import Reason
from streams.clock import FixedClock, monotonic
from streams.health import RELAY, Stock, Vitals
from streams.health_unread import Place, Waiting
from streams.ledger.incoming import Held, Incoming, Outcome, Rejection
from streams.metrics import Metrics, Readings
from workorders.policy import default_world

AT = datetime(2026, 1, 13, 2, 10, tzinfo=UTC)
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def read(metrics: Metrics) -> Samples:
    """Every sample by its name and labels."""
    families = text_string_to_metric_families(generate_latest(metrics.registry).decode())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def of(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"workorders_{name}", tuple(sorted(labels.items()))]


def test_what_a_transaction_did_is_counted_by_outcome_code_kind_and_rung(metrics: Metrics) -> None:
    rejection = Rejection(Incoming("work-orders", None, None), "not-json", "", "No.", None)
    reached = cast("Reached", _Rung())
    statement = Statement(1, StatementKind.RAISED, reached, "", AT)
    held = [Held("ap", "WO-1", None, None, "")]
    metrics.count(Outcome(3, 2, 4, [rejection, rejection], [statement], held), "intake")
    found = read(metrics)
    assert of(found, "events_total", outcome="recorded") == 3
    assert of(found, "events_total", outcome="duplicate") == 2
    assert of(found, "events_total", outcome="rejected") == 2
    assert of(found, "rejected_total", code="not-json") == 2
    assert of(found, "decisions_total", cause="intake") == 4
    assert of(found, "quarantined_total") == 1
    said = {"kind": "breach", "rung": "account-manager", "statement": "raised"}
    assert of(found, "escalation_statements_total", **said) == 1


class _Rung:
    kind = EscalationKind.BREACH
    rung = "account-manager"


def test_everything_that_may_be_counted_is_exported_at_0_from_the_start(metrics: Metrics) -> None:
    world = default_world()
    metrics.expect(world)
    metrics.expect(world)
    found = read(metrics)
    assert {of(found, "rejected_total", code=str(code)) for code in Reason} == {0}
    assert {of(found, "events_total", outcome=one) for one in ("recorded", "duplicate", "rejected")} == {0}
    assert {of(found, "decisions_total", cause=cause) for cause in ("intake", "sweep")} == {0}
    assert {of(found, "messages_sent_total", line=line) for line in ("inbox", "outbox")} == {0}
    assert {of(found, "batch_seconds_count", cause=cause) for cause in ("intake", "sweep")} == {0}
    (_, policy), *_ = world.policies.entries
    for ladder in policy.spec.ladders:
        for rung, statement in product(ladder.rungs, StatementKind):
            labels = {"kind": str(ladder.kind), "rung": rung.name, "statement": str(statement)}
            assert of(found, "escalation_statements_total", **labels) == 0


def test_a_batch_is_measured_in_seconds_and_one_that_failed_is_not(metrics: Metrics) -> None:
    with metrics.timed("sweep"):
        pass
    with pytest.raises(ValueError, match="no"), metrics.timed("sweep"):
        raise ValueError("no")
    assert of(read(metrics), "batch_seconds_count", cause="sweep") == 1


def test_two_workers_in_one_process_do_not_share_their_counts(metrics: Metrics) -> None:
    Metrics().count(Outcome(recorded=5), "intake")
    assert of(read(metrics), "events_total", outcome="recorded") == 0


def test_before_the_ledger_was_read_nothing_is_said_about_it(metrics: Metrics) -> None:
    metrics.registry.register(Readings(Vitals(), FixedClock(AT)))
    names = {name for name, _ in read(metrics)}
    assert "workorders_standstill_seconds" in names
    assert "workorders_outbox_messages" not in names


def test_what_waits_is_told_with_its_age_as_at_now(metrics: Metrics) -> None:
    clock = FixedClock(AT)
    stock = Stock(
        monotonic(), AT - timedelta(seconds=30), 2, AT - timedelta(seconds=20), 3, AT - timedelta(seconds=10),
        1, AT + timedelta(seconds=5), {"P1": 4, "none": 1}, 6, 7, {"breach": 8},
    )  # fmt: skip
    vitals = Vitals(assigned=12, stock=stock, sends=True, refused=3, skew_s=-0.5)
    vitals.measured({("work-orders", 3): Place(91, 100), ("work-orders", 4): Place(7, 7)})
    vitals.unread.waiting = {("work-orders", 3): Waiting(Place(91, 100), ((monotonic() - 400, 95),))}
    vitals.away[RELAY] = monotonic() - 15
    metrics.registry.register(Readings(vitals, clock))
    found = read(metrics)
    expected: dict[str, Any] = {
        "oldest_due_decision_age_seconds": 30, "outbox_messages": 2, "outbox_oldest_age_seconds": 20,
        "unconfirmed_messages": 3, "unconfirmed_oldest_age_seconds": 10, "inbox_inputs": 1,
        "inbox_oldest_age_seconds": 0, "nights_short": 6, "quarantine_entries": 7, "assigned_partitions": 12,
        "sends": 1, "refused_keys": 3, "sweeping": 1,
        "clock_skew_seconds": -0.5,
    }  # fmt: skip
    assert {name: of(found, name) for name in expected} == expected
    assert of(found, "outstanding_orders", priority="P1") == 4
    assert of(found, "outstanding_orders", priority="none") == 1
    assert of(found, "standing_escalations", kind="breach") == 8
    assert of(found, "consumer_lag_records", topic="work-orders", partition="3") == 9
    oldest = {"topic": "work-orders", "partition": "3"}
    assert of(found, "oldest_unread_age_seconds", **oldest) == pytest.approx(400, abs=1)
    assert of(found, "oldest_unread_age_seconds", **{**oldest, "partition": "4"}) == 0
    assert of(found, "broker_away_seconds") == pytest.approx(15, abs=1)
    clock.set(AT + timedelta(minutes=1))
    assert of(read(metrics), "outbox_oldest_age_seconds") == 80
