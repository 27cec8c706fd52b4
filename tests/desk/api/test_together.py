"""What many ask at the same moment is done at once; each has its own answer, or its own error."""

import asyncio
from collections.abc import Sequence

import pytest

from desk.api import together
from desk.api.together import Together
from streams.clock import monotonic
from tests.streams.running_system import eventually


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


async def test_what_is_left_is_gathered_and_whoever_asks_or_hurries_ends_the_gathering() -> None:
    batches: list[list[int]] = []

    async def note(asked: Sequence[int]) -> Sequence[int]:
        batches.append(list(asked))
        return asked

    doing: Together[int, int] = Together(note, 0.5)
    assert doing.leave(1)
    await asyncio.sleep(0.01)
    assert doing.leave(2)
    assert batches == []
    await eventually(lambda: batches == [[1, 2]], "both are done together")
    slow: Together[int, int] = Together(note, 30.0)
    slow.leave(3)
    assert await asyncio.wait_for(slow.ask(4), 5) == 4
    slow.leave(5)
    slow.leave(6, hurry=True)
    await eventually(lambda: len(batches) == 3, "whoever hurries has ended the gathering")
    slow.leave(7)
    await asyncio.wait_for(slow.finish(), 5)
    assert batches[1:] == [[3, 4], [6, 5], [7]]


async def test_nothing_is_gathered_once_enough_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    async def count(asked: Sequence[int]) -> Sequence[int]:
        sizes.append(len(asked))
        return asked

    monkeypatch.setattr(together, "MOST", 2)
    doing: Together[int, int] = Together(count, 30.0)
    for n in range(4):
        doing.leave(n)
    await asyncio.sleep(0.05)
    assert sizes == [2, 2]


async def test_nothing_more_is_left_where_too_many_wait_and_an_error_nobody_waits_for_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_: Sequence[int]) -> Sequence[int]:
        raise ValueError

    monkeypatch.setattr(together, "LEFT_AT_MOST", 1)
    doing: Together[int, int] = Together(fail)
    assert doing.leave(1)
    assert not doing.leave(2)
    assert doing.leave(3, hurry=True)
    await doing.finish()
    assert "what nobody waited for could not be done: ValueError" in caplog.text


async def test_what_nobody_waits_for_leaves_as_much_time_to_others_as_it_took() -> None:
    began: list[float] = []

    async def slowly(asked: Sequence[int]) -> Sequence[int]:
        began.append(monotonic())
        await asyncio.sleep(0.1)
        return asked

    doing: Together[int, int] = Together(slowly, 0.001, 1)
    for n in range(2):
        doing.leave(n)
    await asyncio.sleep(0.5)
    assert began[1] - began[0] >= 0.19
