import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from desk.demo.naming import Names
from desk.demo.pacing import PacedClock
from desk.demo.posting import Posted
from desk.demo.proof import _every_record_is_somewhere, _said_is_sent, _sent_is_accounted_for
from desk.demo.spoken import Line, Spoken, in_order
from desk.demo.tally import Account
from desk.views.escalations import StatementLine
from models.ids import escalation_id
from workorders.policy import default_world

START = datetime(2026, 1, 13, 15, 0, tzinfo=UTC)


def said(statement: str, rung: str, role: str, **more: Any) -> StatementLine:  # noqa: ANN401 - fields of a statement
    """One statement about one order."""
    about: dict[str, Any] = {"subject": "WO-1", "kind": "breach", "clock": "attend", "repeat": 0}
    about |= {"due_at": START, "reason": "It was due.", **more}
    return StatementLine(
        escalation_id=escalation_id(about["subject"], about["kind"], about["clock"], rung, "first", about["repeat"]),
        n=1,
        premises="ap-cae-glas",
        statement=statement,
        rung=rung,
        role=role,
        priority="P1",
        acknowledged_until=None,
        late_seconds=0,
        **{"heard_at": None, "said_at": START, **about},
    )


def told(*batches: list[StatementLine]) -> list[list[str]]:
    """The lines that each batch is told in."""
    spoken = Spoken(Names(default_world(), START), START)
    spoken.start(frozenset({("ap-cae-glas", "WO-OLD")}))
    return [[line.text for line in spoken.tell(batch)] for batch in batches]


def test_what_bears_one_instant_is_told_from_cause_to_effect() -> None:
    spoken = Spoken(Names(default_world(), START), START)
    due, here = START - timedelta(minutes=10), {"said_at": START, "subject": "WO-7"}
    statements = [
        said("closed", "account-manager", "provider-account-manager", **here),
        said("raised", "caused", "estates-desk", kind="dispute", clock="", due_at=due, heard_at=START, **here),
        said("raised", "by-time", "provider-account-manager", due_at=due, **here),
    ]
    heard = [Line(START, "duplicate", "again"), Line(START, "heard", "they downgrade it"), Line(START, "decided", "P1")]
    lines = in_order([*spoken.tell(statements), *heard])
    assert [line.tone for line in lines] == ["raised", "heard", "decided", "duplicate", "raised", "closed"]
    assert [line.by_time for line in lines] == [True, *[False] * 5]
    assert in_order([Line(START + timedelta(seconds=1), "heard", "b"), Line(START, "closed", "a")])[0].text == "a"


async def test_the_paced_clock_stands_still_where_it_was_told_to_stop() -> None:
    clock = PacedClock(START, 3600)
    assert clock.now() == START
    stop = START + timedelta(minutes=5)
    clock.run_until(stop, pace=36_000)
    await asyncio.wait_for(clock.sleep_until(stop), 5)
    await asyncio.sleep(0.05)
    assert clock.now() == stop


async def test_a_wait_goes_on_while_time_stands_still() -> None:
    clock = PacedClock(START, 3600)
    await asyncio.wait_for(clock.sleep(36), 5)
    assert clock.now() == START


async def test_time_runs_at_the_pace_of_each_stretch_and_never_back() -> None:
    clock = PacedClock(START, 3600)
    seen = [clock.now()]
    for n in range(1, 4):
        clock.run_until(START + timedelta(hours=n), pace=360_000)
        await clock.sleep_until(START + timedelta(hours=n))
        seen.append(clock.now())
    assert seen == [START + timedelta(hours=n) for n in range(4)]


def test_one_rung_told_to_two_roles_is_one_line_and_the_next_says_how_long_it_has_lasted() -> None:
    first, second = told(
        [said("raised", "a", "ap-manager"), said("raised", "b", "agency-account-manager")],
        [said("raised", "c", "national-taskforce", due_at=START + timedelta(hours=8))],
    )
    assert first == ["AP manager and Agency's account manager: WO-1 at Cae Glas, attendance overdue. It was due."]
    assert second == ["National taskforce: WO-1 at Cae Glas, attendance overdue for 8 h"]


def test_ends_for_one_reason_are_one_line() -> None:
    [lines] = told([said("closed", "a", "ap-manager", clock=clock) for clock in ("attend", "fix")])
    assert lines == ["WO-1 at Cae Glas, attendance and repair overdue: it was due (told to AP manager)"]


def test_a_warning_that_is_over_and_a_repeat_that_was_replaced_go_without_saying() -> None:
    [lines] = told(
        [
            said("closed", "a", "ap-manager", kind="warning"),
            said("closed", "t", "national-taskforce", repeat=1),
            said("raised", "t", "national-taskforce", repeat=2),
        ]
    )
    assert len(lines) == 1
    assert "National taskforce (repeat 2)" in lines[0]


def test_old_orders_are_told_in_sums_every_few_hours() -> None:
    spoken = Spoken(Names(default_world(), START), START)
    spoken.start(frozenset({("ap-cae-glas", "WO-OLD")}))
    assert list(spoken.tell([said("raised", "a", "ap-manager", subject="WO-OLD")] * 2)) == []
    assert list(spoken.sum_up(START + timedelta(hours=1))) == []
    [line] = spoken.sum_up(START + timedelta(hours=4))
    assert line.text == "2 statements about 1 old order, to AP manager"
    assert list(spoken.sum_up(START + timedelta(hours=8))) == []


def test_the_proof_fails_if_an_event_is_missing_or_counted_twice() -> None:
    account = Account(recorded=9, duplicates=3, rejected=1, copies=2, consumed=10, from_inbox=3)
    assert _sent_is_accounted_for(Posted(submitted=6, produced=5), account).holds
    assert not _sent_is_accounted_for(Posted(submitted=6, produced=6), account).holds
    assert _every_record_is_somewhere(account).holds
    assert not _every_record_is_somewhere(replace(account, consumed=11)).holds


def test_the_proof_fails_if_the_topic_lacks_a_statement_or_has_one_of_nobodys() -> None:
    one, other = (escalation_id("WO-1", "breach", "attend", rung, "first", 0) for rung in ("a", "b"))
    assert _said_is_sent({one, other}, [one, other, other]).holds
    assert "1 sent more than once" in _said_is_sent({one, other}, [one, other, other]).sentence
    assert not _said_is_sent({one, other}, [one]).holds
    assert not _said_is_sent({one}, [one, other]).holds
