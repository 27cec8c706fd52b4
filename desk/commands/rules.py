"""Rules and upkeep: policies, the estate, the ledger's tables and the broker's topics."""

# ruff: noqa: PLC0415 - options are arguments, and a command loads its work when called
from pathlib import Path
from typing import Annotated

import typer

from desk.options import JsonOption, LedgerOption, Reading, Running, with_options

policy_app = typer.Typer(no_args_is_help=True, help="The rules: check, bring into force, show.")
estate_app = typer.Typer(no_args_is_help=True, help="The premises, roles, routes and sources.")
db_app = typer.Typer(no_args_is_help=True, help="The ledger's tables.")
topics_app = typer.Typer(no_args_is_help=True, help="The topics on the broker.")

FromOption = Annotated[
    str, typer.Option("--from", metavar="TIME", help="From when it holds; in the future.", show_default=False)
]
ByOption = Annotated[str, typer.Option("--by", metavar="ROLE", help="The role that decides so; kept in the audit.")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE.toml", show_default=False)]


@policy_app.command("check")
def policy_check(
    file: FileArgument,
    estate: Annotated[
        Path | None, typer.Option("--estate", metavar="E.toml", help="Check it against this one.")
    ] = None,
    json: JsonOption = False,
) -> int:
    """Whether a policy file is sound: total, no dead rule, every rung reachable."""
    from desk.rules.checking import check_policy

    return check_policy(file, estate, as_json=json)


@policy_app.command("activate")
def policy_activate(
    file: FileArgument,
    effective: FromOption,
    by: ByOption = "division",
    ledger: LedgerOption = None,
    json: JsonOption = False,
) -> int:
    """Bring a policy into force from a future instant."""
    from desk.rules.activating import activate_policy

    return activate_policy(file, effective, by, Reading(ledger, json))


@policy_app.command("show")
@with_options
def policy_show(
    reading: Reading,
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="By its content hash; else the one in force.")
    ] = None,
) -> int:
    """The rules, targets and ladders in force, or those of another version; and when each came into force."""
    from desk.rules.showing import show_policy

    return show_policy(version, reading)


@estate_app.command("check")
def estate_check(
    file: FileArgument,
    policy: Annotated[
        Path | None, typer.Option("--policy", metavar="P.toml", help="Check it against this one.")
    ] = None,
    json: JsonOption = False,
) -> int:
    """Whether an estate file is sound: every name known, every last rung reachable."""
    from desk.rules.checking import check_estate

    return check_estate(file, policy, as_json=json)


@estate_app.command("show")
@with_options
def estate_show(
    reading: Reading,
    premises: Annotated[
        str | None, typer.Argument(metavar="[PREMISES]", help="Only what concerns this one, by its id.")
    ] = None,
) -> int:
    """The estate in force: units, premises with kind and id, contracts, roles with their routes, and senders."""
    from desk.rules.estate import show_estate

    return show_estate(premises, reading)


@estate_app.command("activate")
def estate_activate(
    file: FileArgument,
    effective: FromOption,
    by: ByOption = "division",
    ledger: LedgerOption = None,
    json: JsonOption = False,
) -> int:
    """Bring an estate into force from a future instant."""
    from desk.rules.activating import activate_estate

    return activate_estate(file, effective, by, Reading(ledger, json))


@db_app.command("upgrade")
@with_options
def db_upgrade(reading: Reading) -> int:
    """Make the ledger's tables, or bring them to this release; nothing that is recorded is lost."""
    from desk.upkeep import upgrade_ledger

    return upgrade_ledger(reading)


@topics_app.command("plan")
@with_options
def topics_plan(running: Running, json: JsonOption = False) -> int:
    """What would be made or changed on the broker."""
    from desk.upkeep import plan_topics

    return plan_topics(running, as_json=json)


@topics_app.command("apply")
@with_options
def topics_apply(running: Running, json: JsonOption = False) -> int:
    """Make the topics that are missing and mend the settings that differ."""
    from desk.upkeep import apply_topics

    return apply_topics(running, as_json=json)


@topics_app.command("check")
@with_options
def topics_check(running: Running, json: JsonOption = False) -> int:
    """Whether the topics are as they must be; exit code 1 if not."""
    from desk.upkeep import check_topics

    return check_topics(running, as_json=json)
