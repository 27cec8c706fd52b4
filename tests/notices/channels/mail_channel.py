"""The e-mail channel as the settings open it, to a mail server on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from streams.notices.channels.channel import Channel, Letter, Sent
from streams.notices.channels.email import opened
from tests.notices.channels.receivers import Mailbox, mail_server, server_tls, settings_with
from tests.servers.certificates import Certificates


@asynccontextmanager
async def channel_to(folder: Path, certificates: Certificates, port: int, **more: object) -> AsyncIterator[Channel]:
    """The channel as the settings open it, to a server on this machine."""
    notices = {
        "email_server": f"127.0.0.1:{port}",
        "email_sender": "Work orders <orders@facilities.example>",
        "inside": f"127.0.0.1:{port}",
        "ca_file": certificates.ca,
        "channel_within_s": 5.0,
    }
    channel = opened(settings_with(folder, **(notices | more)), "email")
    assert channel is not None
    try:
        yield channel
    finally:
        await channel.close()


async def sent(box: Mailbox, folder: Path, certificates: Certificates, one: Letter, **more: object) -> Sent:
    """What becomes of a letter that is sent to a server with STARTTLS."""
    async with (
        mail_server(box, server_tls(certificates)),
        channel_to(folder, certificates, box.port, **more) as channel,
    ):
        return await channel.send(one)
