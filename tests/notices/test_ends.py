"""Ends: whoever may have been told that it is their turn hears that it is over, after that and never before."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from models.escalation import StatementKind
from models.ids import escalation_id
from streams.notices import lane
from streams.notices.channels.channel import Letter, Sent
from streams.notices.notice import UNANSWERED, Fate
from streams.notices.planning import plan_notices
from streams.notices.reaching import Reaching
from streams.notices.telling import IN_HAND, SAID_AGAIN, earlier, plan
from tests.notices.office import ACCEPTED, BUSY, DROPPED, REFUSED, Office, Post
from tests.notices.test_floods import LATE, flood
from tests.notices.test_rules import EMAIL, TEXT, Ways, said, told
from tests.streams.ledger.telling import START, event, raised
from tests.streams.running_system import eventually

TASKFORCE = "breach WO-1 national-taskforce attend"


class Slow(Post):
    """A post at which whatever is raised lies until the gate opens, and the rest arrives at once."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = asyncio.Event()
        self.arrived: list[str] = []

    async def send(self, letter: Letter) -> Sent:
        self.letters.append(letter)
        if letter.text.startswith("raised"):
            await self.waits.wait()
        self.arrived.append(letter.text)
        return ACCEPTED


async def over(office: Office, hours: float, subject: str = "WO-1") -> None:
    """The order has been completed."""
    await office.hear(event("work-order.completed", subject, hours, source="fm-north"))


async def plan_only(office: Office) -> None:
    reaching = Reaching(office.world, frozenset(office.posts), office.clock.now())
    await plan_notices(office.ledger.database, reaching, 10)


@pytest.mark.parametrize("first", [BUSY, DROPPED])
async def test_a_digest_that_is_tried_again_tells_nothing_that_is_over_by_then(small: Office, first: Sent) -> None:
    await flood(small)
    await small.tell()
    small.email._always = first
    await small.later(60)
    await small.tell()
    small.email._always = None
    before = len(small.email.letters)
    await over(small, LATE, "WO-3")
    await small.tell()
    for seconds in (120, 3600):
        await small.later(seconds)
        await small.tell()
    lines = [line for letter in small.email.letters[before:] for line in letter.text.splitlines()]
    assert any(line.startswith("raised") and " WO-4 " in line for line in lines)
    assert {line.split()[0] for line in lines if " WO-3 " in line} <= {"closed"}


async def test_who_may_have_been_told_hears_the_end_though_a_later_attempt_failed(office: Office) -> None:
    office.email._always = DROPPED
    await office.hear(raised("WO-1"))
    await office.at(2.01)
    await office.tell()
    office.email._always = BUSY
    await office.later(6)
    await office.tell()
    rows = [row for row in await office.notices() if row.kind == "email"]
    assert {(row.tries, row.outcome) for row in rows} == {(2, "unknown")}
    assert {one.outcome for row in rows for one in await office.attempts(row.id)} == {"unknown", "failed"}
    office.email._always = None
    before = len(office.email.letters)
    await over(office, 2.01)
    await office.tell()
    assert "closed breach WO-1 account-manager attend" in office.email.told()[before:]


async def test_who_was_told_of_a_rung_hears_the_end_of_its_repeat_that_did_not_reach_them(small: Office) -> None:
    await small.hear(raised("WO-1"))
    await small.at(10.1)
    await small.tell()
    assert f"raised {TASKFORCE}" in small.email.told()
    for post in small.posts.values():
        post._always = BUSY
    await small.at(34.1)
    await small.tell()
    before = [len(post.letters) for post in small.posts.values()]
    for post in small.posts.values():
        post._always = None
    await over(small, 34.1)
    await small.tell()
    later = [post.told()[n:] for post, n in zip(small.posts.values(), before, strict=True)]
    assert [told.count(f"closed {TASKFORCE}") for told in later] == [1, 1]
    await small.later(3600)
    await small.tell()
    later = [post.told()[n:] for post, n in zip(small.posts.values(), before, strict=True)]
    assert [told.count(f"closed {TASKFORCE}") for told in later] == [1, 1]


