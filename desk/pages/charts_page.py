"""Charts: the backlog by age over the last days, and how long repairs took before and after they were escalated.

Both look at every order of the last months, so what they found is kept for some minutes, one answer for all who see the
same, and renewed behind whoever comes then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from desk.api.place import Place
from desk.pages.charts import backlog, fixing
from desk.pages.charts.drawing import sample
from desk.pages.filters import AGE_WORDS, filters, units
from desk.pages.rendering import page
from desk.pages.sentences import place_names
from desk.pages.visitors import Visit
from desk.views.backlog_past import PastDay, read_past
from desk.views.board import AGES
from desk.views.fix_times import FixTimes, read_fix_times
from desk.words import _, spoken
from desk.words.dates import written
from streams.clock import monotonic

KEPT_S: Final = 300.0
"""For how long what was found is shown without looking again."""
KEPT_AT_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Figures:
    """What the charts are drawn from, as at an instant of the ledger."""

    at: datetime
    days: Sequence[PastDay]
    times: Sequence[FixTimes]


@dataclass(slots=True)
class Kept:
    """Figures by premises, each looked up by one at a time; what is old is shown once more while it is renewed."""

    figures: dict[frozenset[str] | None, tuple[float, Figures]] = field(default_factory=dict)
    looking: dict[frozenset[str] | None, asyncio.Task[Figures]] = field(default_factory=dict)

    async def of(self, wanted: frozenset[str] | None, look: Callable[[], Awaitable[Figures]]) -> Figures:
        """The figures of these premises."""
        found = self.figures.get(wanted)
        if found is not None and monotonic() - found[0] < KEPT_S:
            return found[1]
        task = self.looking.get(wanted)
        if task is None:
            task = self.looking[wanted] = asyncio.create_task(self._look(wanted, look))
        return found[1] if found is not None else await asyncio.shield(task)

    async def _look(self, wanted: frozenset[str] | None, look: Callable[[], Awaitable[Figures]]) -> Figures:
        try:
            figures = await look()
            if len(self.figures) >= KEPT_AT_MOST:
                self.figures.clear()
            self.figures[wanted] = monotonic(), figures
            return figures
        finally:
            del self.looking[wanted]


async def show_charts(visit: Visit) -> Response:
    """Both charts, each with its table, as far as whoever looks can see."""
    chosen, desk, place = filters(visit), visit.caller.desk, visit.caller.place
    kept: Kept = visit.request.app.state.charts
    found = await kept.of(units(visit, chosen), lambda: look_up(place, units(visit, chosen)))
    columns = [backlog.Column(_short(one.at), one.counts) for one in found.days]
    shown = [one for one in found.times if one.never or one.escalated]
    top = backlog.top_of(columns)
    return page(
        visit.request, "charts.html", HTTPStatus.OK,
        now=found.at, narrowed=place_names(desk).get(chosen.premises or chosen.ldu or "", ""),
        days=[(written(one.at, "EEE d MMM", spoken().language), one.counts) for one in reversed(found.days)],
        ages=[_(AGE_WORDS[age]) for age in AGES],
        drawn=backlog.draw_backlog(
            "backlog", _("Outstanding repairs by age"), _said(found.days), columns,
            [spoken().number(n) for n in (0, top // 2, top)],
        ),
        samples={name: [sample(name, n) for n in range(4)] for name in ("backlog", "fixing")},
        times=[(one, _length(one.never_took), _length(one.before), _length(one.after)) for one in shown],
        fixing=fixing.draw_fixing(
            "fixing", _("How long repairs took"), _said_of_times(shown), [_group(one) for one in shown]
        ) if shown else None,
    )  # fmt: skip


async def look_up(place: Place, within: frozenset[str] | None) -> Figures:
    """What the charts of these premises are drawn from, as at now."""
    now = place.clock.now()
    async with place.ledger.reading() as connection:
        return Figures(now, await read_past(connection, now, within), await read_fix_times(connection, now, within))


def _said(days: Sequence[PastDay]) -> str:
    first, last = sum(days[0].counts), sum(days[-1].counts)
    return _(
        "{before} were outstanding on {day}, and {now} are now, {old} of them for over 28 days.",
        before=spoken().number(first), day=spoken().day(days[0].at),
        now=spoken().number(last), old=spoken().number(days[-1].counts[-1]),
    )  # fmt: skip


def _said_of_times(times: Sequence[FixTimes]) -> str:
    parts = [
        _("{priority}: {before} until escalated, {after} from then on", priority=one.priority,
          before=_length(one.before), after=_length(one.after))
        for one in times if one.escalated
    ]  # fmt: skip
    return "; ".join(parts) + "." if parts else _("None of these repairs was escalated.")


def _group(one: FixTimes) -> fixing.Group:
    never = [fixing.Length(fixing.NEVER, one.never_took or timedelta(), _never(one))] if one.never else []
    escalated = [
        fixing.Length(fixing.BEFORE, one.before or timedelta(), _("{length} before", length=_length(one.before))),
        fixing.Length(fixing.AFTER, one.after or timedelta(), _("{length} after", length=_length(one.after))),
    ] if one.escalated else []  # fmt: skip
    return fixing.Group(one.priority, [line for line in (never, escalated) if line])


def _never(one: FixTimes) -> str:
    return _("not escalated: {length}", length=_length(one.never_took))


def _length(took: timedelta | None) -> str:
    return spoken().span(took) if took is not None else ""


def _short(at: datetime) -> str:
    return written(at, "d MMM", spoken().language)
