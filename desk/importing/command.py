"""The command ``workorders import``: its files and options, and the page that says what became of every row."""

import asyncio
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Final, Literal

from pydantic import SecretStr

from desk.environment import settings_for
from desk.exits import BadInput, Exit
from desk.importing.mapping import Mapping, load_mapping
from desk.importing.pipeline import open_pipeline
from desk.importing.report import Remarks, Report
from desk.importing.rows import Rows
from desk.importing.run import FLAGGED, REFUSED, carry_out
from desk.instants import instant, local_in_full
from desk.opening import file_of
from desk.printing import console, counted, print_json, said, table
from models.policy import PromiseRule
from streams.clock import SystemClock
from streams.ledger.engine import database_url
from streams.settings import EMBEDDED, Settings
from workorders.policy import Policy, World, default_estate, load_estate, load_policy
from workorders.policy.load import world_of
from workorders.policy.rulebook import ANY_SOURCE, Honour
from workorders.wall_clock import zone_named

Promises = Literal["honoured", "ignored"]
LEDGERS: Final = "imports"
BATCH: Final = 2_000
"""How many events intake takes in one transaction at most."""
SHORT_WAIT_MS: Final = 20
"""How long intake waits for a batch to fill; an import sends its batches whole."""

_HONOUR: Final[dict[Promises, Honour]] = {"honoured": "alone", "ignored": "ignored"}


def run_import(  # noqa: PLR0913 - one for each option of the command
    file: Path,
    *,
    mapping: Path,
    policy: Path,
    as_of: str,
    verdicts: Path,
    estate: Path | None = None,
    promises: Promises | None = None,
    ledger: str | None = None,
    as_json: bool = False,
) -> int:
    """Judge a file and print what became of its rows; exit code 1 if rows were refused.

    The estate is the one that is given, else the one that the mapping names, else the default.
    ``promises`` honoured means that a promised time counts alone, ignored that only the policy's targets do; without
    it the policy says for each source what counts.
    """
    found = load_mapping(mapping)
    if estate is None and found.estate is not None:
        estate = mapping.parent / found.estate
    world = _world(policy, estate, promises)
    _check_door(found, world)
    at = instant(as_of, now=SystemClock().now(), zone=zone_named(found.times.zone), name="--as-of")
    with file.open("rb") as source:
        rows = Rows(source, file.name, found)
        settings = _settings(ledger, file)
        report = asyncio.run(_import(rows, found, world, at, verdicts, settings))
    if as_json:
        print_json(report)
    else:
        show(report, found, verdicts)
    return Exit.NO if report.refused_rows else Exit.OK


def _world(policy: Path, estate: Path | None, promises: Promises | None) -> World:
    rules, site = load_policy(policy), default_estate() if estate is None else load_estate(estate)
    if promises is not None:
        rules = with_promises(rules, promises)
    return world_of(rules, site, f"{policy.name} with {estate.name if estate else 'the default estate'}")


def with_promises(policy: Policy, promises: Promises) -> Policy:
    """The policy with one rule about promised times, for every source."""
    rule = PromiseRule(source=ANY_SOURCE, honour=_HONOUR[promises])
    return Policy(policy.spec.model_copy(update={"promises": (rule,)}))


async def _import(
    rows: Rows, mapping: Mapping, world: World, as_of: datetime, verdicts: Path, settings: Settings
) -> Report:
    async with open_pipeline(settings, world, as_of) as pipeline:
        shown = database_url(settings.ledger_url).render_as_string(hide_password=True)
        return await carry_out(rows, mapping, pipeline, verdicts, shown)


def _check_door(mapping: Mapping, world: World) -> None:
    """The source is one whose word on when an event was heard is believed."""
    registered = [source for source in world.estates.entries[0][1].spec.sources if source.id == mapping.source]
    if not registered:
        raise BadInput(f"The estate registers no source {mapping.source!r}, which source of the mapping names.")
    if not registered[0].door:
        why = "an import says itself when its events were heard"
        raise BadInput(f"The source {mapping.source!r} must be registered with door = true, for {why}.")


def _settings(ledger: str | None, file: Path) -> Settings:
    """The movement's settings with an embedded broker, and a ledger of its own for this import if none is named."""
    usual = settings_for(ledger=ledger, broker=EMBEDDED)
    url = SecretStr(_fresh_ledger(usual.data_dir / LEDGERS, file.stem) if ledger is None else usual.ledger_url)
    return usual.model_copy(update={"ledger": url, "batch_max_records": BATCH, "batch_max_wait_ms": SHORT_WAIT_MS})


def _fresh_ledger(folder: Path, name: str) -> str:
    """The URL of a ledger that does not exist yet: no earlier one is touched."""
    folder.mkdir(parents=True, exist_ok=True)
    names = (folder / f"{name}{f'-{n}' if n > 1 else ''}.db" for n in count(1))
    return f"sqlite:///{next(name for name in names if not name.exists()).absolute()}"


def show(report: Report, mapping: Mapping, verdicts: Path) -> None:
    """The page for people."""
    out = console()
    zone = zone_named(mapping.times.zone)
    out.print(f"[head]{said(report.file)}[/] as at {local_in_full(report.as_of, zone)}")
    figures = table("", "", right=("",))
    for words, n in (
        ("rows", report.rows),
        ("accepted", report.accepted),
        ("refused", report.refused_rows),
        ("orders judged", report.verdicts),
        ("breached", report.breached),
        ("still open", report.open),
        ("due by a promise", report.by_promise),
        ("events", report.events),
    ):
        figures.add_row(words, f"{n:,}")
    out.print(figures)
    _show_remarks("Refused", report.refused)
    _show_remarks("Taken, and flagged", report.flagged)
    rate = f"{report.events_a_second:,.0f} events/s"
    out.print(
        f"{counted(report.events, 'event')} in {report.seconds:.1f} s, {rate}. Policy {report.policy_version[:12]}."
    )
    beside = " and ".join(f"*{ending}" for ending in (REFUSED, FLAGGED))
    out.print(f"Verdicts: {said(str(verdicts))} (every refused and flagged row is in {beside} beside it).")
    out.print(f"Ledger: {said(str(file_of(report.ledger) or report.ledger))}")
    out.print("Nobody was told: what stands escalated there is history, and no worker sends from such a ledger.")


def _show_remarks(title: str, remarks: Remarks) -> None:
    if not remarks.by_code:
        return
    shown = table("code", "rows", "for example", title=title, right=("rows",))
    for code, n in remarks.by_code.most_common():
        example = remarks.first[code][0]
        shown.add_row(code, f"{n:,}", f"row {example.row}: {said(example.sentence)}")
    console().print(shown)