def test_who_was_told_the_end_of_a_rung_hears_no_second_one_from_its_repeat() -> None:
    repeat = said(StatementKind.CLOSED, 2, stands=False, repeat=1)
    first, *_ = earlier(repeat)
    assert first == escalation_id("ap-bryn-awel/WO-1", "breach", "fix", "first", "first", 0)
    knew = [replace(one, escalation_id=first) for one in told(Fate.ACCEPTED, Fate.ACCEPTED)]
    ended = replace(knew[0], n=2, what="withdrawn")
    assert [one.to for one in plan(repeat, [], Ways(EMAIL, TEXT), START, knew).new] == [EMAIL, TEXT]
    assert [one.to for one in plan(repeat, [], Ways(EMAIL, TEXT), START, [*knew, ended]).new] == [TEXT]
    again = replace(knew[0], n=3, what="reinstated")
    assert EMAIL in [one.to for one in plan(repeat, [], Ways(EMAIL, TEXT), START, [*knew, ended, again]).new]
    assert earlier(said(StatementKind.CLOSED, 2, repeat=1, reason=SAID_AGAIN)) == []
    assert earlier(said(StatementKind.RAISED, repeat=1)) == []


async def test_an_end_never_overtakes_the_notice_that_is_being_sent(office: Office) -> None:
    slow = Slow()
    office.posts = {"email": slow}
    office.notifier = office.another()
    await office.hear(raised("WO-1"))
    await office.at(2.01)
    await office.notifier.look()
    await eventually(lambda: bool(slow.letters), "it is being sent")
    await over(office, 2.01)
    for _ in range(3):
        await office.notifier.look()
        await asyncio.sleep(0.05)
    assert slow.arrived == []
    slow.waits.set()
    await office.notifier.settle()
    await office.tell()
    firsts = [text.split()[0] for text in slow.arrived]
    assert firsts == sorted(firsts, reverse=True)
    assert firsts.count("raised") == firsts.count("closed") > 0


async def test_an_end_waits_for_the_digest_that_is_being_sent_with_what_it_ends(small: Office) -> None:
    slow = Slow()
    small.posts = {"email": slow}
    small.notifier = small.another()
    slow.waits.set()
    await flood(small)
    await small.tell()
    slow.waits.clear()
    await small.later(61)
    await small.notifier.look()
    await eventually(lambda: any(" WO-3 " in letter.text for letter in slow.letters), "the digest is being sent")
    await over(small, LATE, "WO-3")
    await small.notifier.look()
    await asyncio.sleep(0.1)
    assert not any(" WO-3 " in text for text in slow.arrived)
    slow.waits.set()
    await small.notifier.settle()
    await small.tell()
    about = [line.split()[0] for text in slow.arrived for line in text.splitlines() if " WO-3 " in line]
    assert about == sorted(about, reverse=True)
    assert set(about) == {"raised", "closed"}


def test_an_end_waits_no_longer_for_a_notice_than_that_may_be_in_hand() -> None:
    sending = replace(told(Fate.UNKNOWN)[0], tries=1, detail=UNANSWERED, next_at=START + IN_HAND / 2)
    inside = replace(told(Fate.UNKNOWN)[0], detail=UNANSWERED, next_at=None)
    failed = replace(told(Fate.UNKNOWN)[0], tries=1, detail="the reply was dropped", next_at=START + IN_HAND)
    for one, at in ((sending, START + IN_HAND / 2), (inside, START + IN_HAND), (failed, START)):
        (end,) = plan(said(StatementKind.CLOSED, 2, stands=False), [one], Ways(EMAIL), START).new
        assert end.next_at == at


def test_an_end_for_a_kind_of_channel_that_is_configured_no_more_waits_for_nothing() -> None:
    ended = said(StatementKind.CLOSED, 2, stands=False)
    found = plan(ended, told(Fate.ACCEPTED, Fate.ACCEPTED), Ways(EMAIL, TEXT, configured=[TEXT]), START)
    assert [(one.kind, one.outcome, one.next_at) for one in found.new] == [
        ("email", Fate.FAILED, None), ("text", Fate.WAITING, START),
    ]  # fmt: skip


async def test_channels_that_fail_at_the_same_moment_do_not_wait_for_each_other_in_a_ring(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def once(work: Callable[[], Awaitable[object]]) -> object:
        return await work()

    await office.hear(*(raised(f"WO-{n}") for n in range(4)))
    await office.at(2.01)
    gate = asyncio.Event()
    for post in office.posts.values():
        post.gate, post._always = gate, REFUSED
    await office.notifier.look()
    await asyncio.sleep(0.3)
    monkeypatch.setattr(lane, "retried", once)
    gate.set()
    await office.notifier.settle()
    assert [one.getMessage() for one in caplog.records if one.name == lane.__name__] == []
    assert {row.outcome for row in await office.notices() if row.tries} == {"failed"}
