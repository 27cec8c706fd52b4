"""Nobody is texted twice: Notify is asked what it has before anything is sent."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from streams.notices.channels.channel import Outcome, Sent
from tests.notices.channels.notify_channel import TAKEN, TEXT, channel_to, drop, endless, gibberish, hang, texting
from tests.notices.channels.notify_server import Answer, Notify
from tests.notices.channels.receivers import server_tls, web_server
from tests.servers.certificates import Certificates


@pytest.mark.parametrize("after", [drop, hang, gibberish, endless])
async def test_nobody_is_texted_twice_for_a_reply_that_was_lost(
    tmp_path: Path, certificates: Certificates, after: Answer
) -> None:
    notify = Notify(after=after)
    async with texting(notify, tmp_path, certificates, channel_within_s=2.5) as channel:
        first = await channel.send(TEXT)
        notify.after = None
        again = [await channel.send(TEXT) for _ in range(3)]
    assert first == Sent(Outcome.UNKNOWN, "The reply of GOV.UK Notify was lost.")
    assert again == [Sent(Outcome.ACCEPTED, "GOV.UK Notify had taken it before.")] * 3
    assert len(notify.taken) == 1
    assert notify.asked == [TEXT.key] * 4


async def test_nobody_is_texted_twice_although_we_were_started_anew_in_between(
    tmp_path: Path, certificates: Certificates
) -> None:
    notify = Notify(after=drop)
    async with web_server(notify.answer, server_tls(certificates)) as port:
        for _ in range(3):
            async with channel_to(tmp_path, certificates, port) as channel:
                await channel.send(TEXT)
    assert len(notify.taken) == 1


@pytest.mark.parametrize("asking", [drop, hang, gibberish, endless])
async def test_nothing_is_sent_while_notify_cannot_be_asked(
    tmp_path: Path, certificates: Certificates, asking: Answer
) -> None:
    notify = Notify(asking=asking)
    async with texting(notify, tmp_path, certificates, channel_within_s=2.5) as channel:
        outcome = await channel.send(TEXT)
    assert (outcome.outcome, outcome.final) == (Outcome.FAILED, False)
    assert "could not be asked" in outcome.detail
    assert notify.taken == []


@pytest.mark.parametrize("answer", ["[]", "{}", '{"notifications": 1}', '{"notifications": [1]}', "null"])
async def test_an_answer_of_another_shape_is_no_answer(tmp_path: Path, certificates: Certificates, answer: str) -> None:
    async def asking(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=answer)

    notify = Notify(asking=asking)
    async with texting(notify, tmp_path, certificates) as channel:
        outcome = await channel.send(TEXT)
    assert (outcome.outcome, outcome.final) == (Outcome.FAILED, False)
    assert notify.taken == []


@pytest.mark.parametrize("state", ["created", "sending", "pending", "sent", "delivered", "some-new-state"])
async def test_what_notify_has_taken_is_not_sent_again(tmp_path: Path, certificates: Certificates, state: str) -> None:
    notify = Notify(status=state)
    async with texting(notify, tmp_path, certificates) as channel:
        assert await channel.send(TEXT) == TAKEN
        assert (await channel.send(TEXT)).outcome is Outcome.ACCEPTED
    assert len(notify.taken) == 1


async def test_what_notify_could_not_deliver_at_all_has_failed_for_good(
    tmp_path: Path, certificates: Certificates
) -> None:
    notify = Notify(status="permanent-failure")
    async with texting(notify, tmp_path, certificates) as channel:
        await channel.send(TEXT)
        outcome = await channel.send(TEXT)
    assert (outcome.outcome, outcome.final) == (Outcome.FAILED, True)
    assert len(notify.taken) == 1


@pytest.mark.parametrize("state", ["temporary-failure", "technical-failure"])
async def test_what_reached_nobody_this_time_is_sent_again(
    tmp_path: Path, certificates: Certificates, state: str
) -> None:
    notify = Notify(status=state)
    async with texting(notify, tmp_path, certificates) as channel:
        await channel.send(TEXT)
        assert await channel.send(TEXT) == TAKEN
    assert len(notify.taken) == 2


async def test_a_cancelled_letter_is_not_sent_afterwards(tmp_path: Path, certificates: Certificates) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: web.Request) -> web.StreamResponse:
        begun.set()
        await go_on.wait()
        return web.json_response({"notifications": []})

    notify = Notify(asking=slow)
    async with texting(notify, tmp_path, certificates) as channel:
        task = asyncio.create_task(channel.send(TEXT))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        await asyncio.sleep(0.2)
    assert notify.taken == []
