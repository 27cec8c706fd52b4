"""Statements: what must be said so that what was said agrees with what stands (docs/RULES.md, section 7)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from models.decision import Reached, Said, Statement
from models.escalation import StatementKind

GONE: Final = frozenset({StatementKind.WITHDRAWN, StatementKind.CLOSED})
_NOT_REACHED: Final = "By what is known now this was not reached"


def speak(
    reached: Sequence[Reached], said: Mapping[UUID, Said], now: datetime, because: Callable[[], str | None]
) -> tuple[Statement, ...]:
    """The statements that bring what was said into agreement with what is reached by what is known now.

    ``because`` names the newest event that was heard, for the reason of a withdrawal. Nothing is said twice: with the
    statements added to what was said, a second call says nothing.
    """
    if not reached and not said:
        return ()
    found: list[Statement] = []
    known: list[UUID] = []
    for one in sorted(reached, key=_stands_last):
        before = said.get(one.id)
        if before is not None:
            known.append(one.id)
        spoken = _about(one, before)
        if spoken is not None:
            reason = one.end_reason if spoken is StatementKind.CLOSED else one.reason
            found.append(Statement(before.n + 1 if before else 1, spoken, one, reason, now))
    if len(known) < len(said):
        found.extend(_about_the_rest(reached, said, known, now, because))
    return tuple(found)


def _about_the_rest(
    reached: Sequence[Reached],
    said: Mapping[UUID, Said],
    known: Collection[UUID],
    now: datetime,
    because: Callable[[], str | None],
) -> list[Statement]:
    """What must be said about those that were said and are not reached by what is known now."""
    rest = [before for id_, before in said.items() if before.statement not in GONE and id_ not in known]
    latest = {_rung(one): one for one in reached if one.repeat > 0} if rest else {}
    return [_gone(before, latest.get(_rung(before.reached)), now, because()) for before in rest]


def _stands_last(one: Reached) -> tuple[datetime, bool, int]:
    return one.due_at, one.ended_at is None, one.repeat


def _rung(one: Reached) -> tuple[str, str, str, str]:
    return one.kind, one.clock, one.spell, one.rung


def _about(one: Reached, before: Said | None) -> StatementKind | None:
    gone = before is None or before.statement in GONE
    if one.ended_at is not None:
        return None if gone else StatementKind.CLOSED
    if before is None:
        return StatementKind.RAISED
    if gone:
        return StatementKind.REINSTATED
    if one.acknowledged_until is not None and one.acknowledged_until != before.reached.acknowledged_until:
        return StatementKind.ACKNOWLEDGED
    return StatementKind.AMENDED if _material(one) != _material(before.reached) else None


def _material(one: Reached) -> tuple[object, ...]:
    return one.due_at, one.role, one.priority, one.labels, one.original_due_at, one.acknowledged_until, one.reason


def _gone(before: Said, later: Reached | None, now: datetime, because: str | None) -> Statement:
    was = before.reached
    if later is not None and later.repeat > was.repeat:
        ended = replace(was, ended_at=later.due_at, end_reason="said again since")
        return Statement(before.n + 1, StatementKind.CLOSED, ended, ended.end_reason, now)
    reason = f"{_NOT_REACHED}: {because}." if because else f"{_NOT_REACHED}."
    ended = replace(was, ended_at=now, end_reason=reason)
    return Statement(before.n + 1, StatementKind.WITHDRAWN, ended, reason, now)
