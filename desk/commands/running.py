"""What moves events: the demo, the running system, and what is sent or imported from files."""

# ruff: noqa: PLC0415, PLR0913, PLR0917 - options are arguments, and a command loads its work when called
from pathlib import Path
from typing import Annotated, Literal

import typer

from desk.commands.panels import START
from desk.options import JsonOption, Reading, Running, with_options

app = typer.Typer()


@app.command(rich_help_panel=START)
def demo(
    directory: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Where its ledger is kept.")] = Path(
        ".workorders-demo"
    ),
    seconds: Annotated[
        float, typer.Option("--seconds", min=5, max=3600, help="How long the night and day take.")
    ] = 60.0,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another backlog.")] = 1804,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a live screen.")] = False,
    json: JsonOption = False,
) -> int:
    """Play a winter night and day over Wales in a minute.

    Nothing to install, no account; nothing leaves this machine. Its ledger stays, so that every command can look at it.
    """
    from desk.demo.play import play

    return play(directory, seconds=seconds, seed=seed, plain=plain, as_json=json)


@app.command(rich_help_panel=START)
@with_options
def run(running: Running) -> int:
    """Run everything in one process, until Ctrl-C.

    Broker (embedded unless one is named), intake, sweeper, relay and watch.
    """
    from desk.running import run_everything

    return run_everything(running)


@app.command(rich_help_panel=START)
@with_options
def worker(running: Running) -> int:
    """Run one of several workers beside a broker on servers."""
    from desk.running import run_worker

    return run_worker(running)


@app.command(rich_help_panel=START)
@with_options
def send(
    reading: Reading,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="CloudEvents 1.0, one a line.", show_default=False)],
) -> int:
    """Send CloudEvents from a file, one a line.

    Each is durable in the ledger first, then taken. A refused line is named with its reason and stops no other.
    """
    from desk.telling.files import send_file

    return send_file(file, reading)


@app.command("import", rich_help_panel=START)
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", show_default=False)],
    mapping: Annotated[Path, typer.Option("--mapping", metavar="M.toml", help="What its columns mean.")],
    policy: Annotated[Path, typer.Option("--policy", metavar="P.toml", help="The rules to judge it by.")],
    as_of: Annotated[str, typer.Option("--as-of", metavar="TIME", help="The instant at which to look.")],
    verdicts: Annotated[Path, typer.Option("--verdicts", metavar="OUT.csv", help="Gets one verdict for each order.")],
    estate: Annotated[Path | None, typer.Option("--estate", metavar="E.toml", help="The premises it names.")] = None,
    promises: Annotated[
        Literal["honoured", "ignored"] | None,
        typer.Option("--promises", help="Whether promised fix times count; else the policy says for each source."),
    ] = None,
    ledger: Annotated[
        str | None,
        typer.Option(
            "--ledger", metavar="FILE|URL", help="Record it here; else in a new ledger in the data directory."
        ),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Judge a history from another system.

    It is recorded and decided, and nobody is told.
    """
    from desk.importing import run_import

    return run_import(
        file, mapping=mapping, policy=policy, as_of=as_of, verdicts=verdicts, estate=estate, promises=promises,
        ledger=ledger, as_json=json,
    )  # fmt: skip
