"""The options that several commands share, each declared once with its one-line help.

A dataclass whose fields are options is a *group*: a command that takes one as its first argument, and is decorated
with ``with_options``, has all of them.
"""

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar

import typer

P = ParamSpec("P")
GroupT = TypeVar("GroupT")

LedgerOption = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="FILE|URL",
        help="The ledger: a SQLite file or postgresql://...; else WORKORDERS_LEDGER, then the data directory.",
        show_default=False,
    ),
]
BrokerOption = Annotated[
    str | None,
    typer.Option("--broker", metavar="HOST:PORT", help="The broker; else WORKORDERS_BROKER, then embedded."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of a page for people.")]
SourceOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="SOURCE",
        help="The registered source that speaks; else WORKORDERS_DESK_SOURCE, then the desk's.",
    ),
]
AtOption = Annotated[
    str, typer.Option("--at", metavar="TIME", help="When it happened: '2026-01-14 02:10', 2026-01-14T02:10Z or -30min.")
]
NoteOption = Annotated[str | None, typer.Option("--note", help="Free text; kept apart from the audit, never sent on.")]
PremisesOption = Annotated[
    str | None, typer.Option("--premises", metavar="ID", help="Only needed while the ledger does not know the order.")
]
OrderArgument = Annotated[str, typer.Argument(metavar="ORDER", help="The work order's id.", show_default=False)]
NightArgument = Annotated[
    str,
    typer.Argument(metavar="NIGHT", help="<premises>/<YYYY-MM-DD>, the date it begins on.", show_default=False),
]
SubjectArgument = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="A work order's id, or <premises>/<YYYY-MM-DD>.", show_default=False)
]
EscalationArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The escalation's id; its first characters do.", show_default=False)
]
EventArgument = Annotated[
    str, typer.Argument(metavar="EVENT", help="The event's id; its first characters do.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class Reading:
    """What every command that reads the ledger may be told."""

    ledger: LedgerOption = None
    json: JsonOption = False


@dataclass(frozen=True, slots=True)
class Speaking:
    """What every command that tells the system something may be told."""

    at: AtOption = "now"
    note: NoteOption = None
    source: SourceOption = None
    ledger: LedgerOption = None
    json: JsonOption = False


@dataclass(frozen=True, slots=True)
class SpeakingOfOrder(Speaking):
    """The same for what is said about one work order, which may not have been raised yet."""

    premises: PremisesOption = None


@dataclass(frozen=True, slots=True)
class Running:
    """What every command that moves events may be told."""

    broker: BrokerOption = None
    ledger: LedgerOption = None


def with_options(command: Callable[Concatenate[GroupT, P], int]) -> Callable[..., int]:
    """The command with the fields of its first argument's group as options of its own, after its own."""
    first, *own = inspect.signature(command).parameters.values()
    group: Any = first.annotation
    shared = [_option(field) for field in dataclasses.fields(group)]
    names = {parameter.name for parameter in shared}

    @wraps(command)
    def told(**given: Any) -> int:  # noqa: ANN401 - what typer has read, each of its declared type
        chosen = group(**{name: given.pop(name) for name in names})
        return command(chosen, **given)  # type: ignore[call-arg]

    parameters = sorted([*own, *shared], key=lambda parameter: parameter.default is not inspect.Parameter.empty)
    told.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    )
    told.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return told


def _option(field: "dataclasses.Field[Any]") -> inspect.Parameter:
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=field.type)
