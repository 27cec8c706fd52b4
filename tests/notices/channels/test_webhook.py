"""Webhooks, against a real receiver over TLS that verifies with the reference library: what is sent."""

import json
import logging
from pathlib import Path

import pytest
from standardwebhooks import WebhookVerificationError

from streams.notices.channels.channel import Outcome, Sent
from streams.notices.channels.webhook import opened, payload, webhook_id
from tests.notices.channels.receivers import letter, server_tls, settings_with, web_server
from tests.notices.channels.web_channel import NEW, OLD, Receiver, channel_to
from tests.servers.certificates import Certificates


async def test_the_reference_library_verifies_what_we_sign(tmp_path: Path, certificates: Certificates) -> None:
    receiver = Receiver()
    async with (
        web_server(receiver.answer, server_tls(certificates)) as port,
        channel_to(tmp_path, certificates, port) as channel,
    ):
        outcome = await channel.send(letter(address=f"https://127.0.0.1:{port}/hook?of=us"))
    assert outcome == Sent(Outcome.ACCEPTED, "The receiver answered 204.")
    assert receiver.paths == ["/hook?of=us"]
    said = receiver.verify(NEW)
    assert said["type"] == "workorders.notice"
    assert said["data"]["notice"] == dict(letter().data)
    assert said["data"]["subject"] == letter().subject
    assert (said["data"]["urgent"], said["data"]["rehearsal"], said["data"]["language"]) == (True, False, "both")
    assert "to" not in said["data"]
    assert receiver.said[0]["Content-Type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        receiver.verify(OLD)


async def test_while_the_secret_is_changed_receivers_with_either_verify(
    tmp_path: Path, certificates: Certificates
) -> None:
    receiver = Receiver()
    async with (
        web_server(receiver.answer, server_tls(certificates)) as port,
        channel_to(tmp_path, certificates, port, f"{NEW} {OLD}") as channel,
    ):
        await channel.send(letter(address=f"https://127.0.0.1:{port}/"))
    assert receiver.verify(NEW) == receiver.verify(OLD)
    assert len(receiver.said[0]["webhook-signature"].split(" ")) == 2


async def test_a_resend_has_the_same_id_and_the_same_body(tmp_path: Path, certificates: Certificates) -> None:
    receiver = Receiver(503)
    async with (
        web_server(receiver.answer, server_tls(certificates)) as port,
        channel_to(tmp_path, certificates, port) as channel,
    ):
        for _ in range(2):
            await channel.send(letter(address=f"https://127.0.0.1:{port}/"))
    first, second = receiver.said
    assert first["webhook-id"] == second["webhook-id"] == letter().key
    assert receiver.bodies[0] == receiver.bodies[1]


@pytest.mark.parametrize("key", ["a.b", "a b", "", "ŵ", "a\r\nX-Evil: 1", "x" * 200])
def test_a_key_that_no_id_may_be_goes_as_its_digest(key: str) -> None:
    assert len(webhook_id(key)) == 64
    assert webhook_id(key).isalnum()
    assert webhook_id(key) != webhook_id(key + "1")


async def test_a_gateway_that_rings_people_up_is_told_whom_and_what_to_say(
    tmp_path: Path, certificates: Certificates
) -> None:
    receiver = Receiver()
    async with web_server(receiver.answer, server_tls(certificates)) as port:
        place = f"127.0.0.1:{port}"
        settings = settings_with(
            tmp_path,
            webhook_secrets=f"{place} {NEW}; elsewhere.example {OLD}",
            call_url=f"https://{place}/ring",
            inside=place,
            ca_file=certificates.ca,
        )
        channel = opened(settings, "call")
        assert channel is not None
        outcome = await channel.send(letter(address="+44 7700 900123"))
        await channel.close()
    assert outcome.outcome is Outcome.ACCEPTED
    assert receiver.paths == ["/ring"]
    said = receiver.verify(NEW)
    assert said["type"] == "workorders.call"
    assert said["data"]["to"] == "+44 7700 900123"
    assert said["data"]["short"] == letter().short


async def test_neither_secret_nor_address_is_shown_or_logged(
    tmp_path: Path, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    details = []
    for status in (204, 410, 500):
        receiver = Receiver(status)
        async with (
            web_server(receiver.answer, server_tls(certificates)) as port,
            channel_to(tmp_path, certificates, port) as channel,
        ):
            details.append((await channel.send(letter(address=f"https://127.0.0.1:{port}/secret-path"))).detail)
    assert len(details) == 3
    for shown in (*details, caplog.text):
        assert "secret-path" not in shown
        assert "127.0.0.1" not in shown
        assert NEW not in shown


def test_what_is_sent_is_json_whatever_the_words_are() -> None:
    odd = letter(subject="</script>\r\n\u2028\x00", text="ŵ" * 10_000)
    assert json.loads(payload(odd, None))["data"]["subject"] == odd.subject
