"""Metrics: what this worker has done and what waits, for Prometheus; names end in their unit.

Counts grow only for what has been committed, and each begins at 0 when the worker does: of a count that appears with
its first event nobody could tell that it has grown. Ages are reckoned when they are asked for, so that they go on
growing although nothing here turns any more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from models.escalation import StatementKind
from models.refusal import Reason
from streams.clock import Clock, monotonic
from streams.health import PARTS, Stock, Vitals
from streams.ledger.incoming import Outcome
from workorders.policy import World

CAUSES: Final = ("intake", "sweep", "door")
"""What gives the cause for a decision: what was read, time, or what somebody said at the HTTP door just now."""
LINES: Final = ("inbox", "outbox")
"""What the relay sends from."""
DONE: Final = ("climbed", "alarm")
"""What is done about a role that no channel could tell."""
BATCH_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


@dataclass(slots=True)
class Metrics:
    """The counts of one worker, in a registry of their own."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    events: Counter = field(init=False)
    rejected: Counter = field(init=False)
    statements: Counter = field(init=False)
    held: Counter = field(init=False)
    decided: Counter = field(init=False)
    sent: Counter = field(init=False)
    confirmed: Counter = field(init=False)
    notices: Counter = field(init=False)
    lost: Counter = field(init=False)
    batch: Histogram = field(init=False)
    _policies: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        counter = partial(Counter, namespace="workorders", registry=self.registry)
        self.events = counter("events", "Inputs taken, by what became of them.", ["outcome"])
        self.rejected = counter("rejected", "Inputs rejected, by reason code (docs/REFUSALS.md).", ["code"])
        self.statements = counter(
            "escalation_statements", "Statements said about escalations.", ["kind", "rung", "statement"]
        )
        self.held = counter("quarantined", "Events and subjects that could not be decided and were held apart.")
        self.decided = counter("decisions", "Subjects decided, by what gave the cause.", ["cause"])
        self.sent = counter("messages_sent", "Records that the broker acknowledged, by line.", ["line"])
        self.confirmed = counter("messages_confirmed", "Messages seen on their topic for the first time.")
        self.notices = counter("notices", "Attempts to tell a role, by channel and outcome.", ["channel", "outcome"])
        self.lost = counter("roles_not_told", "Roles that no channel could tell, by what was done.", ["done"])
        self.batch = Histogram(
            "batch_seconds", "How long one batch or sweep took, from its parsing to its commit.", ["cause"],
            buckets=BATCH_SECONDS, namespace="workorders", registry=self.registry,
        )  # fmt: skip
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        for count, known in (
            (self.events, ("recorded", "duplicate", "rejected")), (self.rejected, Reason), (self.decided, CAUSES),
            (self.sent, LINES), (self.batch, CAUSES), (self.lost, DONE),
        ):  # fmt: skip
            for label in known:
                count.labels(str(label))

    def expect(self, world: World) -> None:
        """Begin, at 0, the count of everything that the ladders of these policies may come to say."""
        for _, policy in world.policies.entries:
            if policy.version in self._policies:
                continue
            self._policies.add(policy.version)
            for ladder in policy.spec.ladders:
                for rung in ladder.rungs:
                    for statement in StatementKind:
                        self.statements.labels(str(ladder.kind), rung.name, str(statement))

    def count(self, outcome: Outcome, cause: str) -> None:
        """Count what one transaction did."""
        self.events.labels("recorded").inc(outcome.recorded)
        self.events.labels("duplicate").inc(outcome.duplicates)
        self.events.labels("rejected").inc(len(outcome.rejections))
        self.decided.labels(cause).inc(outcome.decided)
        self.held.inc(len(outcome.held))
        for rejection in outcome.rejections:
            self.rejected.labels(rejection.code).inc()
        for one in outcome.statements:
            self.statements.labels(str(one.reached.kind), one.reached.rung, str(one.statement)).inc()

    @contextmanager
    def timed(self, cause: str) -> Iterator[None]:
        """Measure one batch."""
        began = monotonic()
        yield
        self.batch.labels(cause).observe(monotonic() - began)


