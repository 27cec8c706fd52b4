"""What a webhook's receiver answers, or does not, and what that says of the letter."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web

from streams.notices.channels.channel import Outcome, Sent
from streams.notices.channels.webhook import judged, opened, pause
from tests.notices.channels.receivers import any_server, letter, server_tls, settings_with, web_server
from tests.notices.channels.web_channel import NEW, Receiver, channel_to
from tests.servers.certificates import Certificates

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_accepted(status: int) -> None:
    assert judged(status, None, NOW).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422, 451, 300, 301, 302, 307, 308])
def test_other_refusals_and_redirects_have_failed_for_good(status: int) -> None:
    found = judged(status, "5", NOW)
    assert (found.outcome, found.final, found.retry_after_s) == (Outcome.FAILED, True, None)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_time_may_heal_has_failed_for_now_and_says_how_long_to_wait(status: int) -> None:
    found = judged(status, "7", NOW)
    assert (found.outcome, found.final, found.retry_after_s) == (Outcome.FAILED, False, 7.0)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("86400", 3_600.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), 3_600.0),
        ("Mon, 99 Foo 2026 99:99:99 GMT", None),
    ],
)
def test_a_pause_is_read_in_seconds_or_as_a_date_and_is_an_hour_at_most(
    said: str | None, seconds: float | None
) -> None:
    assert pause(said, NOW) == seconds


async def test_the_receivers_pause_is_passed_on(tmp_path: Path, certificates: Certificates) -> None:
    receiver = Receiver(429, **{"Retry-After": "11"})
    async with (
        web_server(receiver.answer, server_tls(certificates)) as port,
        channel_to(tmp_path, certificates, port) as channel,
    ):
        assert (await channel.send(letter(address=f"https://127.0.0.1:{port}/"))).retry_after_s == 11.0


@pytest.mark.parametrize("to", ["/elsewhere", "https://elsewhere.example/", "http://169.254.169.254/latest/"])
async def test_a_redirect_is_not_followed(tmp_path: Path, certificates: Certificates, to: str) -> None:
    receiver = Receiver(307, Location=to)
    async with (
        web_server(receiver.answer, server_tls(certificates)) as port,
        channel_to(tmp_path, certificates, port) as channel,
    ):
        outcome = await channel.send(letter(address=f"https://127.0.0.1:{port}/hook"))
    assert (outcome.outcome, outcome.final) == (Outcome.FAILED, True)
    assert receiver.paths == ["/hook"]


async def test_a_receiver_that_hangs_leaves_the_fate_unknown_in_time(
    tmp_path: Path, certificates: Certificates
) -> None:
    taken = []

    async def hang(request: web.Request) -> web.StreamResponse:
        taken.append(await request.read())
        await asyncio.sleep(20)
        return web.Response()

    async with (
        web_server(hang, server_tls(certificates)) as port,
        channel_to(tmp_path, certificates, port, channel_within_s=2.0) as channel,
    ):
        began = time.monotonic()
        outcome = await channel.send(letter(address=f"https://127.0.0.1:{port}/"))
        took = time.monotonic() - began
    assert outcome == Sent(Outcome.UNKNOWN, "It did not answer in time.")
    assert len(taken) == 1
    assert took < 8


async def test_a_reply_that_is_lost_leaves_the_fate_unknown(tmp_path: Path, certificates: Certificates) -> None:
    async def drop(request: web.Request) -> web.StreamResponse:
        await request.read()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with (
        web_server(drop, server_tls(certificates)) as port,
        channel_to(tmp_path, certificates, port) as channel,
    ):
        outcome = await channel.send(letter(address=f"https://127.0.0.1:{port}/"))
    assert outcome == Sent(Outcome.UNKNOWN, "The connection was lost before its answer had come.")


async def _drip(writer: asyncio.StreamWriter, start: bytes, piece: bytes, pause_s: float) -> None:
    writer.write(start)
    while not writer.is_closing():
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause_s)


@pytest.mark.parametrize(
    ("start", "piece", "pause_s"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x", 0.05),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 65_536, 0),
        (b"HTTP/1.1 200 OK\r\n", b"X-Many: 1\r\n" * 1_000, 0),
        (b"nonsense\r\n", b"nonsense\r\n", 0.01),
    ],
)
async def test_an_answer_that_never_ends_or_is_none_leaves_the_fate_unknown_in_time(
    tmp_path: Path, certificates: Certificates, start: bytes, piece: bytes, pause_s: float
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b'notice"}')
        await _drip(writer, start, piece, pause_s)

    async with (
        any_server(talk, server_tls(certificates)) as port,
        channel_to(tmp_path, certificates, port, channel_within_s=2.0) as channel,
    ):
        began = time.monotonic()
        outcome = await channel.send(letter(address=f"https://127.0.0.1:{port}/"))
        took = time.monotonic() - began
    assert outcome.outcome is Outcome.UNKNOWN
    assert took < 8


async def test_the_body_of_an_answer_is_not_read_however_long_it_is(tmp_path: Path, certificates: Certificates) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b'notice"}')
        await _drip(writer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1_000, 0)

    async with (
        any_server(talk, server_tls(certificates)) as port,
        channel_to(tmp_path, certificates, port) as channel,
    ):
        async with asyncio.timeout(3):
            outcome = await channel.send(letter(address=f"https://127.0.0.1:{port}/"))
    assert outcome.outcome is Outcome.ACCEPTED


async def test_a_receiver_that_is_not_there_has_failed_for_now(tmp_path: Path, certificates: Certificates) -> None:
    async with any_server(lambda _r, _w: asyncio.sleep(0)) as port:
        pass
    async with channel_to(tmp_path, certificates, port) as channel:
        outcome = await channel.send(letter(address=f"https://127.0.0.1:{port}/"))
    assert outcome == Sent(Outcome.FAILED, "It could not be connected to.")


async def test_a_receiver_that_never_ends_its_handshake_has_failed_for_now(
    tmp_path: Path, certificates: Certificates
) -> None:
    async with (
        any_server(lambda _r, _w: asyncio.sleep(20)) as port,
        channel_to(tmp_path, certificates, port, channel_within_s=0.6) as channel,
    ):
        outcome = await channel.send(letter(address=f"https://127.0.0.1:{port}/"))
    assert outcome == Sent(Outcome.FAILED, "It could not be connected to.")


async def test_a_dead_receiver_delays_no_letter_to_another(tmp_path: Path, certificates: Certificates) -> None:
    receiver = Receiver()
    async with (
        any_server(lambda _r, _w: asyncio.sleep(20)) as dead,
        web_server(receiver.answer, server_tls(certificates)) as well,
    ):
        places = [f"127.0.0.1:{port}" for port in (dead, well)]
        secrets = ";".join(f"{place} {NEW}" for place in places)
        settings = settings_with(
            tmp_path, webhook_secrets=secrets, inside=",".join(places), ca_file=certificates.ca, channel_within_s=3.0
        )
        channel = opened(settings, "webhook")
        assert channel is not None
        waiting = [asyncio.create_task(channel.send(letter(address=f"https://{places[0]}/"))) for _ in range(100)]
        await asyncio.sleep(0.05)
        async with asyncio.timeout(1):
            assert (await channel.send(letter(address=f"https://{places[1]}/"))).outcome is Outcome.ACCEPTED
        assert {found.outcome for found in await asyncio.gather(*waiting)} == {Outcome.FAILED}
        await channel.close()
