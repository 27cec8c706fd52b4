"""The notifier in a worker: what is simulated or imported reaches nobody, and a stop leaves nothing half-done."""

import asyncio
import logging
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.notices.writing import letter_writer
from models.tables import NoticeDueRow, NoticeRow
from streams.clock import FixedClock
from streams.ledger import notices
from streams.ledger.ledger import Ledger
from streams.notices.channels.channel import Channel
from streams.notices.notifier import PAUSE_S, Notifier
from streams.parts import Parts
from streams.settings import Settings
from tests.notices.office import SETTINGS, Office, Post, plainly
from tests.streams.ledger.telling import START, all_rows, raised
from tests.streams.on_paper import at_work
from tests.streams.running_system import eventually


async def test_nothing_that_is_simulated_leaves_this_machine(sqlite_url: str) -> None:
    ledger = await Ledger.open(sqlite_url, time_kind="simulated", now=START)
    posts = {"email": Post(), "text": Post(), "file": Post()}
    office = Office(ledger, posts)
    await office.hear(raised("WO-1"))
    await office.at(2.01)
    await office.tell()
    assert (posts["email"].letters, posts["text"].letters) == ([], [])
    assert {letter.address for letter in posts["file"].letters} == {"notices.txt"}
    await ledger.close()


async def test_without_any_channel_nobody_is_told_and_that_is_said_and_seen(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = await Ledger.open(sqlite_url, time_kind="real", now=START)
    office = Office(ledger, {})
    await office.hear(raised("WO-1"))
    await office.at(2.01)
    with caplog.at_level(logging.WARNING):
        async with at_work(office.notifier):
            await asyncio.sleep(0.1)
    assert "nobody is told of any escalation by this worker" in caplog.text
    assert await all_rows(ledger, NoticeDueRow) != []
    assert await all_rows(ledger, NoticeRow) == []
    await ledger.close()


async def test_a_stop_begins_nothing_waits_for_what_is_in_hand_and_lets_go_of_the_channels(small: Office) -> None:
    await small.hear(raised("WO-1"))
    await small.at(2.01)
    gate = small.email.gate = asyncio.Event()
    async with at_work(small.notifier):
        await eventually(lambda: bool(small.email.letters), "a notice is in hand")
        asyncio.get_running_loop().call_later(0.3, gate.set)
    assert {row.outcome for row in await small.notices()} == {"accepted"}
    assert small.email.closed
    assert small.text.closed


async def test_a_channel_that_hangs_holds_up_no_stop_and_its_notice_is_sent_again_by_whoever_comes_after(
    small: Office,
) -> None:
    settings = small.parts.settings
    slow = settings.notices.model_copy(update={"send_within_s": 60.0})
    small.parts.settings = settings.model_copy(update={"notices": slow, "stop_within_s": 4.0})
    small.notifier = small.another()
    await small.hear(raised("WO-1"))
    await small.at(2.01)
    small.email.gate = asyncio.Event()
    async with at_work(small.notifier):
        await eventually(lambda: bool(small.email.letters), "a notice is in hand")
        asked = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - asked < 4.0
    small.email.gate = None
    first = [letter.key for letter in small.email.letters]
    await small.later(120)
    heir = small.another()
    await heir.look()
    await heir.settle()
    assert [letter.key for letter in small.email.letters] == first * 2


async def test_with_nothing_set_up_notices_are_written_beside_the_ledger(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    ledger = await Ledger.open(settings.ledger_url, time_kind="real", now=START)
    office = Office(ledger, {})
    parts = Parts(settings, FixedClock(START), ledger, office.parts.cluster, office.world)
    office.parts = parts
    office.notifier = Notifier(parts, letter_writer(settings))
    office.clock = cast("FixedClock", parts.clock)
    await office.hear(raised("WO-1"))
    await office.at(2.01)
    await office.tell()
    await office.notifier.on_shutdown()
    written = await asyncio.to_thread((tmp_path / "notices" / "notices.txt").read_text, "utf-8")
    assert "Attendance overdue" in written
    assert "/a/" in written
    await ledger.close()


async def test_a_channel_that_is_quick_is_not_held_up_by_rests(small: Office) -> None:
    await small.hear(*(raised(f"WO-{n}") for n in range(60)))
    await small.at(2.01)
    began = asyncio.get_running_loop().time()
    async with at_work(small.notifier):
        await eventually(lambda: len(small.email.letters) >= 60, "sixty urgent notices are sent")
    assert asyncio.get_running_loop().time() - began < 60 / SETTINGS.at_once * PAUSE_S


async def test_a_worker_with_a_wrong_clock_takes_nothing_from_those_who_have_it_in_hand(
    small: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ahead(_: Ledger, now: datetime) -> timedelta:
        return now - small.clock.now()

    monkeypatch.setattr(Ledger, "clock_skew", ahead)
    settings = small.parts.settings.model_copy(update={"clock_skew_limit_s": 5.0})
    await small.hear(raised("WO-1"))
    await small.at(2.01)
    gate = small.email.gate = small.text.gate = asyncio.Event()
    await small.notifier.look()
    await eventually(lambda: bool(small.email.letters), "a notice is in hand")
    clock = FixedClock(small.clock.now() + timedelta(minutes=10))
    fast = Notifier(
        Parts(settings, clock, small.ledger, small.parts.cluster, small.world), plainly,
        cast("Mapping[str, Channel]", small.posts),
    )  # fmt: skip
    assert await fast.look() is False
    gate.set()
    await fast.settle()
    await small.notifier.settle()
    keys = [letter.key for post in small.posts.values() for letter in post.letters]
    assert len(keys) == len(set(keys))
    clock.set(small.clock.now() + timedelta(seconds=4))
    await small.hear(raised("WO-2", 2.0))
    await small.at(4.05)
    clock.set(small.clock.now())
    await fast.look()
    await fast.settle()
    assert any("WO-2" in told for told in small.email.told())


async def test_a_database_that_is_busy_for_a_moment_stops_nobody_who_lets_go(
    small: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = [OperationalError("DELETE", {}, sqlite3.OperationalError("database is locked"))]
    let_go = notices.tell_nobody

    async def now_and_then(connection: AsyncConnection) -> None:
        if busy:
            raise busy.pop()
        await let_go(connection)

    monkeypatch.setattr(notices, "tell_nobody", now_and_then)
    await test_where_others_do_the_telling_nothing_waits_here(small)
    assert busy == []


async def test_where_others_do_the_telling_nothing_waits_here(small: Office) -> None:
    settings = small.parts.settings
    silent = settings.notices.model_copy(update={"tell": False})
    small.parts.settings = settings.model_copy(update={"notices": silent})
    await small.hear(raised("WO-1"))
    await small.at(2.01)

    async def nothing_waits() -> bool:
        return await all_rows(small.ledger, NoticeDueRow) == []

    async with at_work(small.another()):
        await eventually(nothing_waits, "nothing waits to be told")
    assert await small.notices() == []
    assert small.email.letters == []
