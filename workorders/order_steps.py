"""An order's priority over time: base from the table or a settlement, effective with joined risk.

Source of the rules: docs/RULES.md, 2.1 to 2.3 and 2.7.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from models.decision import Context, Exposed, Span
from models.outputs import RuleMatch
from models.premises import PremisesKind
from models.work_order import Priority
from workorders.clocks import REMEMBERED, Step
from workorders.joined import joined_windows, overlap
from workorders.order_fold import OrderFacts, OrderFold
from workorders.policy import Policy, PolicyTimeline
from workorders.priority import Facets


@dataclass(slots=True)
class BaseStep:
    """From ``since`` on: the facts, the policy that judges them, and the base priority with its reasons."""

    since: datetime
    kind: PremisesKind
    facts: OrderFacts
    policy: Policy
    season: str
    out_of_hours: bool
    base: Priority
    rules: tuple[RuleMatch, ...]
    settled: bool
    _in_words: tuple[tuple[str, str], ...] = ()

    @property
    def in_words(self) -> tuple[tuple[str, str], ...]:
        """What the priority was decided by; worked out once, for it is asked at each decision about the order."""
        if not self._in_words:
            self._in_words = (
                ("premises_kind", self.kind.value),
                ("asset", self.facts.asset),
                ("fault", self.facts.fault),
                ("impacts", ", ".join(sorted(self.facts.impacts))),
                ("alternative_available", "yes" if self.facts.alternative else "no"),
                ("out_of_hours", "yes" if self.out_of_hours else "no"),
                ("season", self.season),
                ("settled", "yes" if self.settled else "no"),
            )
        return self._in_words


def policies_of(fold: OrderFold, timeline: PolicyTimeline) -> list[tuple[datetime, Policy]]:
    """The policy that judges the order, from each instant on."""
    raised = fold.facts[0]
    first = timeline.at(raised.since)
    if _unknown(first, raised):
        first = timeline.at(raised.heard)
    found = [(raised.since, first)]
    changes: list[tuple[datetime, Policy]] = []
    for since, version in fold.versions:
        policy = timeline.by_version(version)
        if policy is not None:
            changes.append((since, policy))
    for facts in fold.facts[1:]:
        if _unknown(_at(found + changes, facts.since), facts):
            changes.append((facts.since, timeline.at(facts.heard)))
    return found + sorted(changes, key=lambda change: change[0])


def _unknown(policy: Policy, facts: OrderFacts) -> bool:
    return policy.knows(facts.asset, facts.fault, facts.impacts) is not None


def _at(changes: Sequence[tuple[datetime, Policy]], at: datetime) -> Policy:
    found = changes[0][1]
    for since, policy in sorted(changes, key=lambda change: change[0]):
        if since <= at:
            found = policy
    return found


def base_steps(
    fold: OrderFold, policies: Sequence[tuple[datetime, Policy]], kind: PremisesKind, until: datetime
) -> list[BaseStep]:
    """The base priority of a raised order over time: one step for each instant up to ``until`` that may change it."""
    first, ends = _opening(policies[0][1], kind, fold.facts[0])
    if ends > until and len(policies) == 1 and len(fold.facts) == 1 and not fold.settled:
        return [first]
    found, before = [], first
    for at in _changes(fold, policies, until):
        before = _base_step(fold, policies, before, kind, at)
        found.append(before)
    return found


# An order is decided several times in its life, and what its raising says of it never changes: it is remembered.
@lru_cache(maxsize=REMEMBERED)
def _opening(policy: Policy, kind: PremisesKind, facts: OrderFacts) -> tuple[BaseStep, datetime]:
    """What the raised order's priority is, until its season ends or something is said about it."""
    out_of_hours = not policy.is_office_hours(facts.since)
    base, rules = policy.classify(_facets(kind, facts, policy.season_at(facts.since), out_of_hours=out_of_hours))
    season = policy.season_at(facts.since)
    step = BaseStep(facts.since, kind, facts, policy, season, out_of_hours, base, rules, settled=False)
    return step, policy.next_season_change(facts.since)


