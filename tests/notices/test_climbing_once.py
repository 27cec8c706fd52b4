"""Climbing once: a ladder climbs one rung for one role that could not be told, and none for what was said anew."""

import asyncio
from typing import Any

from models.tables import NoticeLostRow
from streams.notices.climbing import CLIMBED
from streams.notices.planning import plan_notices
from streams.notices.reaching import Reaching
from tests.notices.office import BUSY, REFUSED, Office
from tests.notices.test_climbing import declines, standing, until_decided
from tests.streams.ledger.telling import PART, all_rows, event, raised
from tests.streams.running_system import eventually


async def sending_while_the_priority_rises(office: Office) -> list[Any]:
    """The first notices are being sent, and fail in passing, when a stricter priority is told in their stead."""
    await office.hear(raised("WO-1", what=PART))
    await office.at(4.01)
    for post in office.posts.values():
        post.gate, post._always = asyncio.Event(), BUSY
    await office.notifier.look()
    await eventually(lambda: all(post.letters for post in office.posts.values()), "they are being sent")
    await office.hear(event("work-order.criticality-settled", "WO-1", 3.0, source="division", priority="P1"))
    return [post.gate for post in office.posts.values()]


async def heal(office: Office) -> None:
    for post in office.posts.values():
        post.gate = post._always = None


async def test_what_fails_in_passing_and_was_told_anew_makes_no_ladder_climb(office: Office) -> None:
    gates = await sending_while_the_priority_rises(office)
    reaching = Reaching(office.world, frozenset(office.posts), office.clock.now())
    await plan_notices(office.ledger.database, reaching, 10)
    for gate in gates:
        gate.set()
    await office.notifier.settle()
    await heal(office)
    await office.tell()
    assert {row.outcome for row in await office.notices() if row.what == "amended"} == {"accepted"}
    await until_decided(office)
    assert await all_rows(office.ledger, NoticeLostRow) == []
    assert await standing(office) == ["account-manager"]


async def test_what_fails_in_passing_and_is_over_by_then_counts_as_nobody_s_loss(small: Office) -> None:
    await small.hear(raised("WO-1"))
    await small.at(2.01)
    small.email.gate = small.text.gate = gate = asyncio.Event()
    small.email._always = small.text._always = BUSY
    await small.notifier.look()
    await eventually(lambda: bool(small.email.letters and small.text.letters), "they are being sent")
    await small.hear(event("work-order.completed", "WO-1", 2.01, source="fm-north"))
    await plan_notices(small.ledger.database, Reaching(small.world, frozenset(small.posts), small.clock.now()), 10)
    gate.set()
    await small.notifier.settle()
    assert await all_rows(small.ledger, NoticeLostRow) == []


async def test_a_rung_that_could_not_be_told_twice_before_it_is_decided_climbs_once(office: Office) -> None:
    for post in office.posts.values():
        post._always = REFUSED
    await office.hear(raised("WO-1", what=PART))
    await office.at(4.01)
    await office.tell()
    await office.hear(event("work-order.criticality-settled", "WO-1", 3.0, source="division", priority="P1"))
    await office.later(1)
    await office.tell()
    lost = await all_rows(office.ledger, NoticeLostRow)
    (twice,) = {row.escalation_id for row in lost if row.n > 1}
    assert [row.said for row in lost if row.escalation_id == twice] == [CLIMBED, CLIMBED]
    await heal(office)
    await until_decided(office)
    assert len(await declines(office)) == 1
    assert await standing(office) == ["account-manager", "senior-account-manager"]
