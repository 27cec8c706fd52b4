"""The HTTP API on its own, beside workers that run elsewhere."""

# ruff: noqa: PLC0415 - options are arguments, and a command loads its work when called
import typer

from desk.commands.panels import START
from desk.options import Running, with_options

app = typer.Typer()


@app.command(rich_help_panel=START)
@with_options
def desk(running: Running) -> int:
    """Answer the HTTP API alone, beside workers, until Ctrl-C.

    'workorders run' answers it too. docs/API.md says what can be asked and said.
    """
    from desk.api.command import run_desk

    return run_desk(running)
