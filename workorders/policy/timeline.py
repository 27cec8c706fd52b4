"""Which version of the policy and of the estate is in force at an instant."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from models.premises import Route
from workorders.policy.estate import Estate
from workorders.policy.rulebook import Policy


class _Versioned(Protocol):
    @property
    def version(self) -> str:
        """The hash of the content."""


VersionT = TypeVar("VersionT", bound=_Versioned)


class Timeline(Generic[VersionT]):
    """Versions with the instants from which they are in force, each until the next; immutable.

    ``ValueError`` if there is none, or if two begin at once or out of order.
    """

    __slots__ = ("_by_version", "_in_force", "_starts", "entries")

    def __init__(self, entries: Sequence[tuple[datetime, VersionT]]) -> None:
        self.entries = tuple(entries)
        self._starts = [start for start, _ in self.entries]
        if not self.entries:
            raise ValueError("a timeline needs at least one version")
        if any(later <= earlier for earlier, later in zip(self._starts, self._starts[1:], strict=False)):
            raise ValueError("each version of a timeline must begin after the one before it")
        # The earliest holds before its start too, so it is there twice.
        self._in_force = [version for _, version in (self.entries[0], *self.entries)]
        self._by_version = {version.version: version for _, version in self.entries}

    def at(self, at: datetime) -> VersionT:
        """The version in force at the instant; the earliest if the instant lies before all."""
        return self._in_force[bisect_right(self._starts, at)]

    def by_version(self, version: str) -> VersionT | None:
        """The version of that hash, or of the only hash that begins so (12 digits at least); None if there is none."""
        found = self._by_version.get(version)
        if found is not None or len(version) < 12:
            return found
        alike = [one for hashed, one in self._by_version.items() if hashed.startswith(version)]
        return alike[0] if len(alike) == 1 else None

    @property
    def versions(self) -> tuple[str, ...]:
        """The hashes, in the order in which they came into force; one that came back is named once."""
        return tuple(self._by_version)


class PolicyTimeline(Timeline[Policy]):
    """The policies, each in force from its instant until the next."""


class EstateTimeline(Timeline[Estate]):
    """The estates, each in force from its instant until the next."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a decision knows beside the events: the policies and the estates, each over time."""

    policies: PolicyTimeline
    estates: EstateTimeline

    def routes(self, role: str, unit: str, at: datetime) -> tuple[Route, ...]:
        """The routes by which the role is reached about the unit at the instant, hours of the day included."""
        calendars = self.policies.at(at).calendars
        return self.estates.at(at).routes(role, unit, at, lambda hours: calendars[hours].is_open(at))
