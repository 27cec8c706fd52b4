"""What the inventors of the world share: the setting, the rates of trouble, and the pen that writes events."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

MINUTE: Final = timedelta(minutes=1)
_TOPICS: Final = {
    "work-order": "work-orders",
    "shift-cover": "shift-cover",
    "escalation-response": "escalation-responses",
    "source": "work-orders",
}
_CORRECTIONS: Final = frozenset({"retracted", "report-confirmed", "report-refused"})


@dataclass(frozen=True)
class Rates:
    """How often what goes wrong goes wrong, each between 0 and 1."""

    missing: float = 0.02
    duplicated: float = 0.05
    late: float = 0.06
    slow: float = 0.25
    retracted: float = 0.03
    settled: float = 0.5
    before_raised: float = 0.03
    rejected: float = 0.15
    paused: float = 0.25
    resumed: float = 0.5
    disputed: float = 0.15
    amended: float = 0.2
    reassessed: float = 0.1
    promised: float = 0.15
    silent_night: float = 0.08
    agency_fails: float = 0.25
    answered: float = 0.6
    silence: float = 0.1
    ahead: float = 0.01


DEFAULT_RATES: Final = Rates()


@dataclass(frozen=True)
class Setting:
    """The policy and the estate in which life is invented, as plain data.

    ``later`` is another policy that comes into force at an instant, and ``versions`` names both.
    """

    policy: dict[str, Any]
    estate: dict[str, Any]
    later: tuple[datetime, dict[str, Any]] | None = None
    versions: tuple[str, ...] = ()

    @staticmethod
    def load(policy: Path, estate: Path) -> "Setting":
        """Read both files."""
        rules, places = (tomllib.loads(path.read_text(encoding="utf-8")) for path in (policy, estate))
        return Setting(rules, places)

    def codes(self, at: datetime) -> tuple[dict[str, dict[str, str]], datetime]:
        """The codes that may be used at an instant, and when they are in force at the latest."""
        if self.later is None or at < self.later[0] - timedelta(hours=20):
            return self.policy["codes"], at
        return self.later[1]["codes"], max(at, self.later[0])

    def begun(self, at: datetime) -> tuple[str, ...]:
        """The versions that have come into force by an instant."""
        return self.versions if self.later is None or self.later[0] <= at else self.versions[:1]

    @property
    def premises(self) -> list[str]:
        """The ids of all premises."""
        return [row["id"] for row in self.estate["premises"]]

    @property
    def watched(self) -> list[str]:
        """The premises whose nights must be covered."""
        return [row["id"] for row in self.estate["premises"] if row.get("watched_from")]

    def speakers(self, event_type: str, premises: str) -> list[dict[str, Any]]:
        """The sources that may say this about these premises (or about a source, for which the division speaks)."""
        return [row for row in self.estate["sources"] if event_type in row["types"] and self._in_scope(row, premises)]

    def _in_scope(self, source: dict[str, Any], premises: str) -> bool:
        if source["scope"] == "division" or premises.startswith("source:"):
            return bool(source["scope"] == "division")
        site = next(row for row in self.estate["premises"] if row["id"] == premises)
        region = next(row["region"] for row in self.estate["ldus"] if row["id"] == site["ldu"])
        held = {row["id"] for row in self.estate["providers"] if row["region"] == region}
        within = {"premises": {premises}, "ldu": {site["ldu"]}, "region": {region}, "provider": held}
        return source["of"] in within[source["scope"]]

    def party(self, role: str) -> str:
        """The side on which a role stands."""
        return str(next(row["party"] for row in self.estate["roles"] if row["id"] == role))

    def rungs(self, kind: str) -> list[str]:
        """The names of the rungs of a kind."""
        return [rung["name"] for row in self.policy["ladders"] if row["kind"] == kind for rung in row["rungs"]]

    def repeats(self, kind: str) -> dict[str, timedelta]:
        """The rungs of a kind that are repeated, and how often."""
        rungs = [rung for row in self.policy["ladders"] if row["kind"] == kind for rung in row["rungs"]]
        return {rung["name"]: length(rung["repeat"]) for rung in rungs if rung.get("repeat")}

    def heartbeats(self) -> Iterator[tuple[str, timedelta]]:
        """The sources that send signs of life, and how often they are expected."""
        for row in self.estate["sources"]:
            if row.get("expect_every") and "facilities.source.heartbeat" in row["types"]:
                yield row["id"], length(row["expect_every"])


def length(text: str) -> timedelta:
    """How long a text such as ``12h`` or ``1d 6h`` says."""
    units = {"d": "days", "h": "hours", "min": "minutes", "s": "seconds"}
    parts = re.findall(r"(\d+)\s*(d|h|min|s)", text)
    return sum((timedelta(**{units[unit]: int(number)}) for number, unit in parts), timedelta())


@dataclass(frozen=True)
class Heard:
    """One event as it is delivered: where, under which key, and when it was heard."""

    topic: str
    key: str
    event: dict[str, Any]
    heard: datetime
    role: str
    party: str

    @property
    def name(self) -> str:
        """The last part of its type."""
        return str(self.event["type"]).rsplit(".", 1)[1]

    @property
    def time(self) -> datetime:
        """When it happened."""
        return datetime.fromisoformat(self.event["time"])


@dataclass
class Pen:
    """Writes events; decides by chance who says them, when they are heard, and what happens to them on the way."""

    rng: Random
    setting: Setting
    rates: Rates
    prefix: str
    written: list[Heard] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def happens(self, what: str) -> bool:
        """Whether chance lets it happen."""
        return self.rng.random() < float(getattr(self.rates, what))

    def minutes(self, least: float, most: float) -> timedelta:
        """Some whole minutes between so many hours."""
        return MINUTE * self.rng.randint(round(least * 60), round(most * 60))

    def write(
        self, what: str, subject: str, premises: str, time: datetime, *, party: str = "", **data: object
    ) -> Heard | None:
        """Say that something happened; None if nobody may say it, or if it was forgotten to be said.

        What uses codes is never heard before they are in force.
        """
        event_type = f"facilities.{what}"
        speakers = self.setting.speakers(event_type, premises)
        wanted = [row for row in speakers if self.setting.party(row["role"]) == party]
        if not speakers:
            return None
        source = self.rng.choice(wanted or speakers)
        return self._note(what, source, premises, subject, time, data)

    def _note(
        self, what: str, source: dict[str, Any], key: str, subject: str, time: datetime, data: dict[str, Any]
    ) -> Heard | None:
        number = next(self.numbers)
        event = {
            "specversion": "1.0",
            "id": f"{self.prefix}-{number:06d}",
            "source": source["id"],
            "type": f"facilities.{what}",
            "subject": subject,
            "time": time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": {"premises": key, **data},
        }
        if what != "source.heartbeat":
            event["data"]["note"] = f"value {self.prefix}-{number}"
        if self.rng.random() < 0.3:
            event["sequence"] = f"{number:08d}"
        heard = Heard(
            _TOPICS[what.split(".", maxsplit=1)[0]],
            key,
            event,
            self._heard(time, data),
            source["role"],
            self.setting.party(source["role"]),
        )
        if self.happens("missing"):
            return None
        self.written.append(heard)
        return heard

    def _heard(self, time: datetime, data: dict[str, Any]) -> datetime:
        known = self.setting.codes(time)[1] if {"asset", "fault", "impacts"} & data.keys() else time
        return max(time + self._delay(), known) if known > time else time + self._delay()

    def _delay(self) -> timedelta:
        if self.happens("ahead"):
            return -self.minutes(0, 5 / 60)
        if self.happens("late"):
            return self.minutes(3, 30)
        return self.minutes(0, 4) if self.happens("slow") else MINUTE * self.rng.randint(0, 2)

    def heartbeat(self, source: str, at: datetime) -> None:
        """A sign of life of a source."""
        row = next(row for row in self.setting.estate["sources"] if row["id"] == source)
        unit = f"source:{source}"
        self._note("source.heartbeat", row, unit, unit, at, {})

    def name_another(self, what: str, of: Heard, at: datetime, source: dict[str, Any]) -> Heard | None:
        """Say something about an event: take it back, or confirm or refuse it."""
        family = str(of.event["type"]).split(".")[1]
        data = {"of_source": of.event["source"], "of_id": of.event["id"]}
        return self._note(f"{family}.{what}", source, of.key, of.event["subject"], at, data)

    def make_mistakes(self) -> None:
        """Take back some of what was said; sometimes by somebody who may not, sometimes the retraction itself."""
        for one in list(self.written):
            if one.topic == "work-orders" and one.event["type"] == "facilities.source.heartbeat":
                continue
            if self.happens("retracted"):
                undone = self._take_back(one, one.heard + self.minutes(0, 12))
                if undone and self.rng.random() < 0.2:
                    self._take_back(undone, undone.heard + self.minutes(0, 6))

    def _take_back(self, one: Heard, at: datetime) -> Heard | None:
        family = str(one.event["type"]).split(".")[1]
        speakers = self.setting.speakers(f"facilities.{family}.retracted", one.key)
        if not speakers:
            return None
        own = [row for row in speakers if row["id"] == one.event["source"]]
        return self.name_another(
            "retracted", one, at, self.rng.choice(speakers if self.rng.random() < 0.3 else own or speakers)
        )

    def settle_late_reports(self) -> None:
        """The client side speaks about some of what was heard late, and now and then about what was not."""
        for one in list(self.written):
            is_late = one.heard - one.time > timedelta(hours=4)
            if one.name in {"report-confirmed", "report-refused"} or one.topic == "escalation-responses":
                continue
            while self.happens("settled") if is_late else self.rng.random() < 0.003:
                what = self.rng.choice(("report-confirmed", "report-refused"))
                family = str(one.event["type"]).split(".")[1]
                speakers = self.setting.speakers(f"facilities.{family}.{what}", one.key)
                if not speakers:
                    break
                at = one.heard + self.minutes(-1 if is_late else 0, 20)
                self.name_another(what, one, at, self.rng.choice(speakers))

    def delivered(self) -> Iterator[Heard]:
        """Everything that is heard; some of it twice, with the same time of hearing."""
        for one in self.written:
            yield one
            while self.happens("duplicated"):
                yield one
