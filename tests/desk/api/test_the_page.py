"""docs/API.md: its commands run, its table is the one table, its codes and addresses are those that there are."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.access.rights import ALLOWED, Holder
from desk.api.app import ROUTERS
from models.refusal import Reason
from tests.desk.api.serving import in_a_thread

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "API.md"
COMMANDS = re.findall(r"```sh\n(curl .*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
_MARKS = re.compile(r"(?<=<!-- rights -->\n).*?(?=<!-- /rights -->)", re.DOTALL)


def table() -> str:
    """The table of rights as the page has it."""
    heads = ["action", *(holder.value for holder in Holder)]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for action, holders in ALLOWED.items():
        lines.append(f"| {action.value} | {' | '.join('yes' if one in holders else '' for one in Holder)} |")
    return "\n".join(lines) + "\n"


@pytest.fixture
def served(small_ledger: Path, tmp_path: Path) -> Iterator[tuple[str, str]]:
    with in_a_thread(small_ledger, tmp_path, Holder.DIVISION) as address_and_key:
        yield address_and_key


def test_every_command_of_the_page_is_answered_in_the_page_s_order(served: tuple[str, str]) -> None:
    if shutil.which("curl") is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail("with CI=true nothing may be left out: apt install curl", pytrace=False)
        pytest.skip("this machine has no curl")
    assert len(COMMANDS) > 5
    for command in COMMANDS:  # in one test: what a later one asks for, an earlier one has said
        done = subprocess.run(  # noqa: S603 - the page's own words
            ["/bin/bash", "-euc", command],
            env={"PATH": os.environ["PATH"], "API": served[0], "KEY": served[1]},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert done.stdout, command


def test_the_table_of_rights_on_the_page_is_the_one_table() -> None:
    found = _MARKS.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == table()


def test_every_address_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for router in ROUTERS:
        for route in router.routes:
            path: str = route.path  # type: ignore[attr-defined]
            last = path.rpartition("/")[2]
            assert path in page or f"`{last}`" in page or f"`.../{last}`" in page, path


def test_every_code_of_a_problem_is_on_the_page_or_among_the_refusals() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "desk" / "api").rglob("*.py"))
    named = set(re.findall(r'Problem\(\s*[\w.]+,\s*"([a-z-]+)"', sources)) - {"our-fault"}
    page = PAGE.read_text(encoding="utf-8")
    assert len(named) > 8
    assert [code for code in named if f"`{code}`" not in page and code not in set(Reason)] == []
