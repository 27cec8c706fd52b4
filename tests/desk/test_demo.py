"""The demo, played once to its end in a process of its own; what it must show is read from its ledger."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from desk.demo.backlog import AT_APPROVED_PREMISES, backlog
from desk.demo.ending import tell_ending
from desk.demo.proof import Proof
from desk.demo.scenario import (
    ALARM,
    BEGINS,
    COURT_DOOR,
    LOCK,
    LOST_REPORT,
    PHONE,
    SILENT_NIGHT,
    WINDOW,
    WITHDRAWN_NIGHT,
)
from desk.demo.tally import Account
from desk.exits import Exit
from tests.desk.conftest import Workorders
from workorders.policy import default_estate

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@dataclass(frozen=True, slots=True)
class Played:
    """How the demo ended, what it printed, and the folder that it left."""

    code: int
    out: str
    err: str
    folder: Path

    def lines(self, *words: str) -> list[str]:
        """The lines that hold all the words."""
        return [line for line in self.out.splitlines() if all(word in line for word in words)]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demo at a quicker pace, in lines that are not wrapped."""
    folder = tmp_path_factory.mktemp("demo") / "played"
    script = (
        f"import sys; from desk.cli import main; sys.exit(main(['demo', '--dir', {str(folder)!r}, '--seconds', '8']))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WORKORDERS_")}
    environment |= {"PYTHONPATH": str(ROOT), "COLUMNS": "400", "XDG_DATA_HOME": str(folder)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603 - ours
    return Played(done.returncode, done.stdout, done.stderr, folder)


@pytest.fixture
def left(played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the ledger that the demo left, which the commands find by themselves."""
    copy = tmp_path / "left"
    shutil.copytree(played.folder, copy)
    monkeypatch.setenv("WORKORDERS_DATA_DIR", str(copy))
    return copy


def test_the_demo_ends_with_a_proof_that_holds(played: Played) -> None:
    assert (played.code, played.err) == (Exit.OK, "")
    assert len(played.lines("holds  ")) == 3
    assert played.lines("holds  ", "events sent = ", "1 duplicate + 2 rejected")
    assert played.lines("holds  ", "statements in the ledger = ", "on the topic")


def test_it_says_in_which_mode_it_ran_and_what_to_try_next(played: Played) -> None:
    assert played.lines("embedded broker", "SQLite ledger", "one process")
    for command in ("workorders board", f"workorders show {LOCK}", f"workorders explain {PHONE}", "workorders verify"):
        assert played.lines(f"  {command}")


def test_where_nobody_looks_it_is_plain_lines(played: Played) -> None:
    assert "\x1b" not in played.out
    assert played.lines("events in ", " recorded + ")


def test_the_same_is_told_to_machines(left: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tell_ending((), Proof(True, Account(1, 0, 0, 0, 1, 0), ()), 8.0, left, as_json=True)
    answer = json.loads(capfd.readouterr().out)
    assert (answer["time"], answer["proof"]["holds"]) == ("simulated", True)
    assert set(answer) == {"as_at", "time", "mode", "ledger", "took_s", "story", "board", "nights", "proof"}


def test_the_old_orders_are_found_and_totalled(played: Played, left: Path, workorders: Workorders) -> None:
    board = workorders("board", "--json").json["board"]
    figures = {line["premises"]: line["figures"] for ldu in board["ldus"] for line in ldu["premises"]}
    homes = [figures[f"ap-{name}"]["outstanding"] for name in ("bryn-awel", "plas-helyg", "ty-derwen", "cae-glas")]
    assert sum(homes) > 120
    assert played.lines(
        "old orders are found outstanding", f"{AT_APPROVED_PREMISES} of them at the 4 approved premises"
    )


def test_the_lock_is_p1_with_its_reason(played: Played) -> None:
    assert played.lines(f"{LOCK} is P1, business-critical: An entry or exit lock")


def test_the_breach_climbs_unanswered_from_the_account_manager_to_the_taskforce(
    left: Path, workorders: Workorders
) -> None:
    ladders = workorders("explain", LOCK, "--json").json["explanation"]["ladders"]
    attend = next(one for one in ladders if (one["kind"], one["clock"], one["spell"]) == ("breach", "attend", "first"))
    assert [(rung["rung"], rung["reached_at"]) for rung in attend["rungs"]] == [
        ("account-manager", "2026-01-14T04:10:00Z"),
        ("senior-account-manager", "2026-01-14T06:10:00Z"),
        ("national-taskforce", "2026-01-14T12:10:00Z"),
    ]


def test_the_agency_that_withdrew_is_seen_with_its_notice_and_what_the_contingency_cost(
    played: Played, left: Path, workorders: Workorders
) -> None:
    nights = workorders("nights", "--json").json["nights"]
    night = next(line for line in nights if line["subject"] == WITHDRAWN_NIGHT)
    withdrawn = next(cover for cover in night["covers"] if cover["status"] == "withdrawn")
    assert (withdrawn["ended_at"], withdrawn["notice_minutes"]) == ("2026-01-13T18:40:00Z", 80)
    assert (night["status"], night["cost_pence"]) == ("was-covered", 21_450)
    assert played.lines("puts division-13 in", "at £214.50")


def test_the_night_of_which_nobody_spoke_was_raised_all_the_same(left: Path, workorders: Workorders) -> None:
    nights = workorders("nights", "--json").json["nights"]
    night = next(line for line in nights if line["subject"] == SILENT_NIGHT)
    assert (night["status"], night["confirmed"], night["uncovered_minutes"]) == ("was-short", False, 720)
    lines = workorders("show", SILENT_NIGHT, "--json").json["subject"]["escalations"]
    assert {line["rung"] for line in lines} >= {"ap-manager", "agency", "division-duty", "national-taskforce"}
    assert all("not-confirmed" in line["labels"] for line in lines)


def test_an_order_counted_as_p1_while_the_night_was_short(left: Path, workorders: Workorders) -> None:
    found = workorders("explain", PHONE, "--json").json["explanation"]
    assert (found["base"], found["effective"]) == ("P2", "P2")
    [joined] = found["joined"]
    assert (joined["since"], joined["until"]) == ("2026-01-13T21:30:00Z", "2026-01-14T08:00:00Z")


def test_a_providers_downgrade_opens_a_dispute_which_it_may_not_settle_itself(played: Played) -> None:
    assert played.lines(LOCK, "the provider says P3, the public-protection view is P1")
    assert played.lines("fm-north is refused (source-not-permitted)")


def test_a_rejected_completion_reopens_with_the_first_clocks(left: Path, workorders: Workorders) -> None:
    subject = workorders("show", LOCK, "--json").json["subject"]
    assert (subject["state"]["status"], subject["state"]["spell"] == "first") == ("open", False)
    assert (
        next(clock["due"] for clock in subject["state"]["clocks"] if clock["name"] == "fix") == "2026-01-15T02:10:00Z"
    )


def test_a_completion_heard_late_withdraws_what_was_said(left: Path, workorders: Workorders) -> None:
    lines = workorders("show", WINDOW, "--json").json["subject"]["escalations"]
    breach = next(line for line in lines if (line["kind"], line["clock"]) == ("breach", "attend"))
    assert (breach["standing"], breach["last_statement"]) == (False, "withdrawn")


def test_a_completion_heard_far_too_late_leaves_the_breach_contested_until_the_client_side_confirms(
    left: Path, workorders: Workorders
) -> None:
    def contested() -> list[bool]:
        lines = workorders("show", ALARM, "--json").json["subject"]["escalations"]
        return [line["standing"] for line in lines if line["kind"] == "contested-breach"]

    assert any(contested())
    assert workorders("confirm-report", ALARM, LOST_REPORT).code == Exit.OK
    assert contested()
    assert not any(contested())


def test_a_malformed_event_is_refused_with_its_reason_and_a_duplicate_is_counted(played: Played) -> None:
    assert played.lines("fm-south is refused (unknown-field)", "data.engineer")
    assert played.lines("1 event came again, word for word")


def test_a_completion_that_overtakes_its_order_is_never_escalated(left: Path, workorders: Workorders) -> None:
    subject = workorders("show", COURT_DOOR, "--json").json["subject"]
    assert (subject["state"]["status"], subject["escalations"]) == ("completed", [])


def test_the_ledger_that_it_leaves_is_verified_and_every_page_shows_it(left: Path, workorders: Workorders) -> None:
    for command in (
        ["verify"],
        ["board"],
        ["nights"],
        ["escalations"],
        ["show", LOCK],
        ["explain", PHONE],
        ["cover-ledger"],
    ):
        assert workorders(*command).code == Exit.OK


def test_a_person_can_speak_to_the_ledger_that_it_leaves(left: Path, workorders: Workorders) -> None:
    gravest = workorders("escalations", "--limit", "1", "--json").json["escalations"][0]
    assert workorders("ack", gravest["id"][:8], "--commitment", "+2h").code == Exit.OK
    assert workorders("raise", "ap-cae-glas", "--asset", "cctv", "--fault", "total-loss").code == Exit.OK


def test_the_ledger_of_somebody_else_is_never_overwritten(tmp_path: Path, workorders: Workorders) -> None:
    (tmp_path / "mine").mkdir()
    mine = tmp_path / "mine" / "ledger.db"
    assert workorders("db", "upgrade", "--ledger", str(mine)).code == Exit.OK
    before = mine.read_bytes()
    ended = workorders("demo", "--dir", "mine")
    assert ended.code == Exit.BAD_INPUT
    assert "is no ledger of a demo, so it is left alone" in ended.err
    assert mine.read_bytes() == before


def test_the_register_of_old_orders_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    first, again, other = (backlog(default_estate(), BEGINS, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    raised = Counter(scene.premises for scene in first if scene.kind == "work-order.raised")
    assert sum(n for premises, n in raised.items() if premises.startswith("ap-")) == AT_APPROVED_PREMISES
    assert len([premises for premises in raised if not premises.startswith("ap-")]) > 10
    assert all(scene.time < BEGINS for scene in first)