class Readings(Collector):
    """What the vitals say, read whenever it is asked for."""

    def __init__(self, vitals: Vitals, clock: Clock) -> None:
        self._vitals, self._clock = vitals, clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every gauge, as it stands now."""
        vitals, now = self._vitals, monotonic()
        yield from _of_worker(vitals, now)
        if vitals.stock.read_at is not None:
            yield _one(
                "stock_age_seconds", "How long ago the ledger's figures here were read.", now - vitals.stock.read_at
            )
            yield from _of_stock(vitals.stock, self._clock.now())


def _of_worker(vitals: Vitals, now: float) -> Iterator[GaugeMetricFamily]:
    still = _many("standstill_seconds", "How long ago each part of the worker turned.", "part")
    for part in PARTS:
        still.add_metric([part], vitals.since_turn(part, now))
    yield still
    lag = _many(
        "consumer_lag_records", "Records that wait in each partition assigned to this worker.", "topic", "partition"
    )
    for (topic, partition), waiting in sorted(vitals.lag.items()):
        lag.add_metric([topic, str(partition)], waiting)
    yield lag
    oldest = _many(
        "oldest_unread_age_seconds", "How long the oldest record that waits in each of them has been seen to wait.",
        "topic", "partition",
    )  # fmt: skip
    unread = vitals.unread.waiting
    for name in sorted(vitals.lag):
        oldest.add_metric([name[0], str(name[1])], unread[name].age_s(now) if name in unread else 0.0)
    yield oldest
    away = max((now - since for since in vitals.away.values()), default=0.0)
    yield _one(
        "assigned_partitions", "Partitions of the input topics that are assigned to this worker.", vitals.assigned
    )
    yield _one("broker_away_seconds", "How long this worker has found no broker; 0 while there is one.", away)
    yield _one("refused_keys", "Keys that wait because the broker refuses the first record of each.", vitals.refused)
    yield _one("sends", "1 if this worker is the one that sends.", vitals.sends)
    yield _one("sweeping", "0 while the clocks differ too much to sweep.", vitals.sweeping)
    yield _one("clock_skew_seconds", "How far our clock is ahead of the database's.", vitals.skew_s)
    yield _one(
        "event_loop_stall_seconds", "The longest that the event loop was held up since the start.", vitals.stale_loop_s
    )


def _of_stock(stock: Stock, at: datetime) -> Iterator[GaugeMetricFamily]:
    yield _one(
        "oldest_due_decision_age_seconds", "How long ago the oldest due decision fell due.", _age(stock.oldest_due, at)
    )
    yield _one("outbox_messages", "Messages that wait to be sent.", stock.unsent)
    yield _one("outbox_oldest_age_seconds", "How long the oldest of them has waited.", _age(stock.unsent_since, at))
    yield _one("unconfirmed_messages", "Messages sent and not yet seen on their topic.", stock.unconfirmed)
    yield _one("unconfirmed_oldest_age_seconds", "How long ago the oldest was sent.", _age(stock.unconfirmed_since, at))
    yield _one("notices_waiting", "Notices that wait to be sent.", stock.notices)
    yield _one("notices_oldest_age_seconds", "How long the oldest of them has waited.", _age(stock.notices_since, at))
    yield _one("inbox_inputs", "Submitted inputs that wait to be taken.", stock.untaken)
    yield _one("inbox_oldest_age_seconds", "How long the oldest of them has waited.", _age(stock.untaken_since, at))
    outstanding = _many("outstanding_orders", "Open work orders by effective priority.", "priority")
    for priority, n in sorted(stock.outstanding.items()):
        outstanding.add_metric([priority], n)
    yield outstanding
    standing = _many("standing_escalations", "Escalations that stand, by kind.", "kind")
    for kind, n in sorted(stock.standing.items()):
        standing.add_metric([kind], n)
    yield standing
    yield _one("nights_short", "Nights not over yet that lack cover.", stock.nights_short)
    yield _one("quarantine_entries", "Events and subjects that are held apart now.", stock.quarantined)


def _one(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"workorders_{name}", about, value=float(value))


def _many(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"workorders_{name}", about, labels=labels)


def _age(since: datetime | None, at: datetime) -> float:
    """Seconds since then; 0 for nothing, and for what is still to come."""
    return 0.0 if since is None else max(0.0, (at - since).total_seconds())
