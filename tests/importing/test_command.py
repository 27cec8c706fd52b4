"""The command itself, through the embedded broker and the intake."""

import asyncio
import csv
import importlib.resources
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desk.cli import main
from streams.ledger.ledger import Ledger
from tests.importing.harness import BOSTON, PLUMBING, SAMPLE, file_of, imported, row

WHOLE = BOSTON.parents[2] / "shared/data/boston311/2015-h1.csv"
SNAPSHOT = "2016-01-12 22:54"


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKORDERS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("WORKORDERS_LEDGER", raising=False)


def told(file: Path, out: Path, **options: str) -> list[str]:
    named = {name: str(BOSTON / f"{name}.toml") for name in ("mapping", "policy", "estate")}
    given = {**named, "as-of": SNAPSHOT, "verdicts": str(out), **options}
    return ["import", str(file), *(f"--{name}={value}" for name, value in given.items())]


def verdicts(out: Path) -> list[dict[str, str]]:
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_broker_s_way_gives_the_same_verdicts_as_the_ledger_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert main(told(SAMPLE, out, promises="ignored")) == 0
    alone = asyncio.run(imported(SAMPLE.read_bytes(), tmp_path, "ignored"))
    assert verdicts(out) == alone.verdicts


def test_the_page_accounts_for_every_row_and_says_where_everything_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "requests.csv", tmp_path / "out.csv"
    file.write_bytes(file_of([row(), row(CASE_ENQUIRY_ID="2", TYPE="Dead [Animal]")]))
    assert main(told(file, out)) == 1
    printed = capsys.readouterr().out
    page = " ".join(printed.split())
    assert "requests.csv as at Tue 12 Jan 2016 22:54 EST" in page
    assert "TYPE is 'Dead [Animal]', which kinds of the mapping does not name." in page
    assert "events/s" in page
    assert out.with_suffix(".refused.csv").exists()
    assert "imports/requests.db" in printed.replace("\n", "")


def test_in_json_the_same_is_said_to_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*told(SAMPLE, tmp_path / "out.csv", promises="honoured"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["rows"], said["accepted"], said["verdicts"]) == (199, 199, 199)
    assert said["as_of"] == "2016-01-13T03:54:00Z"


def test_each_import_has_a_ledger_of_its_own_unless_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "requests.csv"
    file.write_bytes(file_of([row()]))
    for promises in ("honoured", "ignored"):
        assert main(told(file, tmp_path / "out.csv", promises=promises)) == 0
    assert sorted(path.name for path in (tmp_path / "data/imports").glob("*.db")) == ["requests-2.db", "requests.db"]


def test_an_import_tells_nobody_and_its_ledger_is_marked_as_simulated(tmp_path: Path) -> None:
    file, ledger = tmp_path / "requests.csv", tmp_path / "one.db"
    file.write_bytes(file_of([row(CLOSED_DT="", CASE_STATUS="Open", CLOSURE_CODE="")]))
    assert main(told(file, tmp_path / "out.csv", ledger=str(ledger))) == 0

    async def unsent() -> int:
        opened = await Ledger.open(f"sqlite:///{ledger}", time_kind="simulated", now=datetime(2016, 1, 13, tzinfo=UTC))
        try:
            return len(await opened.unsent(100))
        finally:
            await opened.close()

    assert asyncio.run(unsent()) > 0


def test_what_the_ledger_refuses_is_accounted_for_by_its_row(tmp_path: Path) -> None:
    file, out, ledger = tmp_path / "requests.csv", tmp_path / "out.csv", str(tmp_path / "one.db")
    file.write_bytes(file_of([row()]))
    assert main(told(file, out, ledger=ledger)) == 0
    file.write_bytes(file_of([row(CASE_ENQUIRY_ID="2"), row(CLOSED_DT="05/30/2015 09:15:00 AM")]))
    assert main(told(file, out, ledger=ledger)) == 1
    refused = verdicts(out.with_suffix(".refused.csv"))
    assert [(one["row"], one["reference"], one["code"]) for one in refused] == [
        ("3", PLUMBING["CASE_ENQUIRY_ID"], "id-reused")
    ]
    assert [verdict["reference"] for verdict in verdicts(out)] == ["2"]


def test_a_ledger_that_goes_by_another_policy_is_not_mixed_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger, out = str(tmp_path / "one.db"), tmp_path / "out.csv"
    assert main(told(SAMPLE, out, ledger=ledger, promises="honoured")) == 0
    assert main(told(SAMPLE, out, ledger=ledger, promises="ignored")) == 3
    assert "The ledger goes by another policy or estate than this import" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        ({"mapping": "nowhere.toml"}, 3, "nowhere.toml: cannot be read: No such file or directory."),
        ({"policy": "nowhere.toml"}, 3, "nowhere.toml: cannot be read"),
        ({"as-of": "2015-11-01 01:30"}, 2, "--as-of is '2015-11-01 01:30', which occurs twice in America/New_York"),
        ({"as-of": "yesterday"}, 2, "--as-of is 'yesterday', which is no time"),
        ({"verdicts": "no/such/folder/out.csv"}, 3, "no/such/folder/out.csv.part cannot be used: no such file"),
        ({"promises": "sometimes"}, 2, "Invalid value for '--promises'"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: dict[str, str], code: int, sentence: str
) -> None:
    assert main(told(SAMPLE, tmp_path / "out.csv", **options)) == code
    assert sentence.lower() in capsys.readouterr().err.lower()