def _facets(kind: PremisesKind, facts: OrderFacts, season: str, *, out_of_hours: bool) -> Facets:
    impacts = frozenset(facts.impacts)
    return Facets(kind, facts.asset, facts.fault, impacts, facts.alternative, out_of_hours, season)


def _base_step(
    fold: OrderFold, policies: Sequence[tuple[datetime, Policy]], before: BaseStep, kind: PremisesKind, at: datetime
) -> BaseStep:
    """The step from an instant on; what no version in question knows leaves the order judged as it was before."""
    facts = _facts_at(fold, at)
    policy = _at(policies, at)
    if _unknown(policy, facts):
        policy, facts = before.policy, facts if not _unknown(before.policy, facts) else before.facts
    season = policy.season_at(at)
    base, rules = policy.classify(_facets(kind, facts, season, out_of_hours=before.out_of_hours))
    settled = _settled_at(fold, at)
    fixed = settled is not None
    return BaseStep(at, kind, facts, policy, season, before.out_of_hours, settled or base, rules, settled=fixed)


def _changes(fold: OrderFold, policies: Sequence[tuple[datetime, Policy]], until: datetime) -> list[datetime]:
    start = fold.facts[0].since
    times = {start}
    times.update(facts.since for facts in fold.facts[1:] if facts.since <= until)
    times.update(since for since, _ in fold.settled if since <= until)
    times.update(since for since, _ in policies[1:] if since <= until)
    for n, (since, policy) in enumerate(policies):
        stop = policies[n + 1][0] if n + 1 < len(policies) else until
        at = policy.next_season_change(since)
        while at <= min(stop, until):
            times.add(at)
            at = policy.next_season_change(at)
    return sorted(times)


def _facts_at(fold: OrderFold, at: datetime) -> OrderFacts:
    found = fold.facts[0]
    for facts in fold.facts[1:]:
        if facts.since <= at:
            found = facts
    return found


def _settled_at(fold: OrderFold, at: datetime) -> Priority | None:
    found = None
    for since, priority in fold.settled:
        if since <= at:
            found = priority
    return found


def exposure_of(fold: OrderFold, steps: Sequence[BaseStep]) -> list[Exposed]:
    """The stretches in which the order was open with base P2 and its asset matters to joined risk."""
    found: list[Exposed] = []
    for n, step in enumerate(steps):
        if step.base is not Priority.P2:
            continue
        security, groups = step.policy.is_security(step.facts.asset), step.policy.groups_of(step.facts.asset)
        if not security and not groups:
            continue
        span: Span = (step.since, steps[n + 1].since if n + 1 < len(steps) else None)
        for spell in fold.spells:
            shared = overlap(span, (spell.start, spell.ended))
            if shared is not None:
                found.append((shared, security, groups))
    return found


def effective_steps(
    subject: str, steps: Sequence[BaseStep], exposure: Sequence[Exposed], context: Context, now: datetime
) -> list[Step]:
    """The effective priority over time up to now: P1 instead of P2 within the joined windows."""
    windows = joined_windows(subject, exposure, context) if exposure else []
    if not windows and len(steps) == 1:
        return [_effective(steps[0], steps[0].since, steps[0].base)]
    if not windows:
        return _without_repeats([_effective(step, step.since, step.base) for step in steps])
    times = {step.since for step in steps}
    times.update(edge for window in windows for edge in window if edge is not None and steps[0].since <= edge <= now)
    found = []
    for at in sorted(times):
        step = next(step for step in reversed(steps) if step.since <= at)
        joined = step.base is Priority.P2 and any(_covers(window, at) for window in windows)
        found.append(_effective(step, at, Priority.P1 if joined else step.base))
    return _without_repeats(found)


def _effective(step: BaseStep, since: datetime, priority: Priority) -> Step:
    return Step(since, priority, step.policy, step.facts.asset, step.facts.fault)


def _covers(span: Span, at: datetime) -> bool:
    return span[0] <= at and (span[1] is None or at < span[1])


def _without_repeats(steps: list[Step]) -> list[Step]:
    found = steps[:1]
    for step in steps[1:]:
        if step._replace(since=found[-1].since) != found[-1]:
            found.append(step)
    return found
