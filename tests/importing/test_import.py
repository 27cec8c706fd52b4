"""From the file to the verdicts, through a ledger; the same through the broker is in test_command.py."""

import asyncio
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.importing.verdicts import COLUMNS
from models.decision import Decision
from tests.importing.harness import OPEN, PLUMBING, SAMPLE, Imported, file_of, imported, row
from workorders import decide
from workorders.decide import Case
from workorders.policy import World

FIRST = PLUMBING["CASE_ENQUIRY_ID"]
DUE = "2015-05-11T10:00:00-04:00"


def codes(remarks: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(remark["row"], remark["reference"], remark["code"]) for remark in remarks]


def accounted(found: Imported) -> bool:
    report = found.report
    return report.rows == report.accepted + report.refused_rows == report.accepted + len(found.refused)


async def test_a_repair_before_its_promise_is_no_breach(tmp_path: Path) -> None:
    found = await imported(file_of([row()]), tmp_path, "honoured")
    assert tuple(found.verdicts[0]) == COLUMNS
    assert found.verdict() == {
        "reference": FIRST,
        "due_at": DUE,
        "ended_at": "2015-05-06T09:15:00-04:00",
        "breached": "false",
        "due_from": "promise",
    }


async def test_a_breach_is_an_end_after_the_due_time_however_the_order_ended(tmp_path: Path) -> None:
    ends = {"in-time": "05/11/2015 10:00:00 AM", "a-second-late": "05/11/2015 10:00:01 AM"}
    how = {"c": "Case Resolved", "a": "ADCLSD", "n": "NOACC", "d": "Duplicate of Existing Case", "i": "Case Invalid"}
    rows = [
        row(CASE_ENQUIRY_ID=f"{when}-{kind}", CLOSED_DT=ended, CLOSURE_CODE=code)
        for when, ended in ends.items()
        for kind, code in how.items()
    ]
    found = await imported(file_of(rows), tmp_path, "honoured")
    breached = {verdict["reference"]: verdict["breached"] for verdict in found.verdicts}
    assert breached == {f"{when}-{kind}": str(when != "in-time").lower() for when in ends for kind in how}


@pytest.mark.parametrize(
    ("as_of", "breached"),
    [(datetime(2015, 5, 11, 13, 59, 59, tzinfo=UTC), "false"), (datetime(2015, 5, 11, 14, tzinfo=UTC), "true")],
)
async def test_an_open_order_is_in_breach_from_its_due_time_on(tmp_path: Path, as_of: datetime, breached: str) -> None:
    found = await imported(file_of([row(**OPEN)]), tmp_path, "honoured", as_of)
    assert (found.verdict()["ended_at"], found.verdict()["breached"]) == ("", breached)


async def test_promises_ignored_the_calendar_says_when_it_is_due(tmp_path: Path) -> None:
    found = await imported(file_of([row(TARGET_DT="05/30/2015 01:00:00 PM")]), tmp_path, "ignored")
    assert (found.verdict()["due_at"], found.verdict()["due_from"]) == (DUE, "policy")


async def test_without_a_choice_the_policy_of_the_file_says_whose_promises_count(tmp_path: Path) -> None:
    rows = [row(TARGET_DT="05/30/2015 01:00:00 PM"), row(CASE_ENQUIRY_ID="none", TARGET_DT="")]
    found = await imported(file_of(rows), tmp_path)
    assert (found.verdict()["due_at"], found.verdict()["due_from"]) == ("2015-05-30T13:00:00-04:00", "promise")
    assert (found.verdict("none")["due_at"], found.verdict("none")["due_from"]) == (DUE, "policy")


