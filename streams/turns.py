"""Long reckonings in one process with others: they let whatever else waits have its turn."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

AT_ONCE: Final = 25
"""After so many items the others have their turn: that is less than a millisecond of ours."""

Item = TypeVar("Item")


async def in_turns(items: Iterable[Item]) -> AsyncIterator[Item]:
    """The items in their order; after each so many everything else that waits goes on first."""
    for n, item in enumerate(items, 1):
        yield item
        if n % AT_ONCE == 0:
            await asyncio.sleep(0)
