"""The contract with other systems, as files."""

# ruff: noqa: PLC0415 - a command loads its work when called
from pathlib import Path
from typing import Annotated

import typer

from desk.commands.panels import RULES

app = typer.Typer()


@app.command(rich_help_panel=RULES)
def contract(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where the files are.")] = Path("docs/contract"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; only say what differs.")] = False,
) -> int:
    """Write what any Kafka client may rely on: an AsyncAPI document and the JSON Schemas.

    Nothing is written where a change would break those who rely on the files that are there.
    """
    from desk.contract.files import contract as carried_out

    return carried_out(folder, check=check)
