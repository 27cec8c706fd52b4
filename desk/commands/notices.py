"""Who was told, and rehearsals of who would be."""

# ruff: noqa: PLC0415 - options are arguments, and a command loads its work when called
from typing import Annotated

import typer

from desk.choices import PriorityWord
from desk.commands.panels import RULES, SEE
from desk.options import EscalationArgument, Reading, with_options

app = typer.Typer()


@app.command(rich_help_panel=SEE)
@with_options
def notices(reading: Reading, escalation: EscalationArgument) -> int:
    """Who was told of an escalation, by which channel, and what came of each attempt."""
    from desk.notices.listing import show_notices

    return show_notices(escalation, reading)


@app.command(rich_help_panel=RULES)
@with_options
def drill(
    reading: Reading,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Such as uncovered-night.", show_default=False)],
    premises: Annotated[str, typer.Argument(metavar="PREMISES", help="The premises' id.", show_default=False)],
    priority: Annotated[
        PriorityWord | None, typer.Option("--priority", help="Whose ladder; else the strictest.")
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, max=86_400, help="How long answers are waited for.")
    ] = 60.0,
) -> int:
    """Rehearse a ladder: who answers, how fast, and which rung is dead.

    Every notice says that it is a rehearsal; no real ladder hears of it.
    """
    from desk.notices.drill import drill_ladder

    return drill_ladder(kind, premises, priority, wait, reading)
