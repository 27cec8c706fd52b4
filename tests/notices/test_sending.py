"""Sending: each attempt is kept, what failed is tried again under its key, and one channel never waits for another."""

import asyncio
from datetime import timedelta
from threading import Event
from typing import Any

from models.tables import NoticeAttemptRow, NoticeLostRow
from streams.ledger import notices as ledger_notices
from streams.ledger.queries import stock
from streams.notices.channels.channel import Letter, Outcome, Sent
from streams.notices.climbing import CLIMBED
from streams.notices.lane import GIVEN_UP, GRACE_S
from streams.notices.notice import UNANSWERED
from tests.notices.office import BUSY, DROPPED, REFUSED, SETTINGS, Office, Post, plainly
from tests.streams.ledger.telling import PAINT, all_rows, raised
from tests.streams.running_system import eventually


async def overdue(office: Office) -> None:
    """One order is overdue, and nothing has been told about it yet."""
    await office.hear(raised("WO-1"))
    await office.at(2.01)


def keys(post: Post) -> dict[str, int]:
    found: dict[str, int] = {}
    for letter in post.letters:
        found[letter.key] = found.get(letter.key, 0) + 1
    return found


async def by_kind(office: Office, kind: str) -> list[Any]:
    return [row for row in await office.notices() if row.kind == kind]


async def test_each_attempt_is_kept_with_what_came_of_it_when_and_how_long_it_took(office: Office) -> None:
    office.posts["email"]._always = REFUSED
    await overdue(office)
    await office.tell()
    for kind, outcome, detail in (("email", "failed", REFUSED.detail), ("text", "accepted", "taken")):
        for notice in await by_kind(office, kind):
            assert (notice.outcome, notice.next_at) == (outcome, None)
            (attempt,) = await office.attempts(notice.id)
            assert (attempt.outcome, attempt.detail, attempt.at) == (outcome, detail, office.clock.now())
            assert attempt.took_ms >= 0
            assert attempt.worker == office.parts.name


async def test_an_unknown_outcome_is_sent_again_under_the_same_key_until_it_is_known(office: Office) -> None:
    office.posts["email"]._always = DROPPED
    await overdue(office)
    await office.tell()
    first = keys(office.email)
    assert set(first.values()) == {1}
    await office.later(5)
    await office.tell()
    office.posts["email"]._always = None
    await office.later(10)
    await office.tell()
    assert keys(office.email) == dict.fromkeys(first, 3)
    assert {row.outcome for row in await by_kind(office, "email")} == {"accepted"}
    await office.later(3600)
    await office.tell()
    assert keys(office.email) == dict.fromkeys(first, 3)


async def test_a_soft_failure_is_tried_again_no_sooner_than_it_should_be_and_not_for_ever(office: Office) -> None:
    office.posts["email"]._always = BUSY
    await overdue(office)
    await office.tell()
    await office.later(2)
    await office.tell()
    assert set(keys(office.email).values()) == {1}
    for _ in range(2 * SETTINGS.tries):
        await office.later(SETTINGS.longest_pause_s)
        await office.tell()
    assert set(keys(office.email).values()) == {SETTINGS.tries}
    assert {(row.outcome, row.next_at) for row in await by_kind(office, "email")} == {("failed", None)}


async def test_a_receiver_is_left_alone_for_as_long_as_it_asks(office: Office) -> None:
    office.posts["email"]._always = Sent(Outcome.FAILED, "too many requests", retry_after_s=50)
    await overdue(office)
    await office.tell()
    for seconds, times in ((49, 1), (1, 2)):
        await office.later(seconds)
        await office.tell()
        assert set(keys(office.email).values()) == {times}


