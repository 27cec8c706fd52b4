"""The sessions of people who are signed in at the desk: listed and ended."""

# ruff: noqa: PLC0415 - options are arguments, and a command loads its work when called
from typing import Annotated

import typer

from desk.options import Reading, with_options

app = typer.Typer(no_args_is_help=True, help="Who is signed in at the pages of the desk.")


@app.command("list")
@with_options
def list_sessions(reading: Reading) -> int:
    """Every session that opens something now: as which role, by what, since when and until when."""
    from desk.access.sessions import show_sessions

    return show_sessions(reading)


@app.command()
@with_options
def end(
    reading: Reading,
    session: Annotated[
        str | None, typer.Argument(metavar="SESSION", help="The id that 'list' shows.", show_default=False)
    ] = None,
    role: Annotated[str | None, typer.Option("--role", metavar="ROLE", help="Every session as this role.")] = None,
) -> int:
    """End one session, or all as a role: they open nothing any more, from now on and everywhere."""
    from desk.access.sessions import end_sessions

    return end_sessions(session, role, reading)
