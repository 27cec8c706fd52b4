"""What else ladders climb about on an order: disputes, rejected work, contested breaches and orphans.

Source of the rules: docs/RULES.md, 2.11 to 2.13 and section 6.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.decision import Condition
from models.escalation import EscalationKind
from models.history import Taken
from workorders.disputes import Dispute, disputes
from workorders.history import Stage
from workorders.order_fold import FIRST_SPELL
from workorders.order_reckoning import ClockRun, Reckoned, due_at
from workorders.order_words import ORPHAN_REASON, contested_reason, dispute_reason, rejected_reason
from workorders.policy import Policy


@dataclass(slots=True)
class Reading:
    """An order by one stage of the settlement of late reports: without those that are unsettled, and as it is followed.

    ``kept`` works the latter out, so it is asked only where the order without them is in breach.
    """

    without: Reckoned | None
    kept: Callable[[], Reckoned | None]


def latest_dispute(reckoned: Reckoned) -> Dispute | None:
    """The latest stretch in which the provider's priority differed from ours, whether it goes on or not."""
    fold = reckoned.fold
    if not fold.views:
        return None
    ours = [(step.since, step.base) for step in reckoned.base]
    open_spans = [(spell.start, spell.ended) for spell in fold.spells]
    found = disputes(ours, fold.views, open_spans, [since for since, _ in fold.settled])
    return found[-1] if found else None


def dispute_condition(reckoned: Reckoned, dispute: Dispute) -> Condition:
    """The dispute as something that a ladder climbs about; its spell is always the first."""
    return Condition(
        EscalationKind.DISPUTE,
        "",
        FIRST_SPELL,
        dispute.since,
        dispute.until,
        "the dispute is over" if dispute.until is not None else "",
        reckoned.priorities_from(dispute.since),
        dispute_reason(reckoned.base[-1], dispute.ours, dispute.providers),
    )


def rejected_conditions(reckoned: Reckoned) -> list[Condition]:
    """One condition for each rejection, from it until the order ends again."""
    found = []
    for spell in reckoned.fold.spells[1:]:
        by = spell.opened_by
        found.append(
            Condition(
                EscalationKind.REJECTED_WORK,
                "",
                spell.id,
                spell.start,
                spell.ended,
                "the order was ended again" if spell.ended is not None else "",
                reckoned.priorities_from(spell.start),
                rejected_reason(reckoned.base[-1]),
                happened_at=by.event.time if by else None,
                heard_at=by.heard if by else None,
            )
        )
    return found


def contested_spans(
    stages: Sequence[Stage], readings: Sequence[Reading], now: datetime
) -> list[tuple[Reckoned, ClockRun, datetime, datetime | None, datetime]]:
    """The latest contested stretch of each clock and spell.

    ``readings`` gives the order by each stage. The result names the reading and the clock without the unsettled late
    reports, the stretch, and when the earliest of them was heard.
    """
    found: dict[tuple[str, str], tuple[Reckoned, ClockRun, datetime, datetime | None, datetime]] = {}
    for n, stage in enumerate(stages):
        without = readings[n].without
        if without is None or stage.heard is None or stage.since > now:
            continue
        settled = stages[n + 1].since if n + 1 < len(stages) else None
        if settled is not None and settled > now:
            settled = None
        last = now if settled is None else settled - timedelta.resolution
        standing = [run for run in without.runs if run.stands_at(last)]
        kept = readings[n].kept() if standing else None
        for run in standing:
            if run.breach is None or _stands(kept, run, last):
                continue
            onset = max(run.breach, stage.heard)
            key = (run.clock, run.spell.id)
            before = found.get(key)
            if before is not None and before[3] == stage.since:
                onset = before[2]
            if settled is None or onset < settled:
                found[key] = (without, run, onset, settled, stage.heard)
    return list(found.values())


def _stands(kept: Reckoned | None, like: ClockRun, at: datetime) -> bool:
    return kept is not None and any(
        run.clock == like.clock and run.spell.id == like.spell.id and run.stands_at(at) for run in kept.runs
    )


def contested_conditions(
    stages: Sequence[Stage],
    readings: Sequence[Reading],
    late: Sequence[Taken],
    now: datetime,
) -> list[Condition]:
    """A contested breach for each clock that only late reports, unconfirmed, keep from being one."""
    found = []
    for without, run, onset, until, heard in contested_spans(stages, readings, now):
        report = next((taken for taken in late if taken.heard == heard), None)
        due = due_at(run.forces, onset)
        found.append(
            Condition(
                EscalationKind.CONTESTED,
                run.clock,
                run.spell.id,
                onset,
                until,
                "the late report was settled" if until is not None else "",
                without.priorities_from(onset),
                contested_reason(without.base[-1], run.clock, due),
                due,
                ("contested",),
                report.event.time if report else None,
                heard,
            )
        )
    return found


def orphan_condition(raised: datetime | None, waiting: Sequence[datetime], policy: Policy) -> Condition | None:
    """The wait of events for an order that nobody has raised, where it is longer than the policy allows.

    ``raised`` is when the raised event was heard, ``waiting`` when the others were.
    """
    if not waiting:
        return None
    onset, end = min(waiting) + policy.spec.orphan_after, raised
    if end is not None and end <= onset:
        return None
    return Condition(
        EscalationKind.ORPHAN,
        "",
        FIRST_SPELL,
        onset,
        end,
        "the order was raised" if end is not None else "",
        ((onset, None),),
        ORPHAN_REASON,
    )