async def test_what_a_dead_worker_had_in_hand_is_sent_again_under_the_same_key_and_stays_unknown(
    office: Office,
) -> None:
    await overdue(office)
    office.posts["email"].gate = asyncio.Event()
    await office.notifier.look()
    await asyncio.sleep(0.2)
    for lane in office.notifier._lanes.values():
        for task in lane._tasks:
            task.cancel()
    await office.notifier.settle()
    before = keys(office.email)
    assert before
    office.posts["email"].gate = None
    heir = office.another()
    await office.later(SETTINGS.send_within_s + GRACE_S - 1)
    await heir.look()
    await heir.settle()
    assert keys(office.email) == before
    await office.later(1)
    await heir.look()
    await heir.settle()
    assert keys(office.email) == dict.fromkeys(before, 2)
    for notice in await by_kind(office, "email"):
        first, second = await office.attempts(notice.id)
        assert (first.outcome, first.detail, first.took_ms) == ("unknown", UNANSWERED, None)
        assert second.outcome == notice.outcome == "accepted"


async def test_what_kills_every_worker_that_sends_it_is_given_up_and_the_ladder_climbs(office: Office) -> None:
    await overdue(office)
    for post in office.posts.values():
        post.gate = asyncio.Event()
    for _ in range(SETTINGS.tries + 2):
        heir = office.another()
        await heir.look()
        await asyncio.sleep(0.2)
        for lane in heir._lanes.values():
            for task in lane._tasks:
                task.cancel()
        await heir.settle()
        await office.later(SETTINGS.send_within_s + GRACE_S)
    assert set(keys(office.email).values()) == {SETTINGS.tries}
    assert {(row.outcome, row.detail, row.next_at) for row in await office.notices()} == {("unknown", GIVEN_UP, None)}
    await office.tell()
    assert CLIMBED in {row.said for row in await all_rows(office.ledger, NoticeLostRow)}


async def test_a_letter_that_takes_long_to_write_holds_up_nothing_else(small: Office) -> None:
    went_on = Event()
    waited = []

    def slow(*given: Any) -> Letter:  # noqa: ANN401 - whatever a writer is given
        waited.append(went_on.wait(2))
        return plainly(*given)

    small.notifier = small.another(slow)
    await overdue(small)
    asyncio.get_running_loop().call_later(0.5, went_on.set)
    await small.tell()
    assert set(waited) == {True}


async def test_a_hanging_channel_delays_no_other(small: Office) -> None:
    await overdue(small)
    gate = small.posts["email"].gate = asyncio.Event()
    await small.notifier.look()
    await eventually(lambda: bool(small.text.letters), "the other channel is at work")
    await small.hear(raised("WO-2"))
    await small.at(4.05)
    before = len(small.text.letters)
    await small.notifier.look()
    await eventually(lambda: len(small.text.letters) > before, "the other channel goes on")
    gate.set()
    await small.notifier.settle()


async def test_a_channel_that_never_answers_is_cut_off_and_its_outcome_is_unknown(small: Office) -> None:
    small.posts["email"].gate = asyncio.Event()
    await overdue(small)
    await small.tell()
    assert {row.outcome for row in await by_kind(small, "email")} == {"unknown"}
    assert {row.outcome for row in await by_kind(small, "text")} == {"accepted"}


NORTH, SOUTH = "account-manager@northmoor.example", "account-manager@severnside.example"


async def overdue_in_north_and_south(office: Office, each: int) -> None:
    """So many orders are overdue at two contractors, those of the north first."""
    await office.hear(*(raised(f"WO-{n}") for n in range(each)))
    await office.at(0.1)
    await office.hear(*(raised(f"WO-{n}", 0.1, premises="ap-ty-derwen") for n in range(each, 2 * each)))
    await office.at(2.2)


def sent_to(post: Post, address: str) -> int:
    return sum(letter.address == address for letter in post.letters)


