"""A connection that sends the head of a request a byte at a time, beside those that do not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from desk.api import patience
from desk.api.serving import Door, served
from streams.clock import monotonic
from tests.desk.api.test_serving import opened

HEAD = b"GET /health/live HTTP/1.1\r\nHost: desk\r\n"


@asynccontextmanager
async def open_door(folder: Path) -> AsyncIterator[tuple[Door, str, int]]:
    """The desk as it is served: its door, and where that is."""
    place, ledger = await opened(folder)
    async with served(place) as door:
        assert door is not None
        host, port = door.address.removeprefix("http://").split(":")
        yield door, host, int(port)
    await ledger.close()


async def trickled(host: str, port: int, before: bytes = b"") -> tuple[bytes, float]:
    """What is answered to a head that never ends, and for how many seconds it was listened to."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(before)
    answer = await reader.readuntil(b"}") if before else b""
    began = monotonic()
    try:
        while not reader.at_eof() and monotonic() - began < 10:
            writer.write(b"G")
            await writer.drain()
            with_end = asyncio.create_task(reader.read(1))
            await asyncio.wait({with_end}, timeout=0.05)
            if with_end.done():
                break
            with_end.cancel()
    except ConnectionError:
        pass
    finally:
        writer.close()
    return answer, monotonic() - began


@pytest.mark.parametrize("before", [b"", HEAD + b"\r\n"], ids=["at first", "after a request"])
async def test_a_head_that_comes_a_byte_at_a_time_is_not_listened_to_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    monkeypatch.setattr(patience, "HEAD_WITHIN_S", 1.0)
    async with open_door(tmp_path) as (_, host, port):
        answer, lasted = await trickled(host, port, before)
        assert (b"200 OK" in answer) == bool(before)
        assert 0.5 < lasted < 5


async def test_a_body_that_nobody_reads_does_not_keep_its_connection_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_WITHIN_S", 1.0)
    async with open_door(tmp_path) as (_, host, port):
        answer, lasted = await trickled(host, port, HEAD + b"Content-Length: 100000\r\n\r\n")
        assert b"200 OK" in answer
        assert lasted < 5


async def test_a_request_whose_answer_takes_longer_is_not_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_WITHIN_S", 0.3)
    async with open_door(tmp_path) as (door, host, port):
        assert door.key_file is not None
        reader, writer = await asyncio.open_connection(host, port)
        key = door.key_file.read_text().strip()
        head = f"GET /v1/escalations/stream?seconds=1 HTTP/1.1\r\nHost: d\r\nAuthorization: Bearer {key}\r\n\r\n"
        writer.write(head.encode())
        began = monotonic()
        answer = await reader.readuntil(b"0\r\n\r\n")
        assert b"200 OK" in answer
        assert monotonic() - began >= 0.9
        writer.close()
