from pathlib import Path
from typing import Any

import pytest

from desk.exits import BadValue, Exit
from desk.telling.nights import pence
from models.history import TOPIC_PREFIX
from models.schemas import INPUTS
from tests.desk.conftest import Ended, Workorders

NIGHT = "ap-cae-glas/2026-01-14"
FACTS = ("--asset", "cctv", "--fault", "total-loss", "--impact", "site-security")

EVERY_TYPE: dict[str, tuple[str, ...]] = {
    "work-order.raised": ("raise", "ap-cae-glas", *FACTS),
    "work-order.amended": ("amend", "WO-1", "--alternative", "--reference", "N-77"),
    "work-order.acknowledged": ("accept", "WO-1", "--reference", "N-77"),
    "work-order.scheduled": ("schedule", "WO-1", "+3h"),
    "work-order.attended": ("attend", "WO-1"),
    "work-order.made-safe": ("make-safe", "WO-1"),
    "work-order.temporarily-fixed": ("fix-for-now", "WO-1"),
    "work-order.completed": ("complete", "WO-1"),
    "work-order.completion-rejected": ("reject", "WO-3", "--defect", "it still beeps"),
    "work-order.closed": ("close", "WO-1", "administrative"),
    "work-order.cancelled": ("cancel", "WO-2", "duplicate", "--duplicate-of", "WO-1"),
    "work-order.paused": ("pause", "WO-1", "agreed-date", "--until", "+2d"),
    "work-order.resumed": ("resume", "WO-1"),
    "work-order.prioritised": ("prioritise", "WO-1", "p2"),
    "work-order.criticality-settled": ("settle", "WO-1", "P2"),
    "work-order.reassessed": ("reassess", "WO-1", "<policy>"),
    "work-order.retracted": ("retract", "WO-1", "event-5"),
    "work-order.report-confirmed": ("confirm-report", "WO-3", "event-11"),
    "work-order.report-refused": ("refuse-report", "WO-3", "event-11"),
    "shift-cover.requirement-changed": ("cover", "require", NIGHT, "3", "--own-staff", "2"),
    "shift-cover.confirmed": ("cover", "confirm", NIGHT, "agency-7"),
    "shift-cover.withdrawn": ("cover", "withdraw", NIGHT, "agency-7"),
    "shift-cover.refused": ("cover", "refuse", NIGHT, "agency-7", "not-vetted"),
    "shift-cover.not-attended": ("cover", "no-show", NIGHT, "agency-7"),
    "shift-cover.checked-in": ("cover", "check-in", NIGHT, "agency-7"),
    "shift-cover.left-early": ("cover", "left-early", NIGHT, "agency-7"),
    "shift-cover.missing-reported": ("cover", "report-missing", NIGHT, "--missing", "2"),
    "shift-cover.contingency-arranged": ("cover", "contingency", NIGHT, "help-7", "--cost", "214.50"),
    "shift-cover.stood-down": ("cover", "stand-down", NIGHT, "agency-7"),
    "shift-cover.retracted": ("retract", "ap-ty-derwen/2026-01-13", "event-9"),
    "shift-cover.report-confirmed": ("confirm-report", "ap-ty-derwen/2026-01-13", "event-9"),
    "shift-cover.report-refused": ("refuse-report", "ap-ty-derwen/2026-01-13", "event-9"),
    "escalation-response.acknowledged": ("ack", "<escalation>", "--commitment", "+2h", "--covers-subject"),
    "escalation-response.resolved": ("resolve", "<escalation>"),
    "escalation-response.declined": ("decline", "<escalation>", "--reason", "not our contract"),
}
"""For each event type the command that says it. Answers to answers have a test of their own."""


def say(workorders: Workorders, *command: str) -> Ended:
    """Give the command, with the placeholders filled from what the ledger says."""
    words = list(command)
    if "<escalation>" in words:
        lines = workorders("escalations", "--json").json["escalations"]
        chosen = next(line for line in lines if line["subject"] == "WO-1")
        words[words.index("<escalation>")] = chosen["id"][:13]
    if "<policy>" in words:
        words[words.index("<policy>")] = workorders("policy", "show", "--json").json["policy"]["version"]
    return workorders(*words)


@pytest.mark.parametrize("kind", EVERY_TYPE)
def test_a_person_can_say_every_event(kind: str, ledger: Path, workorders: Workorders) -> None:
    ended = say(workorders, *EVERY_TYPE[kind], "--json")
    assert ended.code == Exit.OK, ended.err
    told = ended.json["told"]
    assert (told["type"], told["fate"], told["source"]) == (f"facilities.{kind}", "recorded", "facilities-cli")
    assert ended.json["subject"]["subject"] == told["subject"]


def test_no_event_type_was_forgotten() -> None:
    families = tuple(TOPIC_PREFIX.values())
    answers_to_answers = {
        f"facilities.escalation-response.{verb}" for verb in ("retracted", "report-confirmed", "report-refused")
    }
    known = {kind for kind in INPUTS if kind.startswith(families)} - answers_to_answers
    assert {f"facilities.{kind}" for kind in EVERY_TYPE} == known