async def test_a_receiver_that_never_answers_holds_up_no_other_behind_the_same_channel(office: Office) -> None:
    await overdue_in_north_and_south(office, SETTINGS.at_once + 2)
    office.notifier._lane("email")._settings = SETTINGS.model_copy(update={"send_within_s": 120})
    alive = office.email.dead[NORTH] = asyncio.Event()
    await office.notifier.look()
    for _ in range(SETTINGS.at_once + 4):
        await eventually(lambda: sent_to(office.email, SOUTH) > 0, "the south is told")
        await asyncio.sleep(0.02)
        await office.notifier.look()
    await eventually(lambda: sent_to(office.email, SOUTH) == SETTINGS.at_once + 2, "the south is told of everything")
    assert sent_to(office.email, NORTH) == 1
    alive.set()
    await office.tell()
    assert set(keys(office.email).values()) == {1}
    assert sent_to(office.email, NORTH) == SETTINGS.at_once + 2


async def test_what_is_tried_again_leaves_room_for_what_was_never_tried(small: Office) -> None:
    small.notifier = small.another()
    lane = small.notifier._lane("email")
    lane._settings = SETTINGS.model_copy(update={"at_once": 2})
    await overdue_in_north_and_south(small, 1)
    small.posts["email"]._always = BUSY
    await small.tell()
    small.posts["email"]._always = None
    await small.later(3600)
    small.email.gate = asyncio.Event()
    await small.notifier.look()
    await asyncio.sleep(0.2)
    await small.notifier.look()
    await asyncio.sleep(0.1)
    assert len(lane._in_hand) == 1, "of two places one is kept for what was never tried"
    assert next(iter(lane._in_hand.values())).tries == 2
    small.email.gate.set()
    await small.notifier.settle()


async def test_so_many_at_once_and_no_more_are_in_hand_on_one_channel(small: Office) -> None:
    lane = small.notifier._lane("email")
    lane._settings = SETTINGS.model_copy(update={"at_once": 1})
    await overdue_in_north_and_south(small, 1)
    small.posts["email"].gate = asyncio.Event()
    await small.notifier.look()
    await asyncio.sleep(0.3)
    await small.notifier.look()
    await asyncio.sleep(0.1)
    assert len(small.email.letters) == 1
    small.posts["email"].gate.set()
    await small.tell()
    assert {letter.address for letter in small.email.letters} == {NORTH, SOUTH}


async def test_several_workers_never_have_one_notice_in_hand_together(office: Office) -> None:
    await office.hear(*(raised(f"WO-{n}") for n in range(12)))
    await office.at(2.01)
    workers = [office.another() for _ in range(3)]
    for _ in range(12):
        await asyncio.gather(*(worker.look() for worker in workers))
        await asyncio.gather(*(worker.settle() for worker in workers))
    for post in office.posts.values():
        assert set(keys(post).values()) == {1}
        assert len(post.letters) >= 12


async def test_a_fault_in_writing_a_letter_is_an_outcome_and_stops_nobody(small: Office) -> None:
    def broken(*_: object) -> Letter:
        raise ZeroDivisionError

    small.notifier = small.another(broken)
    await overdue(small)
    await small.tell()
    assert {row.outcome for row in await small.notices()} == {"failed"}
    assert all("ZeroDivisionError" in row.detail for row in await small.notices())


async def test_what_has_waited_longest_is_shown_until_it_is_sent(office: Office) -> None:
    async def shown() -> tuple[int, object]:
        async with office.ledger.reading() as connection:
            found = await stock.waiting(connection)
        return found["notices"], found["notices_since"]

    office.posts["email"]._always = BUSY
    await overdue(office)
    said = office.clock.now()
    assert await shown() == (0, said)
    await office.tell()
    await office.later(3)
    n, since = await shown()
    assert n > 0
    assert since == said
    office.posts["email"]._always = None
    await office.later(60)
    await office.tell()
    assert await shown() == (0, None)


async def test_a_rest_is_no_work(office: Office) -> None:
    """Nothing waits, so nothing is begun."""
    async with office.ledger.reading() as connection:
        found = await ledger_notices.waiting(connection, office.clock.now() + timedelta(days=1))
    assert (found.to_plan, found.to_rehearse, found.to_send, found.lost) == (False, False, frozenset(), False)
    assert await all_rows(office.ledger, NoticeAttemptRow) == []
    await office.hear(raised("WO-9", what=PAINT))
    assert await office.notifier.look() is False
