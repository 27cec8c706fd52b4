"""How a history with late reports looked at each settlement: what is followed, and what stands without the late."""

from collections.abc import Callable, Collection, Mapping
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
    """A report, or a retraction, that was heard late, and what settled it; None: the client side has not."""

    taken: Taken
    settled_by: Taken | None

    @property
    def verdict(self) -> Literal["confirmed", "refused"] | None:
        """What the client side said of it; a rejection of the work refuses a completion."""
        if self.settled_by is None:
            return None
        return "confirmed" if confirms(self.settled_by) else "refused"

    @property
    def settled_at(self) -> datetime | None:
        """The time that the settlement bears."""
        return None if self.settled_by is None else self.settled_by.event.time


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
    own: dict[Identity, Taken] = {}
    answers: dict[Identity, Taken] = {}
    for item in ordered:
        rank = RANKS[type(item.event)]
        if rank < CORRECTIONS_FROM:
            (own if rank < ANSWERS_FROM else answers)[identity(item.event)] = item
    effect = corrections.effect(_BEGINNING)
    stages = [_stage(own, corrections, effect, _BEGINNING)]
    for since in corrections.settlement_times():
        before, effect = effect, corrections.effect(since)
        if effect != before:
            stages.append(_stage(own, corrections, effect, since))
    out = effect.removed | effect.refused
    repeated = one_raised(_left(own, out))[1]
    return Corrected(
        _left(answers, out),
        (*corrections.ignored(effect), *repeated),
        tuple(
            LateReport(item, effect.settled.get(who))
            for who, item in corrections.late.items()
            if who not in effect.removed
        ),
        tuple(stages),
    )


def _stage(own: Mapping[Identity, Taken], corrections: Corrections, effect: Effect, since: datetime) -> Stage:
    kept = one_raised(_left(own, effect.removed | effect.refused))[0]
    unsettled = corrections.late.keys() - effect.settled.keys()
    heard = [corrections.late[who].heard for who in unsettled if who not in effect.removed]
    if not heard:
        return Stage(since, kept, None, None)
    left_out = unsettled | effect.refused
    without = _left(own, left_out | corrections.removed_without(left_out))
    return Stage(since, kept, one_raised(without)[0], min(heard))


def _left(events: Mapping[Identity, Taken], out: Collection[Identity]) -> list[Taken]:
    """The events that are not out, in their order."""
    return [item for who, item in events.items() if who not in out]
