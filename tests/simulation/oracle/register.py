"""An estate file read as plain data: who speaks for whom, and which role can be reached where."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulation.oracle.instants import optional_instant


def _holds(row: dict[str, Any], at: int) -> bool:
    since, until = optional_instant(row.get("valid_from")), optional_instant(row.get("valid_until"))
    return (since is None or since <= at) and (until is None or at < until)


class Register:
    """One version of the estate."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.premises = {row["id"]: row for row in data["premises"]}
        self._region = {row["id"]: row["region"] for row in data["ldus"]}
        self._party = {row["id"]: row["party"] for row in data["roles"]}
        self._routes: dict[tuple[str, str, int], bool] = {}

    @staticmethod
    def load(path: Path) -> "Register":
        """Read an estate file."""
        return Register(tomllib.loads(path.read_text(encoding="utf-8")))

    def role_of(self, source: str, at: int) -> tuple[str, str] | None:
        """The role and the party with which a source was registered at an instant."""
        for row in self.data["sources"]:
            if row["id"] == source and _holds(row, at):
                return row["role"], self._party[row["role"]]
        return None

    def kind(self, premises: str) -> str:
        """What sort of site it is."""
        return str(self.premises[premises]["kind"])

    def watched_from(self, premises: str) -> int | None:
        """From when the nights at an AP must be covered; None if never."""
        return optional_instant(self.premises[premises].get("watched_from"))

    def has_route(self, role: str, unit: str, at: int) -> bool:
        """Whether any route of any scope that covers the unit reaches the role at the instant."""
        return any(self._reaches(row, role, unit, at) for row in self.data["routes"])

    def _reaches(self, row: dict[str, Any], role: str, unit: str, at: int) -> bool:
        return (
            row["role"] == role and _holds(row, at) and self._covers(row["scope"], row.get("of", "division"), unit, at)
        )

    def _covers(self, scope: str, of: str, unit: str, at: int) -> bool:
        if scope == "division":
            return True
        site = self.premises.get(unit)
        if site is None:
            return False
        region = self._region[site["ldu"]]
        if scope == "provider":
            rows = self.data["providers"]
            return any(row["id"] == of and row["region"] == region and _holds(row, at) for row in rows)
        return bool({"premises": site["id"], "ldu": site["ldu"], "region": region}[scope] == of)


@dataclass(frozen=True)
class Registers:
    """The versions of the estate, each with the instant from which it is in force."""

    entries: tuple[tuple[int, Register], ...]

    def at(self, t: int) -> Register:
        """The version in force; the earliest if the instant lies before all."""
        found = self.entries[0][1]
        for since, register in self.entries:
            if since <= t:
                found = register
        return found
