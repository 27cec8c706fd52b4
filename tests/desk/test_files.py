import io
import json
from pathlib import Path

import pytest

from desk.exits import Exit
from tests.desk.conftest import Workorders
from tests.desk.small_ledger import event

RAISED = {"asset": "cctv", "fault": "total-loss", "impacts": [], "alternative_available": False}


def line(order: str, **data: object) -> bytes:
    return event(
        "ap-managers", "work-order.raised", order, "ap-cae-glas", {**RAISED, **data}, "2026-01-14T05:00:00Z", order
    )


def test_every_line_of_a_file_is_recorded_or_refused_by_its_number(
    ledger: Path, workorders: Workorders, tmp_path: Path
) -> None:
    lines = [
        line("F-1"),
        b"",
        b"not json",
        line("F-2", colour="red"),
        line("F-1"),
        line("F-3", asset="unknown-thing"),
        line("F-4"),
    ]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    ended = workorders("send", "events.jsonl", "--json")
    sent = ended.json["sent"]
    assert ended.code == Exit.NO
    assert (sent["lines"], sent["recorded"], sent["duplicates"]) == (6, 2, 1)
    assert [(one["line"], one["code"], one["field"]) for one in sent["refused"]] == [
        (3, "not-json", "value"),
        (4, "unknown-field", "data.colour"),
        (6, "unknown-code", "data.asset"),
    ]
    assert workorders("show", "F-4").code == Exit.OK


def test_a_file_without_fault_ends_with_exit_code_0_and_again_all_are_duplicates(
    ledger: Path, workorders: Workorders, tmp_path: Path
) -> None:
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(line(f"F-{n}") for n in range(600)))
    first, again = (workorders("send", "events.jsonl", "--json") for _ in range(2))
    assert (first.code, again.code) == (Exit.OK, Exit.OK)
    assert (first.json["sent"]["recorded"], again.json["sent"]["duplicates"]) == (600, 600)
    assert workorders("send", "events.jsonl").out == "600 events sent: 0 recorded, 600 duplicates, 0 refused.\n"


def test_the_same_id_with_another_content_is_refused(ledger: Path, workorders: Workorders, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(line("F-1") + b"\n" + line("F-1", fault="missing"))
    [refused] = workorders("send", "events.jsonl", "--json").json["sent"]["refused"]
    assert (refused["line"], refused["code"]) == (2, "id-reused")


def test_what_was_refused_is_refused_again_with_its_reason_and_is_no_duplicate(
    ledger: Path, workorders: Workorders, tmp_path: Path
) -> None:
    (tmp_path / "first.jsonl").write_bytes(line("F-1"))
    (tmp_path / "other.jsonl").write_bytes(line("F-1", fault="missing"))
    assert workorders("send", "first.jsonl").code == Exit.OK
    first, again = (workorders("send", "other.jsonl", "--json") for _ in range(2))
    assert (first.code, again.code) == (Exit.NO, Exit.NO)
    assert (again.json["sent"]["recorded"], again.json["sent"]["duplicates"]) == (0, 0)
    [before], [now] = first.json["sent"]["refused"], again.json["sent"]["refused"]
    assert (now["code"], now["field"]) == (before["code"], before["field"]) == ("id-reused", "id")
    assert now["sentence"] == f"It was refused before, and nothing of it has changed: {before['sentence']}"
    [number] = [
        one["seq"] for one in workorders("rejected", "list", "--json").json["rejected"] if one["code"] == "id-reused"
    ]
    ended = workorders("rejected", "resubmit", str(number))
    assert ended.code == Exit.NO
    assert "Refused again (id-reused, id). It was refused before" in ended.err


def test_a_refused_line_says_what_may_have_been_meant(ledger: Path, workorders: Workorders, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(line("F-1", asset="cctvv"))
    [refused] = workorders("send", "events.jsonl", "--json").json["sent"]["refused"]
    assert refused["sentence"].endswith("Did you mean cctv?")


def test_many_refused_lines_are_named_and_the_rest_counted(
    ledger: Path, workorders: Workorders, tmp_path: Path
) -> None:
    (tmp_path / "events.jsonl").write_bytes(b"nonsense\n" * 30)
    page = workorders("send", "events.jsonl").out
    assert "line 20 " in page
    assert "line 21 " not in page
    assert "and 10 more: 10 not-json" in page


def test_events_are_read_from_stdin(ledger: Path, workorders: Workorders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line("F-1"))))
    assert workorders("send", "-", "--json").json["sent"]["recorded"] == 1


@pytest.mark.parametrize(("name", "sentence"), [("none.jsonl", "cannot be used: no such file"), (".", "is a folder")])
def test_a_file_that_cannot_be_read_is_one_sentence(
    name: str, sentence: str, ledger: Path, workorders: Workorders
) -> None:
    ended = workorders("send", name)
    assert (ended.code, ended.err.count("\n")) == (Exit.BAD_INPUT, 1)
    assert sentence in ended.err


def test_a_rejected_input_can_be_mended_and_submitted_again(
    ledger: Path, workorders: Workorders, tmp_path: Path
) -> None:
    (tmp_path / "mended.json").write_bytes(line("F-1"))
    again = workorders("rejected", "resubmit", "1", "mended.json", "--json").json["resubmitted"]
    assert again["fate"] == "recorded"
    [rejected] = workorders("rejected", "list", "--json").json["rejected"]
    assert rejected["resubmitted_as"] == again["receipt"]
    assert workorders("verify").code == Exit.OK


def test_a_rejected_input_submitted_as_it_came_is_refused_for_the_same_reason(
    ledger: Path, workorders: Workorders
) -> None:
    [rejected] = workorders("rejected", "list", "--json").json["rejected"]
    ended = workorders("rejected", "resubmit", "1", "--json")
    assert (ended.code, json.loads(ended.out)["resubmitted"]["code"]) == (Exit.NO, rejected["code"])
    assert workorders("rejected", "resubmit", "1").err.startswith("workorders: Refused again (")
