"""What time alone makes due: rungs, nights that nobody spoke of, silent sources, and the backlog."""

from datetime import date, timedelta
from typing import Any

import orjson

from models.tables import NightRow, SourceStateRow, UnitRow, WorkOrderRow
from streams.ledger import queries, sweep
from streams.ledger.ledger import Ledger
from tests.streams.ledger.telling import AP, OFFICE, OTHER_AP, PAINT, PART, Feed, all_rows, event, hour, raised
from workorders.policy import World

HEARTBEAT = "source.heartbeat"


async def _standing(ledger: Ledger, subject: str) -> set[tuple[str, str, str]]:
    async with ledger.reading() as connection:
        found = await queries.escalations(connection, subject=subject)
    return {(one["kind"], one["clock"], one["rung"]) for one in found}


async def _settled(ledger: Ledger, world: World, at: float) -> None:
    """Sweep until nothing is due."""
    while (await ledger.sweep(hour(at), 100, world)).more:
        pass


async def test_a_breach_is_raised_when_its_clock_runs_out(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1")), hour(0), world)
    await _settled(ledger, world, 1.99)
    assert ("breach", "attend", "account-manager") not in await _standing(ledger, "WO-1")
    await _settled(ledger, world, 2)
    assert ("breach", "attend", "account-manager") in await _standing(ledger, "WO-1")


async def test_after_an_outage_every_rung_that_fell_due_is_raised_at_once(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await ledger.take(feed.read(raised("WO-1")), hour(0), world)
    await _settled(ledger, world, 11)
    rungs = {rung for kind, clock, rung in await _standing(ledger, "WO-1") if (kind, clock) == ("breach", "attend")}
    assert rungs == {"account-manager", "senior-account-manager", "national-taskforce"}
    late = [
        said["data"]["late_seconds"]
        for one in await ledger.unsent(1000)
        if (said := orjson.loads(one.value))["type"] == "facilities.escalation.raised"
        and said["subject"] == "WO-1"
        and (said["data"]["clock"], said["data"]["kind"], said["data"]["repeat"]) == ("attend", "breach", 0)
    ]
    assert sorted(late) == [3600, 7 * 3600, 9 * 3600]


async def test_a_second_sweep_at_the_same_instant_says_nothing(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1")), hour(0), world)
    await _settled(ledger, world, 5)
    outcome = await ledger.sweep(hour(5), 100, world)
    assert (outcome.decided, outcome.statements, outcome.messages, outcome.more) == (0, [], 0, False)


async def test_a_sweep_takes_no_more_than_its_limit_and_says_that_there_is_more(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await _settled(ledger, world, 0)
    await ledger.take(feed.read(*(raised(f"WO-{n}") for n in range(7))), hour(0), world)
    first = await ledger.sweep(hour(2), 5, world)
    assert (first.decided, first.more) == (5, True)
    rest = 0
    while (outcome := await ledger.sweep(hour(2), 5, world)).decided:
        rest += outcome.decided
    assert rest >= 2
    assert all([("breach", "attend", "account-manager") in await _standing(ledger, f"WO-{n}") for n in range(7)])


async def test_a_night_that_nobody_spoke_of_is_watched_and_raised(ledger: Ledger, world: World) -> None:
    await _settled(ledger, world, 0)
    nights = [row for row in await all_rows(ledger, NightRow) if row.unit == AP]
    assert nights[0].night == date(2026, 1, 13)
    assert not any(row.confirmed for row in nights)
    assert ("unconfirmed-night", "", "ap-manager") in await _standing(ledger, f"{AP}/2026-01-13")
    await _settled(ledger, world, 6)
    assert ("uncovered-night", "", "ap-manager") in await _standing(ledger, f"{AP}/2026-01-13")
    async with ledger.reading() as connection:
        (one, *_) = await queries.escalations(connection, subject=f"{AP}/2026-01-13", kinds=["uncovered-night"])
        (said, *_) = await queries.statements(connection, one["id"])
    assert said["content"]["labels"] == ["not-confirmed"]


async def test_a_night_going_on_when_the_ledger_begins_is_raised_only_once_something_is_heard_about_it(
    sqlite_url: str, world: World, feed: Feed
) -> None:
    begins, night = 11, f"{AP}/2026-01-13"
    ledger = await Ledger.open(sqlite_url, time_kind="simulated", now=hour(begins))
    try:
        await _settled(ledger, world, begins)
        await _settled(ledger, world, begins + 2)
        nights = {row.night for row in await all_rows(ledger, NightRow)}
        assert (date(2026, 1, 13) in nights, date(2026, 1, 14) in nights) == (False, True)
        left = event("shift-cover.not-attended", night, begins + 2, source="ap-managers", cover_ref="own-1")
        await ledger.take(feed.read(left), hour(begins + 2), world)
        assert ("uncovered-night", "", "ap-manager") in await _standing(ledger, night)
        assert await _standing(ledger, f"{OTHER_AP}/2026-01-13") == set()
    finally:
        await ledger.close()


async def test_every_watched_night_of_an_outage_gets_its_row(ledger: Ledger, world: World) -> None:
    await _settled(ledger, world, 0)
    await _settled(ledger, world, 24 * 6)
    nights = [row.night for row in await all_rows(ledger, NightRow) if row.unit == AP]
    assert len(nights) >= 7
    assert nights == [date(2026, 1, 13) + timedelta(days=n) for n in range(len(nights))]
    (unit,) = [row for row in await all_rows(ledger, UnitRow) if row.id == AP]
    assert unit.nights_until == nights[-1]


async def test_only_approved_premises_have_nights(ledger: Ledger, world: World) -> None:
    await _settled(ledger, world, 0)
    watched = {premises.id for premises in world.estates.at(hour(0)).watched_premises()}
    assert {row.unit for row in await all_rows(ledger, NightRow)} == watched


async def test_a_night_that_becomes_short_makes_security_orders_count_as_p1(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await ledger.take(feed.read(raised("WO-1", 0, PART), raised("WO-2", 0, PAINT)), hour(0), world)
    await _settled(ledger, world, 9)
    assert {row.subject: row.effective for row in await all_rows(ledger, WorkOrderRow)}["WO-1"] == "P2"
    await _settled(ledger, world, 10.01)
    after = {row.subject: row.effective for row in await all_rows(ledger, WorkOrderRow)}
    assert (after["WO-1"], after["WO-2"]) == ("P1", "P4")
    await _settled(ledger, world, 22.01)
    assert {row.subject: row.effective for row in await all_rows(ledger, WorkOrderRow)}["WO-1"] == "P2"


async def test_a_source_that_is_expected_and_not_heard_is_a_system_escalation(ledger: Ledger, world: World) -> None:
    await _settled(ledger, world, 0)
    subjects = {row.subject for row in await all_rows(ledger, SourceStateRow)}
    assert "source:fm-north" in subjects
    assert "source:estates-desk" not in subjects
    assert await _standing(ledger, "source:fm-north") == set()
    await _settled(ledger, world, 1.01)
    assert await _standing(ledger, "source:fm-north") != set()


async def test_a_sign_of_life_ends_the_silence_and_decides_nothing_else(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await _settled(ledger, world, 0)
    await _settled(ledger, world, 1.5)
    alive = event(HEARTBEAT, "source:fm-north", 1.6, premises="source:fm-north", source="fm-north")
    outcome = await ledger.take(feed.read(alive), hour(1.6), world)
    assert (outcome.recorded, outcome.decided) == (1, 0)
    swept = await ledger.sweep(hour(1.61), 100, world)
    assert {(str(one.statement), one.reached.subject) for one in swept.statements} == {("closed", "source:fm-north")}
    (state,) = [row for row in await all_rows(ledger, SourceStateRow) if row.source == "fm-north"]
    assert (state.last_heard, state.silent_since) == (hour(1.6), None)


async def test_a_source_that_falls_silent_again_reinstates_what_was_said(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await _settled(ledger, world, 0)
    await _settled(ledger, world, 1.5)
    alive = event(HEARTBEAT, "source:fm-north", 1.6, premises="source:fm-north", source="fm-north")
    await ledger.take(feed.read(alive), hour(1.6), world)
    await _settled(ledger, world, 1.7)
    found = []
    for at in (2.5, 2.61):
        found += (await ledger.sweep(hour(at), 100, world)).statements
    said = {str(one.statement) for one in found if one.reached.subject == "source:fm-north"}
    assert said == {"reinstated"}


async def test_an_answer_about_a_silent_source_is_decided_with_it(ledger: Ledger, world: World, feed: Feed) -> None:
    await _settled(ledger, world, 0)
    await _settled(ledger, world, 1.5)
    async with ledger.reading() as connection:
        (standing, *_) = await queries.escalations(connection, subject="source:fm-north")
    answer = event(
        "escalation-response.acknowledged", "source:fm-north", 1.6, premises="source:fm-north", source="division",
        escalation_id=str(standing["id"]),
    )  # fmt: skip
    outcome = await ledger.take(feed.read(answer), hour(1.6), world)
    assert outcome.rejections == []
    assert {str(one.statement) for one in outcome.statements} == {"acknowledged"}


async def test_the_backlog_is_counted_soon_after_a_change_and_at_a_bounded_rate(
    ledger: Ledger, world: World, feed: Feed
) -> None:
    await ledger.take(
        feed.read(raised("WO-1", premises=OFFICE), raised("WO-2", 0, PAINT, premises=OFFICE)), hour(0), world
    )
    await ledger.take(feed.read(raised("WO-3", 0, PAINT, premises=OFFICE)), hour(0.001), world)
    assert await _backlogs(ledger) == []
    await _settled(ledger, world, 0.01)
    (counted,) = await _backlogs(ledger)
    assert (counted["premises"], counted["outstanding"]) == (OFFICE, 3)
    assert sum(cell["count"] for cell in counted["cells"]) == 3
    assert {cell["age"] for cell in counted["cells"]} == {"under-1-day"}


async def test_the_backlog_is_counted_again_when_an_order_grows_older(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1", 0, PAINT, premises=OFFICE)), hour(0), world)
    await _settled(ledger, world, 0.01)
    await _settled(ledger, world, 23.9)
    assert len(await _backlogs(ledger)) == 1
    await _settled(ledger, world, 24)
    assert [cell["age"] for cell in (await _backlogs(ledger))[-1]["cells"]] == ["1-to-7-days"]


async def test_the_last_order_that_ends_leaves_an_empty_backlog(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1", 0, PAINT, premises=OFFICE)), hour(0), world)
    await _settled(ledger, world, 0.01)
    done = event("work-order.completed", "WO-1", 1, premises=OFFICE)
    await ledger.take(feed.read(done), hour(1), world)
    await _settled(ledger, world, 1.01)
    last = (await _backlogs(ledger))[-1]
    assert (last["outstanding"], last["cells"]) == (0, [])
    (unit,) = [row for row in await all_rows(ledger, UnitRow) if row.id == OFFICE]
    assert (unit.backlog_due_at, unit.backlog_n) == (None, 2)


async def test_a_pause_between_batches_does_not_hide_other_premises(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1"), raised("WO-2", premises=OTHER_AP)), hour(0), world)
    await _settled(ledger, world, 2)
    for subject in ("WO-1", "WO-2"):
        assert ("breach", "attend", "account-manager") in await _standing(ledger, subject)


async def test_what_waits_in_the_inbox_is_taken_after_a_few_seconds() -> None:
    assert timedelta(seconds=1) < sweep.INBOX_PATIENCE < timedelta(seconds=30)


async def _backlogs(ledger: Ledger) -> list[dict[str, Any]]:
    return [orjson.loads(one.value)["data"] for one in await ledger.unsent(1000) if one.topic == "backlog"]
