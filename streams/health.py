"""Health: whether this worker lives, can do its work, and does it; three questions with three different answers.

The worker's parts note here whenever they turn; another thread reads it and judges, so that the answer comes although
the event loop is stuck. Ages are by the monotonic clock, so no change of the wall clock makes anybody look ill.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from streams.clock import monotonic
from streams.health_unread import Partition, Place, Unread
from streams.settings import Settings

LOOP: Final = "loop"
INTAKE: Final = "intake"
SWEEPER: Final = "sweeper"
RELAY: Final = "relay"
PARTS: Final = (LOOP, INTAKE, SWEEPER, RELAY)
LEDGER: Final = "ledger"
BROKER: Final = "broker"
CLOCK: Final = "clock"

UNREADY_AFTER_S: Final = 15.0
"""How long the ledger may go unread before a worker is not ready; whoever asks that should not wait for long."""


class NoProgressError(Exception):
    """The worker made no progress for so long that it ended itself; the text says which part stood still."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not well. ``ours``: a new start of this worker may put it right."""

    part: str
    sentence: str
    ours: bool = False


@dataclass(slots=True)
class Stock:
    """What waits in the ledger, as it was read last; ``read_at`` by the monotonic clock, None before the first time."""

    read_at: float | None = None
    oldest_due: datetime | None = None
    unsent: int = 0
    unsent_since: datetime | None = None
    unconfirmed: int = 0
    unconfirmed_since: datetime | None = None
    untaken: int = 0
    untaken_since: datetime | None = None
    outstanding: dict[str, int] = field(default_factory=dict)
    nights_short: int = 0
    quarantined: int = 0
    standing: dict[str, int] = field(default_factory=dict)
    notices: int = 0
    notices_since: datetime | None = None


@dataclass(slots=True)
class Vitals:
    """When each part last turned, and what holds it up; written by the worker's loop, read by any thread.

    ``spare`` tells of a worker without partitions whether others hold them all; None while that is not known.
    ``refused`` is how many keys wait because the broker refuses the first record of each.
    ``stale_loop_s`` is the longest that the event loop has kept its own pulse waiting.
    """

    began: float = field(default_factory=monotonic)
    turned: dict[str, float] = field(default_factory=dict)
    batch_done: float = field(default_factory=monotonic)
    lag: dict[Partition, int] = field(default_factory=dict)
    lag_since: float | None = None
    unread: Unread = field(default_factory=Unread)
    assigned: int = 0
    assigned_changed: float = field(default_factory=monotonic)
    spare: bool | None = None
    away: dict[str, float] = field(default_factory=dict)
    sends: bool = False
    refused: int = 0
    sent: float = field(default_factory=monotonic)
    skew_s: float = 0.0
    sweeping: bool = True
    stale_loop_s: float = 0.0
    stock: Stock = field(default_factory=Stock)

    def turn(self, part: str) -> None:
        """The part has just turned."""
        self.turned[part] = monotonic()

    def since_turn(self, part: str, now: float) -> float:
        """Seconds since the part turned; before its first turn, since the worker began."""
        return now - self.turned.get(part, self.began)

    def assign(self, partitions: int) -> None:
        """So many partitions are this worker's now."""
        if partitions != self.assigned:
            self.assigned, self.assigned_changed, self.spare = partitions, monotonic(), None
        if not partitions:
            self.measured({})

    def broker_away(self, part: str, *, away: bool) -> None:
        """Whether a part has just looked for a broker in vain."""
        if away:
            self.away.setdefault(part, monotonic())
        else:
            self.away.pop(part, None)

    def measured(self, places: Mapping[Partition, Place]) -> None:
        """Where each partition of ours stands, and where it ends."""
        now = monotonic()
        self.unread.measured(places, now, self.turned.get(INTAKE, self.began))
        self.lag = {name: max(0, place.end - place.at) for name, place in places.items()}
        if not any(self.lag.values()):
            self.lag_since = None
        elif self.lag_since is None:
            self.lag_since = now

    def went_out(self) -> None:
        """Something was sent."""
        self.sent = monotonic()

    def took(self) -> None:
        """A batch was taken."""
        self.batch_done = monotonic()


def dead(vitals: Vitals, settings: Settings, now: float) -> list[Finding]:
    """Why this worker is as good as dead: its event loop does not turn."""
    stuck = vitals.since_turn(LOOP, now)
    if stuck < settings.health_stuck_after_s:
        return []
    return [Finding(LOOP, f"the event loop has not turned for {stuck:.0f} s, so nothing here does", ours=True)]


def unready(vitals: Vitals, settings: Settings, now: float) -> list[Finding]:
    """Why this worker cannot do its work now; most reasons pass without anybody's doing."""
    found = dead(vitals, settings, now)
    if vitals.stock.read_at is None:
        found += [Finding(LEDGER, "the ledger has not been read yet")]
    found += _unread(vitals, min(UNREADY_AFTER_S, settings.health_stuck_after_s), now)
    for part in sorted(vitals.away):
        found += [Finding(BROKER, f"the {part} looks for a broker and finds none")]
    if not vitals.assigned and not vitals.spare:
        found += [Finding(INTAKE, "no partition of the input topics is assigned to this worker yet")]
    if not vitals.sweeping:
        found += [Finding(CLOCK, _skewed(vitals, settings))]
    return found


