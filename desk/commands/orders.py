"""What a person says about one work order: a command for each event of the ``work-orders`` topic."""

# ruff: noqa: PLC0415, PLR0913, PLR0917 - options are arguments, and a command loads its work when called
from typing import Annotated

import typer

from desk.choices import CancelWord, CloseWord, PauseWord, PriorityWord
from desk.commands.panels import ORDERS
from desk.options import EventArgument, OrderArgument, Speaking, SpeakingOfOrder, SubjectArgument, with_options

app = typer.Typer()

PriorityArgument = Annotated[PriorityWord, typer.Argument(case_sensitive=False, show_default=False)]
AssetOption = Annotated[str | None, typer.Option("--asset", metavar="CODE", help="What is broken.")]
FaultOption = Annotated[str | None, typer.Option("--fault", metavar="CODE", help="How it is broken.")]
ImpactOption = Annotated[
    list[str] | None, typer.Option("--impact", metavar="CODE", help="What it endangers; may be given several times.")
]
AlternativeOption = Annotated[
    bool | None, typer.Option("--alternative/--no-alternative", help="Whether there is something to use meanwhile.")
]
ReferenceOption = Annotated[
    str | None, typer.Option("--reference", help="The contractor's reference, at most 60 characters.")
]
PromiseOption = Annotated[str | None, typer.Option("--promised-fix", metavar="TIME", help="The promised fix time.")]
OfSourceOption = Annotated[
    str | None, typer.Option("--of-source", metavar="SOURCE", help="Who sent it, where the id alone is not enough.")
]


@app.command("raise", rich_help_panel=ORDERS)
@with_options
def raise_order(
    speaking: Speaking,
    premises: Annotated[str, typer.Argument(metavar="PREMISES", show_default=False)],
    asset: Annotated[str, typer.Option("--asset", metavar="CODE", help="What is broken.", show_default=False)],
    fault: Annotated[str, typer.Option("--fault", metavar="CODE", help="How it is broken.", show_default=False)],
    impact: ImpactOption = None,
    alternative: AlternativeOption = False,
    order: Annotated[str | None, typer.Option("--order", metavar="ID", help="Its id; a new one if not given.")] = None,
    reference: ReferenceOption = None,
    promised_fix: PromiseOption = None,
) -> int:
    """Ask for a repair, and see its priority and why."""
    from desk.telling.orders import raise_at

    facts = {"asset": asset, "fault": fault, "impacts": impact or [], "alternative_available": bool(alternative)}
    return raise_at(
        premises, order, facts | {"contractor_reference": reference}, {"promised_fix": promised_fix}, speaking
    )


@app.command(rich_help_panel=ORDERS)
@with_options
def amend(
    speaking: SpeakingOfOrder,
    order: OrderArgument,
    asset: AssetOption = None,
    fault: FaultOption = None,
    impact: ImpactOption = None,
    alternative: AlternativeOption = None,
    reference: ReferenceOption = None,
    promised_fix: PromiseOption = None,
) -> int:
    """Correct its facts; what is left out stays as it was."""
    from desk.telling.orders import tell

    facts = {"asset": asset, "fault": fault, "impacts": impact, "alternative_available": alternative}
    data = facts | {"contractor_reference": reference}
    return tell(order, "amended", data, {"promised_fix": promised_fix}, speaking)


@app.command(rich_help_panel=ORDERS)
@with_options
def accept(speaking: SpeakingOfOrder, order: OrderArgument, reference: ReferenceOption = None) -> int:
    """The provider has taken the order in."""
    from desk.telling.orders import tell

    return tell(order, "acknowledged", {"contractor_reference": reference}, {}, speaking)


@app.command(rich_help_panel=ORDERS)
@with_options
def schedule(
    speaking: SpeakingOfOrder,
    order: OrderArgument,
    visit_at: Annotated[str, typer.Argument(metavar="TIME", help="When they will come.", show_default=False)],
) -> int:
    """A visit was agreed."""
    from desk.telling.orders import tell

    return tell(order, "scheduled", {}, {"visit_at": visit_at}, speaking)


@app.command(rich_help_panel=ORDERS)
@with_options
def attend(speaking: SpeakingOfOrder, order: OrderArgument) -> int:
    """Somebody of the provider came."""
    from desk.telling.orders import tell

    return tell(order, "attended", {}, {}, speaking)


@app.command("make-safe", rich_help_panel=ORDERS)
@with_options
def make_safe(speaking: SpeakingOfOrder, order: OrderArgument) -> int:
    """The danger was ended; the repair is not done."""
    from desk.telling.orders import tell

    return tell(order, "made-safe", {}, {}, speaking)


