"""How a history with late reports looked at each settlement: what is followed, and what stands without the late."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from models.decision import Ignored
from models.history import Taken
from workorders.history_corrections import Corrections, Effect, confirms
from workorders.history_order import ANSWERS_FROM, CORRECTIONS_FROM, RANKS, Identity, identity, one_raised

_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class LateReport:
    """A report, or a retraction, that was heard late; ``verdict`` None: the client side has not settled it."""

    taken: Taken
    verdict: Literal["confirmed", "refused"] | None
    settled_at: datetime | None


@dataclass(slots=True)
class Stage:
    """A subject's own events by the settlements that bear a time at or before ``since``.

    ``kept`` follows the late reports that are not refused. ``without`` leaves out those that are unsettled too, of
    which the earliest was heard at ``heard``; both are None where there are none.
    """

    since: datetime
    kept: list[Taken]
    without: list[Taken] | None
    heard: datetime | None


@dataclass(slots=True)
class Corrected:
    """A history with its corrections done; the last stage is the present one, and the only one if nothing was late."""

    answers: list[Taken]
    ignored: tuple[Ignored, ...]
    late: tuple[LateReport, ...]
    stages: tuple[Stage, ...]


def corrected(ordered: list[Taken], limit: Callable[[str], timedelta]) -> Corrected:
    """The history, given in order, with its corrections done."""
    corrections = Corrections(ordered, limit)
    effect = corrections.effect(_BEGINNING)
    stages = [_stage(ordered, corrections, effect, _BEGINNING)]
    for since in corrections.settlement_times():
        before, effect = effect, corrections.effect(since)
        if effect != before:
            stages.append(_stage(ordered, corrections, effect, since))
    out = effect.removed | effect.refused
    answers = [item for item in ordered if ANSWERS_FROM <= RANKS[type(item.event)] < CORRECTIONS_FROM]
    repeated = one_raised(_own(ordered, out))[1]
    return Corrected(
        [item for item in answers if identity(item.event) not in out],
        (*corrections.ignored(effect), *repeated),
        tuple(
            _report(item, effect.settled.get(who))
            for who, item in corrections.late.items()
            if who not in effect.removed
        ),
        tuple(stages),
    )


def _stage(ordered: list[Taken], corrections: Corrections, effect: Effect, since: datetime) -> Stage:
    kept = one_raised(_own(ordered, effect.removed | effect.refused))[0]
    unsettled = corrections.late.keys() - effect.settled.keys()
    heard = [corrections.late[who].heard for who in unsettled if who not in effect.removed]
    if not heard:
        return Stage(since, kept, None, None)
    left_out = unsettled | effect.refused
    without = _own(ordered, left_out | corrections.removed_without(left_out))
    return Stage(since, kept, one_raised(without)[0], min(heard))


def _own(ordered: list[Taken], out: Collection[Identity]) -> list[Taken]:
    """The subject's own events that are not out."""
    return [item for item in ordered if RANKS[type(item.event)] < ANSWERS_FROM and identity(item.event) not in out]


def _report(late: Taken, by: Taken | None) -> LateReport:
    if by is None:
        return LateReport(late, None, None)
    return LateReport(late, "confirmed" if confirms(by) else "refused", by.event.time)
