"""What a person looks at: each command reads the ledger once and prints a page, or JSON."""

# ruff: noqa: PLC0415 - options are arguments, and a command loads its work when called
from pathlib import Path
from typing import Annotated

import typer

from desk.commands.panels import RULES, SEE
from desk.options import BrokerOption, Reading, Running, SubjectArgument, with_options

app = typer.Typer()
checks = typer.Typer()
rejected_app = typer.Typer(no_args_is_help=True, help="Input that could not be taken, and why.")

AnchorOption = Annotated[
    Path | None,
    typer.Option(
        "--anchor",
        metavar="FILE",
        dir_okay=False,
        help="Compare with the ends of the chains that FILE holds, and move it on; without a FILE yet, write it.",
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="Also what is over.")]
LimitOption = Annotated[int, typer.Option("--limit", min=0, max=1_000_000, help="How many at most; 0: all.")]


@app.command(rich_help_panel=SEE)
@with_options
def board(reading: Reading) -> int:
    """What is outstanding, by premises, priority and age."""
    from desk.seeing.board import show_board

    return show_board(reading)


@app.command(rich_help_panel=SEE)
@with_options
def nights(
    reading: Reading,
    since: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First night; else last night.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="Last night; else a week on.")] = None,
) -> int:
    """Which nights are covered, and which are not."""
    from desk.seeing.nights import show_nights

    return show_nights(since, until, reading)


@app.command(rich_help_panel=SEE)
@with_options
def show(
    reading: Reading,
    subject: SubjectArgument,
    premises: Annotated[
        str | None, typer.Option("--premises", metavar="ID", help="Where two orders share an id.")
    ] = None,
) -> int:
    """One order or night: how it stands, and its whole history."""
    from desk.seeing.subject import show_subject

    return show_subject(subject, premises, reading)


@app.command(rich_help_panel=SEE)
@with_options
def explain(
    reading: Reading,
    subject: SubjectArgument,
    premises: Annotated[
        str | None, typer.Option("--premises", metavar="ID", help="Where two orders share an id.")
    ] = None,
) -> int:
    """Why it has this priority and these escalations."""
    from desk.seeing.explain import explain_subject

    return explain_subject(subject, premises, reading)


@app.command(rich_help_panel=SEE)
@with_options
def escalations(reading: Reading, everything: AllOption = False, limit: LimitOption = 200) -> int:
    """What stands escalated, to whom, and whether they answered."""
    from desk.seeing.escalations import show_escalations

    return show_escalations(everything, limit, reading)


@app.command(rich_help_panel=SEE)
@with_options
def orphans(reading: Reading, limit: LimitOption = 50) -> int:
    """Events that name an order which nobody has raised."""
    from desk.seeing.lists import show_orphans

    return show_orphans(limit, reading)


@app.command(rich_help_panel=SEE)
@with_options
def disputes(reading: Reading, limit: LimitOption = 50) -> int:
    """Orders whose provider gives them another priority."""
    from desk.seeing.lists import show_disputes

    return show_disputes(limit, reading)


@app.command("cover-ledger", rich_help_panel=SEE)
@with_options
def cover_ledger(
    reading: Reading,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First night; else the first known.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="Last night; else the last begun.")
    ] = None,
) -> int:
    """What agencies filled, and what it cost that they did not."""
    from desk.seeing.cover_ledger import show_cover_ledger

    return show_cover_ledger(since, until, reading)


@app.command(rich_help_panel=SEE)
@with_options
def watch(
    reading: Reading,
    every: Annotated[float, typer.Option("--every", min=0.1, max=60, help="Seconds between two looks.")] = 1.0,
    since: Annotated[int, typer.Option("--last", min=0, max=1000, help="How many earlier statements first.")] = 10,
    topic: Annotated[bool, typer.Option("--topic", help="Follow the topic on the broker, not the ledger.")] = False,
    heartbeat: Annotated[
        bool, typer.Option("--heartbeat", help="Follow the workers' signs of life, as 'workorders watcher' does.")
    ] = False,
    broker: BrokerOption = None,
) -> int:
    """Follow what is said about escalations, until Ctrl-C.

    It follows the ledger: what was decided, whether it was sent yet or not. With --topic, what is sent from now on.
    """
    if heartbeat:
        from desk.commands.health import watch_over

        return watch_over(Running(broker, reading.ledger), as_json=reading.json)
    if topic:
        from desk.seeing.watch_topic import follow_topic

        return follow_topic(broker, reading)

    from desk.exits import BadValue
    from desk.seeing.watch import follow

    if broker is not None:
        raise BadValue(
            "--broker goes with --topic or --heartbeat: without them the ledger is followed, which needs no broker."
        )

    return follow(every, since, reading)


@checks.command(rich_help_panel=RULES)
@with_options
def verify(reading: Reading, anchor: AnchorOption = None) -> int:
    """Check that the ledger holds what it promises, and list what is held in quarantine.

    Every record is somewhere, every row is as the audit sealed it, the audit chains are unbroken, and every order and
    night, decided again from its history, stands as the ledger says. Exit code 1 if not, 6 if so but something is held.
    """
    from desk.seeing.verify import show_verification

    return show_verification(reading, anchor)


@rejected_app.command("list")
@with_options
def rejected_list(reading: Reading, limit: LimitOption = 50) -> int:
    """The latest refusals: code, field and sentence."""
    from desk.seeing.rejected import show_rejected

    return show_rejected(limit, reading)


NumberArgument = Annotated[
    int, typer.Argument(metavar="NUMBER", min=1, help="From 'rejected list'.", show_default=False)
]


@rejected_app.command("show")
@with_options
def rejected_show(
    reading: Reading,
    number: NumberArgument,
    raw: Annotated[bool, typer.Option("--raw", help="Only its bytes, as they came.")] = False,
) -> int:
    """One refused input, with every one of its bytes."""
    from desk.seeing.rejected import show_one

    return show_one(number, raw, reading)


@rejected_app.command("resubmit")
@with_options
def rejected_resubmit(
    reading: Reading,
    number: NumberArgument,
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE|-]", help="The corrected event; else as it came.")
    ] = None,
) -> int:
    """Submit it again, corrected or (once a code or premises is known) as it came."""
    from desk.telling.rejected import resubmit

    return resubmit(number, file, reading)
