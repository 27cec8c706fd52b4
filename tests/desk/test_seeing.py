import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from desk.exits import Exit
from tests.desk.conftest import Workorders
from tests.desk.small_ledger import NOTE


def figures(answer: Any, premises: str) -> dict[str, Any]:  # noqa: ANN401
    lines = [line for ldu in answer["board"]["ldus"] for line in ldu["premises"]]
    return next(line["figures"] for line in lines if line["premises"] == premises)


def test_the_board_counts_what_is_outstanding_where_and_how_grave(ledger: Path, workorders: Workorders) -> None:
    answer = workorders("board", "--json").json
    assert (answer["as_at"], answer["time"]) == ("2026-01-14T06:00:00Z", "simulated")
    assert answer["board"]["total"]["outstanding"] == 2
    lock = figures(answer, "ap-bryn-awel")
    assert (lock["outstanding"], lock["by_priority"]["P1"], lock["breached"], lock["disputed"]) == (1, 1, 1, 1)
    assert len([line for ldu in answer["board"]["ldus"] for line in ldu["premises"]]) == 43


def test_the_board_says_unknown_where_a_source_is_silent_and_never_zero(ledger: Path, workorders: Workorders) -> None:
    answer = workorders("board", "--json").json
    court, lock = figures(answer, "court-aberwennol"), figures(answer, "ap-bryn-awel")
    assert (court["outstanding"], court["silent"]) == (None, ["agency-north", "fm-north"])
    assert lock["at_least"]
    page = workorders("board").out
    assert "2+ outstanding orders" in page
    assert "Unknown is not zero" in page


def test_a_night_that_nobody_has_spoken_of_is_not_confirmed(ledger: Path, workorders: Workorders) -> None:
    nights = {line["subject"]: line for line in workorders("nights", "--json").json["nights"]}
    silent, helped = nights["ap-cae-glas/2026-01-13"], nights["ap-ty-derwen/2026-01-13"]
    assert (silent["status"], silent["confirmed"], silent["uncovered_minutes"]) == ("not-confirmed", False, 600)
    assert (helped["confirmed"], helped["cost_pence"]) == (True, 20_000)
    page = workorders("nights").out
    assert "NOT CONFIRMED" in page
    assert "£200.00 contingency" in page
    assert "help-1 (contingency)" in page


def test_nights_can_be_asked_for_by_date(ledger: Path, workorders: Workorders) -> None:
    answer = workorders("nights", "--from", "2026-01-13", "--until", "2026-01-13", "--json").json
    assert {line["night"] for line in answer["nights"]} == {"2026-01-13"}
    assert workorders("nights", "--from", "2020-01-01", "--until", "2020-01-02").out.endswith("on these dates.\n")


def test_an_order_is_shown_with_its_clocks_its_ladder_and_all_that_was_heard_and_said(
    ledger: Path, workorders: Workorders
) -> None:
    subject = workorders("show", "WO-1", "--json").json["subject"]
    assert [clock["name"] for clock in subject["state"]["clocks"]] == ["attend", "make-safe", "fix"]
    assert [event["type"].rpartition(".")[2] for event in subject["events"]] == [
        "raised",
        "acknowledged",
        "prioritised",
    ]
    assert subject["events"][0]["note"] == NOTE
    assert {one["kind"] for one in subject["escalations"] if one["standing"]} >= {"breach", "dispute"}
    assert len(subject["statements"]) >= len(subject["escalations"])
    page = workorders("show", "WO-1").out
    for words in ("business-critical", "OVERDUE by", "Disputed since", "Provider's senior account manager", NOTE):
        assert words in page


def test_a_late_report_shows_when_it_happened_and_when_it_was_heard(ledger: Path, workorders: Workorders) -> None:
    events = workorders("show", "WO-3", "--json").json["subject"]["events"]
    report = next(event for event in events if event["type"].endswith("completed"))
    assert (report["time"], report["heard"]) == ("2026-01-13T16:30:00Z", "2026-01-13T23:30:00Z")
    assert "7 h later" in workorders("show", "WO-3").out


def test_a_night_is_shown_with_its_cover(ledger: Path, workorders: Workorders) -> None:
    answer = workorders("show", "ap-ty-derwen/2026-01-13", "--json").json["subject"]
    assert (answer["kind"], len(answer["state"]["covers"])) == ("night", 3)
    page = workorders("show", "ap-ty-derwen/2026-01-13").out
    assert "agency-1 (agency) withdrawn 19:00, 1 h before" in page


