"""The commands ``notices`` and ``drill``: what a person and a program are told of who was told."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from desk.exits import Exit
from models.tables import EscalationRow, NoticeDueRow, NoticeRow, StatementRow
from streams.ledger.ledger import Ledger
from tests.desk.conftest import Workorders, clean_environment, ledger, small_ledger, workorders
from tests.desk.small_ledger import ENDS
from tests.importing.harness import BOSTON, SAMPLE
from tests.notices.office import Office, Post
from tests.streams.ledger.telling import all_rows
from workorders.policy import default_world

__all__ = ("clean_environment", "ledger", "small_ledger", "workorders")


@asynccontextmanager
async def office_in(path: Path) -> AsyncIterator[Office]:
    """The small ledger's own office, at its last instant."""
    opened = await Ledger.open(f"sqlite:///{path}", time_kind="simulated", now=ENDS)
    office = Office(opened, {"file": Post()}, world=default_world())
    office.clock.set(ENDS)
    yield office
    await opened.close()


def told(path: Path) -> str:
    """Tell of everything; the id of an escalation that stands."""

    async def tell() -> str:
        async with office_in(path) as office:
            await office.tell()
            assert await all_rows(office.ledger, NoticeDueRow) == []
            return next(str(row.id) for row in await all_rows(office.ledger, EscalationRow) if row.standing)

    return asyncio.run(tell())


def test_who_was_told_is_shown_with_every_attempt(ledger: Path, workorders: Workorders) -> None:
    escalation = told(ledger)
    page = workorders("notices", escalation[:12])
    assert page.code == Exit.OK
    assert "accepted" in page.out
    assert "try 1" in page.out
    found: dict[str, Any] = workorders("notices", escalation, "--json").json["notices"]
    (notice, *_) = found["notices"]
    assert (notice["kind"], notice["outcome"], notice["address"]) == ("file", "accepted", "notices.txt")
    assert [one["outcome"] for one in notice["attempts"]] == ["accepted"]


def test_why_also_says_by_which_channels_each_rung_was_told(ledger: Path, workorders: Workorders) -> None:
    told(ledger)
    assert "told by file" in workorders("explain", "WO-1").out
    ladders = workorders("explain", "WO-1", "--json").json["explanation"]["ladders"]
    by = [rung["told_by"] for ladder in ladders for rung in ladder["rungs"] if rung["standing"]]
    assert by
    assert all(kinds == ["file"] for kinds in by)


def test_that_nobody_was_told_yet_is_said(ledger: Path, workorders: Workorders) -> None:
    async def standing() -> str:
        async with office_in(ledger) as office:
            rows = await all_rows(office.ledger, EscalationRow)
            return next(str(row.id) for row in rows if row.standing)

    page = workorders("notices", asyncio.run(standing()))
    assert "waits to be told" in page.out
    assert "Nobody was told." in page.out


def test_an_unknown_escalation_is_one_sentence(ledger: Path, workorders: Workorders) -> None:
    page = workorders("notices", "ffffffff")
    assert page.code == Exit.NOT_FOUND
    assert "No escalation has an id that begins with 'ffffffff'" in page.err
    assert ledger.exists()


def test_a_drill_says_which_rung_is_dead_and_that_nobody_sends(ledger: Path, workorders: Workorders) -> None:
    page = workorders("drill", "uncovered-night", "ap-bryn-awel", "--wait", "0")
    assert page.code == Exit.NO
    assert "nobody sends notices" in page.out
    assert page.out.count("no route is open now") == 4
    assert ledger.exists()


def test_a_drill_waits_for_what_a_worker_sends_and_reports_each_rung(ledger: Path, workorders: Workorders) -> None:
    done = threading.Event()

    async def work() -> None:
        async with office_in(ledger) as office:
            while not done.is_set():
                await office.tell()
                await asyncio.sleep(0.05)

    worker = threading.Thread(target=lambda: asyncio.run(work()))
    worker.start()
    try:
        page = workorders("drill", "breach", "ap-bryn-awel", "--priority", "P1", "--wait", "15", "--json")
    finally:
        done.set()
        worker.join()
    assert page.code == Exit.OK
    rungs = page.json["drill"]["rungs"]
    assert [rung["rung"] for rung in rungs] == ["account-manager", "senior-account-manager", "national-taskforce"]
    assert {rung["state"] for rung in rungs} == {"told"}
    assert {channel["outcome"] for rung in rungs for channel in rung["channels"]} == {"accepted"}


@pytest.mark.parametrize(
    ("what", "said"), [(("flood", "ap-bryn-awel"), "no kind of escalation"), (("breach", "ap-bryn"), "no premises")]
)
def test_what_cannot_be_rehearsed_is_one_sentence(
    what: tuple[str, str], said: str, ledger: Path, workorders: Workorders
) -> None:
    page = workorders("drill", *what)
    assert page.code != Exit.OK
    assert said in page.err
    assert ledger.exists()


def test_an_imported_history_has_said_much_and_nobody_waits_to_be_told(tmp_path: Path, workorders: Workorders) -> None:
    path = tmp_path / "imported.db"
    given = {name: str(BOSTON / f"{name}.toml") for name in ("mapping", "policy", "estate")}
    options = {**given, "as-of": "2016-01-12 22:54", "verdicts": str(tmp_path / "out.csv"), "ledger": str(path)}
    done = workorders("import", str(SAMPLE), *(f"--{name}={value}" for name, value in options.items()))
    assert done.code == Exit.OK, done.err

    async def look() -> list[int]:
        opened = await Ledger.open(f"sqlite:///{path}", time_kind="simulated", now=ENDS)
        found = [len(await all_rows(opened, model)) for model in (StatementRow, NoticeDueRow, NoticeRow)]
        await opened.close()
        return found

    said, *waiting = asyncio.run(look())
    assert said > 0
    assert waiting == [0, 0]
