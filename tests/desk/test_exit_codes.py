"""Bad values of options and arguments: one sentence and exit code 2, whatever the command."""

from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from desk import cli
from desk.exits import Exit
from tests.desk.conftest import Workorders

GOOD: dict[str, str] = {
    "PREMISES": "ap-cae-glas",
    "ORDER": "WO-1",
    "NIGHT": "ap-ty-derwen/2026-01-13",
    "COVER": "agency-1",
    "SUBJECT": "WO-1",
    "EVENT": "event-1",
    "ID": "WO-1",
    "VERSION": "0123456789abcdef",
    "PRIORITY": "P1",
    "CODE": "cctv",
    "POUNDS": "1",
    "TIME": "2026-01-14T06:00:00Z",
    "FILE.toml": "policy.toml",
    "FILE.csv": "history.csv",
    "FILE|-": "events.jsonl",
    "M.toml": "m.toml",
    "P.toml": "p.toml",
    "OUT.csv": "out.csv",
    "NUMBER": "1",
}
"""A value for each metavar that a required argument or option bears; none of them need exist."""
BAD: dict[str, str] = {
    "TIME": "teatime",
    "DATE": "13/01/2026",
    "NIGHT": "ap-ty-derwen",
    "POUNDS": "1.234",
    "FILE|URL": "mysql://somewhere/else",
    "HOST:PORT": "no broker",
}
"""What is no value of a kind that no type of the command line checks."""
LATER = {
    *((name, option) for name in ("policy activate", "estate activate") for option in ("effective", "ledger")),
    *(("import", "as_of"), ("import", "ledger"), ("send", "ledger"), ("ack", "commitment")),
}
"""Looked at only after a file, or after the escalation that is named first, was found."""
_AT_WORK = ("demo", "run", "worker", "watcher", "health")


def commands() -> dict[str, Any]:
    found: dict[str, Any] = {}

    def walk(group: Any, path: tuple[str, ...]) -> None:  # noqa: ANN401
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                walk(command, (*path, name))
            else:
                found[" ".join((*path, name))] = command

    walk(typer.main.get_command(cli.app), ())
    return found


def good(parameter: Any) -> list[str]:  # noqa: ANN401
    """What a required parameter is given where another one is bad."""
    choices = get_args(parameter.type_descriptor.annotation)
    value = GOOD.get(parameter.metavar or "") or str(choices[0] if choices else 1)
    return [value] if parameter.param_type_name == "argument" else [parameter.opts[0], value]


def bad(parameter: Any) -> str | None:  # noqa: ANN401
    """A value that the parameter cannot have; None where every text is one."""
    kind = parameter.type_descriptor
    if kind.is_choice or kind.annotation in {int, float}:
        return "perhaps"
    return BAD.get(parameter.metavar or "")


def cases() -> list[tuple[str, str, list[str]]]:
    found = []
    for name, command in commands().items():
        for wrong in command.params:
            value = None if wrong.name == "help" or getattr(wrong, "is_flag", False) else bad(wrong)
            if value is None or (name, wrong.name) in LATER or name.startswith(_AT_WORK):
                continue
            told = name.split()
            for one in command.params:
                if one is wrong:
                    told += [value] if one.param_type_name == "argument" else [one.opts[0], value]
                elif one.required:
                    told += good(one)
            found.append((name, str(wrong.name), told))
    return found


def test_enough_is_tried() -> None:
    tried = cases()
    assert len({name for name, _, _ in tried}) > 35
    assert len(tried) > 100


@pytest.mark.parametrize(("name", "wrong", "told"), cases(), ids=[f"{name} {wrong}" for name, wrong, _ in cases()])
def test_a_bad_value_is_one_sentence_and_exit_code_2(
    name: str, wrong: str, told: list[str], ledger: Path, workorders: Workorders
) -> None:
    ended = workorders(*told)
    assert (ended.code, ended.out, ended.err.count("\n")) == (Exit.USAGE, "", 1), (name, wrong, ended.err)
    assert ended.err.startswith("workorders: ")


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (("policy", "check", "none.toml"), Exit.BAD_INPUT),
        (("policy", "activate", "none.toml", "--from", "+1d"), Exit.BAD_INPUT),
        (("send", "none.jsonl"), Exit.BAD_INPUT),
        (("board", "--ledger", "none.db"), Exit.UNREACHABLE),
        (("show", "WO-999"), Exit.NOT_FOUND),
        (("show", "nowhere/2026-01-13"), Exit.NOT_FOUND),
        (("rejected", "show", "999"), Exit.NOT_FOUND),
        (("estate", "show", "nowhere"), Exit.NOT_FOUND),
        (("policy", "show", "ffffffffffff"), Exit.NOT_FOUND),
        (("raise", "nowhere", "--asset", "cctv", "--fault", "total-loss"), Exit.NO),
        (("attend", "WO-1", "--as", "nobody"), Exit.NO),
    ],
)
def test_what_else_goes_wrong_has_the_code_that_is_documented(
    told: tuple[str, ...], code: Exit, ledger: Path, workorders: Workorders
) -> None:
    ended = workorders(*told)
    assert (ended.code, ended.err.count("\n") == 1 or "Not sound" in ended.out) == (code, True)


def test_a_bad_setting_is_no_bad_option(workorders: Workorders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKORDERS_LEDGER", "mysql://somewhere")
    ended = workorders("board")
    assert ended.code == Exit.BAD_INPUT
    assert "WORKORDERS_LEDGER" in ended.err
    ended = workorders("board", "--ledger", "mysql://somewhere")
    assert ended.code == Exit.USAGE
    assert "--ledger" in ended.err
