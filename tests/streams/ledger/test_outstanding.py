"""The total of outstanding orders is kept, never counted; and is what a count would say."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from shutil import copy
from typing import Any

import pytest

from models.tables import OutstandingRow
from models.work_order import Priority
from streams.ledger import migrations, queries
from streams.ledger.ledger import Ledger
from streams.ledger.outstanding import OLDEST, age_of
from streams.ledger.queries.total import PATIENCE, Total, by_premises
from streams.ledger.writing import BACKLOG_EVERY
from tests.faults.invented import Book, book
from tests.simulation.trial import Trial, beginning
from tests.streams.ledger.telling import AP, OFFICE, OTHER_AP, PAINT, Feed, all_rows, event, hour, raised
from workorders.policy import World

AGES = {1: "under-1-day", 7: "1-to-7-days", 28: "7-to-28-days"}
DAY = timedelta(days=1)
EVENTS = 400


def _age(raised_at: datetime, now: datetime) -> str:
    return next((name for days, name in AGES.items() if now - raised_at < days * DAY), "over-28-days")


def _full_count(file: Path, now: datetime) -> dict[str, dict[str, dict[str, int]]]:
    """By premises: how many of each priority and of each age, from every order in the file."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    with closing(sqlite3.connect(file)) as database:
        query = "SELECT unit, effective, raised_at FROM work_order WHERE status = 'open'"
        for unit, level, at in database.execute(query):
            one = found.setdefault(unit, {"by_priority": {}, "by_age": {}})
            age = _age(datetime.fromisoformat(at).replace(tzinfo=UTC), now)
            one["by_priority"][level] = one["by_priority"].get(level, 0) + 1
            one["by_age"][age] = one["by_age"].get(age, 0) + 1
    return found


async def _kept(ledger: Ledger, now: datetime) -> dict[str, dict[str, dict[str, int]]]:
    async with ledger.reading() as connection:
        found = await by_premises(connection, now)
        whole = await queries.total(connection, now)
    assert whole.outstanding == sum(one.outstanding for one in found.values())
    for name in ("by_priority", "by_age"):
        parts: dict[str, int] = {}
        for one in found.values():
            for key, n in getattr(one, name).items():
                parts[key] = parts.get(key, 0) + n
        assert getattr(whole, name) == parts
    return {
        unit: {"by_priority": {**one.by_priority}, "by_age": {**one.by_age}}
        for unit, one in found.items()
        if one.outstanding
    }


