"""Whether a policy and an estate fit each other: roles and sources exist, and who must be reached can be."""

from collections.abc import Iterator

from models.escalation import EscalationKind
from models.ids import source_unit
from models.policy import Ladder
from models.work_order import Priority
from workorders.policy.check_ladders import NIGHT_KINDS, WITH_PRIORITY, name_of
from workorders.policy.estate import Estate
from workorders.policy.reach import Sleepers, first_gap
from workorders.policy.routes import Stretch
from workorders.policy.rulebook import ANY_SOURCE, Policy


def check(policy: Policy, estate: Estate) -> list[str]:
    """A sentence for each thing in which the two do not fit, naming its key and the reason; none if they do."""
    faults = [*_unknown_roles(policy, estate), *_unknown_sources(policy, estate), *_unknown_hours(policy, estate)]
    # Who can be reached is asked only of roles and hours that exist.
    return faults or [*_without_route(policy, estate), *_asleep(policy, estate)]


def _unknown_roles(policy: Policy, estate: Estate) -> Iterator[str]:
    named = [(f"late_after.{role}", role) for role in policy.spec.late_after]
    named += [(f"pauses '{rule.reason}', roles", role) for rule in policy.spec.pauses for role in rule.roles]
    for ladder in policy.spec.ladders:
        named += [(f"{name_of(ladder)}, rung {rung.name!r}, role", rung.role) for rung in ladder.rungs]
    return (f"{key}: the estate has no role {role!r}" for key, role in named if not estate.role_exists(role))


def _unknown_sources(policy: Policy, estate: Estate) -> Iterator[str]:
    known = {ANY_SOURCE, *(source.id for source in estate.spec.sources)}
    named = [rule.source for rule in policy.spec.promises]
    return (f"promises, source: the estate has no source {source!r}" for source in named if source not in known)


def _unknown_hours(policy: Policy, estate: Estate) -> Iterator[str]:
    for n, route in enumerate(estate.spec.routes, 1):
        if route.hours is not None and route.hours not in policy.calendars:
            yield f"routes[{n}] of {route.role!r}, hours: the policy has no calendar {route.hours!r}"


def _without_route(policy: Policy, estate: Estate) -> Iterator[str]:
    """Each rung's role has a route somewhere; the last rung's has one about all that the ladder may be about."""
    somewhere = {role for role, _ in estate.ways()}
    for ladder in policy.spec.ladders:
        for rung in ladder.rungs:
            if rung.role not in somewhere:
                yield f"{name_of(ladder)}, rung {rung.name!r}: role {rung.role!r} has no route anywhere"
        last = ladder.rungs[-1]
        units = _units(ladder, estate) if last.role in somewhere else ()
        gaps = ((unit, first_gap(estate.ways().get((last.role, unit), ()), span)) for unit, span in units)
        for unit, gap in (found for found in gaps if found[1] is not None):
            yield (
                f"{name_of(ladder)}, rung {last.name!r}: is the last, but role {last.role!r} has no route about "
                f"{unit!r} {gap}"
            )
            break


def _asleep(policy: Policy, estate: Estate) -> Iterator[str]:
    """The first rung of a P1 or night ladder wakes a person outside office hours, or the ladder says why not."""
    sleepers = Sleepers(policy)
    for ladder in policy.spec.ladders:
        if ladder.email_only or not _is_grave(ladder, policy):
            continue
        first = ladder.rungs[0]
        for unit, span in _units(ladder, estate):
            when = sleepers.asleep_at(estate.ways().get((first.role, unit), ()), span)
            if when is not None:
                yield (
                    f"{name_of(ladder)}, rung {first.name!r}: nothing wakes role {first.role!r} about {unit!r} outside "
                    f"office hours, {when}: give it a text or call route, or say email_only = true with a reason"
                )
                break


def _is_grave(ladder: Ladder, policy: Policy) -> bool:
    """Whether it is the ladder of a night, or of a P1 order."""
    if ladder.kind in WITH_PRIORITY:
        return policy.ladder(ladder.kind, Priority.P1) is ladder.rungs
    return ladder.kind in NIGHT_KINDS


def _units(ladder: Ladder, estate: Estate) -> list[tuple[str, Stretch]]:
    """The premises or sources that the ladder may be about, and when."""
    if ladder.kind is EscalationKind.SILENT_SOURCE:
        expected = [source for source in estate.spec.sources if source.expect_every is not None]
        return [(source_unit(source.id), (source.valid_from, source.valid_until)) for source in expected]
    if ladder.kind in NIGHT_KINDS:
        return [(site.id, (site.watched_from, site.valid_until)) for site in estate.watched_premises()]
    return [(site.id, (site.valid_from, site.valid_until)) for site in estate.spec.premises]
