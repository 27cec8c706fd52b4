"""Charts and cases: figures that a slow reckoning finds too, drawings that say what they show, and reach."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from xml.etree import ElementTree as ET

import pytest
from markupsafe import Markup
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.pages import charts_page
from desk.pages.charts import backlog, fixing
from desk.pages.charts.drawing import round_up
from desk.views.backlog_past import DAYS, read_past
from desk.views.board import AGES
from desk.views.cases import read_cases
from desk.views.fix_times import read_fix_times, summed
from models.tables import EscalationRow, UnitRow, WorkOrderRow
from streams.ledger.engine import Database
from streams.ledger.ledger import Ledger
from streams.ledger.outstanding import age_of
from tests.desk.small_ledger import ENDS, build
from tests.pages.conftest import ESTATES, MANAGER, Pages
from tests.pages.happening import happens, raised

TASKFORCE = "national-taskforce:division:division"
HOSTILE = '<script>alert(1)</script>"&\u202e'
Order = tuple[str, datetime | None, datetime | None, bool]
NOW = datetime(2026, 3, 30, 9, 30, tzinfo=UTC)
"""The day after the clocks went forward."""


def orders() -> list[Order]:
    """Orders of two premises: raised and ended at any second of the last months, some on the edge of an age."""
    chance = Random(7)
    found: list[Order] = [("ap-a", NOW - timedelta(days=n), None, True) for n in (0, 1, 7, 28, 29, 30, 57, 58)]
    found += [("ap-a", NOW - timedelta(days=40), NOW - timedelta(days=n), False) for n in (0, 1, 29, 30, 31)]
    found += [("ap-a", None, None, True), ("ap-b", None, None, False), ("ap-b", NOW + timedelta(hours=5), None, True)]
    for _ in range(300):
        raised_at = NOW - timedelta(seconds=chance.randrange(90 * 86400))
        ended_at = raised_at + timedelta(seconds=chance.randrange(50 * 86400))
        over = ended_at <= NOW and chance.random() < 0.7
        found.append((chance.choice(("ap-a", "ap-b")), raised_at, ended_at if over else None, not over))
    return found


def slowly(some: Sequence[Order], units: set[str]) -> list[tuple[int, ...]]:
    """The same day by day, order by order."""
    days = []
    for ago in reversed(range(DAYS)):
        at, counts = NOW - timedelta(days=ago), [0] * len(AGES)
        for unit, raised_at, ended_at, is_open in some:
            there = is_open or (ended_at is not None and ended_at > at)
            begun = raised_at is None or raised_at <= at or (ago == 0 and raised_at > NOW)
            if unit in units and there and begun:
                counts[AGES.index(age_of(raised_at, at))] += 1
        days.append(tuple(counts))
    return days


async def filled(connection: AsyncConnection, some: Sequence[Order]) -> None:
    unit = {"version": 1, "audit_n": 1, "audit_head": "", "backlog_n": 0, "incomplete": False}
    await connection.execute(insert(UnitRow), [{"id": name, **unit} for name in ("ap-a", "ap-b")])
    same = {"outcome": "", "spell": "first", "contested": False, "exposed": False, "decided_at": NOW, "state": "{}",
            "said_classification_n": 0, "said_dispute_n": 0, "base": "P2", "effective": "P2"}  # fmt: skip
    rows = [
        {"unit": unit_, "subject": f"WO-{n}", "status": "open" if is_open else "completed", "is_open": is_open,
         "raised_at": raised_at, "ended_at": ended_at, **same}
        for n, (unit_, raised_at, ended_at, is_open) in enumerate(some)
    ]  # fmt: skip
    await connection.execute(insert(WorkOrderRow), rows)


async def assert_agreement(url: str) -> None:
    ledger = await Ledger.open(url, time_kind="simulated", now=NOW)
    await ledger.close()
    database, some = Database(url), orders()
    async with database.writing() as connection:
        await filled(connection, some)
    async with database.reading() as connection:
        for units in (None, {"ap-a"}, {"ap-b"}, set[str]()):
            found = await read_past(connection, NOW, units)
            assert [one.counts for one in found] == slowly(some, {"ap-a", "ap-b"} if units is None else units)
            assert [one.at for one in found] == [NOW - timedelta(days=n) for n in reversed(range(DAYS))]
        times = await read_fix_times(connection, NOW, None)
    done = [
        ("P2", a, b, None) for _, a, b, _ in some if a is not None and b is not None and b > NOW - timedelta(days=90)
    ]
    assert times == summed(done)
    await database.close()


async def test_the_backlog_of_each_day_is_what_counting_each_order_finds(tmp_path: object) -> None:
    await assert_agreement(f"sqlite:///{tmp_path}/charts.db")


@pytest.mark.postgres
@pytest.mark.timeout(180)
async def test_the_backlog_of_each_day_is_the_same_on_postgresql(database: str) -> None:
    await assert_agreement(database)


@pytest.mark.postgres
@pytest.mark.timeout(180)
async def test_the_cases_and_charts_are_the_same_on_postgresql(pages: Pages, database: str) -> None:
    await build(database)
    there = await Ledger.open(database, time_kind="simulated", now=ENDS)
    try:
        for look in (read_fix_times, read_past):
            async with there.reading() as theirs, pages.place.ledger.reading() as ours:
                assert await look(theirs, ENDS, None) == await look(ours, ENDS, None)
        async with there.reading() as theirs, pages.place.ledger.reading() as ours:
            found = [
                await read_cases(one, pages.place.world, ENDS, units=None, limit=20, first=1) for one in (theirs, ours)
            ]
            assert found[0] == found[1] != []
    finally:
        await there.close()


def test_a_repair_s_time_is_parted_where_it_was_first_escalated() -> None:
    def at(hours: float) -> datetime:
        return NOW + timedelta(hours=hours)

    escalated = [("P1", at(0), at(ended), at(first)) for ended, first in ((9, 6), (20, 8), (5, 7))]
    [p1, *rest] = summed([("P1", at(0), at(4), None), *escalated])
    assert (p1.never, p1.never_took, p1.escalated) == (1, timedelta(hours=4), 3)
    assert (p1.before, p1.after) == (timedelta(hours=6), timedelta(hours=3))
    assert [(one.never, one.before) for one in rest] == [(0, None)] * 3


async def test_a_repair_that_was_escalated_before_it_was_done_is_shown_as_such(pages: Pages) -> None:
    await happens(pages.place, "fm-north", "work-order.completed", "WO-1", "ap-bryn-awel")
    page = await (await pages.as_role(ESTATES)).get("/charts")
    assert "not escalated: from raised to finished" in page.text
    [p1] = re.findall(r'rowheader" class="govuk-table__header">P1</th>.*?</tr>', page.source, re.DOTALL)
    cells = [" ".join(re.sub("<[^>]+>", "", one).split()) for one in re.findall(r"<td.*?</td>", p1)]
    assert cells[2:] == ["1", "2 hours", "13 hours"], cells


def drawn(markup: Markup) -> ET.Element:
    return ET.fromstring(markup)  # noqa: S314 - our own


def test_what_is_drawn_is_named_described_and_harmless() -> None:
    columns = [backlog.Column(HOSTILE, (3, 0, 2, 5)), backlog.Column("2", (0, 0, 0, 0))]
    groups = [fixing.Group(HOSTILE, [[fixing.Length(2, timedelta(hours=2), HOSTILE)], []])]
    for markup in (
        backlog.draw_backlog("b", HOSTILE, HOSTILE, columns, ["0", "5", "10"]),
        fixing.draw_fixing("f", HOSTILE, HOSTILE, groups),
    ):
        svg = drawn(markup)
        names = [one.tag.partition("}")[2] for one in svg.iter()]
        assert "script" not in names
        assert names[:3] == ["svg", "title", "desc"]
        assert svg.get("role") == "img"
        assert {*str(svg.get("aria-labelledby")).split()} == {one.get("id") for one in [*svg][:2]}
        assert [one.text for one in [*svg][:2]] == [HOSTILE, HOSTILE]
        assert not [one for one in svg.iter() if "style" in one.attrib or any(k.startswith("on") for k in one.attrib)]


def test_a_column_is_as_high_as_its_figures() -> None:
    svg = drawn(backlog.draw_backlog("b", "t", "d", [backlog.Column("1", (1, 2, 3, 4))], ["0", "5", "10"]))
    boxes = [one for one in svg.iter() if one.tag.endswith("rect") and str(one.get("width")).endswith("%")]
    assert [float(str(one.get("height"))) for one in boxes] == [96.0, 72.0, 48.0, 24.0]
    assert len({one.get("fill") for one in boxes}) == 4
    assert [round_up(n) for n in (0, 1, 3, 10, 11, 184, 501)] == [1, 1, 5, 10, 20, 200, 1000]


async def test_charts_show_only_what_is_within_reach(pages: Pages) -> None:
    whole, north = await pages.as_role(ESTATES), await pages.as_role(MANAGER)
    for browser, n in ((whole, 2), (north, 2)):
        page = await browser.get("/charts")
        assert int(re.findall(r"<td[^>]*>([\d,]+)</td></tr>", page.source)[0]) == n
    await raised(pages.place, "WO-70", "ap-ty-derwen")
    page = await whole.get("/charts?ldu=valleys")
    assert "Only Valleys LDU" in page.text
    theirs = await north.client.get("/charts?premises=ap-ty-derwen")
    nowhere = await north.client.get("/charts?premises=ap-nowhere")
    assert (theirs.status_code, nowhere.status_code) == (422, 422)


async def test_what_charts_found_is_kept_for_some_minutes_and_asked_once_by_all(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    whole = charts_page.look_up

    async def counted(*args: object) -> charts_page.Figures:
        nonlocal asked
        asked += 1
        return await whole(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(charts_page, "look_up", counted)
    browser = await pages.as_role(ESTATES)
    before = (await browser.get("/charts")).text
    await raised(pages.place, "WO-71")
    assert (await browser.get("/charts")).text == before
    assert asked == 1
    monkeypatch.setattr(charts_page, "KEPT_S", 0.0)
    await browser.get("/charts")
    await asyncio.sleep(0.5)
    assert (await browser.get("/charts")).text != before


async def test_the_taskforce_sees_each_critical_case_with_its_age_owner_and_next_rung(pages: Pages) -> None:
    browser = await pages.as_role(TASKFORCE)
    page = await browser.get("/escalations/cases")
    critical = [one for one in await pages.standing() if one.business_critical and "/" not in one.subject]
    assert {one.subject for one in critical} <= {*re.findall(r"WO-\d+", page.text)}
    lock = page.source.partition('data-key="ap-bryn-awel/WO-1/breach/attend/first"')[2].partition("</tr>")[0]
    said = " ".join(re.sub("<[^>]+>", " ", lock).split())
    assert "13 hours" in said
    assert "not taken on" in said
    rungs = [
        one for one in await pages.standing() if (one.subject, one.kind, one.clock) == ("WO-1", "breach", "attend")
    ]
    assert len(rungs) > 1
    assert "National taskforce" in said
    assert "again at" in said


async def test_whose_a_case_is_changes_when_somebody_takes_it_on_and_so_does_when_the_next_is_told(
    pages: Pages,
) -> None:
    manager, taskforce = await pages.as_role(MANAGER), await pages.as_role(TASKFORCE)
    line = await pages.one(subject="WO-1", kind="breach", clock="attend", role="provider-account-manager")
    form = (await manager.get(f"/escalations/acknowledge?e={line.id}")).form("/escalations/acknowledge")
    await manager.submit("/escalations/acknowledge", commitment=form.choices["commitment"][0])
    page = await taskforce.get("/escalations/cases")
    lock = page.source.partition('data-key="ap-bryn-awel/WO-1/breach/attend/first"')[2].partition("</tr>")[0]
    said = " ".join(re.sub("<[^>]+>", " ", lock).split())
    held = re.search(r"taken on until (.+? GMT)", said)
    assert held is not None
    assert "account manager" in said.partition("taken on until")[0]
    assert f"again at {held[1]}" in said, said


async def test_cases_beyond_reach_are_not_shown_and_no_address_shows_them(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    page = await browser.get("/escalations/cases")
    assert "Bryn Awel" in page.text
    assert "Derwen" not in page.text
    for asked in ("premises=ap-ty-derwen", "first=x", "first=-1", "first=99999999999999999999", "ldu=%00"):
        await browser.get(f"/escalations/cases?{asked}")
        assert browser.status == 422
    await browser.get("/escalations/cases?first=5000")
    assert "No business-critical case stands escalated here." in browser.page.text


async def test_the_oldest_case_is_first_though_its_first_rung_was_not_critical(pages: Pages) -> None:
    first = col(EscalationRow.kind) == "dispute", col(EscalationRow.role) == "estates-desk"
    async with pages.place.ledger.database.writing() as connection:
        await connection.execute(update(EscalationRow).where(*first).values(business_critical=False))
    async with pages.place.ledger.reading() as connection:
        found = await read_cases(connection, pages.place.world, ENDS, units=None, limit=50)
    ages = [one.since for one in found]
    assert ages == sorted(ages)
    assert found[0].kind == "dispute"