def _without_ages(counted: dict[str, dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    return {unit: one["by_priority"] for unit, one in counted.items()}


@pytest.mark.parametrize("seed", range(4))
async def test_through_any_life_the_total_is_a_full_count_and_with_its_ages_once_the_sweep_has_caught_up(
    seed: int, tmp_path: Path
) -> None:
    life, chance = Trial(seed), Random(seed)
    heard = life.world.heard()[:EVENTS]
    file = tmp_path / "ledger.db"
    async with book(file, life.scene, beginning(life.world, heard)) as kept:
        at, backup, now = 0, None, heard[0].heard
        while at < len(heard):
            batch = heard[at : at + chance.randint(1, 40)]
            at += len(batch)
            now = max(now, batch[-1].heard + timedelta(hours=chance.choice((0, 0, 1, 30))))
            await kept.deliver(batch, now)
            assert _without_ages(await _kept(kept.ledger, now)) == _without_ages(_full_count(file, now))
            if chance.random() < 0.3:
                await _lists_hold_what_is_counted(kept.ledger, file, now)
            if chance.random() < 0.5:
                await kept.sweep(now)
            if chance.random() < 0.2:
                caught_up = now + BACKLOG_EVERY
                await kept.sweep(caught_up)
                assert await _kept(kept.ledger, caught_up) == _full_count(file, caught_up)
            match chance.randint(1, 8):
                case 1:
                    await _down_and_up(kept)
                case 2:
                    backup = (await _copied(kept, tmp_path / "backup.db"), {**kept.offsets}, at)
                case 3 if backup is not None:
                    kept.offsets, at = {**backup[1]}, backup[2]
                    await _restored(kept, backup[0])
        report = await kept.ledger.verify(life.scene.world)
        await kept.ledger.close()
    assert [one for one in report.findings if one.check == "outstanding"] == []
    assert report.counts["premises"] > 0


async def _lists_hold_what_is_counted(ledger: Ledger, file: Path, now: datetime) -> None:
    """The list behind each number, two lines at a time, is every order that there is of that priority and age."""
    with closing(sqlite3.connect(file)) as database:
        query = "SELECT unit, subject, effective, raised_at FROM work_order WHERE is_open AND effective IS NOT NULL"
        every = [(*row[:3], _age(datetime.fromisoformat(row[3]).replace(tzinfo=UTC), now)) for row in
                 database.execute(query)]  # fmt: skip
    units = sorted({row[0] for row in every})
    for level in (None, *Priority):
        for age in (None, *AGES.values(), OLDEST):
            for within in (None, units[::2]):
                expected = [
                    row[:2] for row in sorted(every)
                    if level in {None, row[2]} and age in {None, row[3]} and (within is None or row[0] in within)
                ]  # fmt: skip
                assert await _listed(ledger, level, age, within, now) == expected, (level, age, within)


async def _listed(
    ledger: Ledger, level: str | None, age: str | None, units: list[str] | None, now: datetime
) -> list[tuple[str, str]]:
    aged: Any = None if age is None else (age, now)
    found: list[tuple[str, str]] = []
    async with ledger.reading() as connection:
        while True:
            some = await queries.orders(
                connection, units=units, priorities=[level] if level else None, aged=aged, limit=2,
                after=found[-1] if found else None,
            )  # fmt: skip
            found += [(one["unit"], one["subject"]) for one in some if one["effective"] is not None]
            if len(some) < 2:
                return found


async def _down_and_up(kept: Book) -> None:
    """The tables of the release before, and these again."""
    await kept.ledger.close()
    before = _premises(kept.file)
    migrations.downgrade(f"sqlite:///{kept.file}", "0002")
    migrations.upgrade(f"sqlite:///{kept.file}")
    assert _premises(kept.file) == before
    await _opened(kept)


async def _copied(kept: Book, to: Path) -> Path:
    await kept.ledger.close()
    copy(kept.file, to)
    await _opened(kept)
    return to


async def _restored(kept: Book, backup: Path) -> None:
    await kept.ledger.close()
    copy(backup, kept.file)
    await _opened(kept)


async def _opened(kept: Book) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC)
    kept.ledger = await Ledger.open(f"sqlite:///{kept.file}", time_kind="simulated", now=now)


def _premises(file: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as database:
        return database.execute("SELECT unit FROM outstanding ORDER BY unit").fetchall()


async def test_a_ledger_of_the_release_before_is_counted_by_its_upgrade(
    ledger: Ledger, url: str, world: World, feed: Feed
) -> None:
    told = [raised(f"WO-{n}", -24.0 * n, PAINT, premises=(AP, OFFICE)[n % 2]) for n in (0, 1, 2, 6, 7, 8, 27, 28, 29)]
    await ledger.take(feed.read(*told, heard=0), hour(0), world)
    await ledger.sweep(hour(1), 100, world)
    await ledger.take(feed.read(raised("WO-9", 1.1, PAINT, premises=OTHER_AP)), hour(1.1), world)
    await ledger.take(feed.read(event("work-order.completed", "WO-8", 1.2)), hour(1.2), world)
    before = await all_rows(ledger, OutstandingRow)
    assert {row.unit for row in before} == {AP, OFFICE, OTHER_AP}
    await ledger.close()
    migrations.downgrade(url, "0002")
    migrations.upgrade(url)
    assert await all_rows(ledger, OutstandingRow) == before


async def test_orders_grow_older_on_the_board_though_nobody_sweeps(small: Ledger, world: World, feed: Feed) -> None:
    told = [raised("WO-1", 0, PAINT), raised("WO-2", 0, PAINT, premises=OFFICE)]
    await small.take(feed.read(*told), hour(0), world)
    await small.sweep(hour(1), 100, world)
    assert (await _total(small, hour(20))).by_age == {"under-1-day": 2}
    assert (await _total(small, hour(24) + PATIENCE)).by_age == {"1-to-7-days": 2}
    assert (await _total(small, hour(30 * 24))).by_age == {"over-28-days": 2}


async def test_nothing_is_outstanding_in_a_new_ledger(small: Ledger) -> None:
    assert await _total(small, hour(0)) == Total(0, {}, {})


async def _total(ledger: Ledger, now: datetime) -> Total:
    async with ledger.reading() as connection:
        return await queries.total(connection, now)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("UPDATE outstanding SET p4_day = p4_day + 1", "p4_day: not what a count of its orders says"),
        ("UPDATE outstanding SET p4_day = 0, p4_week = 1", "p4_day, p4_week: not what a count of its orders says"),
        ("UPDATE outstanding SET as_at = '2026-01-13 10:00:01'", "as_at is not when the backlog of a premises was"),
        ("DELETE FROM outstanding", "it is gone: nothing says how many orders are outstanding"),
    ],
)
@pytest.mark.parametrize("swept", [False, True])
async def test_an_edit_of_the_count_is_found(
    small: Ledger, world: World, feed: Feed, change: str, sentence: str, swept: bool
) -> None:
    await small.world(world, hour(0))
    await small.take(feed.read(raised("WO-1", 0, PAINT)), hour(0), world)
    if swept:
        await small.sweep(hour(1), 100, world)
    assert (await small.verify(world)).findings == []
    with closing(sqlite3.connect(str(small.database.url.database))) as database:
        assert database.execute(change).rowcount == 1
        database.commit()
    found = (await small.verify(world)).findings
    assert [(one.check, one.where) for one in found] == [("outstanding", AP)]
    assert sentence in found[0].sentence


def test_an_order_without_an_instant_is_as_old_as_can_be() -> None:
    assert age_of(None, hour(0)) == "over-28-days"
    assert age_of(hour(1), hour(0)) == "under-1-day"
