"""A policy, compiled: every question that a decision asks is one look-up."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal
from zoneinfo import ZoneInfo

from models.escalation import ClockName, EscalationKind
from models.policy import Ladder, PauseRule, PolicySpec, Rung, Target
from models.work_order import PauseReason, Priority
from workorders.calendars import Calendar
from workorders.policy.check_policy import faults_of_policy
from workorders.policy.refusal import PolicyError
from workorders.policy.seasons import Seasons
from workorders.policy.version import version_of
from workorders.priority import STRICTNESS, Facets, Table, Verdict
from workorders.wall_clock import zone_named

ANY_SOURCE: Final = "*"

Honour = Literal["ignored", "alone", "earliest"]


class Policy:
    """One sound version of the rules, immutable; equal to another if their content is the same.

    ``PolicyError`` if the spec does not hold together; one that is ``in_force`` was judged when it was activated, and
    stricter checks of a later release come too late for it. ``version`` is the hash of its content (64 hex digits).
    """

    __slots__ = (
        "_groups",
        "_ladders",
        "_most_often",
        "_office_hours",
        "_own_targets",
        "_pauses",
        "_promises",
        "_rung_names",
        "_rungs",
        "_seasons",
        "_security",
        "_table",
        "_targets",
        "calendars",
        "spec",
        "version",
        "zone",
    )

    def __init__(self, spec: PolicySpec, *, in_force: bool = False) -> None:
        faults = [] if in_force else faults_of_policy(spec)
        if faults:
            raise PolicyError(faults)
        self.spec: Final = spec
        self.version: Final = version_of(spec)
        self.zone: Final[ZoneInfo] = zone_named(spec.zone)
        self.calendars: Final[Mapping[str, Calendar]] = MappingProxyType(
            {name: Calendar.compile(calendar) for name, calendar in spec.calendars.items()}
        )
        self._office_hours = self.calendars[spec.office_hours]
        self._seasons = Seasons(spec.seasons, self.zone)
        self._table = Table(spec.rules, spec.codes, [season.id for season in spec.seasons])
        self._targets = {
            (priority, clock): target for priority, targets in spec.targets.items() for clock, target in targets.items()
        }
        self._own_targets: dict[tuple[Priority, ClockName, str, str], Target | None] = {}
        self._pauses = {rule.reason: rule for rule in spec.pauses}
        self._promises: dict[str, Honour] = {rule.source: rule.honour for rule in spec.promises}
        self._security = frozenset(spec.security_assets)
        self._groups = {
            asset: tuple(group.id for group in spec.control_groups if asset in group.assets)
            for asset in spec.codes.assets
        }
        self._ladders = _ladders(spec.ladders)
        self._rung_names = {kind: _names(kind, spec.ladders) for kind in EscalationKind}
        laxest_first = reversed(_strictest_first(spec.ladders))
        self._rungs = {(ladder.kind, rung.name): rung for ladder in laxest_first for rung in ladder.rungs}
        self._most_often = _most_often(spec.ladders)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Policy) and self.version == other.version)

    def __hash__(self) -> int:
        return hash(self.version)

    def __repr__(self) -> str:
        return f"<Policy {self.spec.name!r} {self.version[:12]}>"

    def classify(self, facets: Facets) -> Verdict:
        """The base priority of an order with these facets, and every rule that led to it, the strictest first."""
        return self._table.classify(facets)

    @property
    def warning_fraction(self) -> float:
        """After which part of its working time a clock warns."""
        return self.spec.warning_fraction

    def season_at(self, at: datetime) -> str:
        """The id of the season that holds at the instant."""
        return self._seasons.at(at)

    def next_season_change(self, at: datetime) -> datetime:
        """The first local midnight after the instant at which a season begins."""
        return self._seasons.next_start(at)

    def is_office_hours(self, at: datetime) -> bool:
        """Whether the instant lies in office hours."""
        return self._office_hours.is_open(at)

    def ladder(self, kind: EscalationKind, priority: Priority | None) -> tuple[Rung, ...]:
        """The rungs of a kind for a priority, in order; the kinds that know no priority give it as None."""
        return self._ladders[kind, priority]

    def rung_names(self, kind: EscalationKind) -> tuple[str, ...]:
        """Every rung name of the kind over all priorities, the strictest ladder's first."""
        return self._rung_names[kind]

    def rung(self, kind: EscalationKind, name: str) -> Rung:
        """The rung of that name, from the strictest ladder that has it; role and ``ack_holds`` are the same in all."""
        return self._rungs[kind, name]

    def most_often(self, kind: EscalationKind, name: str) -> timedelta | None:
        """How often the rung of that name is said again where it is so most often; None if no ladder repeats it."""
        return self._most_often.get((kind, name))

    def target(self, priority: Priority, clock: ClockName, asset: str, fault: str) -> Target | None:
        """What the clock allows an order: the first own target that fits, else its priority's; None if it runs not."""
        if not self.spec.own_targets:
            return self._targets.get((priority, clock))
        key = priority, clock, asset, fault
        if key not in self._own_targets:
            fitting = (own.target for own in self.spec.own_targets if own.fits(priority, clock, asset, fault))
            self._own_targets[key] = next(fitting, self._targets.get((priority, clock)))
        return self._own_targets[key]

    def pause_rule(self, reason: PauseReason) -> PauseRule | None:
        """Who may pause for the reason and how long; None if nobody may."""
        return self._pauses.get(reason)

    def late_after(self, role: str) -> timedelta | None:
        """How long after its time a report of the role may be heard before it is late; None if it never is."""
        return self.spec.late_after.get(role)

    def promise_rule(self, source: str) -> Honour:
        """How a fix time that the source has promised counts."""
        return self._promises.get(source) or self._promises.get(ANY_SOURCE, "ignored")

    def groups_of(self, asset: str) -> tuple[str, ...]:
        """The control groups that the asset belongs to."""
        return self._groups.get(asset, ())

    def is_security(self, asset: str) -> bool:
        """Whether an open order on the asset is graver while a night is short-staffed."""
        return asset in self._security

    def knows(self, asset: str | None, fault: str | None, impacts: Collection[str] | None) -> tuple[str, str] | None:
        """None if this version knows the codes; else the field and the code that it does not. None is not asked."""
        codes = self.spec.codes
        if asset in codes.assets and fault in codes.faults and codes.impacts.keys() >= set(impacts or ()):
            return None
        if asset is not None and asset not in codes.assets:
            return "asset", asset
        if fault is not None and fault not in codes.faults:
            return "fault", fault
        unknown = [impact for impact in impacts or () if impact not in codes.impacts]
        return ("impacts", min(unknown)) if unknown else None


