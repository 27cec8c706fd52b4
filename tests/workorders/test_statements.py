"""What was said is brought into agreement with what stands, in numbered statements, and nothing is said twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from models.decision import Reached, Said, Statement
from models.escalation import EscalationKind, StatementKind
from models.ids import escalation_id
from models.work_order import Priority
from workorders.statements import speak

DUE = datetime(2026, 1, 13, 4, 10, tzinfo=UTC)
NOW = DUE + timedelta(minutes=1)


def reached(rung: str = "account", repeat: int = 0, **more: object) -> Reached:
    known: dict[str, object] = {
        "id": escalation_id("wo-1", "breach", "fix", rung, "first", repeat),
        "subject": "wo-1",
        "kind": EscalationKind.BREACH,
        "clock": "fix",
        "spell": "first",
        "rung": rung,
        "role": "account-manager",
        "repeat": repeat,
        "due_at": DUE,
        "ended_at": None,
        "end_reason": "",
        "original_due_at": DUE,
        "priority": Priority.P1,
        "business_critical": True,
        "labels": (),
        "reason": "late",
        "acknowledged_until": None,
        "happened_at": None,
        "heard_at": None,
        "policy_version": "v",
    }
    return Reached(**(known | more))  # type: ignore[arg-type]


def remember(statements: tuple[Statement, ...], said: dict[UUID, Said] | None = None) -> dict[UUID, Said]:
    return dict(said or {}) | {one.reached.id: Said(one.n, one.statement, one.reached) for one in statements}


def nobody() -> None:
    """No news to name."""


def kinds(statements: tuple[Statement, ...]) -> list[tuple[str, int]]:
    return [(one.statement, one.n) for one in statements]


def test_what_stands_and_was_never_said_is_raised_with_how_late_it_is() -> None:
    (one,) = speak([reached()], {}, NOW, nobody)
    assert (one.statement, one.n, one.late_seconds, one.reason) == (StatementKind.RAISED, 1, 60, "late")


def test_a_rung_that_ended_before_it_was_ever_said_is_not_said() -> None:
    assert speak([reached(ended_at=NOW)], {}, NOW, nobody) == ()


def test_what_has_ended_is_closed_with_its_reason() -> None:
    said = remember(speak([reached()], {}, NOW, nobody))
    (one,) = speak([reached(ended_at=NOW, end_reason="the target was met")], said, NOW, nobody)
    assert (one.statement, one.n, one.reason) == (StatementKind.CLOSED, 2, "the target was met")


def test_what_should_never_have_been_said_is_withdrawn_and_names_the_news() -> None:
    said = remember(speak([reached()], {}, NOW, nobody))
    (one,) = speak([], said, NOW, lambda: "a completion was heard late")
    assert (one.statement, one.n) == (StatementKind.WITHDRAWN, 2)
    assert one.reason == "By what is known now this was not reached: a completion was heard late."
    (bare,) = speak([], said, NOW, nobody)
    assert bare.reason == "By what is known now this was not reached."


def test_the_same_breach_due_again_is_the_same_escalation_reinstated() -> None:
    said = remember(speak([reached()], {}, NOW, nobody))
    said = remember(speak([], said, NOW, nobody), said)
    assert kinds(speak([reached()], said, NOW, nobody)) == [(StatementKind.REINSTATED, 3)]


def test_what_has_only_moved_is_amended() -> None:
    said = remember(speak([reached()], {}, NOW, nobody))
    moved = reached(due_at=DUE - timedelta(hours=1))
    assert kinds(speak([moved], said, NOW, nobody)) == [(StatementKind.AMENDED, 2)]


def test_an_acknowledgement_is_said_once() -> None:
    said = remember(speak([reached()], {}, NOW, nobody))
    taken_on = reached(acknowledged_until=NOW + timedelta(hours=3))
    said = remember(first := speak([taken_on], said, NOW, nobody), said)
    assert kinds(first) == [(StatementKind.ACKNOWLEDGED, 2)]
    assert speak([taken_on], said, NOW, nobody) == ()


def test_a_later_repeat_closes_its_predecessors() -> None:
    said = remember(speak([reached(repeat=3)], {}, NOW, nobody))
    later = speak([reached(repeat=5, due_at=NOW)], said, NOW, nobody)
    assert kinds(later) == [(StatementKind.RAISED, 1), (StatementKind.CLOSED, 2)]


def test_what_was_withdrawn_or_closed_is_not_withdrawn_again() -> None:
    said = remember(speak([reached()], {}, NOW, nobody))
    said = remember(speak([], said, NOW, nobody), said)
    assert speak([], said, NOW, nobody) == ()


@given(
    st.lists(
        st.dictionaries(
            st.tuples(st.sampled_from(["account", "senior"]), st.integers(0, 3)),
            st.tuples(st.booleans(), st.integers(0, 3), st.none() | st.integers(1, 3)),
        ),
        max_size=8,
    )
)
def test_numbers_run_without_gaps_and_a_second_look_says_nothing(
    worlds: list[dict[tuple[str, int], tuple[bool, int, int | None]]],
) -> None:
    said: dict[UUID, Said] = {}
    for world in worlds:
        now = [
            replace(
                reached(rung, repeat),
                ended_at=NOW if ended else None,
                due_at=DUE + timedelta(minutes=moved),
                acknowledged_until=None if held is None else NOW + timedelta(hours=held),
            )
            for (rung, repeat), (ended, moved, held) in world.items()
        ]
        new = speak(now, said, NOW, nobody)
        assert len({one.reached.id for one in new}) == len(new)
        assert all(one.n == (said[one.reached.id].n + 1 if one.reached.id in said else 1) for one in new)
        said = remember(new, said)
        assert speak(now, said, NOW, nobody) == ()
        gone = {StatementKind.WITHDRAWN, StatementKind.CLOSED}
        standing = {id_ for id_, one in said.items() if one.statement not in gone}
        assert standing == {one.id for one in now if one.ended_at is None}
