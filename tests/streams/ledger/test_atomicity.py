"""A transaction happens as a whole or not at all, whichever of its statements fails."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from streams.ledger.engine import Database
from streams.ledger.errors import LedgerUnavailable
from streams.ledger.incoming import Incoming, Outcome
from streams.ledger.ledger import Ledger
from tests.streams.ledger import telling
from tests.streams.ledger.conftest import sqlite_copy
from tests.streams.ledger.telling import PART, SIBLING, START, Feed, hour, plain, raised
from workorders.policy import World

Step = Callable[[Ledger, World], Awaitable[Outcome]]


class Sabotage:
    """Counts what is sent to the database for writing, and fails from the n-th statement on; commits count too."""

    def __init__(self) -> None:
        self.seen = 0
        self.fail_from: int | None = None

    def note(self, what: str) -> None:
        self.seen += 1
        if self.fail_from is not None and self.seen >= self.fail_from:
            raise OperationalError(what, None, sqlite3.OperationalError("the disk has gone away"))


@contextmanager
def sabotaged(database: Database) -> Iterator[Sabotage]:
    """The writing connections of a database under our hand."""
    sabotage, engine = Sabotage(), database._writer.sync_engine

    def execute(_c: Connection, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            sabotage.note(statement)

    def commit(_c: Connection) -> None:
        sabotage.note("COMMIT")

    event.listen(engine, "before_cursor_execute", execute)
    event.listen(engine, "commit", commit)
    try:
        yield sabotage
    finally:
        event.remove(engine, "before_cursor_execute", execute)
        event.remove(engine, "commit", commit)


def snapshot(url: str) -> list[str]:
    """Everything in a database but the ledger's own random id."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        return [line for line in connection.iterdump() if not line.startswith('INSERT INTO "meta"')]


def batch() -> list[Incoming]:
    """One of everything: new orders with and without text, siblings, a duplicate, a reused id, and mere bytes."""
    feed = Feed()
    first = raised("WO-1", 0, PART, id="e-first", note="round the back")
    told = [
        first,
        raised("WO-2", 0, SIBLING, id="e-second"),
        first,
        {**first, "subject": "WO-9"},
        telling.event("work-order.prioritised", "WO-1", 0.5, id="e-third", source="fm-north", priority="P4"),
        telling.event("shift-cover.withdrawn", f"{telling.AP}/2026-01-13", 0.5, id="e-4", source="ap-managers",
                      cover_ref="c-1"),
    ]  # fmt: skip
    return [*feed.read(*told), feed.raw("work-orders", b"nobody", b"\xff\xfe")]


async def take(ledger: Ledger, world: World) -> Outcome:
    return await ledger.take(batch(), hour(1), world)


async def sweep(ledger: Ledger, world: World) -> Outcome:
    return await ledger.sweep(hour(9), 100, world)


async def submit_and_sweep(ledger: Ledger, world: World) -> Outcome:
    await ledger.submit([plain(raised("WO-5", 1, id="e-fifth"), receipt="r-1")], hour(1), world)
    return await ledger.sweep(hour(2), 100, world)


async def _story(upgraded: Path, folder: Path, world: World, before: list[Step], step: Step) -> list[str]:
    """The database after the steps, without any failure."""
    url = sqlite_copy(upgraded, folder)
    ledger = await Ledger.open(url, time_kind="simulated", now=START)
    for one in [*before, step]:
        await one(ledger, world)
    await ledger.close()
    return snapshot(url)


@pytest.mark.parametrize(
    ("before", "step"),
    [([], take), ([take], sweep), ([take, sweep], submit_and_sweep)],
    ids=["take", "sweep", "inbox"],
)
@pytest.mark.timeout(180)
async def test_a_failure_at_any_statement_leaves_no_trace_and_a_retry_succeeds_exactly_once(
    upgraded_sqlite: Path, tmp_path: Path, world: World, before: list[Step], step: Step
) -> None:
    wanted = await _story(upgraded_sqlite, tmp_path, world, before, step)
    n, fired = 0, True
    while fired:
        n += 1
        url = sqlite_copy(upgraded_sqlite, tmp_path)
        ledger = await Ledger.open(url, time_kind="simulated", now=START)
        for one in before:
            await one(ledger, world)
        committed = [snapshot(url)]
        with sabotaged(ledger.database) as sabotage:
            sabotage.fail_from = n
            try:
                await step(ledger, world)
            except LedgerUnavailable:
                sabotage.fail_from = None
                committed += await _boundaries(upgraded_sqlite, tmp_path, world, before, step)
                assert snapshot(url) in committed, f"a failure at statement {n} left a trace"
            fired = sabotage.fail_from is None
            sabotage.fail_from = None
        if fired:
            await step(ledger, world)
        assert snapshot(url) == wanted, f"after a failure at statement {n} the retry came to another end"
        await ledger.close()
    assert n > 10


_KNOWN: dict[str, list[list[str]]] = {}


async def _boundaries(upgraded: Path, folder: Path, world: World, before: list[Step], step: Step) -> list[list[str]]:
    """The database as it is after each commit of a step that has several transactions."""
    name = str(step)
    if name not in _KNOWN:
        url = sqlite_copy(upgraded, folder)
        ledger = await Ledger.open(url, time_kind="simulated", now=START)
        for one in before:
            await one(ledger, world)
        found: list[list[str]] = []
        engine = ledger.database._writer.sync_engine
        event.listen(engine, "commit", lambda _: found.append(snapshot(url)))
        await step(ledger, world)
        await ledger.close()
        _KNOWN[name] = [*found, snapshot(url)]
    return _KNOWN[name]


async def test_the_failed_statement_is_named_after_the_last_try(sqlite_url: str, world: World) -> None:
    ledger = await Ledger.open(sqlite_url, time_kind="simulated", now=START)
    with sabotaged(ledger.database) as sabotage:
        sabotage.fail_from = 1
        with pytest.raises(LedgerUnavailable, match="the disk has gone away"):
            await take(ledger, world)
        assert sabotage.seen == 3
    await ledger.close()


async def test_a_passing_failure_is_tried_again_unseen(sqlite_url: str, world: World) -> None:
    ledger = await Ledger.open(sqlite_url, time_kind="simulated", now=START)
    with sabotaged(ledger.database) as sabotage:
        sabotage.fail_from = 9

        def heal(_c: Connection) -> None:
            sabotage.fail_from = None

        event.listen(ledger.database._writer.sync_engine, "rollback", heal)
        outcome = await take(ledger, world)
    assert (outcome.recorded, outcome.duplicates, len(outcome.rejections)) == (4, 1, 2)
    await ledger.close()
