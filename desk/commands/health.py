"""How the workers are: asked one by one, or watched from outside."""

# ruff: noqa: PLC0415, PLR0913, PLR0917 - options are arguments, and a command loads its work when called
from typing import Annotated, Final, Literal

import typer

from desk.commands.panels import RULES
from desk.options import JsonOption, Reading, Running, with_options

app = typer.Typer()

SILENT_AFTER_S: Final = 60.0
EVERY_S: Final = 5.0
AGAIN_S: Final = 600.0


@app.command(rich_help_panel=RULES)
def health(
    question: Annotated[
        Literal["live", "ready", "progress", "watcher"],
        typer.Argument(help="Which question; 'watcher': whether this machine's watcher looks."),
    ] = "progress",
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="The worker; else WORKORDERS_HEALTH_HOST and _PORT.")
    ] = None,
    json: JsonOption = False,
) -> int:
    """Ask a running worker how it is.

    Exit code 0 if well, 1 if not (it says why), 4 if no worker answers.
    """
    from desk.health import ask_health, ask_watcher

    if question == "watcher":
        return ask_watcher(as_json=json)
    return ask_health(url, question, as_json=json)


@app.command(rich_help_panel=RULES)
@with_options
def watcher(
    running: Running,
    silent_after: Annotated[
        float, typer.Option("--silent-after", min=0.5, max=3600, help="Seconds without a sign of life.")
    ] = SILENT_AFTER_S,
    every: Annotated[float, typer.Option("--every", min=0.1, max=60, help="Seconds between two looks.")] = EVERY_S,
    again: Annotated[
        float, typer.Option("--again", min=1, max=86_400, help="Seconds after which it says again what is wrong.")
    ] = AGAIN_S,
    run: Annotated[
        str | None,
        typer.Option("--run", metavar="CMD", help="Run it with each news; else WORKORDERS_WATCHER_RUN."),
    ] = None,
    post: Annotated[
        str | None, typer.Option("--post", metavar="URL", help="Post it there; else WORKORDERS_WATCHER_POST.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End as soon as all show life: 0, or 1 when the time is over.")
    ] = False,
    json: JsonOption = False,
) -> int:
    """Watch the workers from outside, and shout when they fall silent.

    It reads the ledger and the broker itself and asks no worker. Run it on another machine than the workers'.
    """
    from desk.health import news_goes_to

    run, post = news_goes_to(run, post)
    return watch_over(
        running, silent_after=silent_after, every=every, again=again, run=run, post=post, once=once, as_json=json
    )


def watch_over(
    running: Running,
    *,
    silent_after: float = SILENT_AFTER_S,
    every: float = EVERY_S,
    again: float = AGAIN_S,
    run: str | None = None,
    post: str | None = None,
    once: bool = False,
    as_json: bool = False,
) -> int:
    """Watch the workers from outside, each news told where it is wanted."""
    from desk.health import keep_watch
    from streams.watcher_news import Delivery

    return keep_watch(
        running, silent_after=silent_after, every=every, again=again, delivery=Delivery(run, post), once=once,
        as_json=as_json,
    )  # fmt: skip


@app.command(rich_help_panel=RULES)
@with_options
def release(reading: Reading) -> int:
    """Try again what is held in quarantine; what still cannot be decided goes back there.

    Exit code 1 if something is still held.
    """
    from desk.mending import release_quarantine

    return release_quarantine(reading)


@app.command("accept-gap", rich_help_panel=RULES)
@with_options
def accept_gap(
    running: Running,
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="An input topic.", show_default=False)],
    partition: Annotated[int, typer.Argument(metavar="PARTITION", min=0, show_default=False)],
    upto: Annotated[
        int,
        typer.Argument(metavar="UPTO", min=1, help="The offset to go on at, as the worker said.", show_default=False),
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; the audit keeps it for ever.")],
    json: JsonOption = False,
) -> int:
    """Go on reading after records that the broker no longer has.

    Only where a worker has stopped for them; nothing else is ever skipped.
    """
    from desk.mending import go_past

    return go_past(running, topic, partition, upto, reason, as_json=json)


@app.command(rich_help_panel=RULES)
@with_options
def adopt(running: Running, json: JsonOption = False) -> int:
    """After a restore, and before any worker runs: learn from the topics what was said since the backup.

    It says how many records will be read again. Exit code 1 if the broker has deleted some of them.
    """
    from desk.mending import adopt_said

    return adopt_said(running, as_json=json)
