"""The command line in Welsh: its help, its pages and its errors; what a program reads of it stays as it is."""

import json
import re
from pathlib import Path

import pytest

from desk.cli import main

ENGLISH = re.compile(r"\b(the|was|has|not|and|before|after|which|been|nobody|outstanding|needs)\b", re.IGNORECASE)


@pytest.fixture
def welsh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKORDERS_LANGUAGE", "cy")
    monkeypatch.setenv("COLUMNS", "160")


@pytest.mark.parametrize(
    "command", [[], ["raise"], ["cover", "report-missing"], ["ack"], ["board"], ["explain"], ["watch"]]
)
def test_help_is_welsh(welsh: None, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    main([*command, "--help"])
    shown = capsys.readouterr().out
    assert "Defnydd:" in shown
    assert "Dangos y neges hon a gorffen." in shown
    assert ENGLISH.findall(shown) == []


def test_help_is_english_again_afterwards(
    welsh: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["board", "--help"])
    monkeypatch.setenv("WORKORDERS_LANGUAGE", "en")
    main(["board", "--help"])
    assert "What is outstanding, by premises, priority and age." in capsys.readouterr().out


@pytest.mark.parametrize(
    "command",
    [
        ["board"], ["nights"], ["escalations"], ["escalations", "--all"], ["orphans"], ["disputes"], ["cover-ledger"],
        ["rejected", "list"],
    ],
)  # fmt: skip
def test_a_page_holds_no_english(
    welsh: None, ledger: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main(command) == 0
    assert ENGLISH.findall(capsys.readouterr().out) == []


def test_json_is_the_same_in_every_language(
    ledger: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for language in ("en", "cy"):
        monkeypatch.setenv("WORKORDERS_LANGUAGE", language)
        main(["escalations", "--json"])
        found.append(json.loads(capsys.readouterr().out))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["nights", "--from", "tomorrow"], 2, "nid dyddiad yw hwnnw"),
        (["show", "WO-nowhere"], 5, "WO-nowhere"),
        (["raise"], 2, "ar goll"),
        (["nonsense"], 2, "Nid oes gorchymyn"),
        (["ack", "ffffffff"], 5, "ffffffff"),
    ],
)
def test_an_error_is_welsh(
    welsh: None, ledger: Path, capsys: pytest.CaptureFixture[str], command: list[str], code: int, said: str
) -> None:
    assert main(command) == code
    sentence = capsys.readouterr().err
    assert sentence.startswith("workorders: ")
    assert said in sentence
    assert ENGLISH.findall(sentence) == []