def test_a_file_that_is_not_there_or_not_such_a_file_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(told(tmp_path / "nowhere.csv", tmp_path / "out.csv")) == 3
    assert "nowhere.csv cannot be used: no such file or directory." in capsys.readouterr().err
    assert main(told(BOSTON / "policy.toml", tmp_path / "out.csv")) == 3
    assert "policy.toml" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('id = "/boston/311"', 'id = "/boston/312"', "registers no source '/boston/311', which source of the mapping"),
        ("door = true", "door = false", "must be registered with door = true"),
    ],
)
def test_the_source_must_be_one_whose_word_on_the_past_is_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, sentence: str
) -> None:
    estate = tmp_path / "estate.toml"
    estate.write_text((BOSTON / "estate.toml").read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    policy = tmp_path / "policy.toml"
    text = (BOSTON / "policy.toml").read_text(encoding="utf-8").replace('source = "/boston/311"', 'source = "*"')
    policy.write_text(text, encoding="utf-8")
    assert main(told(SAMPLE, tmp_path / "out.csv", estate=str(estate), policy=str(policy))) == 3
    assert sentence in capsys.readouterr().err


TOWN = """
name = "Job sheets of a contractor in Wales"
source = "estates-desk"
file = { delimiter = ";", quote = "'", encoding = "cp1252" }
times = { zone = "Europe/London", forms = ["%d/%m/%Y %H:%M"] }
columns = { order = "Job", raised = "Reported", ended = "Done", contractor_reference = "Sheet" }
premises = { column = "Site", values = { "Café" = "ap-ty-derwen" }, otherwise = "office-aberwennol" }
kinds = { always = { asset = "heating", fault = "total-loss", impacts = ["health"] } }
endings = { always = "completed" }
"""
JOBS = """Job;Sheet;Site;Reported;Done
J-1;'S;1';Café;12/01/2026 23:30;13/01/2026 11:00
J-2;S2;Café;12/01/2026 23:30;14/01/2026 11:00
J-3;;Elsewhere;12/01/2026 23:30;
J-4;;Café;01-12-2026;
"""


def test_another_file_needs_only_another_mapping(tmp_path: Path) -> None:
    file, out, mapping = tmp_path / "jobs.csv", tmp_path / "out.csv", tmp_path / "mapping.toml"
    file.write_bytes(JOBS.encode("cp1252"))
    mapping.write_text(TOWN, encoding="utf-8")
    default = importlib.resources.files("workorders.policy") / "default.toml"
    given = {"mapping": mapping, "policy": default, "as-of": "2026-01-20 09:00", "verdicts": out, "promises": "ignored"}
    assert main(["import", str(file), *(f"--{name}={value}" for name, value in given.items())]) == 1
    assert [tuple(verdict.values()) for verdict in verdicts(out)] == [
        ("J-1", "2026-01-13T23:30:00+00:00", "2026-01-13T11:00:00+00:00", "false", "policy"),
        ("J-2", "2026-01-13T23:30:00+00:00", "2026-01-14T11:00:00+00:00", "true", "policy"),
        ("J-3", "2026-01-20T09:00:00+00:00", "", "true", "policy"),
    ]
    beside = [verdicts(out.with_suffix(ending)) for ending in (".refused.csv", ".flagged.csv")]
    assert [[(one["reference"], one["code"]) for one in some] for some in beside] == [
        [("J-4", "no-time")],
        [("J-3", "by-otherwise")],
    ]


def check(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, str(BOSTON / "check.py"), *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_example_s_check_passes_on_the_sample() -> None:
    code, page = check(str(SAMPLE))
    assert "186 of 186 labelled rows with a promised time agree, 0 disagree." in page
    assert "All goals met." in page
    assert "Not judged: of fewer than 5,000 events" in page
    assert not any(library in page for library in ("aiokafka", "faust", "librdkafka", "[^"))
    assert code == 0


def test_the_example_s_check_fails_where_a_label_disagrees(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(SAMPLE.read_text(encoding="utf-8").replace("OVERDUE", "ONTIME", 1), encoding="utf-8")
    code, page = check(str(wrong))
    assert "185 of 186 labelled rows with a promised time agree, 1 disagree." in page
    assert "A goal is missed." in page
    assert code == 1


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.timeout(900)
@pytest.mark.skipif(not WHOLE.exists(), reason="the whole file is not here")
def test_every_real_row_is_judged_as_the_city_judged_it() -> None:
    _, page = check(str(WHOLE))
    assert "13,767 of 13,767 labelled rows with a promised time agree, 0 disagree." in page
    assert "24x7: 1,618 of 1,618 rows agree, 100.00% (goal 99.9%)." in page
    assert "working time: 8,132 of 8,716 rows agree, 93.30% (goal 92.5%)." in page
    assert "13,851 rows: 13,851 accepted, 0 refused, 0 without a verdict." in page
