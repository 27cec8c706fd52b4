"""What the watcher judges by: what a look has seen, since when what must change has not, and what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from streams.health import INTAKE, RELAY, SWEEPER

WATCHED: Final = (SWEEPER, RELAY, INTAKE)
UNSEEN: Final = "what the workers do cannot be seen meanwhile"


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look has seen; None for a side that did not answer.

    ``at`` is the database's own time; None where the ledger's is simulated, which tells nothing about how long we take.
    """

    pulses: Mapping[tuple[str, str], int] | None = None
    waiting: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    on_topic: int | None = None
    lag: int = 0
    read: int = 0


@dataclass(slots=True)
class Watch:
    """Since when each thing that must change has not; what is wrong follows from that."""

    silent_after_s: float
    has_broker: bool
    changed: dict[str, float] = field(default_factory=dict)
    seen: dict[str, object] = field(default_factory=dict)
    unseen_s: dict[str, float] = field(default_factory=dict)
    last: Sight = field(default_factory=Sight)
    looked: float | None = None

    def note(self, sight: Sight, now: float) -> None:
        """Remember a look, made at ``now`` by the monotonic clock; what it could not see is no silence."""
        since = 0.0 if self.looked is None else now - self.looked
        for what in self._unseen(sight):
            self.unseen_s[what] = self.unseen_s.get(what, 0.0) + since
        self.last, self.looked = sight, now
        self._mark("ledger", now if sight.pulses is not None else self.seen.get("ledger"), now)
        for part in WATCHED:
            told = None if sight.pulses is None else {name: n for name, n in sight.pulses.items() if name[0] == part}
            self._mark(part, self.seen.get(part) if told is None else told, now)
        if self.has_broker:
            self._mark("broker", now if sight.on_topic is not None else self.seen.get("broker"), now)
            self._mark("topic", sight.on_topic if sight.on_topic is not None else self.seen.get("topic"), now)
            lag = (sight.lag == 0 and now, sight.read)
            self._mark("lag", self.seen.get("lag") if "lag" in self._unseen(sight) else lag, now)

    def wrong(self, now: float) -> list[str]:
        """What is wrong, a sentence each; nothing while all goes well or it is too early to tell."""
        away = [
            f"the {side} could not be reached for {self._still(side, now):.0f} s{what}"
            for side, what in (("ledger", f", and {UNSEEN}"), ("broker", ""))
            if self._too_long(side, now)
        ]
        silent = [part for part in WATCHED if self._too_long(part, now)]
        if len(silent) == len(WATCHED):
            quiet = min(self._still(part, now) for part in WATCHED)
            return [*away, f"no worker has shown any sign of life for {quiet:.0f} s"]
        blind = bool(away) or bool(self._unseen(self.last))
        found = [f"the {part} has shown no sign of life for {self._still(part, now):.0f} s" for part in silent]
        if self._too_long("topic", now) and RELAY not in silent and not blind:
            found += [f"no sign of life has come through the broker for {self._still('topic', now):.0f} s"]
        if self._too_long("lag", now) and INTAKE not in silent and not blind:
            found += [f"{self.last.lag} records wait, and none was taken for {self._still('lag', now):.0f} s"]
        return [*away, *found, *self._overdue()]

    def _overdue(self) -> list[str]:
        at, waiting = self.last.at, self.last.waiting
        if at is None:
            return []
        found = []
        for name, what in (
            ("oldest_due", "a decision has been due"),
            ("unsent_since", f"{waiting.get('unsent')} messages wait to be sent, the oldest"),
        ):
            since = waiting.get(name)
            if since is not None and (age := (at - since).total_seconds()) > self.silent_after_s:
                found += [f"{what} for {age:.0f} s"]
        return found

    def _unseen(self, sight: Sight) -> tuple[str, ...]:
        """What a look tells nothing of; without the ledger no worker can show life through the broker either."""
        of_broker = ("topic", "lag") if sight.pulses is None or sight.on_topic is None else ()
        return (*(WATCHED if sight.pulses is None else ()), *(of_broker if self.has_broker else ()))

    def _mark(self, what: str, seen: object, now: float) -> None:
        before = self.seen.get(what)
        # What is seen for the first time is no change: it may have stood there for long.
        if what not in self.changed or (before is not None and before != seen):
            self.changed[what], self.unseen_s[what] = now, 0.0
        self.seen[what] = seen

    def _still(self, what: str, now: float) -> float:
        return now - self.changed.get(what, now) - self.unseen_s.get(what, 0.0)

    def _too_long(self, what: str, now: float) -> bool:
        return self._still(what, now) > self.silent_after_s


def lacking(missing: set[str], last: Sight, *, has_broker: bool) -> list[str]:
    """What is said of those that showed no life; of what could not be seen only that."""
    found = []
    if missing and last.pulses is None:
        found += [f"the ledger could not be reached, and {UNSEEN}"]
        missing = missing - set(WATCHED)
    if missing and has_broker and last.on_topic is None:
        found += ["the broker could not be reached"]
        missing = missing - {"topic"}
    names = {"topic": "no sign of life came through the broker"}
    return [*found, *(names.get(one, f"the {one} showed no sign of life") for one in sorted(missing))]