@app.command("fix-for-now", rich_help_panel=ORDERS)
@with_options
def fix_for_now(speaking: SpeakingOfOrder, order: OrderArgument) -> int:
    """A temporary repair was made: safe, not fixed."""
    from desk.telling.orders import tell

    return tell(order, "temporarily-fixed", {}, {}, speaking)


@app.command(rich_help_panel=ORDERS)
@with_options
def complete(speaking: SpeakingOfOrder, order: OrderArgument) -> int:
    """The repair was reported done."""
    from desk.telling.orders import tell

    return tell(order, "completed", {}, {}, speaking)


@app.command(rich_help_panel=ORDERS)
@with_options
def reject(
    speaking: SpeakingOfOrder,
    order: OrderArgument,
    defect: Annotated[str | None, typer.Option("--defect", help="What is wrong, at most 60 characters.")] = None,
) -> int:
    """The work is not to standard: it is open again.

    The first clocks stand.
    """
    from desk.telling.orders import tell

    return tell(order, "completion-rejected", {"defect": defect}, {}, speaking)


@app.command(rich_help_panel=ORDERS)
@with_options
def close(
    speaking: SpeakingOfOrder,
    order: OrderArgument,
    outcome: Annotated[CloseWord, typer.Argument(show_default=False)],
) -> int:
    """Close the order."""
    from desk.telling.orders import tell

    return tell(order, "closed", {"outcome": outcome}, {}, speaking)


@app.command(rich_help_panel=ORDERS)
@with_options
def cancel(
    speaking: SpeakingOfOrder,
    order: OrderArgument,
    reason: Annotated[CancelWord, typer.Argument(show_default=False)],
    duplicate_of: Annotated[str | None, typer.Option("--duplicate-of", metavar="ORDER")] = None,
) -> int:
    """Cancel the order."""
    from desk.telling.orders import tell

    return tell(order, "cancelled", {"reason": reason, "duplicate_of": duplicate_of}, {}, speaking)


@app.command(rich_help_panel=ORDERS)
@with_options
def pause(
    speaking: SpeakingOfOrder,
    order: OrderArgument,
    reason: Annotated[PauseWord, typer.Argument(show_default=False)],
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="When it ends at the latest.")],
) -> int:
    """Stop the fix clock for a reason, until an expiry."""
    from desk.telling.orders import tell

    return tell(order, "paused", {"reason": reason}, {"until": until}, speaking)


@app.command(rich_help_panel=ORDERS)
@with_options
def resume(speaking: SpeakingOfOrder, order: OrderArgument) -> int:
    """The fix clock goes on."""
    from desk.telling.orders import tell

    return tell(order, "resumed", {}, {}, speaking)


@app.command(rich_help_panel=ORDERS)
@with_options
def prioritise(speaking: SpeakingOfOrder, order: OrderArgument, priority: PriorityArgument) -> int:
    """The provider's own priority.

    It changes no deadline, but may open a dispute.
    """
    from desk.telling.orders import tell

    return tell(order, "prioritised", {"priority": priority}, {}, speaking)


@app.command(rich_help_panel=ORDERS)
@with_options
def settle(speaking: SpeakingOfOrder, order: OrderArgument, priority: PriorityArgument) -> int:
    """The client side settles the priority."""
    from desk.telling.orders import tell

    return tell(order, "criticality-settled", {"priority": priority}, {}, speaking)


@app.command(rich_help_panel=ORDERS)
@with_options
def reassess(
    speaking: SpeakingOfOrder,
    order: OrderArgument,
    policy_version: Annotated[str, typer.Argument(metavar="VERSION", show_default=False)],
) -> int:
    """Move it to another policy version."""
    from desk.telling.orders import tell

    return tell(order, "reassessed", {"policy_version": policy_version}, {}, speaking)


@app.command(rich_help_panel=ORDERS)
@with_options
def retract(
    speaking: SpeakingOfOrder, subject: SubjectArgument, event: EventArgument, of_source: OfSourceOption = None
) -> int:
    """Undo a mistaken event.

    It is left out of every decision; the audit keeps both.
    """
    from desk.telling.named import tell_about_event

    return tell_about_event(subject, "retracted", event, of_source, speaking)


@app.command("confirm-report", rich_help_panel=ORDERS)
@with_options
def confirm_report(
    speaking: SpeakingOfOrder, subject: SubjectArgument, event: EventArgument, of_source: OfSourceOption = None
) -> int:
    """The client side confirms a late report."""
    from desk.telling.named import tell_about_event

    return tell_about_event(subject, "report-confirmed", event, of_source, speaking)


@app.command("refuse-report", rich_help_panel=ORDERS)
@with_options
def refuse_report(
    speaking: SpeakingOfOrder, subject: SubjectArgument, event: EventArgument, of_source: OfSourceOption = None
) -> int:
    """The client side refuses a late report."""
    from desk.telling.named import tell_about_event

    return tell_about_event(subject, "report-refused", event, of_source, speaking)
