"""What is asked of the ledger once for several drawings that follow one another."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")

_ROUND: Final[ContextVar[dict[Hashable, asyncio.Future[Any]] | None]] = ContextVar("round", default=None)


@contextmanager
def one_round() -> Iterator[None]:
    """Let whatever is drawn within this share what it asks for by the same name."""
    token = _ROUND.set({})
    try:
        yield
    finally:
        _ROUND.reset(token)


async def shared(name: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
    """What is asked for: asked anew, unless it was asked for in this round already.

    The name must hold all that the answer depends on, the reach of whoever looks above all.
    """
    found = _ROUND.get()
    if found is None:
        return await ask()
    if name not in found:
        found[name] = asyncio.ensure_future(ask())
    return cast("T", await asyncio.shield(found[name]))
