"""A policy file read as plain data: the table, the targets and the ladders, with nothing prepared."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.simulation.oracle.hours import Hours
from tests.simulation.oracle.instants import HOUR, duration, wall

PRIORITIES: Final = ("P1", "P2", "P3", "P4")
CLOCKS: Final = ("attend", "make-safe", "fix")


def strictness(priority: str) -> int:
    """A smaller number is stricter."""
    return PRIORITIES.index(priority)


def optional(text: str | None) -> int | None:
    """Seconds of a duration that may be left out."""
    return None if text is None else duration(text)


@dataclass(frozen=True)
class Rung:
    """One step of a ladder; lengths in seconds."""

    name: str
    role: str
    after: int
    ack_within: int | None
    ack_holds: int | None
    repeat: int | None


@dataclass(frozen=True)
class Facets:
    """What the table looks at."""

    premises_kind: str
    asset: str
    fault: str
    impacts: frozenset[str]
    alternative_available: bool
    out_of_hours: bool


def _rung(row: dict[str, Any]) -> Rung:
    return Rung(
        name=row["name"],
        role=row["role"],
        after=duration(row["after"]),
        ack_within=optional(row.get("ack_within")),
        ack_holds=optional(row.get("ack_holds")),
        repeat=optional(row.get("repeat")),
    )


def _asks(when: dict[str, Any], facets: Facets, season: str) -> bool:
    facts: dict[str, Any] = {
        "premises_kind": facets.premises_kind,
        "asset": facets.asset,
        "fault": facets.fault,
        "season": season,
        "alternative_available": facets.alternative_available,
        "out_of_hours": facets.out_of_hours,
    }
    for key, wanted in when.items():
        if key == "impacts_any":
            if not facets.impacts.intersection(wanted):
                return False
        elif isinstance(wanted, list):
            if facts[key] not in wanted:
                return False
        elif facts[key] is not wanted:
            return False
    return True


class Rulebook:
    """One version of the rules. ``version`` is what events and statements call it."""

    def __init__(self, data: dict[str, Any], version: str) -> None:
        self.data = data
        self.version = version
        self.zone = ZoneInfo(data["zone"])
        self.calendars = {name: Hours(spec) for name, spec in data["calendars"].items()}
        self.office = self.calendars[data["office_hours"]]
        self.fraction = float(data.get("warning_fraction", 0.75))
        self.orphan_after = duration(data.get("orphan_after", "4h"))
        self.default_hold = duration(data["answers"]["default_hold"])
        self.commitment_max = duration(data["answers"]["commitment_max"])
        self.renewals = int(data["answers"]["commitment_renewals"])
        self.nights = data["nights"]
        self._seasons: dict[int, str] = {}
        self._results: dict[tuple[Facets, str], str] = {}
        self._ladders = [
            (row["kind"], tuple(row.get("priorities", ())), tuple(_rung(rung) for rung in row["rungs"]))
            for row in data["ladders"]
        ]

    @staticmethod
    def load(path: Path, version: str) -> "Rulebook":
        """Read a policy file."""
        return Rulebook(tomllib.loads(path.read_text(encoding="utf-8")), version)

    def knows(self, asset: str, fault: str, impacts: frozenset[str]) -> bool:
        """Whether every code has a name in this version."""
        codes = self.data["codes"]
        return (
            asset in codes["assets"] and fault in codes["faults"] and all(code in codes["impacts"] for code in impacts)
        )

    def season(self, at: int) -> str:
        """The season by the local date; zones are whole hours from UTC here, so it changes only on whole hours."""
        hour = at // HOUR
        known = self._seasons.get(hour)
        if known is None:
            shown = wall(at, self.zone).strftime("%m-%d")
            rows = sorted((row["starts"], row["id"]) for row in self.data["seasons"])
            begun = [name for starts, name in rows if starts <= shown]
            known = self._seasons[hour] = begun[-1] if begun else rows[-1][1]
        return known

    def table(self, facets: Facets, at: int) -> str:
        """The strictest priority that any matching rule gives; the rule of last resort only where nothing else does."""
        season = self.season(at)
        known = self._results.get((facets, season))
        if known is None:
            found = [row for row in self.data["rules"] if _asks(row.get("when", {}), facets, season)]
            firm = [row["priority"] for row in found if not row.get("last_resort", False)]
            known = min(firm or [row["priority"] for row in found], key=strictness)
            self._results[facets, season] = known
        return known

    def target(self, priority: str, clock: str, asset: str, fault: str) -> dict[str, Any] | None:
        """What a clock allows: the first own target that fits, else that of the priority; None if it does not run."""
        wanted = {"assets": asset, "faults": fault, "priorities": priority}
        for row in self.data.get("own_targets", []):
            if row["clock"] == clock and all(value in row[key] for key, value in wanted.items() if row.get(key)):
                own: dict[str, Any] = row["target"]
                return own
        found: dict[str, Any] | None = self.data["targets"][priority].get(clock)
        return found

    def ladder(self, kind: str, priority: str | None) -> tuple[Rung, ...]:
        """The rungs for a kind and priority: a ladder that names the priority, else one that names none."""
        for named, priorities, rungs in self._ladders:
            if named == kind and priority in priorities:
                return rungs
        for named, priorities, rungs in self._ladders:
            if named == kind and not priorities:
                return rungs
        raise ValueError(f"no ladder for {kind} {priority}")

    def rung_names(self, kind: str) -> set[str]:
        """The names of all rungs of a kind, over all priorities."""
        return {rung.name for named, _, rungs in self._ladders if named == kind for rung in rungs}

    def rung_holds(self, kind: str, name: str) -> int:
        """How long an acknowledgement of a rung holds."""
        for named, _, rungs in self._ladders:
            for rung in rungs:
                if named == kind and rung.name == name and rung.ack_holds is not None:
                    return rung.ack_holds
        return self.default_hold

    def late_after(self, role: str) -> int | None:
        """How long after its time a report of a role may be heard; None if the role is never late."""
        return optional(self.data.get("late_after", {}).get(role))

    def honours(self, source: str) -> str:
        """Whether a source's promise is ``ignored``, counts ``alone``, or the ``earliest`` counts."""
        rows = {row["source"]: str(row["honour"]) for row in self.data.get("promises", [])}
        return rows.get(source, rows.get("*", "ignored"))

    def groups(self, asset: str) -> tuple[str, ...]:
        """The control groups that an asset belongs to."""
        return tuple(row["id"] for row in self.data.get("control_groups", []) if asset in row["assets"])

    def is_security(self, asset: str) -> bool:
        """Whether the asset is one of the security assets."""
        return asset in self.data.get("security_assets", [])


@dataclass(frozen=True)
class Rulebooks:
    """The versions of the policy, each with the instant from which it is in force."""

    entries: tuple[tuple[int, Rulebook], ...]

    def at(self, t: int) -> Rulebook:
        """The version in force; the earliest if the instant lies before all."""
        found = self.entries[0][1]
        for since, book in self.entries:
            if since <= t:
                found = book
        return found

    def named(self, version: str) -> Rulebook | None:
        """The version of that name."""
        return next((book for _, book in self.entries if book.version == version), None)
