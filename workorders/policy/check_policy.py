"""Whether a policy holds together by itself: its codes, calendars, seasons, table, targets and ladders."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import pairwise, product

from models.escalation import ClockName
from models.policy import PolicySpec, Rule
from models.work_order import Priority
from workorders.policy.check_ladders import faults_of_ladders
from workorders.policy.check_table import faults_of_table
from workorders.priority import Table


def faults_of_policy(spec: PolicySpec) -> list[str]:
    """A sentence for each thing that is wrong, naming its key and the reason; none if the policy is sound."""
    checks: tuple[Callable[[PolicySpec], Iterable[str]], ...] = (
        _repeated_names,
        _asked_twice,
        _unknown_codes,
        _unknown_calendars,
        _seasons_at_once,
        _missing_targets,
        _idle_own_targets,
        _night_zone,
        lambda policy: faults_of_ladders(policy.ladders),
    )
    faults = [sentence for check in checks for sentence in check(spec)]
    # The table is compiled from codes and ids, so these must be right before its own faults mean anything.
    return faults or faults_of_table(Table(spec.rules, spec.codes, [season.id for season in spec.seasons]))


def repeated(names: Sequence[str]) -> list[str]:
    """The names that stand there more than once, each once."""
    return [name for name in dict.fromkeys(names) if list(names).count(name) > 1]


def _repeated_names(spec: PolicySpec) -> Iterator[str]:
    lists: dict[str, Sequence[str]] = {
        "rules": [rule.id for rule in spec.rules],
        "seasons": [season.id for season in spec.seasons],
        "control_groups": [group.id for group in spec.control_groups],
        "pauses": [rule.reason for rule in spec.pauses],
        "promises": [rule.source for rule in spec.promises],
        "security_assets": spec.security_assets,
    }
    for key, names in lists.items():
        yield from (f"{key}: {str(name)!r} is there twice" for name in repeated(names))


def _asked_twice(spec: PolicySpec) -> Iterator[str]:
    """Two rules with the same conditions and priority: one of them says nothing new, or was meant to ask otherwise."""
    first: dict[object, str] = {}
    for rule in spec.rules:
        asked = {
            key: value if isinstance(value, bool) else frozenset(value) for key, value in rule.when if value is not None
        }
        same = first.setdefault((rule.priority, rule.last_resort, frozenset(asked.items())), rule.id)
        if same != rule.id:
            yield f"rules {rule.id!r}: asks the same as {same!r} with the same priority"


def _unknown_codes(spec: PolicySpec) -> Iterator[str]:
    for rule in spec.rules:
        for key, asked, known, table in _asked(spec, rule):
            yield from _not_in(known, asked, f"rules {rule.id!r}, when.{key}", table)
    for group in spec.control_groups:
        yield from _not_in(spec.codes.assets, group.assets, f"control_groups {group.id!r}, assets", "codes.assets")
    yield from _not_in(spec.codes.assets, spec.security_assets, "security_assets", "codes.assets")
    for n, own in enumerate(spec.own_targets, 1):
        yield from _not_in(spec.codes.assets, own.assets, f"own_targets[{n}].assets", "codes.assets")
        yield from _not_in(spec.codes.faults, own.faults, f"own_targets[{n}].faults", "codes.faults")


def _asked(spec: PolicySpec, rule: Rule) -> Iterator[tuple[str, tuple[str, ...] | None, Collection[str], str]]:
    yield "asset", rule.when.asset, spec.codes.assets, "codes.assets"
    yield "fault", rule.when.fault, spec.codes.faults, "codes.faults"
    yield "impacts_any", rule.when.impacts_any, spec.codes.impacts, "codes.impacts"
    yield "season", rule.when.season, [season.id for season in spec.seasons], "seasons"


def _not_in(known: Collection[str], asked: Iterable[str] | None, key: str, table: str) -> Iterator[str]:
    return (f"{key}: {code!r} is not in {table}" for code in asked or () if code not in known)


def _unknown_calendars(spec: PolicySpec) -> Iterator[str]:
    named = [("office_hours", spec.office_hours)]
    named += [(f"own_targets[{n}].target.calendar", own.target.calendar) for n, own in enumerate(spec.own_targets, 1)]
    for priority, targets in spec.targets.items():
        named += [(f"targets.{priority}.{clock}.calendar", target.calendar) for clock, target in targets.items()]
    for key, calendar in named:
        yield from _not_in(spec.calendars, [calendar], key, "calendars")


def _seasons_at_once(spec: PolicySpec) -> Iterator[str]:
    for start in repeated([season.starts for season in spec.seasons]):
        yield f"seasons: two of them start on {start}, so one would never be"


def _missing_targets(spec: PolicySpec) -> Iterator[str]:
    for priority in Priority:
        if ClockName.FIX not in spec.targets.get(priority, {}):
            yield f"targets.{priority}: fix is missing; every priority needs it"
    for stricter, laxer in pairwise(Priority):
        for clock in spec.targets.get(laxer, {}):
            if clock is not ClockName.FIX and clock not in spec.targets.get(stricter, {}):
                yield f"targets.{stricter}: {clock} is missing although {laxer}, which is less urgent, has it"


def _idle_own_targets(spec: PolicySpec) -> Iterator[str]:
    """The first own target that fits is taken, so one for which an earlier one always fits is never used."""
    taken: set[tuple[ClockName, Priority, str, str]] = set()
    for n, own in enumerate(spec.own_targets, 1):
        facets = product(own.priorities or Priority, own.assets or spec.codes.assets, own.faults or spec.codes.faults)
        fits = {(own.clock, *combination) for combination in facets}
        if fits <= taken:
            yield f"own_targets[{n}]: is never used, for earlier ones go before it wherever it fits"
        taken |= fits


def _night_zone(spec: PolicySpec) -> Iterator[str]:
    if spec.nights.zone != spec.zone:
        yield f"nights.zone: is {spec.nights.zone}, but nights are reckoned in the policy's zone, {spec.zone}"
