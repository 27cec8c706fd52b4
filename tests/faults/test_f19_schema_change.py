"""F19, schema change: records of every version are read as ever, and a filled ledger survives each step up and down."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson
import pytest
from alembic.script import ScriptDirectory

from models.parse import content_digest, parse
from models.refusal import Refusal
from streams.ledger import migrations
from streams.ledger.ledger import Ledger
from tests.faults.evidence import Trial, fault, judged
from tests.faults.invented import Book, book, content_hash, states_in
from tests.simulation.invention import Heard
from tests.simulation.trial import Trial as Life
from tests.simulation.trial import beginning, ending

GOLDEN: Final = sorted(Path(__file__).parent.glob("golden_v*.jsonl"))
"""Records as they were sent under each version of the schemas, with the digests that ledgers have kept of them."""
EVENTS: Final = 300


@fault(
    "F19",
    what="schema change: old records, and tables taken down and up",
    promises=(7, 10),
    how="a golden record of every type and version is read to the digest that ledgers hold; a filled ledger is taken "
    "down to each earlier version and up again, and down to nothing, up and filled anew: the same content, and sound",
    unit="steps and records",
    full_n=500,
    small_n=40,
)
async def schema_change(seed: int, folder: Path) -> Trial:
    """One filled ledger."""
    found = [*goldens()]
    life = Life(seed)
    heard = life.world.heard()[:EVENTS]
    file = folder / "ledger.db"
    start, end = beginning(life.world, heard), ending(life.world)
    async with book(file, life.scene, start) as ledger:
        await filled(ledger, heard)
        await ledger.sweep(end)
        found += ledger.problems
    before = content_hash(file), states_in(file)
    steps = 0
    for revision in revisions():
        migrations.downgrade(f"sqlite:///{file}", revision)
        migrations.upgrade(f"sqlite:///{file}")
        steps += 2
        if (content_hash(file), states_in(file)) != before:
            found.append(f"changed: what the ledger holds is not the same after a step down to {revision} and up")
    reopened = await Ledger.open(f"sqlite:///{file}", time_kind="simulated", now=start)
    report = await reopened.verify(life.scene.world)
    await reopened.close()
    found += [f"verify: {finding}" for finding in report.findings]
    migrations.downgrade(f"sqlite:///{file}", migrations.EMPTY)
    async with book(file, life.scene, start) as ledger:
        await filled(ledger, heard)
        await ledger.sweep(end)
    if content_hash(file) != before[0]:
        found.append("changed: what the ledger holds is not the same after it was made anew")
    return judged(found, count=steps + 2 + len(records()))


def revisions() -> list[str]:
    """The versions of the tables before the newest, newest first."""
    every = ScriptDirectory(str(Path(migrations.__file__).parent)).walk_revisions()
    return [script.revision for script in every][1:]


def records() -> list[dict[str, str]]:
    """Every golden record."""
    return [orjson.loads(line) for file in GOLDEN for line in file.read_bytes().splitlines()]


def goldens() -> Iterator[str]:
    """What old records are not read to any more."""
    for golden in records():
        event = parse(golden["value"].encode(), golden["key"].encode(), (), golden["topic"])
        if isinstance(event, Refusal):
            yield f"refused: a record that was taken once is refused: {event.sentence} {golden['value']}"
        elif content_digest(event).hex() != golden["digest"]:
            yield f"digest: {event.type} has another digest than ledgers hold"


async def filled(ledger: Book, heard: list[Heard]) -> None:
    """Take it all, some at a time."""
    for at in range(0, len(heard), 50):
        batch = heard[at : at + 50]
        await ledger.deliver(batch, batch[-1].heard)


@pytest.mark.faults
def test_a_filled_ledger_survives_every_step_down_and_up(tmp_path: Path) -> None:
    assert schema_change.trial(1804, tmp_path).findings == ()
