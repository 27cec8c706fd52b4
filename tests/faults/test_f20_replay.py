"""F20, replay: a new ledger that reads everything again from the beginning holds what the first one held."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, LiteralString

import pytest

from streams.clock import SystemClock
from streams.intake import Intake
from streams.parts import Parts
from streams.sweeper import Sweeper
from streams.system import open_parts
from tests.faults import grounds
from tests.faults.evidence import Trial, fault, judged
from tests.faults.grounds import no_servers
from tests.faults.patience import patience
from tests.faults.reading import Place, reading
from tests.faults.reporting import reporting
from tests.faults.site import Site, site_on_servers
from tests.faults.verdict import records, verdict
from tests.streams.on_paper import at_work

REPORTS_S: Final = 8.0
REPLAYED_WITHIN_S: Final = 60.0
CONTENTS: Final[dict[str, LiteralString]] = {
    "accepted": "SELECT source, id, type, unit, subject, role, party, digest FROM event",
    "rejected": "SELECT topic, sha256, code FROM rejected",
    "standing": (
        "SELECT id, unit, subject, kind, clock, spell, rung, repeat, role, priority, due_at FROM escalation "
        "WHERE standing"
    ),
}


@fault(
    "F20",
    what="replay: an empty database and a new group, from the beginning of the topics",
    promises=(7,),
    how="two workers under load, one of which is killed on the way; then another ledger takes the same topics from the "
    "start: the same accepted events and rejections, and at one instant the same standing escalations",
    unit="replays",
    full_n=50,
    small_n=1,
    missing=no_servers,
)
async def replay(seed: int, folder: Path) -> Trial:
    """One life, and its replay."""
    async with site_on_servers(folder, seed) as site:
        (doomed, _) = await site.up(2)
        async with reporting(site, pause_s=(0.02, 0.15)):
            await asyncio.sleep(REPORTS_S / 2)
            await doomed.kill()
            await asyncio.sleep(REPORTS_S / 2)
        lived = await verdict(site)
        name = f"{site.prefix}replay"
        address = grounds.postgres().address
        again = replace(site, ledger=address.new_database(name), changes={"group": f"{site.prefix}again"}, workers=[])
        try:
            async with replaying(again) as parts:
                await all_read(again)
                await swept(site, parts)
            found = apart(site.place, again.place)
        finally:
            address.drop_database(name)
        return judged([*lived.findings, *found], heal_seconds=lived.heal_seconds, history=lived.history)


@asynccontextmanager
async def replaying(site: Site) -> AsyncIterator[Parts]:
    """Intake and sweeper at work on a new ledger; nothing is sent, for it was sent the first time."""
    async with open_parts(site.settings, SystemClock(), site.world) as parts, at_work(Intake(parts), Sweeper(parts)):
        yield parts


async def all_read(site: Site) -> None:
    """Wait until every record is in the ledger."""
    wanted = await records(site)
    async with asyncio.timeout(patience(REPLAYED_WITHIN_S)):
        while True:
            with reading(site.place) as ledger:
                if ledger.one("SELECT coalesce(sum(next_offset - first_offset), 0) FROM offset_state") == wanted:
                    return
            await asyncio.sleep(0.25)


async def swept(first: Site, replayed: Parts) -> None:
    """Bring both ledgers to one instant, at which nothing more is due in either."""
    ledger = await first.open_ledger()
    now = SystemClock().now()
    try:
        for one in (ledger, replayed.ledger):
            while (await one.sweep(now, 500, first.world)).more:
                pass
    finally:
        await ledger.close()


def apart(first: Place, again: Place) -> list[str]:
    """What the two ledgers hold otherwise."""
    held, replayed = contents(first), contents(again)
    return [
        f"{name}: {line} is only in the {which} ledger"
        for name in CONTENTS
        for which, lines in (("first", held[name] - replayed[name]), ("replayed", replayed[name] - held[name]))
        for line in sorted(lines)
    ]


def contents(place: Place) -> dict[str, set[str]]:
    """The accepted events, the rejections and the standing escalations, a line each."""
    with reading(place) as ledger:
        return {
            name: {" ".join(map(str, row.values())) for row in ledger.rows(query)} for name, query in CONTENTS.items()
        }


@pytest.mark.faults
@pytest.mark.long_fault
def test_a_replay_from_an_empty_ledger_comes_to_the_same(tmp_path: Path) -> None:
    assert replay.trial(1804, tmp_path).findings == ()
