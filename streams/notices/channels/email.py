"""E-mail by SMTP: one connection for each letter, encrypted unless the server is on this machine.

The server's answers decide: 2xx accepted, 4xx failed for now, 5xx failed for good. Whatever is lost once the letter
itself has begun to go over is unknown: the server may have taken it.
"""

import asyncio
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from pathlib import Path
from typing import Final, Literal, cast

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException, SMTPRecipientRefused, SMTPResponseException

from streams.clock import SystemClock
from streams.notices.channels.channel import Channel, Letter, Outcome, Sent
from streams.notices.channels.http import trusting
from streams.notices.channels.mail_message import address_of, compose
from streams.notices.channels.settings import sender_of
from streams.notices.egress import Egress, EgressRefusedError, Place
from streams.settings import Settings

GOODBYE_WITHIN_S: Final = 1.0
"""How long the server's goodbye is waited for, after all has been said."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mail is handed in, and how: ``password`` is for logging in, never for showing."""

    place: Place
    security: Literal["starttls", "tls", "none"]
    sender: Address
    user: str | None = None
    password: str | None = None
    ca_file: Path | None = None


class EmailChannel:
    """Hands letters to one server."""

    def __init__(self, server: MailServer, egress: Egress, within_s: float) -> None:
        self._server = server
        self._egress = egress
        self._within_s = within_s
        self._tls = trusting(server.ca_file) if server.security != "none" else None
        self._clock = SystemClock()

    async def send(self, letter: Letter) -> Sent:
        """What the server's answers say became of the letter."""
        try:
            recipient = address_of(letter.address)
            message = compose(letter, self._server.sender, recipient, self._clock.now()).as_bytes()
        except ValueError:
            return Sent(Outcome.FAILED, "The address is none that an e-mail can be written to.", final=True)
        handing = _Handing(self._server, self._egress, self._tls)
        try:
            async with asyncio.timeout(self._within_s):
                sent = await handing.over(recipient.addr_spec, message)
            await handing.goodbye()
        except (SMTPException, EgressRefusedError, OSError, ValueError) as error:
            return _judged(error, began=handing.began)
        finally:
            handing.drop()
        return sent

    async def close(self) -> None:
        """Ask for no further names."""
        self._egress.close()


class _Handing:
    """One letter on its way over; ``began`` once the server may have taken it."""

    def __init__(self, server: MailServer, egress: Egress, tls: ssl.SSLContext | None) -> None:
        self.began = False
        self._server = server
        self._egress = egress
        self._smtp = SMTP(
            hostname=server.place.host,
            local_hostname=server.sender.domain,
            use_tls=server.security == "tls",
            start_tls=False,
            tls_context=tls,
            timeout=None,
        )

    async def over(self, recipient: str, message: bytes) -> Sent:
        """Raises what says that it was refused or lost."""
        sock = await self._egress.connect(self._server.place)
        try:
            await self._smtp.connect(sock=sock)
        except BaseException:
            sock.close()
            raise
        # Step by step, so that whatever fails leaves the connection to be cut by us.
        if self._server.security == "starttls":
            await self._smtp.starttls()
        if self._server.user and self._server.password:
            await self._smtp.login(self._server.user, self._server.password)
        await self._smtp.mail(self._server.sender.addr_spec)
        await self._smtp.rcpt(recipient)
        self.began = True
        response = await self._smtp.data(message)
        return Sent(Outcome.ACCEPTED, f"The mail server answered {response.code}.")

    async def goodbye(self) -> None:
        """Part from the server as one should; the letter has been taken, whatever becomes of this."""
        try:
            async with asyncio.timeout(GOODBYE_WITHIN_S):
                await self._smtp.quit()
        except (SMTPException, OSError):
            return

    def drop(self) -> None:
        """Cut the connection, if it is still open: a server that hangs is not waited for."""
        if self._smtp.transport is not None:
            cast(asyncio.WriteTransport, self._smtp.transport).abort()
        self._smtp.close()


def opened(settings: Settings, kind: str) -> Channel | None:
    """E-mail where a server is named."""
    place = settings.notices.mail_server
    if kind != "email" or place is None or settings.notices.email_sender is None:
        return None
    password = settings.notices.email_password
    server = MailServer(
        place,
        settings.notices.email_security,
        sender_of(settings.notices.email_sender),
        settings.notices.email_user,
        password.get_secret_value() if password else None,
        settings.notices.ca_file,
    )
    return EmailChannel(server, Egress([place], settings.notices.inside_places), settings.notices.channel_within_s)


def _judged(error: Exception, *, began: bool) -> Sent:
    """What an error says became of the letter; ``began``: the letter itself had begun to go over."""
    if isinstance(error, EgressRefusedError):
        return Sent(Outcome.FAILED, str(error), final=True)
    if isinstance(error, SMTPResponseException) and 400 <= error.code < 600:
        return _answered(error)
    if began:
        return Sent(Outcome.UNKNOWN, "The connection was lost before the mail server had taken or refused the letter.")
    if isinstance(error, ssl.SSLCertVerificationError) or isinstance(error.__cause__, ssl.SSLCertVerificationError):
        return Sent(Outcome.FAILED, "The mail server's certificate is not to be trusted.", final=True)
    if isinstance(error, TimeoutError):
        return Sent(Outcome.FAILED, "The mail server did not answer in time.")
    if isinstance(error, OSError):
        return Sent(Outcome.FAILED, "The mail server could not be reached.")
    return Sent(Outcome.FAILED, "The mail server does not offer the encryption or login that is asked for.", final=True)


def _answered(error: SMTPResponseException) -> Sent:
    whom = "the recipient" if isinstance(error, SMTPRecipientRefused) else "it"
    if error.code < 500:
        return Sent(Outcome.FAILED, f"The mail server answered {error.code}: it does not take {whom} now.")
    return Sent(Outcome.FAILED, f"The mail server answered {error.code}: it refuses {whom}.", final=True)