def test_what_does_not_exist_is_one_sentence_and_exit_code_5(ledger: Path, workorders: Workorders) -> None:
    for command in ("show", "explain"):
        ended = workorders(command, "WO-12")
        assert (ended.code, ended.out) == (Exit.NOT_FOUND, "")
        assert ended.err == "workorders: The ledger knows no order 'WO-12'. Did you mean WO-1?\n"
    assert workorders("show", "ap-cae-glas/2031-01-01").code == Exit.NOT_FOUND
    assert workorders("show", "WO-1", "--premises", "ap-cae-glas").code == Exit.NOT_FOUND


def test_an_explanation_names_every_fact_rule_and_rung(ledger: Path, workorders: Workorders) -> None:
    found = workorders("explain", "WO-1", "--json").json["explanation"]
    assert {fact["name"]: fact["value"] for fact in found["facts"]}["asset"] == "entry-lock"
    assert [rule["rule"] for rule in found["rules"]] == ["ap-entry"]
    assert (found["base"], found["effective"], len(found["policy_version"])) == ("P1", "P1", 64)
    attend = next(one for one in found["ladders"] if (one["kind"], one["clock"]) == ("breach", "attend"))
    assert [rung["rung"] for rung in attend["rungs"]] == [
        "account-manager",
        "senior-account-manager",
        "national-taskforce",
    ]
    assert [rung["reached_at"] for rung in attend["rungs"][:2]] == ["2026-01-13T17:00:00Z", "2026-01-13T19:00:00Z"]


def test_an_explanation_says_by_which_joined_risk_an_order_counts_as_p1(ledger: Path, workorders: Workorders) -> None:
    found = workorders("explain", "WO-2", "--json").json["explanation"]
    assert (found["base"], found["effective"]) == ("P2", "P1")
    assert [(one["since"], one["until"]) for one in found["joined"]] == [("2026-01-13T20:00:00Z", None)]
    assert "the night ap-plas-helyg/2026-01-13 is short-staffed" in " ".join(workorders("explain", "WO-2").out.split())


def test_an_explanation_says_which_priority_gives_each_due_time(ledger: Path, workorders: Workorders) -> None:
    found = workorders("explain", "WO-2", "--json").json["explanation"]
    by_clock = {one["clock"]: one for one in found["targets"]}
    # Raised at 15:00 as P2, which allows 4 h to attend; it counts as P1 from 20:00 on, too late for an earlier time.
    attend = by_clock["attend"]
    assert (attend["counts_as"], attend["counted_from"]) == ("P2", "2026-01-13T15:00:00Z")
    assert attend["due_at"] == "2026-01-13T19:00:00Z"
    # To make safe P2 allows a day from 15:00, P1 4 h from 20:00.
    safe = by_clock["make-safe"]
    assert (safe["counts_as"], safe["counted_from"], safe["due_at"]) == (
        *("P1", "2026-01-13T20:00:00Z", "2026-01-14T00:00:00Z"),
    )
    page = " ".join(workorders("explain", "WO-2").out.split())
    assert "ends before the P2 target counted from the start" in page
    assert "ends before" not in " ".join(workorders("explain", "WO-1").out.split())


def test_a_page_is_in_words_and_shows_nothing_of_the_machine(ledger: Path, workorders: Workorders) -> None:
    workorders("raise", "ap-cae-glas", "--asset", "cctv", "--fault", "total-loss", "--order", "WO-8", "--at", "-3h")
    workorders("cover", "contingency", "ap-cae-glas/2026-01-14", "c-1", "--cost", "214.5")
    workorders("cover", "report-missing", "ap-bryn-awel/2026-01-14", "--missing", "1", "--note", "one short")
    for subject in ("WO-1", "WO-8", "ap-cae-glas/2026-01-14", "ap-bryn-awel/2026-01-14"):
        page = workorders("show", subject).out
        assert not re.search(r"\b(False|True|None)\b|_pence|alternative_available|T\d\d:\d\d:\d\dZ|\b1 people", page)
    assert "cost £214.50" in " ".join(workorders("show", "ap-cae-glas/2026-01-14").out.split())


def test_what_ended_an_escalation_is_not_shown_at_the_time_at_which_it_was_due(
    ledger: Path, workorders: Workorders
) -> None:
    workorders("complete", "WO-1", "--at", "2026-01-14 05:00")
    lines = workorders("show", "WO-1").out.splitlines()
    said = {word: next(line for line in lines if f"  {word} breach of attend" in line) for word in ("raised", "closed")}
    assert len(re.findall(r"\d\d:\d\d", said["raised"][:40])) == 2
    assert len(re.findall(r"\d\d:\d\d", said["closed"][:40])) == 1


