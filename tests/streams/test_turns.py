"""Long reckonings let whatever else waits have its turn."""

import asyncio

from streams.turns import AT_ONCE, in_turns


async def test_all_items_come_in_order_and_others_have_their_turn_between_them() -> None:
    seen: list[int] = []
    between: list[int] = []

    async def looks() -> None:
        while len(seen) < 10 * AT_ONCE:
            between.append(len(seen))
            await asyncio.sleep(0)

    other = asyncio.create_task(looks())
    async for one in in_turns(range(10 * AT_ONCE)):
        seen += [one]
    await other
    assert seen == list(range(10 * AT_ONCE))
    assert between[:9] == [n * AT_ONCE for n in range(1, 10)], "it looks after each so many"
