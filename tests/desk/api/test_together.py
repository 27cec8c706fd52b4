"""What many ask at the same moment is done at once; each has its own answer, or its own error."""

import asyncio
from collections.abc import Sequence

import pytest

from desk.api import together
from desk.api.together import Together


async def test_what_is_asked_while_something_is_done_is_done_together_and_in_order() -> None:
    batches: list[list[int]] = []

    async def double(asked: Sequence[int]) -> Sequence[int]:
        batches.append(list(asked))
        await asyncio.sleep(0.01)
        return [2 * one for one in asked]

    doing: Together[int, int] = Together(double)
    assert await asyncio.gather(*(doing.ask(n) for n in range(5))) == [0, 2, 4, 6, 8]
    assert batches == [[0, 1, 2, 3, 4]]
    await doing.finish()


async def test_no_more_than_the_most_are_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    async def count(asked: Sequence[int]) -> Sequence[int]:
        sizes.append(len(asked))
        return asked

    monkeypatch.setattr(together, "MOST", 3)
    doing: Together[int, int] = Together(count)
    await asyncio.gather(*(doing.ask(n) for n in range(7)))
    assert sizes == [3, 3, 1]


async def test_an_error_is_told_to_those_who_asked_and_to_nobody_after() -> None:
    async def break_on_zero(asked: Sequence[int]) -> Sequence[int]:
        return [1 // one for one in asked]

    doing: Together[int, int] = Together(break_on_zero)
    answers = await asyncio.gather(doing.ask(0), doing.ask(1), return_exceptions=True)
    assert [type(one) for one in answers] == [ZeroDivisionError, ZeroDivisionError]
    assert await doing.ask(1) == 1


@pytest.mark.parametrize("fails", [False, True])
async def test_whoever_stops_waiting_stops_only_to_wait(fails: bool) -> None:
    done: list[int] = []

    async def slowly(asked: Sequence[int]) -> Sequence[int]:
        await asyncio.sleep(0.05)
        done.extend(asked)
        if fails:
            raise ValueError
        return asked

    doing: Together[int, int] = Together(slowly)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(doing.ask(7), 0.01)
    await doing.finish()
    assert done == [7]
