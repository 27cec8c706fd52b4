"""Upkeep: the topics on the broker, and the ledger's tables."""

import asyncio
from dataclasses import dataclass

from sqlalchemy import make_url

from desk.environment import settings_for
from desk.exits import BadInput, Exit
from desk.opening import file_of, packaged_world, time_kind_of
from desk.options import Reading, Running
from desk.printing import console, counted, print_json, said
from streams.clock import Kind, SystemClock
from streams.ledger import migrations
from streams.ledger.engine import Database
from streams.ledger.ledger import Ledger
from streams.settings import Settings
from streams.topic_admin import Step, apply, plan
from streams.topics import TOPICS


@dataclass(frozen=True, slots=True)
class Difference:
    """One topic that is not as it must be; ``by_hand`` where no command can put it right."""

    topic: str
    sentence: str
    by_hand: bool


def plan_topics(running: Running, *, as_json: bool) -> int:
    """Print what ``apply`` would do; the answer is no error."""
    _tell(_differences(asyncio.run(plan(_servers(running)))), as_json, done="to be done")
    return Exit.OK


def apply_topics(running: Running, *, as_json: bool) -> int:
    """Make and mend the topics; exit 1 if something is left that needs a person."""
    found = _differences(asyncio.run(apply(_servers(running))))
    _tell(found, as_json, done="done")
    return Exit.NO if any(one.by_hand for one in found) else Exit.OK


def check_topics(running: Running, *, as_json: bool) -> int:
    """Whether all topics are as they must be."""
    found = _differences(asyncio.run(plan(_servers(running))))
    _tell(found, as_json, done="to be done")
    return Exit.NO if found else Exit.OK


def _servers(running: Running) -> Settings:
    settings = settings_for(ledger=running.ledger, broker=running.broker)
    if settings.is_embedded:
        raise BadInput("The embedded broker makes its topics when it starts; name servers with --broker HOST:PORT.")
    return settings


def _differences(steps: list[Step]) -> list[Difference]:
    return [Difference(step.topic, step.sentence, step.by_hand) for step in steps]


def _tell(found: list[Difference], as_json: bool, *, done: str) -> None:
    if as_json:
        print_json({"topics": len(TOPICS), "differences": found})
        return
    page = console()
    if not found:
        page.print(f"[good]All {len(TOPICS)} topics are as they must be.[/]")
        return
    ours, left = [one for one in found if not one.by_hand], [one for one in found if one.by_hand]
    for steps, what in ((ours, done), (left, "[doubt]left to a person[/]")):
        if steps:
            page.print(f"{counted(len(steps), 'step')} {what}:")
        for one in steps:
            page.print(f"  · {said(one.sentence)}", soft_wrap=True)


def upgrade_ledger(reading: Reading) -> int:
    """Make the ledger's tables or bring them to this release; a new ledger begins with the rules in the settings."""
    settings = settings_for(ledger=reading.ledger)
    before, after = asyncio.run(_upgrade(settings))
    if reading.json:
        print_json({"ledger": _place(settings), "from": before, "to": after})
    elif before == after:
        console().print(f"Nothing to do: {said(_place(settings))} has the tables of this release ({after}).")
    else:
        console().print(f"[good]Done.[/] {said(_place(settings))} went from {before or 'nothing'} to {after}.")
    return Exit.OK


async def _upgrade(settings: Settings) -> tuple[str | None, str]:
    before, _ = await asyncio.to_thread(migrations.version, settings.ledger_url)
    await asyncio.to_thread(migrations.upgrade, settings.ledger_url)
    clock = SystemClock()
    kind = await _time_kind(settings)
    ledger = await Ledger.open(settings.ledger_url, time_kind=kind, now=clock.now())
    try:
        await ledger.world(packaged_world(settings), clock.now())
    finally:
        await ledger.close()
    return before, (await asyncio.to_thread(migrations.version, settings.ledger_url))[1]


async def _time_kind(settings: Settings) -> Kind:
    """The time that the ledger holds; a new one holds the world's."""
    database = Database(settings.ledger_url)
    try:
        async with database.reading() as connection:
            return await time_kind_of(connection)
    finally:
        await database.close()


def _place(settings: Settings) -> str:
    """Where the ledger is, without a password."""
    file = file_of(settings.ledger_url)
    return str(file) if file is not None else make_url(settings.ledger_url).render_as_string(hide_password=True)