def stuck(vitals: Vitals, settings: Settings, now: float, at: datetime | None) -> list[Finding]:
    """Why this worker, or what it depends on, makes no progress; ``at`` is the present instant.

    Where time is simulated there is none (None): how long something waits for us is not told by such a clock.
    """
    found = dead(vitals, settings, now)
    if not found:
        found = [*_still(vitals, settings, now), *_intake(vitals, settings, now), *_outside(vitals, settings, now)]
        if at is not None and not _unread(vitals, settings.health_stuck_after_s, now):
            found += _waiting(vitals, settings, now, at)
    return found


def _still(vitals: Vitals, settings: Settings, now: float) -> Iterator[Finding]:
    connecting = settings.health_stuck_after_s + 2 * settings.broker_timeout_s
    patience = {
        INTAKE: connecting,
        SWEEPER: settings.health_stuck_after_s + settings.sweep_every_s,
        RELAY: connecting,
    }
    for part, longest in patience.items():
        if (since := vitals.since_turn(part, now)) > longest:
            yield Finding(part, f"the {part} has not turned for {since:.0f} s", ours=True)


def _intake(vitals: Vitals, settings: Settings, now: float) -> Iterator[Finding]:
    longest = settings.health_stuck_after_s
    idle = now - vitals.batch_done
    if INTAKE in vitals.away or not vitals.sweeping:  # without a broker, or an agreed time, it may do nothing
        return
    if vitals.assigned and vitals.lag_since is not None and min(idle, now - vitals.lag_since) > longest:
        waiting = sum(vitals.lag.values())
        yield Finding(INTAKE, f"{waiting} records wait and no batch was taken for {idle:.0f} s", ours=True)
    elif vitals.assigned:
        yield from _passed_over(vitals, longest)
    alone = now - vitals.assigned_changed
    if not vitals.assigned and not vitals.spare and alone > longest:
        who = "nobody has all the others" if vitals.spare is False else "who has them cannot be told"
        yield Finding(INTAKE, f"no partition was assigned to this worker for {alone:.0f} s, and {who}", ours=True)


def _passed_over(vitals: Vitals, longest: float) -> Iterator[Finding]:
    for (topic, partition), one in sorted(vitals.unread.waiting.items()):
        if one.is_passed_over(longest):
            waiting = f"{one.records} records of partition {partition} of {topic} wait"
            yield Finding(INTAKE, f"{waiting} and none of them was taken for {one.stood_s:.0f} s", ours=True)


def _unread(vitals: Vitals, longest: float, now: float) -> list[Finding]:
    unread = now - (vitals.began if vitals.stock.read_at is None else vitals.stock.read_at)
    if unread <= longest:
        return []
    return [Finding(LEDGER, f"the ledger could not be read for {unread:.0f} s")]


def _outside(vitals: Vitals, settings: Settings, now: float) -> Iterator[Finding]:
    yield from _unread(vitals, settings.health_stuck_after_s, now)
    for part, since in sorted(vitals.away.items()):
        if now - since > settings.health_stuck_after_s:
            yield Finding(BROKER, f"the {part} has found no broker for {now - since:.0f} s")
    if not vitals.sweeping:
        yield Finding(CLOCK, _skewed(vitals, settings))


def _waiting(vitals: Vitals, settings: Settings, now: float, at: datetime) -> Iterator[Finding]:
    stock, longest = vitals.stock, settings.health_stuck_after_s
    for part, since, what, ours in (
        (SWEEPER, stock.oldest_due, "a decision has been due", False),
        (
            RELAY,
            stock.unsent_since,
            f"{stock.unsent} messages wait to be sent{_refused(vitals)}, the oldest",
            _fails_to_send(vitals, now - longest),
        ),
        (SWEEPER, stock.untaken_since, f"{stock.untaken} submitted inputs wait to be taken, the oldest", False),
    ):
        if since is not None and (age := (at - since).total_seconds()) > longest:
            yield Finding(part, f"{what} for {age:.0f} s", ours=ours)


def _fails_to_send(vitals: Vitals, since: float) -> bool:
    """Whether it is this worker that sends, there is a broker to send to, and nothing was sent for so long.

    After an outage what waits is old for a while, although it goes out as fast as it can. What the broker refuses
    would be refused after a new start, too.
    """
    return vitals.sends and not vitals.refused and RELAY not in vitals.away and vitals.sent < since


def _refused(vitals: Vitals) -> str:
    """What holds some of them up, where it is known."""
    if not vitals.refused:
        return ""
    return f" (the broker refuses the first of {vitals.refused} {'key' if vitals.refused == 1 else 'keys'})"


def _skewed(vitals: Vitals, settings: Settings) -> str:
    allowed = settings.clock_skew_limit_s
    return (
        f"our clock is {vitals.skew_s:+.1f} s ahead of the database's and {allowed:g} s are allowed: nothing is decided"
    )
