"""What a worker asks of its ledger it asks again when the database fails for a moment, and gives up in the end."""

from collections.abc import Awaitable, Callable, Iterator

import pytest
import stamina
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from streams.ledger.errors import LedgerUnavailable
from streams.ledger.ledger import Ledger
from streams.ledger.transaction import ATTEMPTS
from tests.streams.ledger.telling import START, Feed
from workorders.policy import World

Question = Callable[[Ledger, World], Awaitable[object]]


async def versions_of(ledger: Ledger, default: World) -> tuple[str, str]:
    world = await ledger.world(default, START)
    return world.policies.at(START).version, world.estates.at(START).version


QUESTIONS: dict[str, Question] = {
    "where it stands": lambda ledger, _: ledger.positions([Feed().stream("work-orders")]),
    "which streams it knows": lambda ledger, _: ledger.known_streams(),
    "what is to be sent": lambda ledger, _: ledger.unsent(10),
    "what was submitted": lambda ledger, _: ledger.unrelayed(10),
    "which rules are in force": versions_of,
    "whether it is new": lambda ledger, _: ledger.is_new(),
}


@pytest.fixture(autouse=True)
def _no_waiting_between_tries() -> Iterator[None]:
    stamina.set_testing(testing=True, attempts=ATTEMPTS, cap=True)
    yield
    stamina.set_testing(testing=False)


def fails(ledger: Ledger, times: int) -> None:
    """The next so many statements of readers fail."""
    left = iter(range(times))

    def fail(*_: object) -> None:
        if next(left, None) is not None:
            raise OperationalError("SELECT", None, OSError("terminating connection"))

    event.listen(ledger.database._reader.sync_engine, "before_cursor_execute", fail)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
async def test_a_question_survives_a_session_that_was_ended(ledger: Ledger, world: World, question: Question) -> None:
    before = await question(ledger, world)
    fails(ledger, 1)
    assert await question(ledger, world) == before


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
async def test_a_question_is_not_asked_for_ever(ledger: Ledger, world: World, question: Question) -> None:
    fails(ledger, 1_000)
    with pytest.raises(LedgerUnavailable, match=f"failed {ATTEMPTS} times"):
        await question(ledger, world)