async def test_targets_count_in_the_city_s_hours_less_its_holidays(tmp_path: Path) -> None:
    cases = [
        ("Unsafe Dangerous Conditions", "03/07/2015 10:00:00 AM", "2015-03-08T10:00:00-04:00"),
        ("Heat - Excessive  Insufficient", "02/20/2015 10:00:00 AM", "2015-03-22T10:00:00-04:00"),
        ("Electrical", "05/22/2015 04:59:59 PM", "2015-06-01T16:59:59-04:00"),
        ("Electrical", "05/22/2015 05:00:00 PM", "2015-06-02T08:30:00-04:00"),
        ("Major System Failure", "04/17/2015 09:00:00 AM", "2015-04-21T09:00:00-04:00"),
        ("Building Inspection Request", "07/02/2015 11:00:00 PM", "2015-07-08T08:30:00-04:00"),
    ]
    rows = [row(CASE_ENQUIRY_ID=f"{n}", TYPE=kind, OPEN_DT=raised, **OPEN) for n, (kind, raised, _) in enumerate(cases)]
    found = await imported(file_of(rows), tmp_path, "ignored")
    assert [verdict["due_at"] for verdict in found.verdicts] == [due for _, _, due in cases]


async def test_a_due_time_in_the_repeated_hour_is_flagged(tmp_path: Path) -> None:
    late = row(TYPE="Unsafe Dangerous Conditions", OPEN_DT="10/31/2015 01:30:00 AM", TARGET_DT="", **OPEN)
    found = await imported(file_of([late]), tmp_path, "ignored")
    assert found.verdict()["due_at"] == "2015-11-01T01:30:00-04:00"
    assert codes(found.flagged) == [("2", FIRST, "due-in-repeated-hour")]


async def test_every_row_is_accounted_for_by_its_number(tmp_path: Path) -> None:
    rows = [
        row(),
        row(CASE_ENQUIRY_ID="2", TYPE="Dead Animal"),
        row(CASE_ENQUIRY_ID="3", CLOSURE_CODE="XYZ"),
        row(),
        row(TYPE="Electrical"),
        row(CASE_ENQUIRY_ID="4", CLOSED_DT="05/01/2015 01:00:00 AM"),
        row(CASE_ENQUIRY_ID="5", OPEN_DT="never"),
    ]
    found = await imported(file_of(rows) + b"broken\n", tmp_path)
    assert codes(found.refused) == [
        ("3", "2", "not-in-mapping"),
        ("5", FIRST, "duplicate-row"),
        ("6", FIRST, "id-reused"),
        ("7", "4", "ended-before-raised"),
        ("8", "5", "no-time"),
        ("9", "", "wrong-number-of-cells"),
    ]
    assert [verdict["reference"] for verdict in found.verdicts] == [FIRST, "3"]
    assert codes(found.flagged) == [("4", "3", "by-otherwise")]
    assert (found.report.rows, found.report.accepted) == (8, 2)
    assert accounted(found)


@pytest.mark.parametrize("open_first", [True, False])
async def test_a_row_that_ends_an_order_of_another_row_counts_wherever_it_stands(
    tmp_path: Path, open_first: bool
) -> None:
    rows = [row(**OPEN), row()] if open_first else [row(), row(**OPEN)]
    found = await imported(file_of(rows), tmp_path)
    assert found.verdict()["ended_at"] == "2015-05-06T09:15:00-04:00"
    assert accounted(found)
    assert codes(found.flagged) == ([("3", FIRST, "later-news")] if open_first else [])
    assert codes(found.refused) == ([] if open_first else [("3", FIRST, "duplicate-row")])


async def test_of_two_rows_that_contradict_each_other_the_first_counts(tmp_path: Path) -> None:
    others = [row(TARGET_DT=""), row(neighborhood="Back Bay"), row(CLOSED_DT="05/07/2015 09:15:00 AM"), row()]
    found = await imported(file_of([row(), *others]), tmp_path)
    assert [remark["code"] for remark in found.refused] == ["id-reused", "id-reused", "id-reused", "duplicate-row"]
    assert found.verdict()["ended_at"] == "2015-05-06T09:15:00-04:00"


