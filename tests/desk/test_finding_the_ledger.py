import shutil
from pathlib import Path

import pytest

from desk.exits import Exit
from tests.desk.conftest import Workorders


def test_without_a_ledger_one_sentence_says_how_to_get_one(workorders: Workorders) -> None:
    ended = workorders("board")
    assert (ended.code, ended.out) == (Exit.UNREACHABLE, "")
    assert ended.err.startswith("workorders: There is no ledger at ")
    assert "'workorders db upgrade' makes one" in ended.err


def test_looking_for_a_ledger_makes_none(workorders: Workorders, tmp_path: Path) -> None:
    workorders("board", "--ledger", str(tmp_path / "mistyped" / "ledger.db"))
    workorders("raise", "ap-cae-glas", "--asset", "cctv", "--fault", "missing", "--ledger", str(tmp_path / "no.db"))
    assert not (tmp_path / "mistyped").exists()
    assert not (tmp_path / "no.db").exists()


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
def test_the_option_names_a_file_or_a_url(
    form: str, small_ledger: Path, workorders: Workorders, tmp_path: Path
) -> None:
    copy = shutil.copy(small_ledger, tmp_path / "elsewhere.db")
    assert workorders("board", "--ledger", form.format(copy)).code == Exit.OK


def test_the_ledger_of_a_demo_is_found_if_it_is_the_only_one(
    small_ledger: Path, workorders: Workorders, tmp_path: Path
) -> None:
    folder = tmp_path / ".workorders-demo"
    folder.mkdir()
    shutil.copy(small_ledger, folder / "ledger.db")
    ended = workorders("board", "--json")
    assert (ended.code, ended.json["time"]) == (Exit.OK, "simulated")
    assert "Reading the demo's ledger" in ended.err


def test_the_ledger_of_a_demo_is_not_read_where_another_is_named(
    small_ledger: Path, workorders: Workorders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ".workorders-demo"
    folder.mkdir()
    shutil.copy(small_ledger, folder / "ledger.db")
    monkeypatch.setenv("WORKORDERS_DATA_DIR", str(tmp_path / "other"))
    assert workorders("board").code == Exit.UNREACHABLE


def test_a_file_that_is_no_ledger_is_one_sentence(workorders: Workorders, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("a shopping list " * 100)
    ended = workorders("board", "--ledger", str(tmp_path / "text.db"))
    assert (ended.code, ended.err.count("\n")) == (Exit.UNREACHABLE, 1)
    (tmp_path / "empty.db").touch()
    ended = workorders("board", "--ledger", str(tmp_path / "empty.db"))
    assert ended.code == Exit.UNREACHABLE
    assert "has not the tables of this release" in ended.err


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("WORKORDERS_LEDGRE", "x", "WORKORDERS_LEDGRE is not a setting; did you mean WORKORDERS_LEDGER?"),
        ("WORKORDERS_LEDGER", "mysql://x", "WORKORDERS_LEDGER is (not shown): write sqlite:///"),
        ("WORKORDERS_DESK_SOURCE", "two words", "WORKORDERS_DESK_SOURCE is 'two words'"),
    ],
)
def test_a_wrong_setting_is_named_with_its_reason(
    name: str, value: str, sentence: str, ledger: Path, workorders: Workorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    ended = workorders("attend", "WO-1")
    assert ended.code == Exit.BAD_INPUT
    assert sentence in ended.err


def test_a_new_ledger_is_made_and_upgrading_again_changes_nothing(workorders: Workorders, tmp_path: Path) -> None:
    url = str(tmp_path / "new" / "ledger.db")
    assert "went from nothing to" in workorders("db", "upgrade", "--ledger", url).out
    again = workorders("db", "upgrade", "--ledger", url, "--json").json
    assert again["from"] == again["to"]
    answer = workorders("board", "--ledger", url, "--json").json
    assert (answer["time"], answer["board"]["total"]["outstanding"]) == ("real", 0)
    assert workorders("verify", "--ledger", url).code == Exit.OK


def test_upgrading_never_means_the_ledger_of_a_demo(small_ledger: Path, workorders: Workorders, tmp_path: Path) -> None:
    folder = tmp_path / ".workorders-demo"
    folder.mkdir()
    shutil.copy(small_ledger, folder / "ledger.db")
    answer = workorders("db", "upgrade", "--json").json
    assert answer["ledger"] == str(tmp_path / "share" / "workorders" / "ledger.db")
    assert workorders("board", "--json").json["time"] == "real"


def test_a_server_that_does_not_answer_is_one_sentence_without_its_password(workorders: Workorders) -> None:
    pytest.importorskip("psycopg")
    ended = workorders("board", "--ledger", "postgresql://desk:hush@127.0.0.1:9/none")
    assert (ended.code, ended.err.count("\n")) == (Exit.UNREACHABLE, 1)
    assert "hush" not in ended.err
