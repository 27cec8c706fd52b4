"""What a role answers to an escalation."""

# ruff: noqa: PLC0415 - options are arguments, and a command loads its work when called
from typing import Annotated

import typer

from desk.commands.panels import ANSWERS
from desk.options import EscalationArgument, Speaking, with_options

app = typer.Typer()

CoversOption = Annotated[
    bool, typer.Option("--covers-subject", help="The answer is for every ladder of the order or night.")
]


@app.command("ack", rich_help_panel=ANSWERS)
@with_options
def acknowledge(
    speaking: Speaking,
    escalation: EscalationArgument,
    commitment: Annotated[
        str | None, typer.Option("--commitment", metavar="TIME", help="By when it will be done, such as +2h.")
    ] = None,
    covers_subject: CoversOption = False,
) -> int:
    """The role has taken it on: the ladder is held."""
    from desk.telling.answers import answer

    data = {"covers_subject": covers_subject}
    return answer(escalation, "acknowledged", data, {"commitment": commitment}, speaking)


@app.command(rich_help_panel=ANSWERS)
@with_options
def resolve(speaking: Speaking, escalation: EscalationArgument, covers_subject: CoversOption = False) -> int:
    """The role says that it is done.

    While the danger lasts this counts as an acknowledgement.
    """
    from desk.telling.answers import answer

    return answer(escalation, "resolved", {"covers_subject": covers_subject}, {}, speaking)


@app.command(rich_help_panel=ANSWERS)
@with_options
def decline(
    speaking: Speaking,
    escalation: EscalationArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why, at most 60 characters.", show_default=False)],
) -> int:
    """The role cannot act: the next one is told at once."""
    from desk.telling.answers import answer

    return answer(escalation, "declined", {"reason": reason}, {}, speaking)
