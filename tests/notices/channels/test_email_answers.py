"""What a mail server answers, or does not, and what that says of the letter."""

import asyncio
import time
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP

from streams.notices.channels.channel import Outcome, Sent
from tests.notices.channels.mail_channel import channel_to, sent
from tests.notices.channels.receivers import Mailbox, any_server, cut, letter, mail_server, server_tls
from tests.servers.certificates import Certificates


@pytest.mark.parametrize(
    ("rcpt", "data", "final"),
    [
        ("450 busy", "250 OK", False),
        ("550 no such person duty@facilities.example", "250 OK", True),
        ("250 OK", "451 try later", False),
        ("250 OK", "452 no room", False),
        ("250 OK", "552 too large", True),
        ("250 OK", "554 refused", True),
    ],
)
async def test_4xx_has_failed_for_now_and_5xx_for_good(
    tmp_path: Path, certificates: Certificates, rcpt: str, data: str, final: bool
) -> None:
    outcome = await sent(Mailbox(rcpt=rcpt, data=data), tmp_path, certificates, letter())
    assert (outcome.outcome, outcome.final) == (Outcome.FAILED, final)
    assert (rcpt if rcpt[0] != "2" else data)[:3] in outcome.detail
    assert "@" not in outcome.detail


async def test_a_connection_lost_after_the_letter_was_sent_leaves_its_fate_unknown(
    tmp_path: Path, certificates: Certificates
) -> None:
    async def drop(server: SMTP) -> str:
        cut(server)
        await asyncio.sleep(0)
        return "250 OK"

    box = Mailbox(data=drop)
    outcome = await sent(box, tmp_path, certificates, letter())
    assert outcome.outcome is Outcome.UNKNOWN
    assert not outcome.final
    assert len(box.taken) == 1


async def test_a_server_that_hangs_after_the_letter_was_sent_leaves_its_fate_unknown_in_time(
    tmp_path: Path, certificates: Certificates
) -> None:
    async def hang(server: SMTP) -> str:
        await asyncio.sleep(20)
        return "250 OK"

    began = time.monotonic()
    outcome = await sent(Mailbox(data=hang), tmp_path, certificates, letter(), channel_within_s=1.5)
    assert outcome.outcome is Outcome.UNKNOWN
    assert time.monotonic() - began < 8


@pytest.mark.parametrize(
    "words", [b"", b"220 mail.test\r\n", b"220 mail.test\r\n250-mail.test\r\n250 STARTTLS\r\n220 go on\r\n"]
)
async def test_a_server_that_hangs_before_has_failed_for_now_in_time(
    tmp_path: Path, certificates: Certificates, words: bytes
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in words.splitlines(keepends=True):
            writer.write(line)
            if line[3:4] == b" ":
                await reader.readline()
        await asyncio.sleep(20)

    began = time.monotonic()
    async with (
        any_server(talk) as port,
        channel_to(tmp_path, certificates, port, channel_within_s=1.5) as channel,
    ):
        outcome = await channel.send(letter())
        took = time.monotonic() - began
    assert outcome == Sent(Outcome.FAILED, "The mail server did not answer in time.")
    assert took < 8


@pytest.mark.parametrize(
    ("words", "final"),
    [(b"421 not now\r\n", False), (b"554 not you\r\n", True), (b"nonsense\r\n", True), (b"", False)],
)
async def test_a_greeting_that_refuses_us_is_no_acceptance(
    tmp_path: Path, certificates: Certificates, words: bytes, final: bool
) -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await writer.drain()
        await asyncio.sleep(0.1)

    async with any_server(talk) as port, channel_to(tmp_path, certificates, port) as channel:
        outcome = await channel.send(letter())
    assert (outcome.outcome, outcome.final) == (Outcome.FAILED, final)


async def test_a_server_that_is_not_there_has_failed_for_now(tmp_path: Path, certificates: Certificates) -> None:
    async with any_server(lambda _r, _w: asyncio.sleep(0)) as port:
        pass
    async with channel_to(tmp_path, certificates, port) as channel:
        assert await channel.send(letter()) == Sent(Outcome.FAILED, "The mail server could not be reached.")


async def test_a_cancelled_letter_leaves_no_connection_behind(tmp_path: Path, certificates: Certificates) -> None:
    ended = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        finally:
            ended.set()

    async with any_server(talk) as port, channel_to(tmp_path, certificates, port) as channel:
        task = asyncio.create_task(channel.send(letter()))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(2):
            await ended.wait()


async def test_a_dead_server_delays_no_letter_to_another(tmp_path: Path, certificates: Certificates) -> None:
    box = Mailbox()
    async with (
        any_server(lambda _r, _w: asyncio.sleep(20)) as dead,
        mail_server(box, server_tls(certificates)),
        channel_to(tmp_path, certificates, dead, channel_within_s=3) as hanging,
        channel_to(tmp_path, certificates, box.port) as well,
    ):
        waiting = [asyncio.create_task(hanging.send(letter(key=str(n)))) for n in range(50)]
        assert (await well.send(letter())).outcome is Outcome.ACCEPTED
        assert not any(task.done() for task in waiting)
        assert {(await task).outcome for task in waiting} == {Outcome.FAILED}


async def test_a_server_that_takes_the_letter_and_never_says_goodbye_has_taken_it(
    tmp_path: Path, certificates: Certificates
) -> None:
    outcome = await sent(Mailbox(quit_s=20), tmp_path, certificates, letter(), channel_within_s=0.9)
    assert outcome.outcome is Outcome.ACCEPTED
