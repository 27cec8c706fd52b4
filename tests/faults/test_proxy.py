"""The proxy does what it is told to do to a connection: else what is shown through it would show nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from streams.clock import monotonic
from tests.faults.proxy import Proxy, Way, Weather, running

pytestmark = pytest.mark.faults

SOON_S = 0.2


@asynccontextmanager
async def echoed() -> AsyncIterator[tuple[Proxy, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection through a proxy to somebody who says everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(1_000):
            writer.write(piece)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with running(Proxy(server.sockets[0].getsockname()[1])) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.listens_on)
        try:
            yield proxy, reader, writer
        finally:
            writer.close()
            server.close()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: bytes) -> bytes:
    writer.write(words)
    try:
        async with asyncio.timeout(SOON_S):
            return await reader.readexactly(len(words))
    except TimeoutError:
        return b""


async def test_it_carries_both_ways_and_counts() -> None:
    async with echoed() as (proxy, reader, writer):
        assert await answer(reader, writer, b"hello") == b"hello"
        assert proxy.passed == {"there": 5, "back": 5}


@pytest.mark.parametrize(
    ("ways", "passed"), [(("there",), (5, 5)), (("back",), (7, 5)), ((), (5, 5)), (("there", "back"), (5, 5))]
)
async def test_what_is_cut_is_held_back_and_comes_after_all_when_it_is_healed(
    ways: tuple[Way, ...], passed: tuple[int, int]
) -> None:
    async with echoed() as (proxy, reader, writer):
        assert await answer(reader, writer, b"hello") == b"hello"
        proxy.cut(*ways)
        assert not proxy.is_whole
        assert await answer(reader, writer, b"up") == b""
        assert (proxy.passed["there"], proxy.passed["back"]) == passed
        proxy.heal()
        assert await reader.readexactly(2) == b"up"


async def test_whoever_calls_over_a_cut_line_hears_nothing_until_it_is_healed() -> None:
    async with echoed() as (proxy, _, __):
        proxy.cut()
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.listens_on)
        assert await answer(reader, writer, b"late") == b""
        proxy.heal()
        assert await reader.readexactly(4) == b"late"
        writer.close()


async def test_a_reset_is_noticed_at_both_ends() -> None:
    async with echoed() as (proxy, reader, writer):
        assert await answer(reader, writer, b"hello") == b"hello"
        assert proxy.reset() == 1
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)


async def test_a_slow_link_delays_and_a_narrow_one_takes_its_time() -> None:
    for weather in (Weather(delay_s=(0.05, 0.06)), Weather(stalls=1.0, stall_s=0.05), Weather(bytes_per_s=100.0)):
        async with echoed() as (proxy, reader, writer):
            proxy.weather = weather
            began = monotonic()
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
            assert monotonic() - began >= 0.1
