"""Climbing: what no channel can tell is an event, so that the ladder climbs and a replay comes to the same."""

import logging
from typing import Any

import pytest

from models.tables import EscalationRow, EventRow, NoticeLostRow
from streams.notices.climbing import CLIMBED, CLIMBED_BEFORE, LAST, OVER
from streams.notices.notice import UNDELIVERABLE
from streams.notices.reaching import NOT_CONFIGURED
from tests.notices.office import BUSY, REFUSED, Office, Post
from tests.streams.ledger.telling import AP, PART, all_rows, event, raised
from workorders.policy import default_world


async def breach(office: Office) -> None:
    """A P1 order has become overdue."""
    await office.hear(raised("WO-1"))
    await office.at(2.01)


async def standing(office: Office, kind: str = "breach", unit: str = AP) -> list[str]:
    rows = [row for row in await all_rows(office.ledger, EscalationRow) if row.kind == kind and row.standing]
    return [row.rung for row in sorted(rows, key=lambda row: (row.due_at, row.rung)) if row.unit == unit]


async def declines(office: Office) -> list[Any]:
    return [row for row in await all_rows(office.ledger, EventRow) if row.source == "notices"]


async def until_decided(office: Office) -> None:
    """What was submitted is taken by the sweep within seconds."""
    await office.later(10)
    await office.sweep()


async def test_a_role_that_no_channel_can_tell_makes_its_ladder_climb_at_once(office: Office) -> None:
    for post in office.posts.values():
        post._always = REFUSED
    await breach(office)
    await office.tell()
    assert await standing(office) == ["account-manager"]
    await until_decided(office)
    assert await standing(office) == ["account-manager", "senior-account-manager"]
    told = [row for row in await declines(office) if UNDELIVERABLE in row.body]
    assert {row.type for row in told} == {"facilities.escalation-response.declined"}


async def test_one_channel_that_tells_is_enough_for_a_ladder_to_stay_where_it_is(office: Office) -> None:
    office.posts["email"]._always = REFUSED
    await breach(office)
    await office.tell()
    await until_decided(office)
    assert await standing(office) == ["account-manager"]
    assert await all_rows(office.ledger, NoticeLostRow) == []


async def test_a_channel_that_may_still_recover_makes_no_ladder_climb(office: Office) -> None:
    office.posts["email"]._always, office.posts["text"]._always = REFUSED, BUSY
    await breach(office)
    await office.tell()
    assert await all_rows(office.ledger, NoticeLostRow) == []
    for _ in range(8):
        await office.later(60)
        await office.tell()
    assert {row.said for row in await all_rows(office.ledger, NoticeLostRow)} >= {CLIMBED}


