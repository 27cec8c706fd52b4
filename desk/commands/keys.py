"""The keys of the HTTP API: made, listed and revoked."""

# ruff: noqa: PLC0415 - options are arguments, and a command loads its work when called
from typing import Annotated

import typer

from desk.choices import HolderWord
from desk.options import Reading, with_options

app = typer.Typer(no_args_is_help=True, help="Who may come in through the HTTP API.")


@app.command()
@with_options
def create(
    reading: Reading,
    source: Annotated[str, typer.Option("--source", metavar="SOURCE", help="The registered source that it speaks as.")],
    holder: Annotated[HolderWord, typer.Option("--holder", help="What it may do: docs/API.md has the table.")],
    scope: Annotated[
        str,
        typer.Option("--scope", metavar="SCOPE", help="How far it reaches: division, region:north ..."),
    ],
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="After how many days it ends.")] = 90,
) -> int:
    """Make a key, and show it this once."""
    from desk.access.managing import create_key

    return create_key(source, holder, scope, days, reading)


@app.command("list")
@with_options
def list_keys(reading: Reading) -> int:
    """Every key: whom it is for, how far it reaches, until when, and when it was last used."""
    from desk.access.managing import show_keys

    return show_keys(reading)


@app.command()
@with_options
def record(
    reading: Reading,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many lines at most.")] = 50,
) -> int:
    """Who looked at which subject, and what was refused to whom, the latest first."""
    from desk.access.managing import show_record

    return show_record(limit, reading)


@app.command()
@with_options
def revoke(
    reading: Reading,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The part of it that 'list' shows.", show_default=False)],
) -> int:
    """Let a key open nothing any more; within a second everywhere."""
    from desk.access.managing import revoke_key

    return revoke_key(key, reading)