async def test_importing_the_same_file_again_says_nothing_new(tmp_path: Path) -> None:
    once = await imported(SAMPLE.read_bytes(), tmp_path)
    again = await imported(SAMPLE.read_bytes(), tmp_path)
    assert again.verdicts == once.verdicts
    assert (again.refused, again.report.accepted) == ([], once.report.accepted)


async def test_a_later_copy_of_the_file_adds_what_has_happened_since(tmp_path: Path) -> None:
    await imported(file_of([row(**OPEN)]), tmp_path)
    later = await imported(file_of([row()]), tmp_path)
    assert later.verdict()["ended_at"] == "2015-05-06T09:15:00-04:00"


async def test_what_an_earlier_import_recorded_is_not_overwritten(tmp_path: Path) -> None:
    await imported(file_of([row()]), tmp_path)
    later = await imported(file_of([row(CLOSED_DT="05/30/2015 09:15:00 AM"), row(CASE_ENQUIRY_ID="2")]), tmp_path)
    assert codes(later.refused) == [("2", FIRST, "id-reused")]
    assert [verdict["reference"] for verdict in later.verdicts] == ["2"]
    assert accounted(later)


async def test_a_promise_beyond_the_years_of_any_calendar_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    found = await imported(
        file_of([row(TARGET_DT="05/11/2190 10:00:00 AM"), row(CASE_ENQUIRY_ID="2")]), tmp_path, "honoured"
    )
    assert codes(found.refused) == [("2", FIRST, "malformed-time")]
    assert "2190" in found.refused[0]["sentence"]
    assert [verdict["reference"] for verdict in found.verdicts] == ["2"]
    assert accounted(found)


async def test_an_order_that_cannot_be_decided_is_refused_with_the_ledger_s_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = decide.decide

    def break_the_first(case: Case, world: World, now: datetime) -> Decision:
        if case.subject == FIRST:
            raise OverflowError("a fault of ours")
        return sound(case, world, now)

    monkeypatch.setattr(decide, "decide", break_the_first)
    found = await imported(file_of([row(), row(CASE_ENQUIRY_ID="2")]), tmp_path)
    assert codes(found.refused) == [("2", FIRST, "undecided")]
    assert "a fault of ours" in found.refused[0]["sentence"]
    assert [verdict["reference"] for verdict in found.verdicts] == ["2"]
    assert accounted(found)


async def test_the_sample_of_real_rows_agrees_with_its_own_labels(tmp_path: Path) -> None:
    found = await imported(SAMPLE.read_bytes(), tmp_path, "honoured")
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    assert found.report.rows == len(lines) - 1
    assert found.refused == []
    breached = {verdict["reference"]: verdict["breached"] for verdict in found.verdicts}
    cells = [line.split(",") for line in lines[1:]]
    labelled = {cell[0]: str(cell[4] == "OVERDUE").lower() for cell in cells if cell[2] and cell[4]}
    assert len(labelled) > 150
    assert {reference: breached[reference] for reference in labelled} == labelled


async def test_a_file_that_fails_half_way_leaves_no_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_verdicts(*_: object) -> None:
        raise OSError(28, "No space left on device", "verdicts.csv")

    monkeypatch.setattr("desk.importing.run.verdicts", no_verdicts)
    with pytest.raises(OSError, match="No space left"):
        await imported(file_of([row()]), tmp_path)
    assert await asyncio.to_thread(lambda: list(tmp_path.glob("verdicts*"))) == []


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
async def test_any_order_of_rows_gives_the_same_verdicts(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    header, *lines = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    lines = [*lines[:60], *lines[5:15]]
    verdicts = []
    for some in (lines, random.Random(seed).sample(lines, len(lines))):
        found = await imported("".join([header, *some]).encode(), tmp_path_factory.mktemp("order"))
        assert accounted(found)
        verdicts.append(sorted(tuple(verdict.values()) for verdict in found.verdicts))
    assert len(verdicts[0]) == 60
    assert verdicts[0] == verdicts[1]
