"""What a person says about one night: a command for each event of the ``shift-cover`` topic."""

# ruff: noqa: PLC0415 - options are arguments, and a command loads its work when called
from typing import Annotated

import typer

from desk.choices import SupplierWord, UnfitWord
from desk.options import NightArgument, Speaking, with_options

app = typer.Typer(no_args_is_help=True, help="Who covers a night, and who does not.")

RefArgument = Annotated[
    str, typer.Argument(metavar="COVER", help="One person's place, by its opaque reference.", show_default=False)
]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="When the cover starts; else with the night's window.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="When the cover ends; else with the night's window.")
]


@app.command()
@with_options
def confirm(
    speaking: Speaking,
    night: NightArgument,
    cover: RefArgument,
    supplier: Annotated[SupplierWord, typer.Option("--supplier", help="Who provides the person.")] = "agency",
    starts: FromOption = None,
    until: UntilOption = None,
) -> int:
    """One person is confirmed for the night, or for a stretch of it."""
    from desk.telling.nights import tell_stretch

    return tell_stretch(night, "confirmed", {"cover_ref": cover, "supplier": supplier}, (starts, until), speaking)


@app.command()
@with_options
def withdraw(speaking: Speaking, night: NightArgument, cover: RefArgument) -> int:
    """The supplier took a person back."""
    from desk.telling.nights import tell

    return tell(night, "withdrawn", {"cover_ref": cover}, speaking)


@app.command()
@with_options
def refuse(
    speaking: Speaking,
    night: NightArgument,
    cover: RefArgument,
    reason: Annotated[UnfitWord, typer.Argument(show_default=False)],
) -> int:
    """The premises did not accept the person."""
    from desk.telling.nights import tell

    return tell(night, "refused", {"cover_ref": cover, "reason": reason}, speaking)


@app.command("no-show")
@with_options
def no_show(speaking: Speaking, night: NightArgument, cover: RefArgument) -> int:
    """The person did not come."""
    from desk.telling.nights import tell

    return tell(night, "not-attended", {"cover_ref": cover}, speaking)


@app.command("check-in")
@with_options
def check_in(speaking: Speaking, night: NightArgument, cover: RefArgument) -> int:
    """The person is on the premises."""
    from desk.telling.nights import tell

    return tell(night, "checked-in", {"cover_ref": cover}, speaking)


@app.command("left-early")
@with_options
def left_early(speaking: Speaking, night: NightArgument, cover: RefArgument) -> int:
    """The person left before the end."""
    from desk.telling.nights import tell

    return tell(night, "left-early", {"cover_ref": cover}, speaking)


@app.command("report-missing")
@with_options
def report_missing(
    speaking: Speaking,
    night: NightArgument,
    cover: Annotated[str | None, typer.Option("--cover", metavar="COVER", help="Whose place it is, if known.")] = None,
    missing: Annotated[int | None, typer.Option("--missing", min=1, max=20, help="How many are missing.")] = None,
) -> int:
    """The manager reports that cover is missing: the named person's, or so many people's."""
    from desk.telling.nights import tell

    return tell(night, "missing-reported", {"cover_ref": cover, "missing": missing}, speaking)


@app.command()
@with_options
def contingency(
    speaking: Speaking,
    night: NightArgument,
    cover: RefArgument,
    cost: Annotated[str, typer.Option("--cost", metavar="POUNDS", help="What it costs, such as 214.50.")],
    replaces: Annotated[SupplierWord, typer.Option("--replaces", help="Whose place it takes.")] = "agency",
    starts: FromOption = None,
    until: UntilOption = None,
) -> int:
    """A replacement was put in at the division's expense."""
    from desk.telling.nights import pence, tell_stretch

    data = {"cover_ref": cover, "replaces": replaces, "cost_pence": pence(cost)}
    return tell_stretch(night, "contingency-arranged", data, (starts, until), speaking)


@app.command("stand-down")
@with_options
def stand_down(speaking: Speaking, night: NightArgument, cover: RefArgument) -> int:
    """The person is no longer needed; nobody's failure."""
    from desk.telling.nights import tell

    return tell(night, "stood-down", {"cover_ref": cover}, speaking)


@app.command()
@with_options
def require(
    speaking: Speaking,
    night: NightArgument,
    required: Annotated[int, typer.Argument(min=0, max=20, help="How many people.", show_default=False)],
    own_staff: Annotated[int, typer.Option("--own-staff", min=0, max=20, help="How many of them own staff.")] = 1,
) -> int:
    """The night needs another number of people."""
    from desk.telling.nights import tell

    return tell(night, "requirement-changed", {"required": required, "own_staff": own_staff}, speaking)
