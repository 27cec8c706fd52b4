import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from desk import cli
from desk.exits import Exit, ending
from desk.printing import new_console
from tests.desk.conftest import Workorders
from workorders.policy import PolicyError

ROOT = Path(__file__).parents[2]
HEAVY = {
    *("aiokafka", "alembic", "confluent_kafka", "faust", "holidays", "models", "orjson", "sqlalchemy", "sqlmodel"),
    *("streams", "structlog", "workorders"),
}
"""What takes long to load, and what loads it. Typer itself loads pydantic where an option has a type to check."""


def loaded_by(*arguments: str) -> set[str]:
    script = (
        "import sys\nfrom desk.cli import main\n"
        f"assert main({list(arguments)!r}) == 0\n"
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_help_loads_nothing_that_is_slow_to_load() -> None:
    assert loaded_by("--help") & {*HEAVY, "pydantic"} == set()


NEVER = {"aiokafka", "aiohttp", "alembic", "confluent_kafka", "faust", "holidays", "mode", "structlog"}
"""What no look at a ledger needs, and what takes long to load."""


@pytest.mark.parametrize("command", [("board",), ("nights",), ("escalations",), ("show", "WO-1")], ids=" ".join)
def test_a_look_at_the_ledger_loads_no_broker_no_worker_and_no_migrations(
    command: tuple[str, ...], ledger: Path
) -> None:
    assert loaded_by(*command) & NEVER == set()


@pytest.mark.parametrize("command", [("raise",), ("board",), ("cover", "confirm"), ("demo",)], ids=" ".join)
def test_the_help_of_a_command_does_not_load_what_it_would_need_to_act(command: tuple[str, ...]) -> None:
    assert loaded_by(*command, "--help") & HEAVY == set()


def all_commands() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []

    def walk(group: object, path: tuple[str, ...]) -> None:
        for name, command in group.commands.items():  # type: ignore[attr-defined]
            found.append((*path, name))
            if hasattr(command, "commands"):
                walk(command, (*path, name))

    walk(typer.main.get_command(cli.app), ())
    return found


@pytest.mark.parametrize("command", all_commands(), ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...], workorders: Workorders) -> None:
    ended = workorders(*command, "--help")
    assert ended.code == 0
    assert f"workorders {' '.join(command)}" in " ".join(ended.out.split())
    assert ended.err == ""


READING = """board; nights; show x; explain x; escalations; orphans; disputes; cover-ledger; verify; watch;
rejected list; rejected show 1; policy show; policy check x; estate check x; topics plan; topics check;
db upgrade; demo"""


@pytest.mark.parametrize("command", [tuple(line.split()) for line in READING.split(";")], ids=" ".join)
def test_every_command_that_reads_can_answer_in_json(command: tuple[str, ...], workorders: Workorders) -> None:
    assert "--json" in workorders(*command, "--help").out


def test_without_a_command_the_help_is_shown(workorders: Workorders) -> None:
    ended = workorders()
    assert "Usage: workorders" in ended.out + ended.err


def test_the_version_is_printed(workorders: Workorders) -> None:
    ended = workorders("--version")
    assert (ended.code, ended.out.split()[0]) == (0, "workorders")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("boad",), "No such command 'boad'. Did you mean 'board'. See 'workorders --help'."),
        (("raise",), "Missing argument 'PREMISES'. See 'workorders raise --help'."),
        (("board", "--colour"), "No such option: --colour. See 'workorders board --help'."),
        (("escalations", "--limit", "many"), "See 'workorders escalations --help'."),
        (("close", "WO-1", "perhaps"), "See 'workorders close --help'."),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_exit_code_2(
    arguments: tuple[str, ...], sentence: str, workorders: Workorders
) -> None:
    ended = workorders(*arguments)
    assert ended.code == Exit.USAGE
    assert ended.out == ""
    assert ended.err.startswith("workorders: ")
    assert ended.err.rstrip("\n").endswith(sentence)
    assert ended.err.count("\n") == 1


def test_a_fault_of_ours_is_one_sentence_and_no_traceback(
    workorders: Workorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError("a digit was dropped")

    monkeypatch.setattr("desk.seeing.board.show_board", broken)
    ended = workorders("board")
    assert ended.code == Exit.OUR_FAULT
    assert ended.err.count("\n") == 1
    assert "ZeroDivisionError: a digit was dropped" in ended.err
    assert "Traceback" not in ended.err


def test_a_fault_of_ours_shows_where_it_is_when_asked(workorders: Workorders, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError("a digit was dropped")

    monkeypatch.setattr("desk.seeing.board.show_board", broken)
    monkeypatch.setenv("WORKORDERS_DESK_TRACE", "1")
    assert "Traceback" in workorders("board").err


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PolicyError(["rules.toml: rules: is missing"]), "rules.toml: rules: is missing."),
        (PolicyError(["the table is not total"]), "The table is not total."),
    ],
)
def test_a_files_name_is_written_as_it_is_at_the_beginning_of_a_sentence(error: Exception, sentence: str) -> None:
    assert ending(error) == (Exit.BAD_INPUT, sentence)


def test_an_interrupted_command_says_so_and_ends_with_130(
    workorders: Workorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("desk.seeing.board.show_board", interrupted)
    assert workorders("board").code == Exit.INTERRUPTED


def test_a_reader_that_has_gone_is_no_error(ledger: Path) -> None:
    script = "import sys; from desk.cli import main; sys.exit(main(['board', '--json']))"
    pipe = f"set -o pipefail; {sys.executable} -c {shlex.quote(script)} | head -c 1 >/dev/null"
    done = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603, S607
    assert (done.returncode, done.stderr) == (0, "")


def test_a_page_whose_reader_has_gone_is_no_error(
    ledger: Path, workorders: Workorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("desk.seeing.board.look", lambda *_: new_console(file=Gone()).print("somebody reads this?"))
    monkeypatch.setattr("desk.cli._leave_closed_pipe", lambda: None)
    assert workorders("board").code == Exit.OK


def test_colour_is_left_out_where_no_color_is_set(
    ledger: Path, workorders: Workorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in workorders("board").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in workorders("board").out


def test_each_exit_code_is_documented() -> None:
    text = (ROOT / "docs" / "CLI.md").read_text()
    assert [code for code in Exit if f"| {code.value} |" not in text] == []


@pytest.mark.parametrize("command", all_commands(), ids=" ".join)
def test_each_command_is_documented(command: tuple[str, ...]) -> None:
    if command in {("cover",), ("rejected",), ("policy",), ("estate",), ("db",), ("topics",)}:
        return
    assert re.search(rf"`{' '.join(command)}\b", (ROOT / "docs" / "CLI.md").read_text())