def test_an_answer_that_was_a_mistake_can_be_retracted(ledger: Path, workorders: Workorders) -> None:
    answer = say(workorders, "ack", "<escalation>", "--json").json["told"]
    told = workorders("retract", answer["subject"], answer["id"][:12], "--json").json["told"]
    assert (told["type"], told["fate"]) == ("facilities.escalation-response.retracted", "recorded")


def test_raising_shows_the_priority_with_its_reason_and_the_clocks(ledger: Path, workorders: Workorders) -> None:
    ended = workorders("raise", "ap-cae-glas", *FACTS, "--order", "WO-9", "--note", "Screens are dark.")
    assert ended.code == Exit.OK
    words = " ".join(ended.out.split())
    for part in (
        "Recorded: work-order.raised of WO-9",
        "P1 business-critical",
        "[ap-cctv]",
        "Wed 14 Jan 2026 08:00 GMT 2 h left",
    ):
        assert part in words


def test_a_new_order_gets_an_id_of_its_own(ledger: Path, workorders: Workorders) -> None:
    first, second = (workorders("raise", "ap-cae-glas", *FACTS, "--json").json["told"]["subject"] for _ in range(2))
    assert first.startswith("WO-")
    assert first != second


def test_what_was_said_is_in_the_ledger_for_the_next_command(ledger: Path, workorders: Workorders) -> None:
    workorders("raise", "ap-cae-glas", *FACTS, "--order", "WO-9")
    workorders("complete", "WO-9")
    state = workorders("show", "WO-9", "--json").json["subject"]["state"]
    assert state["status"] == "completed"
    assert workorders("verify").code == Exit.OK


def test_an_event_may_have_happened_earlier(ledger: Path, workorders: Workorders) -> None:
    told = workorders("attend", "WO-1", "--at", "2026-01-14 03:30", "--json").json["told"]
    assert (told["time"], told["heard"]) == ("2026-01-14T03:30:00Z", "2026-01-14T06:00:00Z")


def test_cover_is_for_the_whole_window_unless_a_stretch_is_given(ledger: Path, workorders: Workorders) -> None:
    whole = workorders("cover", "confirm", NIGHT, "a-1", "--json").json["subject"]["state"]["covers"][0]
    assert (whole["starts"], whole["until"]) == ("2026-01-14T20:00:00Z", "2026-01-15T08:00:00Z")
    part = workorders("cover", "confirm", NIGHT, "a-2", "--from", "2026-01-14 22:00", "--json").json["subject"]["state"]
    assert [cover["starts"] for cover in part["covers"]] == ["2026-01-14T20:00:00Z", "2026-01-14T22:00:00Z"]


def test_an_event_that_changes_nothing_says_so(ledger: Path, workorders: Workorders) -> None:
    ended = workorders("reject", "WO-1")
    assert ended.code == Exit.OK
    assert "It changes nothing: " in ended.out


