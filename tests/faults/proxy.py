"""A link that can be broken: a small TCP proxy between a client and a server, on loopback.

Kafka tells its clients at which address to reach it, so a broker behind a proxy needs a listener of its own that
advertises the proxy's port; PostgreSQL is simply addressed through it.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal

Way = Literal["there", "back"]
"""From the client to the server, or from the server to the client."""

WAYS: Final[tuple[Way, Way]] = ("there", "back")
PIECE: Final = 16 * 1024
RESET: Final = struct.pack("ii", 1, 0)
"""The option by which a socket that is closed tells its peer that the connection was broken off."""


@dataclass
class Weather:
    """What the link is like: each piece waits between ``delay_s``, is now and then stalled, and is let through at
    ``bytes_per_s`` at most (None for as fast as it comes)."""

    delay_s: tuple[float, float] = (0.0, 0.0)
    stalls: float = 0.0
    stall_s: float = 0.0
    bytes_per_s: float | None = None


@dataclass
class Proxy:
    """A link to ``host:port`` that listens on ``listens_on`` (0 for any free port)."""

    port: int
    listens_on: int = 0
    host: str = "127.0.0.1"
    rng: Random = field(default_factory=lambda: Random(1))
    weather: Weather = field(default_factory=Weather)
    passed: dict[Way, int] = field(default_factory=lambda: {"there": 0, "back": 0})
    connections: int = 0
    _open: "dict[Way, asyncio.Event]" = field(default_factory=lambda: {way: asyncio.Event() for way in WAYS})
    _links: "set[_Link]" = field(default_factory=set)

    def __post_init__(self) -> None:
        for way in WAYS:
            self._open[way].set()

    def cut(self, *ways: Way) -> None:
        """From now on nothing passes that way (both if none is named); as on a cut line, nobody is told."""
        for way in ways or WAYS:
            self._open[way].clear()

    def heal(self) -> None:
        """Everything passes again, with what was held back meanwhile."""
        for way in WAYS:
            self._open[way].set()

    def reset(self) -> int:
        """Break every connection off, and tell both ends; how many there were."""
        links = list(self._links)
        for link in links:
            link.reset()
        return len(links)

    @property
    def is_whole(self) -> bool:
        """Whether both ways are open."""
        return all(way.is_set() for way in self._open.values())

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        # A client that calls over a cut line hears nothing, rather than that nobody is there.
        await self._open["there"].wait()
        try:
            there = await asyncio.open_connection(self.host, self.port)
        except OSError:
            _break_off(writer)
            return
        link = _Link(self, (reader, writer), there)
        self._links.add(link)
        try:
            await link.carry()
        finally:
            self._links.discard(link)

    async def _through(self, way: Way, size: int) -> None:
        """Wait as long as the link makes a piece of that size wait."""
        weather = self.weather
        wait = self.rng.uniform(*weather.delay_s)
        if self.rng.random() < weather.stalls:
            wait += weather.stall_s
        if weather.bytes_per_s is not None:
            wait += size / weather.bytes_per_s
        if wait:
            await asyncio.sleep(wait)
        await self._open[way].wait()
        self.passed[way] += size


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, client: Streams, server: Streams) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._ended = asyncio.Event()

    async def carry(self) -> None:
        """Carry both ways until an end closes or the link is broken off."""
        ways = [
            asyncio.create_task(self._carry("there", self._client[0], self._server[1])),
            asyncio.create_task(self._carry("back", self._server[0], self._client[1])),
        ]
        ended = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait([ended, *ways], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (ended, *ways):
                task.cancel()
            await asyncio.wait([ended, *ways])
            for _, writer in (self._client, self._server):
                writer.close()

    def reset(self) -> None:
        """Break the connection off at both ends."""
        for _, writer in (self._client, self._server):
            _break_off(writer)
        self._ended.set()

    async def _carry(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(PIECE):
                await self._proxy._through(way, len(piece))
                writer.write(piece)
                await writer.drain()


def _break_off(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


@asynccontextmanager
async def running(proxy: Proxy) -> AsyncGenerator[Proxy]:
    """The proxy, listening for as long as the block lasts; every connection is broken off at the end."""
    server = await asyncio.start_server(proxy._accept, "127.0.0.1", proxy.listens_on)
    proxy.listens_on = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.heal()
        proxy.reset()
        await asyncio.sleep(0)
