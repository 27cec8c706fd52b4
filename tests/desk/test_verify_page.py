"""``workorders verify``: what it prints of findings and of what is held, and how the anchor file is kept."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from desk.exits import Exit
from tests.desk.conftest import Workorders
from tests.streams.ledger.eventful import breaking


def _plant(ledger: Path, sql: str) -> None:
    with closing(sqlite3.connect(ledger)) as connection:
        assert connection.execute(sql).rowcount > 0
        connection.commit()


def test_what_is_held_is_listed_with_the_reason_and_an_exit_code_of_its_own(
    ledger: Path, workorders: Workorders
) -> None:
    with breaking(lambda case: case.subject == "WO-1"):
        workorders("accept", "WO-1", "--as", "fm-north")
    ended = workorders("verify", "--json")
    (held,) = ended.json["verification"]["held"]
    assert (ended.code, ended.json["verification"]["holds"]) == (Exit.HELD, True)
    assert (held["unit"], held["subject"], held["event_id"]) == ("ap-bryn-awel", "WO-1", None)
    page = workorders("verify").out
    assert "1 thing accepted, but held in quarantine and not decided" in page
    assert "ap-bryn-awel, WO-1, all about it, since 2026-01-" in page
    assert "ZeroDivisionError: a fault of ours" in page


def test_a_finding_names_table_row_and_what_is_wrong(ledger: Path, workorders: Workorders) -> None:
    _plant(ledger, "UPDATE work_order SET is_open = NOT is_open WHERE subject = 'WO-1'")
    ended = workorders("verify")
    assert ended.code == Exit.NO
    assert "· work_order, ap-bryn-awel WO-1: is_open: not what its events say" in ended.out


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("UPDATE policy_version SET document = '{'", "policy_version, "),
        ("UPDATE policy_version SET document = replace(document, 'P4', 'P3')", "policy_version, "),
        ("UPDATE estate_version SET document = replace(document, 'Bryn Awel', 'Bryn')", "estate_version, "),
        ("DELETE FROM meta", "meta, 1: "),
        ("INSERT INTO meta SELECT 2, ledger_id, time_kind, created_at FROM meta", "meta, 1: "),
        ("UPDATE meta SET created_at = 'long ago'", "meta, 1: its row cannot be read"),
    ],
)
def test_a_ledger_whose_rules_or_name_cannot_be_read_is_still_verified(
    ledger: Path, workorders: Workorders, sql: str, where: str
) -> None:
    _plant(ledger, sql)
    ended = workorders("verify")
    assert ended.code == Exit.NO
    assert f"· {where}" in ended.out


def test_an_anchor_is_written_compared_and_moved_on(ledger: Path, workorders: Workorders, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.json"
    assert "holds the ends of" in workorders("verify", "--anchor", str(anchor)).out
    first = json.loads(anchor.read_text())
    assert first["heads"]["ap-bryn-awel"][0] > 1
    workorders("accept", "WO-2", "--as", "fm-north")
    ended = workorders("verify", "--anchor", str(anchor), "--json")
    assert ended.code == Exit.OK
    assert "knew of is still there" in ended.json["verification"]["anchor"]
    second = json.loads(anchor.read_text())
    assert second["ledger_id"] == first["ledger_id"]
    assert second["heads"] != first["heads"]


def test_a_chain_that_was_cut_is_found_by_the_anchor_and_leaves_it_where_it_was(
    ledger: Path, workorders: Workorders, tmp_path: Path
) -> None:
    anchor = tmp_path / "anchor.json"
    workorders("verify", "--anchor", str(anchor))
    kept = json.loads(anchor.read_text())
    kept["heads"]["ap-bryn-awel"][0] += 1
    anchor.write_text(json.dumps(kept))
    ended = workorders("verify", "--anchor", str(anchor))
    assert ended.code == Exit.NO
    assert "the anchor has seen it, and it is gone: the chain was cut" in ended.out
    assert "stays as it was" in ended.out
    assert json.loads(anchor.read_text()) == kept


def test_a_file_that_is_no_anchor_is_refused_in_a_sentence(
    ledger: Path, workorders: Workorders, tmp_path: Path
) -> None:
    file = tmp_path / "note.txt"
    file.write_text('{"ledger_id": 3}')
    ended = workorders("verify", "--anchor", str(file))
    assert ended.code == Exit.BAD_INPUT
    assert "is no anchor of a ledger" in ended.err


def test_progress_is_shown_on_a_terminal_only(
    ledger: Path, workorders: Workorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert workorders("verify").err == ""
    monkeypatch.setenv("TERM", "xterm")  # on a dumb one nothing is drawn over
    monkeypatch.setattr("desk.seeing.verify.new_console", lambda **_: Console(stderr=True, force_terminal=True))
    assert "Links" in workorders("verify").err
