"""Where a webhook may go to, however its address is written and whatever its name resolves to."""

from pathlib import Path

import pytest

from streams.notices.channels.channel import Outcome, Sent
from streams.notices.channels.http import Http
from streams.notices.channels.webhook import WebhookChannel
from streams.notices.egress import Egress, Place
from tests.notices.channels.receivers import letter, server_tls, web_server
from tests.notices.channels.web_channel import NEW, Receiver, answering, channel_to
from tests.servers.certificates import Certificates


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/",
        "https://127.0.0.1:{other}/",
        "https://localhost:{port}/",
        "https://2130706433:{port}/",
        "https://0x7f000001:{port}/",
        "https://0177.0.0.1:{port}/",
        "https://127.1:{port}/",
        "https://[::ffff:127.0.0.1]:{port}/",
        "https://user:password@127.0.0.1:{port}/",
        "https://127.0.0.1:{port}@elsewhere.example/",
        "https://elsewhere.example\\@127.0.0.1:{port}/",
        "https://127.0.0.1:{port}\\.elsewhere.example/",
        "https://127.0.0.1:{port}\n.elsewhere.example/",
        "https://①②⑦.0.0.1:{port}/",
        "ftp://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "//127.0.0.1:{port}/",
        "https:///hook",
        "https://[::1/",
        "",
    ],
)
async def test_no_other_place_is_reached_however_it_is_written(
    tmp_path: Path, certificates: Certificates, address: str
) -> None:
    receiver = Receiver()
    async with (
        web_server(receiver.answer, server_tls(certificates)) as port,
        channel_to(tmp_path, certificates, port) as channel,
    ):
        outcome = await channel.send(letter(address=address.format(port=port, other=port + 1)))
    assert (outcome.outcome, outcome.final) == (Outcome.FAILED, True)
    assert outcome.detail == "Its host is not among those that webhooks may go to."
    assert receiver.paths == []


async def test_a_configured_host_on_this_machine_is_refused_unless_it_is_named_as_inside(
    tmp_path: Path, certificates: Certificates
) -> None:
    receiver = Receiver()
    async with (
        web_server(receiver.answer, server_tls(certificates)) as port,
        channel_to(tmp_path, certificates, port, inside="") as channel,
    ):
        outcome = await channel.send(letter(address=f"https://127.0.0.1:{port}/"))
    assert outcome == Sent(Outcome.FAILED, "Its host has an address that is this machine's own.", final=True)
    assert receiver.paths == []


async def test_a_host_whose_answer_changes_is_connected_to_where_it_was_looked_at(
    certificates: Certificates,
) -> None:
    """A second look-up behind the gate's back would find nothing left to answer with."""
    receiver = Receiver()
    async with web_server(receiver.answer, server_tls(certificates)) as port:
        place = Place("localhost", port)
        gate = Egress(
            [place], [place], look_up=answering(["127.0.0.1"], ["169.254.169.254"], ["127.0.0.1", "240.0.0.1"])
        )
        channel = WebhookChannel(Http(gate, certificates.ca), {place: (NEW,)}, 5)
        one = letter(address=f"https://localhost:{port}/")
        outcomes = [await channel.send(one) for _ in range(3)]
        await channel.close()
    assert [found.outcome for found in outcomes] == [Outcome.ACCEPTED, Outcome.FAILED, Outcome.FAILED]
    assert [found.final for found in outcomes[1:]] == [True, True]
    assert len(receiver.paths) == 1


@pytest.mark.parametrize(("inside", "outcome"), [(True, Outcome.ACCEPTED), (False, Outcome.FAILED)])
async def test_without_encryption_only_a_place_inside_is_told(
    certificates: Certificates, inside: bool, outcome: Outcome
) -> None:
    receiver = Receiver()
    async with web_server(receiver.answer, None) as port:
        place = Place("plain.example", port)
        gate = Egress([place], [place] if inside else [], look_up=lambda _host, _port: ["127.0.0.1"])
        channel = WebhookChannel(Http(gate), {place: (NEW,)}, 5)
        found = await channel.send(letter(address=f"http://plain.example:{port}/"))
        await channel.close()
    assert found.outcome is outcome
    assert len(receiver.paths) == inside


async def test_a_certificate_that_is_not_trusted_is_told_nothing(tmp_path: Path, certificates: Certificates) -> None:
    receiver = Receiver()
    async with (
        web_server(receiver.answer, server_tls(certificates)) as port,
        channel_to(tmp_path, certificates, port, ca_file=certificates.other_ca) as channel,
    ):
        outcome = await channel.send(letter(address=f"https://127.0.0.1:{port}/"))
    assert outcome == Sent(Outcome.FAILED, "Its certificate is not to be trusted.", final=True)
    assert receiver.paths == []


async def test_proxies_of_the_environment_are_not_used(
    tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    receiver = Receiver()
    async with (
        web_server(receiver.answer, server_tls(certificates)) as port,
        channel_to(tmp_path, certificates, port) as channel,
    ):
        assert (await channel.send(letter(address=f"https://127.0.0.1:{port}/"))).outcome is Outcome.ACCEPTED
