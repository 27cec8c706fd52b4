"""Who was there and who is expected in each stretch of a night's window, and how many people are missing in it.

Up to now it is what was; from now on what is expected by what is known now (the rules, section 4.4).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from models.history import Taken
from workorders.night_course import changes
from workorders.night_fold import Cover, NightFold
from workorders.night_plan import NightPlan


class Stretch(NamedTuple):
    """A stretch of the window, from (included) until (not included), in which the same people are counted on.

    ``there`` are those who count, ``missing`` the deficit, and ``ahead`` tells that it is expected and has not been.
    """

    starts: datetime
    until: datetime
    required: int
    there: int
    missing: int
    ahead: bool


def hours(kept: Sequence[Taken], plan: NightPlan, now: datetime) -> list[Stretch]:
    """The whole window in stretches, from its events in the order of history; neighbours that are alike are one."""
    fold = NightFold(plan)
    found = [*_been(kept, plan, now, fold)]
    return _joined([*found, *_ahead(fold, now)])


def _been(kept: Sequence[Taken], plan: NightPlan, now: datetime, fold: NightFold) -> Iterator[Stretch]:
    """What was in the window up to now, each as known then; the fold has taken all that was said by now."""
    taken = 0
    for at, until in changes(kept, plan, now):
        while taken < len(kept) and kept[taken].event.time <= at:
            fold.take(kept[taken].event)
            taken += 1
        if plan.starts <= at < plan.ends and at < until:
            yield _stretch(fold, fold.look(at).counted, (at, until), ahead=False)


def _ahead(fold: NightFold, now: datetime) -> Iterator[Stretch]:
    """What is expected from now on: who is made and has not ended counts from their start to their end."""
    plan = fold.plan
    begin = max(now, plan.starts)
    counted = fold.look(now).counted
    edges = {edge for cover in counted for edge in (cover.starts, cover.until) if begin < edge < plan.ends}
    moments = [begin, *sorted(edges), plan.ends] if begin < plan.ends else []
    for at, until in pairwise(moments):
        yield _stretch(fold, counted, (at, until), ahead=True)


def _stretch(fold: NightFold, counted: list[Cover], span: tuple[datetime, datetime], *, ahead: bool) -> Stretch:
    there = sum(cover.spans(span[0]) for cover in counted)
    return Stretch(*span, fold.required, there, fold.missing(counted, span[0]), ahead)


def _joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    found: list[Stretch] = []
    for one in stretches:
        if found and found[-1].until == one.starts and found[-1][2:] == one[2:]:
            found[-1] = found[-1]._replace(until=one.until)
        else:
            found.append(one)
    return found