def test_the_board_counts_nights_that_are_known_to_be_short_within_a_week(ledger: Path, workorders: Workorders) -> None:
    def short() -> int:
        found: int = figures(workorders("board", "--json").json, "ap-cae-glas")["nights_short"]
        return found

    before = short()
    workorders("cover", "confirm", "ap-cae-glas/2026-02-20", "far-1")
    assert short() == before
    workorders("cover", "confirm", "ap-cae-glas/2026-01-17", "soon-1")
    assert short() == before + 1
    workorders("cover", "confirm", "ap-cae-glas/2026-01-17", "soon-2", "--supplier", "own")
    assert short() == before
    assert "in the next 7 days" in " ".join(workorders("board").out.split())


def test_a_night_is_explained_by_its_ladder(ledger: Path, workorders: Workorders) -> None:
    found = workorders("explain", "ap-cae-glas/2026-01-13", "--json").json["explanation"]
    assert "uncovered-night" in {ladder["kind"] for ladder in found["ladders"]}
    assert "nobody has confirmed any cover" in " ".join(workorders("explain", "ap-cae-glas/2026-01-13").out.split())


def test_an_orphan_is_explained_as_such(ledger: Path, workorders: Workorders) -> None:
    assert "it waits as an orphan" in workorders("explain", "WO-404").out


def test_standing_escalations_are_listed_the_gravest_first(ledger: Path, workorders: Workorders) -> None:
    lines = workorders("escalations", "--json").json["escalations"]
    assert all(line["standing"] for line in lines)
    critical = [line["business_critical"] for line in lines]
    assert critical == sorted(critical, reverse=True)
    everything = workorders("escalations", "--all", "--json").json["escalations"]
    assert len(everything) > len(lines)


@pytest.mark.parametrize("columns", ["80", "200"])
def test_pages_fit_the_terminal(
    columns: str, ledger: Path, workorders: Workorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for command in (["board"], ["nights"], ["escalations"], ["show", "WO-1"], ["explain", "WO-1"], ["disputes"]):
        assert max(map(len, workorders(*command).out.splitlines())) <= int(columns)


def test_orphans_and_disputes_are_listed(ledger: Path, workorders: Workorders) -> None:
    [orphan] = workorders("orphans", "--json").json["orphans"]
    assert (orphan["subject"], orphan["premises"], orphan["events"]) == ("WO-404", "ap-ty-derwen", 1)
    [dispute] = workorders("disputes", "--json").json["disputes"]
    assert (dispute["subject"], dispute["ours"], dispute["providers"]) == ("WO-1", "P1", "P3")
    assert "WO-404" in workorders("orphans").out
    assert "WO-1" in workorders("disputes").out


def test_the_cover_ledger_counts_nights_that_have_ended(ledger: Path, workorders: Workorders) -> None:
    assert workorders("cover-ledger", "--json").json["cover_ledger"] == []
    assert "No night has ended" in workorders("cover-ledger").out


def test_a_rejected_input_is_listed_and_shown_with_its_bytes(ledger: Path, workorders: Workorders) -> None:
    [line] = workorders("rejected", "list", "--json").json["rejected"]
    shown = workorders("rejected", "show", str(line["seq"]), "--json").json["rejected"]
    assert (shown["text"], shown["code"]) == ('{"not": "an event"}', line["code"])
    assert workorders("rejected", "show", str(line["seq"]), "--raw").out == '{"not": "an event"}'
    assert line["sentence"] in " ".join(workorders("rejected", "list").out.split())
    assert workorders("rejected", "show", "99").code == Exit.NOT_FOUND


def test_a_sound_ledger_is_verified_with_exit_code_0(ledger: Path, workorders: Workorders) -> None:
    ended = workorders("verify", "--json")
    verification = ended.json["verification"]
    assert (ended.code, verification["holds"], verification["findings"]) == (Exit.OK, True, [])
    assert verification["counts"]["events"] == 11
    assert "Everything fits." in workorders("verify").out


def test_a_ledger_that_was_tampered_with_is_found_out_with_exit_code_1(ledger: Path, workorders: Workorders) -> None:
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("UPDATE event SET body = replace(body, 'will-not-secure', 'unsightly')")
        connection.commit()
    ended = workorders("verify", "--json")
    assert (ended.code, ended.json["verification"]["holds"]) == (Exit.NO, False)
    assert workorders("verify").code == Exit.NO


def test_every_answer_says_when_it_holds_and_in_which_time(ledger: Path, workorders: Workorders) -> None:
    for command in (["board"], ["nights"], ["escalations"], ["orphans"], ["disputes"], ["cover-ledger"], ["verify"]):
        answer = workorders(*command, "--json").json
        assert list(answer)[:2] == ["as_at", "time"]
        assert len(answer) in {3, 6}