def test_the_option_then_the_setting_says_who_speaks(
    ledger: Path, workorders: Workorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKORDERS_DESK_SOURCE", "ap-managers")
    assert workorders("attend", "WO-1", "--json").json["told"]["source"] == "ap-managers"
    assert workorders("attend", "WO-1", "--as", "division", "--json").json["told"]["source"] == "division"


REFUSED: list[tuple[tuple[str, ...], str]] = [
    (("raise", "ap-cae-glas", "--asset", "cctvv", "--fault", "total-loss"), "(unknown-code, data.asset)"),
    (("raise", "ap-nowhere", *FACTS), "(unknown-premises, data.premises)"),
    (("raise", "ap-cae-glas", *FACTS, "--as", "nobody"), "(unknown-source, source)"),
    (("raise", "ap-cae-glas", *FACTS, "--as", "fm-south"), "(source-not-permitted, type)"),
    (("attend", "WO-1", "--at", "+2h"), "(too-far-ahead, time)"),
    (("raise", "ap-cae-glas", *FACTS, "--order", "no spaces"), "(malformed-subject, subject)"),
    (("accept", "WO-1", "--reference", "N" * 61), "(reference-too-long, data.contractor_reference)"),
]


@pytest.mark.parametrize(("command", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_a_refusal_names_field_and_reason_in_one_sentence(
    command: tuple[str, ...], reason: str, ledger: Path, workorders: Workorders
) -> None:
    ended = workorders(*command)
    assert (ended.code, ended.out) == (Exit.NO, "")
    assert ended.err.startswith("workorders: Refused: ")
    assert reason in ended.err
    assert ended.err.count("\n") == 1


def test_a_refusal_is_complete_in_json(ledger: Path, workorders: Workorders) -> None:
    ended = workorders("raise", "ap-cae-glas", "--asset", "cctvv", "--fault", "total-loss", "--json")
    told: dict[str, Any] = ended.json["told"]
    assert (ended.code, told["fate"], told["code"], told["field"]) == (Exit.NO, "refused", "unknown-code", "data.asset")
    assert ended.json["subject"] is None


BAD: list[tuple[tuple[str, ...], Exit, str]] = [
    (("complete", "WO-999"), Exit.NOT_FOUND, "--premises"),
    (("ack", "ffffffff"), Exit.NOT_FOUND, "'workorders escalations' lists"),
    (("ack", "not-hex"), Exit.NOT_FOUND, "No escalation has an id that begins with 'not-hex'"),
    (("retract", "WO-1", "event-99"), Exit.NOT_FOUND, "'workorders show WO-1' lists them"),
    (("retract", "WO-1", "event"), Exit.NOT_FOUND, "write more of it"),
    (("attend", "WO-1", "--at", "teatime"), Exit.USAGE, "--at is 'teatime', which is no time"),
    (("schedule", "WO-1", "soon"), Exit.USAGE, "TIME is 'soon', which is no time"),
    (("cover", "withdraw", "ap-cae-glas", "a-1"), Exit.USAGE, "which is no night"),
    (("cover", "withdraw", "ap-cae-glas/14-01-2026", "a-1"), Exit.USAGE, "which is no date"),
    (("cover", "contingency", NIGHT, "h-1", "--cost", "a lot"), Exit.USAGE, "which is no amount in pounds"),
]


@pytest.mark.parametrize(("command", "code", "sentence"), BAD, ids=[" ".join(command) for command, _, _ in BAD])
def test_what_cannot_be_said_is_one_sentence(
    command: tuple[str, ...], code: Exit, sentence: str, ledger: Path, workorders: Workorders
) -> None:
    ended = workorders(*command)
    assert (ended.code, ended.out, ended.err.count("\n")) == (code, "", 1)
    assert sentence in ended.err


def test_an_order_of_two_premises_must_be_named_with_one(ledger: Path, workorders: Workorders) -> None:
    workorders("raise", "ap-cae-glas", *FACTS, "--order", "WO-1")
    ended = workorders("complete", "WO-1")
    assert ended.code == Exit.NOT_FOUND
    assert "(ap-bryn-awel, ap-cae-glas): name one with --premises" in ended.err
    assert workorders("complete", "WO-1", "--premises", "ap-cae-glas").code == Exit.OK
    assert workorders("show", "WO-1").code == Exit.NOT_FOUND
    assert workorders("show", "WO-1", "--premises", "ap-bryn-awel").code == Exit.OK


def test_a_completion_may_overtake_its_order_where_its_premises_is_named(ledger: Path, workorders: Workorders) -> None:
    assert "nobody has raised it" in workorders("complete", "WO-999", "--premises", "ap-cae-glas").out
    workorders("raise", "ap-cae-glas", *FACTS, "--order", "WO-999", "--at", "-1h")
    assert workorders("show", "WO-999", "--json").json["subject"]["state"]["status"] == "completed"


@pytest.mark.parametrize(
    ("written", "found"), [("214.50", 21_450), ("214.5", 21_450), ("£1,214", 121_400), ("0.05", 5)]
)
def test_pounds_are_taken_with_at_most_two_decimals(written: str, found: int) -> None:
    assert pence(written) == found


@pytest.mark.parametrize("written", ["214.505", "214.", ".5", "-1", "1e3", "1 2", "214,50", "1,21", ""])
def test_what_is_no_amount_in_pounds_is_refused(written: str) -> None:
    with pytest.raises(BadValue, match="no amount in pounds"):
        pence(written)


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        (("raise", "ap-cae-glass", *FACTS), "Did you mean ap-cae-glas?"),
        (("raise", "ap-cae-glas", "--asset", "cctv", "--fault", "total-los"), "Did you mean total-loss?"),
        (("raise", "ap-cae-glas", *FACTS, "--impact", "site-securty"), "Did you mean site-security?"),
        (
            ("raise", "ap-cae-glas", "--asset", "zzz", "--fault", "total-loss"),
            "'workorders policy show' lists the codes.",
        ),
        (("raise", "nowhere-at-all-xyz", *FACTS), "'workorders estate show' lists them."),
        (("attend", "WO-1", "--as", "fm-nort"), "Did you mean fm-north?"),
        (("attend", "WO-11"), "Did you mean WO-1?"),
        (("show", "ap-ty-derwn/2026-01-13"), "Did you mean ap-ty-derwen?"),
        (("show", "WO-1", "--premises", "ap-bryn-awl"), "Did you mean ap-bryn-awel?"),
        (("estate", "show", "bryn awel"), "Did you mean ap-bryn-awel?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_an_unknown_name_is_answered_with_the_nearest_known_one(
    command: tuple[str, ...], meant: str, ledger: Path, workorders: Workorders
) -> None:
    ended = workorders(*command)
    assert ended.code in {Exit.NO, Exit.NOT_FOUND}
    assert meant in ended.err
