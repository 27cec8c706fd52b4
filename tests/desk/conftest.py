"""The command line under test: told in this process, on a small ledger of its own for each test."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from desk.cli import main
from tests.desk.small_ledger import built


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command printed
        """Its answer, read from JSON."""
        return json.loads(self.out)


Workorders = Callable[..., Ended]


@pytest.fixture(scope="session")
def small_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small ledger, built once."""
    return built(tmp_path_factory.mktemp("small"))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the caller's shell reaches a test, and nothing is looked for outside its folder."""
    for name in ("LEDGER", "BROKER", "DATA_DIR", "DESK_SOURCE", "DESK_TRACE"):
        monkeypatch.delenv(f"WORKORDERS_{name}", raising=False)
    monkeypatch.setenv("WORKORDERS_LANGUAGE", "en")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def ledger(small_ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the small ledger that the commands find by themselves."""
    copy = tmp_path / "data" / "ledger.db"
    copy.parent.mkdir()
    shutil.copy(small_ledger, copy)
    monkeypatch.setenv("WORKORDERS_DATA_DIR", str(copy.parent))
    return copy


@pytest.fixture
def workorders(capfd: pytest.CaptureFixture[str]) -> Workorders:
    """Tell the command line something."""

    def told(*arguments: str) -> Ended:
        capfd.readouterr()
        code = main(list(arguments))
        out, err = capfd.readouterr()
        return Ended(code, out, err)

    return told