def _strictest_first(ladders: tuple[Ladder, ...]) -> list[Ladder]:
    """The ladders by their strictest priority; one for any priority comes last."""
    return sorted(ladders, key=lambda ladder: min((STRICTNESS[p] for p in ladder.priorities), default=len(STRICTNESS)))


def _ladders(ladders: tuple[Ladder, ...]) -> dict[tuple[EscalationKind, Priority | None], tuple[Rung, ...]]:
    """The rungs for each kind and priority; a ladder that names a priority goes before one for any."""
    found: dict[tuple[EscalationKind, Priority | None], tuple[Rung, ...]] = {}
    for ladder in reversed(_strictest_first(ladders)):
        if not ladder.priorities:
            found[ladder.kind, None] = ladder.rungs
        for priority in ladder.priorities or Priority:
            found[ladder.kind, priority] = ladder.rungs
    return found


def _names(kind: EscalationKind, ladders: tuple[Ladder, ...]) -> tuple[str, ...]:
    named = [rung.name for ladder in _strictest_first(ladders) if ladder.kind is kind for rung in ladder.rungs]
    return tuple(dict.fromkeys(named))


def _most_often(ladders: tuple[Ladder, ...]) -> dict[tuple[EscalationKind, str], timedelta]:
    """For each rung that some ladder of its kind repeats the shortest time between two repeats."""
    found: dict[tuple[EscalationKind, str], timedelta] = {}
    for ladder in ladders:
        for rung in ladder.rungs:
            if rung.repeat is not None:
                found[ladder.kind, rung.name] = min(rung.repeat, found.get((ladder.kind, rung.name), rung.repeat))
    return found