async def test_the_last_rung_that_nobody_can_be_told_of_raises_a_system_alarm(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    for post in office.posts.values():
        post._always = REFUSED
    await breach(office)
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            await office.tell()
            await until_decided(office)
    assert await standing(office) == ["account-manager", "senior-account-manager", "national-taskforce"]
    assert {row.said for row in await all_rows(office.ledger, NoticeLostRow)} == {CLIMBED, LAST}
    alarms = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert any("national-taskforce" in one.getMessage() for one in alarms)
    assert not any("senior-account-manager" in one.getMessage() for one in alarms)
    assert office.parts.metrics.lost.labels("alarm")._value.get() >= 1


async def test_of_two_rungs_that_begin_together_only_the_later_makes_the_ladder_climb(office: Office) -> None:
    for post in office.posts.values():
        post._always = REFUSED
    night = Office(office.ledger, office.posts, world=default_world())
    await night.at(6.1)
    await night.tell()
    lost = {row.escalation_id: row.said for row in await all_rows(night.ledger, NoticeLostRow)}
    rungs = {
        row.rung: lost.get(row.id)
        for row in await all_rows(night.ledger, EscalationRow)
        if row.kind == "uncovered-night" and row.unit == AP
    }
    assert rungs == {"ap-manager": CLIMBED_BEFORE, "agency": CLIMBED}
    for post in office.posts.values():
        post._always = None
    await until_decided(night)
    assert await standing(night, "uncovered-night", AP) == ["agency", "ap-manager", "division-duty"]


async def test_what_was_answered_meanwhile_does_not_climb(office: Office) -> None:
    office.posts["email"]._always, office.posts["text"]._always = REFUSED, BUSY
    await breach(office)
    await office.tell()
    (row,) = [row for row in await all_rows(office.ledger, EscalationRow) if row.kind == "breach"]
    answer = event(
        "escalation-response.acknowledged", "WO-1", 2.02, source="fm-account-managers", escalation_id=str(row.id),
        covers_subject=True,
    )  # fmt: skip
    await office.at(2.03)
    await office.hear(answer)
    for _ in range(8):
        await office.later(60)
        await office.tell()
    lost = {one.said for one in await all_rows(office.ledger, NoticeLostRow) if one.escalation_id == row.id}
    assert lost == {OVER}
    assert await standing(office) == ["account-manager"]


async def test_saying_twice_that_a_role_could_not_be_told_is_one_event(office: Office) -> None:
    for post in office.posts.values():
        post._always = REFUSED
    await breach(office)
    await office.notifier.look()
    await office.notifier.settle()
    await office.notifier.look()
    async with office.ledger.database.writing() as connection:
        from sqlalchemy import text  # noqa: PLC0415

        await connection.execute(text("UPDATE notice_lost SET settled_at = NULL, said = NULL"))
    await office.notifier.look()
    await until_decided(office)
    ids = [row.id for row in await declines(office)]
    assert len(ids) == len(set(ids)) >= 1
    assert await standing(office) == ["account-manager", "senior-account-manager"]


async def test_a_ledger_whose_ladders_climbed_so_is_sound_and_decides_the_same_again(office: Office) -> None:
    for post in office.posts.values():
        post._always = REFUSED
    await breach(office)
    for _ in range(3):
        await office.tell()
        await until_decided(office)
    report = await office.ledger.verify(office.world)
    assert report.findings == []


async def test_where_our_own_source_may_not_speak_we_shout_instead(
    small: Office, caplog: pytest.LogCaptureFixture
) -> None:
    for post in small.posts.values():
        post._always = REFUSED
    named = small.parts.settings.notices.model_copy(update={"source": "nobody-registered-this"})
    small.parts.settings = small.parts.settings.model_copy(update={"notices": named})
    await breach(small)
    with caplog.at_level(logging.ERROR):
        await small.tell()
    assert any("it could not be said" in one.getMessage() for one in caplog.records)
    assert all(row.settled_at is not None for row in await all_rows(small.ledger, NoticeLostRow))


async def test_a_kind_of_channel_that_is_not_configured_makes_the_ladder_climb_where_there_is_no_other(
    office: Office,
) -> None:
    only = Office(office.ledger, {"webhook": Post()})
    await breach(only)
    await only.tell()
    assert {(row.outcome, row.detail) for row in await only.notices()} == {
        ("failed", "no channel of this kind is configured here")
    }
    await until_decided(only)
    assert "senior-account-manager" in await standing(only)


async def test_what_is_not_urgent_climbs_too_where_no_channel_can_tell(small: Office) -> None:
    for post in small.posts.values():
        post._always = REFUSED
    await small.hear(raised("WO-2", what=PART))
    await small.at(4.01)
    await small.tell()
    assert {row.urgent for row in await small.notices()} == {False}
    assert await standing(small) == ["account-manager"]
    await until_decided(small)
    assert await standing(small) == ["account-manager", "senior-account-manager"]


async def test_a_kind_of_channel_that_is_configured_no_more_has_failed_for_good_and_the_ladder_climbs(
    office: Office,
) -> None:
    office.posts["email"]._always, office.posts["text"]._always = BUSY, REFUSED
    await breach(office)
    await office.tell()
    only = Office(office.ledger, {"text": office.text})
    only.clock.set(office.clock.now())
    await only.later(60)
    await only.tell()
    left = [(row.outcome, row.detail) for row in await only.notices() if row.kind == "email"]
    assert set(left) == {("failed", NOT_CONFIGURED)}
    await until_decided(only)
    assert "senior-account-manager" in await standing(only)
