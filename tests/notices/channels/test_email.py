"""E-mail, against a real mail server over TLS: what is sent, and what is never sent."""

from pathlib import Path

import pytest

from streams.notices.channels.channel import Outcome, Sent
from tests.notices.channels.mail_channel import channel_to, sent
from tests.notices.channels.receivers import Mailbox, letter, mail_server, server_tls
from tests.servers.certificates import Certificates

LONG_DOMAIN = "notices.work-orders.facilities-management.south-and-west.probation.service.example"


async def test_a_letter_goes_over_starttls_as_text_and_html(tmp_path: Path, certificates: Certificates) -> None:
    box = Mailbox()
    outcome = await sent(box, tmp_path, certificates, letter())
    assert outcome == Sent(Outcome.ACCEPTED, "The mail server answered 250.")
    assert box.encrypted == [True]
    assert (box.taken[0].mail_from, box.taken[0].rcpt_tos) == ("orders@facilities.example", ["duty@facilities.example"])
    message = box.message()
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().splitlines() == letter().text.splitlines()
    assert html.get_content().strip() == letter().html


async def test_a_letter_goes_over_tls_from_the_beginning(tmp_path: Path, certificates: Certificates) -> None:
    box = Mailbox()
    async with (
        mail_server(box, server_tls(certificates), wrapped=True),
        channel_to(tmp_path, certificates, box.port, email_security="tls") as channel,
    ):
        assert (await channel.send(letter())).outcome is Outcome.ACCEPTED
    assert box.encrypted == [True]


async def test_a_message_says_that_a_machine_sent_it_and_whom_to_it_is(
    tmp_path: Path, certificates: Certificates
) -> None:
    box = Mailbox()
    await sent(box, tmp_path, certificates, letter(subject="Ŵyl yn Ynys Môn: " + "hir iawn " * 20))
    message = box.message()
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None
    assert message["From"] == "Work orders <orders@facilities.example>"
    assert message["To"] == "duty@facilities.example"
    assert message["Subject"] == ("Ŵyl yn Ynys Môn: " + "hir iawn " * 20).strip()
    assert message["Content-Language"] == "en, cy"
    assert message["Importance"] == "high"
    assert message["Date"]


async def test_a_letter_without_html_is_text_alone_and_one_that_can_wait_is_not_marked(
    tmp_path: Path, certificates: Certificates
) -> None:
    box = Mailbox()
    await sent(box, tmp_path, certificates, letter(html=None, urgent=False, language="cy"))
    assert box.message().get_content_type() == "text/plain"
    assert box.message()["Importance"] is None
    assert box.message()["Content-Language"] == "cy"


async def test_a_resend_has_the_same_message_id_and_another_letter_another(
    tmp_path: Path, certificates: Certificates
) -> None:
    ids = []
    for one in (letter(), letter(), letter(key="another")):
        box = Mailbox()
        await sent(box, tmp_path, certificates, one)
        ids.append(box.message()["Message-ID"])
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@facilities.example>")


async def test_the_letters_of_one_ladder_refer_to_one_root(tmp_path: Path, certificates: Certificates) -> None:
    roots = []
    for one in (letter(key="a"), letter(key="b"), letter(key="c", thread="another")):
        box = Mailbox()
        await sent(box, tmp_path, certificates, one, email_sender=f"orders@{LONG_DOMAIN}")
        assert box.message()["References"] == box.message()["In-Reply-To"]
        raw = box.taken[0].content
        assert isinstance(raw, bytes)
        # A folded or encoded id is no id to a mail program.
        assert f"References: {box.message()['References']}\r\n".encode() in raw
        assert f"Message-ID: {box.message()['Message-ID']}\r\n".encode() in raw
        roots.append(str(box.message()["References"]))
    assert roots[0] == roots[1] != roots[2]
    assert roots[0].startswith("<thread.")
    assert roots[0].endswith(f"@{LONG_DOMAIN}>")


@pytest.mark.parametrize("cut", ["\r\n", "\n", "\r", "\x00", "\x0b", "\x85", "\u2028", "\r\n\r\n"])
async def test_a_subject_can_add_neither_a_header_nor_a_body(
    tmp_path: Path, certificates: Certificates, cut: str
) -> None:
    box = Mailbox()
    await sent(box, tmp_path, certificates, letter(subject=f"Boiler{cut}Bcc: thief@elsewhere.example"))
    assert box.message()["Bcc"] is None
    assert box.message()["Subject"] == "Boiler Bcc: thief@elsewhere.example"
    assert box.taken[0].rcpt_tos == ["duty@facilities.example"]


@pytest.mark.parametrize(
    "address",
    [
        "duty@facilities.example\r\nRCPT TO:<thief@elsewhere.example>",
        "duty@facilities.example\nBcc: thief@elsewhere.example",
        "duty@facilities.example> SIZE=1",
        "duty@facilities.example, thief@elsewhere.example",
        "duty desk@facilities.example",
        "@facilities.example",
        "duty@",
        "duty",
        "",
        "dŵr@facilities.example",
        "duty@" + "x" * 64 + ".example",
    ],
)
async def test_what_is_no_address_is_refused_for_good_and_no_server_is_asked(
    tmp_path: Path, certificates: Certificates, address: str
) -> None:
    box = Mailbox()
    outcome = await sent(box, tmp_path, certificates, letter(address=address))
    assert (outcome.outcome, outcome.final) == (Outcome.FAILED, True)
    assert "address" in outcome.detail
    assert box.taken == []


async def test_a_domain_in_welsh_letters_is_written_as_ascii(tmp_path: Path, certificates: Certificates) -> None:
    box = Mailbox()
    await sent(box, tmp_path, certificates, letter(address="duty@dŵr.example"))
    assert box.taken[0].rcpt_tos == ["duty@xn--dr-bva.example"]


async def test_what_a_person_wrote_cannot_end_the_message_early(tmp_path: Path, certificates: Certificates) -> None:
    smuggled = "one\r\n.\r\nMAIL FROM:<a@b.example>\r\n\n.\nRCPT TO:<c@d.example>\r.\rtwo\n"
    box = Mailbox()
    await sent(box, tmp_path, certificates, letter(text=smuggled, html="<p>\n.\n" + "x" * 5_000 + "</p>"))
    assert len(box.taken) == 1
    text, html = box.message().iter_parts()
    assert text.get_content().splitlines() == smuggled.splitlines()
    assert "x" * 5_000 in html.get_content()
    raw = box.taken[0].content
    assert isinstance(raw, bytes)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
