"""Mending by hand: what is in quarantine is tried again, and records that are gone for good are gone past."""

import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from desk.environment import settings_for
from desk.exits import BadInput, BadValue, Exit, NotFound
from desk.opening import open_ledger
from desk.options import Reading, Running
from desk.printing import console, counted, print_json
from streams.cluster import KafkaServers
from streams.ledger.incoming import Outcome, Stream
from streams.ledger.ledger import Ledger
from streams.restore import Restored, restore
from streams.settings import Settings


def release_quarantine(reading: Reading) -> int:
    """Decide again what is held apart; exit 1 if some of it still is."""
    found = asyncio.run(_release(reading))
    still = [{"unit": one.unit, "subject": one.subject, "error": one.error} for one in found.held]
    if reading.json:
        print_json({"decided": found.decided, "still_held": still})
    else:
        page = console()
        page.print(Text(f"{counted(found.decided, 'subject')} decided, {len(still)} still held."))
        for one in still:
            page.print(Text(f"  · {one['subject']} at {one['unit']}: {one['error']}"), soft_wrap=True)
    return Exit.NO if still else Exit.OK


def go_past(running: Running, topic: str, partition: int, upto: int, reason: str, *, as_json: bool) -> int:
    """Accept that records before ``upto`` are missing from a partition, for a reason that is kept."""
    if not reason.strip():
        raise BadValue("--reason is empty: say why the records are gone, for whoever reads the audit.")
    settings = settings_for(ledger=running.ledger, broker=running.broker)
    stream, before = asyncio.run(_go_past(settings, running.ledger, (topic, partition), upto, reason))
    if as_json:
        print_json({"topic": topic, "partition": partition, "from": before, "to": upto, "reason": reason})
    else:
        said = f"{counted(upto - before, 'record')} of partition {stream.partition} of {stream.topic} gone past."
        console().print(Text(f"{said} A worker goes on at {upto}."))
    return Exit.OK


def adopt_said(running: Running, *, as_json: bool) -> int:
    """Let a restored ledger learn what it had said.

    Exit 1 if records that it had heard are gone from the broker, or if it had said something else under the same id.
    """
    settings = settings_for(ledger=running.ledger, broker=running.broker)
    if settings.is_embedded:
        raise BadInput("An embedded broker forgets what was said; name the servers with --broker HOST:PORT.")
    found = asyncio.run(_adopt(settings, running.ledger))
    lost, different = sum(found.lost.values()), sorted(found.adopted.different)
    if as_json:
        said = {"adopted": found.adopted.new, "known": found.adopted.known, "different": different}
        print_json({**said, "to_read": found.to_read, "lost": lost})
    else:
        page = console()
        page.print(Text(f"{counted(found.adopted.new, 'message')} adopted, {found.adopted.known} known already."))
        for topic, n in found.to_read.items():
            page.print(Text(f"  · {counted(n, 'record')} of {topic} will be read again"))
        if lost:
            page.print(Text(f"{counted(lost, 'record')} of these are gone from the broker.", style="bad"))
        _tell_different(page, different)
    return Exit.NO if lost or different else Exit.OK


def _tell_different(page: Console, different: Sequence[str]) -> None:
    """Name what has two contents: one on its topic, and another in the ledger."""
    if different:
        said = f"{counted(len(different), 'message')} with another content on the topics than in the ledger:"
        page.print(Text(said, style="bad"))
        for id_ in different:
            page.print(Text(f"  · {id_}"))
        advice = "A worker ran on this ledger before what was said had been adopted; see RESTORE.md, adopted too late."
        page.print(Text(advice), soft_wrap=True)


async def _adopt(settings: Settings, ledger_option: str | None) -> Restored:
    async with open_ledger(ledger_option) as (desk, ledger):
        return await restore(settings, ledger, desk.clock)


async def _release(reading: Reading) -> Outcome:
    async with open_ledger(reading.ledger) as (desk, ledger):
        return await ledger.release(desk.now, desk.world)


async def _go_past(
    settings: Settings, ledger_option: str | None, place: tuple[str, int], upto: int, reason: str
) -> tuple[Stream, int]:
    async with open_ledger(ledger_option) as (desk, ledger):
        stream, before = await _present(settings, ledger, *place)
        await ledger.accept_gap(stream, upto, reason, desk.now)
        return stream, before


async def _present(settings: Settings, ledger: Ledger, topic: str, partition: int) -> tuple[Stream, int]:
    """The stream of the topic as it is now, not of one that had its name before; and the offset that comes next."""
    known = {
        one: at
        for one, at in (await ledger.known_streams()).items()
        if (one.topic, one.partition) == (topic, partition)
    }
    if not settings.is_embedded and known:
        name = settings.topic_prefix + topic
        life = (await KafkaServers(settings).incarnations([name]))[name]
        known = {one: at for one, at in known.items() if (one.cluster, one.incarnation) == (life.cluster, life.topic)}
    if len(known) != 1:
        found = "never read" if not known else "of more than one incarnation: name its broker with --broker"
        raise NotFound(f"Partition {partition} of {topic} is {found}.")
    return next(iter(known.items()))
