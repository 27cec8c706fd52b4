"""The command ``workorders``: what people type, and how every command ends.

Nothing here loads the ledger, the worker or pydantic: ``--help`` must answer at once. Each command is declared in
``desk.commands`` and loads what carries it out when it is called.
"""

import gc
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer

from desk.commands import (
    answers,
    contract,
    door,
    health,
    keys,
    nights,
    notices,
    orders,
    rules,
    running,
    seeing,
    sessions,
)
from desk.commands.panels import ANSWERS, RULES, SEE
from desk.exits import Exit, ending
from desk.words import in_language, reason, spoken
from desk.words.helping import translate
from desk.words.language import ENGLISH, of_environment

EXIT_CODES: Final = (
    "Exit codes: 0 done · 1 the answer is no, or something was refused · 2 the command line is wrong · "
    "3 a file, policy or setting cannot be used · 4 the ledger or the broker cannot be reached · "
    "5 nothing by that name · 70 a fault of this program · 75 a worker without progress ended itself."
)

app = typer.Typer(
    name="workorders",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog=EXIT_CODES,
    help="Which repairs and uncovered nights endanger the public, who has been told, and did it help.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - only when asked

        typer.echo(f"workorders {version('workorders')}")
        raise typer.Exit


@app.callback()
def _main(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Options of the command itself."""


for part in (running.app, seeing.app, orders.app, answers.app, notices.app, health.app, door.app, contract.app):
    app.add_typer(part)
app.add_typer(nights.app, name="cover", rich_help_panel=ANSWERS)
app.add_typer(seeing.rejected_app, name="rejected", rich_help_panel=SEE)
app.add_typer(seeing.checks)
app.add_typer(keys.app, name="key", rich_help_panel=RULES)
app.add_typer(sessions.app, name="session", rich_help_panel=RULES)
app.add_typer(rules.policy_app, name="policy", rich_help_panel=RULES)
app.add_typer(rules.estate_app, name="estate", rich_help_panel=RULES)
app.add_typer(rules.db_app, name="db", rich_help_panel=RULES)
app.add_typer(rules.topics_app, name="topics", rich_help_panel=RULES)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line and return its exit code; an error is one sentence on stderr, never a traceback.

    Without arguments it is the process's own command line, and the process ends with it.
    """
    if arguments is not None:
        return _carried_out(arguments)
    # A command makes much and throws little away: to look for it would be a tenth of the work of a short one.
    gc.set_threshold(50_000, 20, 100)
    code = _carried_out(None)
    # Everything is closed and flushed by now; to take the interpreter apart would be another tenth.
    sys.stderr.flush()
    os._exit(code)


def _carried_out(arguments: Sequence[str] | None) -> int:
    with in_language(of_environment(os.environ)):
        return _spoken(arguments)


def _spoken(arguments: Sequence[str] | None) -> int:
    command: Any = typer.main.get_command(app)
    if spoken().language != ENGLISH:
        translate(command, spoken())
    try:
        code = command.main(args=arguments, prog_name="workorders", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_closed_pipe()
        return Exit.OK
    except Exception as error:  # noqa: BLE001 - the last place where an error becomes a sentence
        return _ended_by(error)
    return int(code) if isinstance(code, int) else Exit.OK


def _ended_by(error: Exception) -> int:
    usage = getattr(error, "format_message", None)
    if usage is not None:
        context = getattr(error, "ctx", None)
        asked = context.command_path if context is not None else "workorders"
        return _say(Exit.USAGE, f"{usage().rstrip('.?')}. See '{asked} --help'.")
    known = ending(error)
    if known is not None:
        return _say(*known)
    _keep_trace(error)
    name = type(error).__name__
    return _say(
        Exit.OUR_FAULT, f"This is a fault of workorders itself ({name}: {error}); WORKORDERS_DESK_TRACE=1 shows where."
    )


def _say(code: Exit, sentence: str) -> int:
    print(f"workorders: {reason(sentence)}", file=sys.stderr)  # noqa: T201 - the one place where a command ends with an error
    return code


def _keep_trace(error: Exception) -> None:
    import traceback  # noqa: PLC0415 - only for our own faults

    if os.environ.get("WORKORDERS_DESK_TRACE"):
        traceback.print_exception(error)


def _leave_closed_pipe() -> None:
    """Whoever read our output has gone (``| head``): what is still buffered goes nowhere, in silence."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
