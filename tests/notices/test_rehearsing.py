"""The drill: who answers, how fast, which rung is dead; and no real ladder ever hears of it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from desk.exits import BadInput, NotFound
from desk.notices.drill import _watch, line_of, rehearsed, state_of
from models.ids import new_id
from models.tables import EscalationRow, EventRow, NoticeLostRow, OutboxRow, StatementRow
from streams.ledger import notices_rehearsal
from streams.ledger.notices_rehearsal import Rung, rung_id
from tests.notices.office import REFUSED, Office
from tests.streams.ledger.telling import AP, START, all_rows

KIND = "uncovered-night"


async def begun(office: Office, kind: str = KIND) -> UUID:
    """A rehearsal that has just begun."""
    drill = UUID(new_id())
    rungs = rehearsed(kind, AP, None, office.world, office.clock.now())
    async with office.ledger.database.writing() as connection:
        await notices_rehearsal.begin(connection, drill, AP, rungs, office.clock.now())
    return drill


async def rungs(office: Office, drill: UUID) -> list[Rung]:
    async with office.ledger.database.writing() as connection:
        return await notices_rehearsal.read(connection, drill)


async def real(office: Office) -> list[list[Any]]:
    return [await all_rows(office.ledger, model) for model in (EscalationRow, StatementRow, EventRow, OutboxRow)]


async def test_every_rung_of_a_ladder_is_told_at_once_and_every_letter_is_marked(office: Office) -> None:
    drill = await begun(office)
    await office.tell()
    found = await rungs(office, drill)
    assert [one.reached.rung for one in found] == ["ap-manager", "agency", "division-duty", "national-taskforce"]
    told = [letter for post in office.posts.values() for letter in post.letters]
    assert {letter.role for letter in told} == {one.reached.role for one in found}
    assert {letter.rehearsal for letter in told} == {True}


async def test_no_real_ladder_hears_of_a_rehearsal_though_every_channel_fails(office: Office) -> None:
    before = await real(office)
    for post in office.posts.values():
        post._always = REFUSED
    drill = await begun(office)
    await office.tell()
    async with office.ledger.database.writing() as connection:
        assert await notices_rehearsal.answer(connection, rung_id(drill, 0), office.clock.now())
    await office.tell()
    await office.sweep()
    assert await real(office) == before
    assert await all_rows(office.ledger, NoticeLostRow) == []


async def test_it_reports_who_answered_how_fast_and_which_rung_is_dead(office: Office) -> None:
    office.posts["email"]._always = REFUSED
    drill = await begun(office)
    await office.tell()
    await office.later(90)
    async with office.ledger.database.writing() as connection:
        assert await notices_rehearsal.answer(connection, rung_id(drill, 1), office.clock.now())
    await office.later(90)
    async with office.ledger.database.writing() as connection:
        assert await notices_rehearsal.answer(connection, rung_id(drill, 1), office.clock.now())
    found = await rungs(office, drill)
    assert [state_of(one) for one in found] == ["told", "answered", "told", "told"]
    line = line_of(found[1], office.world, START)
    assert line.answered_after is not None
    assert line.answered_after.total_seconds() == 90
    assert {(one.kind, one.outcome) for one in line.channels} == {("email", "failed"), ("text", "accepted")}
    office.posts["text"]._always = REFUSED
    dead = await begun(office)
    await office.tell()
    assert {state_of(one) for one in await rungs(office, dead)} == {"dead"}


async def test_looking_at_a_rehearsal_waits_for_nobody_who_writes(office: Office) -> None:
    drill = await begun(office)
    async with office.ledger.database.writing() as connection:
        await connection.execute(text("UPDATE rehearsal SET place = place"))
        async with asyncio.timeout(2):
            assert len(await _watch(office.ledger, drill, 0)) == 4


async def test_where_nobody_sends_notices_it_says_so(office: Office) -> None:
    drill = await begun(office)
    assert {state_of(one) for one in await rungs(office, drill)} == {"not-sent"}


async def test_an_escalation_that_is_none_of_a_rehearsal_is_not_answered_as_one(office: Office) -> None:
    async with office.ledger.database.writing() as connection:
        assert not await notices_rehearsal.answer(connection, UUID(int=1), START)
        assert not await notices_rehearsal.is_rehearsed(connection, UUID(int=1))


async def test_what_cannot_be_rehearsed_is_said_in_a_sentence(small: Office) -> None:
    with pytest.raises(BadInput, match="'flood' is no kind of escalation"):
        rehearsed("flood", AP, None, small.world, START)
    with pytest.raises(BadInput, match="silent-source"):
        rehearsed("silent-source", AP, None, small.world, START)
    with pytest.raises(NotFound, match=f"There are no premises 'ap-bryn-awl'. Did you mean {AP}"):
        rehearsed(KIND, "ap-bryn-awl", None, small.world, START)


async def test_each_priority_has_its_own_ladder(small: Office) -> None:
    first = [one.role for one in rehearsed("breach", AP, None, small.world, START)]
    assert first == [one.role for one in rehearsed("breach", AP, "P1", small.world, START)]
    assert first != [one.role for one in rehearsed("breach", AP, "P4", small.world, START)]
