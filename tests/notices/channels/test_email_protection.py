"""E-mail is handed in under encryption, to whom the certificate names, by whom the login names."""

import logging
from email.headerregistry import Address
from pathlib import Path

import pytest

from streams.notices.channels.channel import Outcome, Sent
from streams.notices.channels.email import EmailChannel, MailServer
from streams.notices.egress import Egress, Place
from tests.notices.channels.mail_channel import channel_to, sent
from tests.notices.channels.receivers import Mailbox, letter, mail_server, server_tls
from tests.servers.certificates import Certificates


async def test_a_server_that_offers_no_encryption_is_told_nothing(tmp_path: Path, certificates: Certificates) -> None:
    box = Mailbox()
    async with mail_server(box, None), channel_to(tmp_path, certificates, box.port) as channel:
        outcome = await channel.send(letter())
    assert (outcome.outcome, outcome.final) == (Outcome.FAILED, True)
    assert "encryption" in outcome.detail
    assert box.taken == []


async def test_without_encryption_only_where_that_is_said_and_the_server_is_on_this_machine(
    tmp_path: Path, certificates: Certificates
) -> None:
    box = Mailbox()
    async with (
        mail_server(box, None),
        channel_to(tmp_path, certificates, box.port, email_security="none") as channel,
    ):
        assert (await channel.send(letter())).outcome is Outcome.ACCEPTED
    assert box.encrypted == [False]


@pytest.mark.parametrize(("security", "wrapped"), [("starttls", False), ("tls", True)])
async def test_a_certificate_that_is_not_trusted_is_given_no_letter(
    tmp_path: Path, certificates: Certificates, security: str, wrapped: bool
) -> None:
    box = Mailbox()
    async with (
        mail_server(box, server_tls(certificates), wrapped=wrapped),
        channel_to(tmp_path, certificates, box.port, ca_file=certificates.other_ca, email_security=security) as channel,
    ):
        outcome = await channel.send(letter())
    assert outcome == Sent(Outcome.FAILED, "The mail server's certificate is not to be trusted.", final=True)
    assert box.taken == []


@pytest.mark.parametrize(("host", "outcome"), [("localhost", Outcome.ACCEPTED), ("other.example", Outcome.FAILED)])
async def test_the_certificate_must_bear_the_servers_name_whatever_address_is_connected_to(
    certificates: Certificates, host: str, outcome: Outcome
) -> None:
    box = Mailbox()
    async with mail_server(box, server_tls(certificates)):
        place = Place(host, box.port)
        server = MailServer(place, "starttls", Address(addr_spec="orders@facilities.example"), ca_file=certificates.ca)
        channel = EmailChannel(server, Egress([place], [place], look_up=lambda _host, _port: ["127.0.0.1"]), 5)
        answer = await channel.send(letter())
    assert answer.outcome is outcome
    assert len(box.taken) == (outcome is Outcome.ACCEPTED)


async def test_we_log_in_where_a_login_is_set(tmp_path: Path, certificates: Certificates) -> None:
    box = Mailbox("orders", "correct horse")
    login = {"email_user": "orders", "email_password": "correct horse"}
    outcome = await sent(box, tmp_path, certificates, letter(), **login)
    assert outcome.outcome is Outcome.ACCEPTED


async def test_a_wrong_password_is_refused_for_good_and_nothing_is_shown_or_logged(
    tmp_path: Path, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # the server's own
    login = {"email_user": "orders", "email_password": "hunter2hunter2"}
    outcome = await sent(Mailbox("orders", "other"), tmp_path, certificates, letter(), **login)
    assert (outcome.outcome, outcome.final) == (Outcome.FAILED, True)
    assert "535" in outcome.detail
    for shown in (outcome.detail, caplog.text):
        assert "hunter2" not in shown
        assert "duty@" not in shown


async def test_a_server_on_this_machine_is_reached_only_where_it_is_named_as_inside(
    tmp_path: Path, certificates: Certificates
) -> None:
    box = Mailbox()
    async with (
        mail_server(box, server_tls(certificates)),
        channel_to(tmp_path, certificates, box.port, inside=f"127.0.0.1:{box.port + 1}") as channel,
    ):
        outcome = await channel.send(letter())
    assert (outcome.outcome, outcome.final) == (Outcome.FAILED, True)
    assert "this machine's own" in outcome.detail
