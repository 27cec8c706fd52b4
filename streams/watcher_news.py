"""The watcher's news on its way to people: a command of theirs that is run, or an address that is posted to."""

import asyncio
import logging
import os
import shlex
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

import aiohttp
import orjson

from streams.watcher import News

log = logging.getLogger(__name__)

DELIVERED_WITHIN_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where news goes: ``run`` is a command line, without a shell; ``post`` an address that takes JSON."""

    run: str | None = None
    post: str | None = None

    async def deliver(self, news: News) -> bool:
        """Tell everybody; whether all were reached. One that is not is logged, and told again with the next news."""
        ways: list[tuple[str, Awaitable[None]]] = []
        if self.run is not None:
            ways += [("the command", _run(self.run, news))]
        if self.post is not None:
            ways += [("the address", _post(self.post, news))]
        return all(await asyncio.gather(*(_tried(name, way) for name, way in ways)))


def as_json(news: News) -> bytes:
    """The news as one JSON document."""
    return orjson.dumps({"at": news.at, "state": news.state, "text": news.text, "wrong": news.wrong})


async def _tried(name: str, way: Awaitable[None]) -> bool:
    try:
        async with asyncio.timeout(DELIVERED_WITHIN_S):
            await way
    except (OSError, ValueError, TimeoutError, aiohttp.ClientError) as error:
        log.error("%s did not take the news: %s", name, str(error) or type(error).__name__)  # noqa: TRY400
        return False
    return True


async def _run(command: str, news: News) -> None:
    """Run the command with the news in its environment and, as JSON, on its standard input."""
    ours = {"WORKORDERS_WATCHER_STATE": news.state, "WORKORDERS_WATCHER_TEXT": news.text}
    process = await asyncio.create_subprocess_exec(
        *shlex.split(command), stdin=asyncio.subprocess.PIPE, env={**os.environ, **ours}
    )
    try:
        await process.communicate(as_json(news))
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise ValueError(f"it ended with exit code {process.returncode}")


async def _post(address: str, news: News) -> None:
    async with (
        aiohttp.ClientSession() as client,
        client.post(address, data=as_json(news), headers={"Content-Type": "application/json"}) as answer,
    ):
        answer.raise_for_status()
