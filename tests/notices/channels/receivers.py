"""Real receivers on this machine: a mail server and a web server, over TLS, that do what a test tells them to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from streams.notice_settings import NoticeSettings
from streams.notices.channels.channel import Letter
from streams.settings import Settings
from tests.servers.certificates import Certificates

LETTER = Letter(
    key="0b6f1f0e-5a55-5d1c-8a3c-7d1f0c9a2b11-1-email",
    role="duty-manager",
    address="duty@facilities.example",
    subject="Heb ei staffio heno / Uncovered tonight: Abertawe",
    text="Nid oes neb ar y shifft.\nNobody is on the shift.\n",
    html="<p lang='cy'>Nid oes neb ar y shifft.</p><p lang='en'>Nobody is on the shift.</p>",
    short="Uncovered tonight: Abertawe",
    thread="abertawe/2026-11-23/night-uncovered",
    data={"escalation": "6f9b1c52-4f0d-5c7c-9b7e-0d1f2a3b4c5d", "premises": "abertawe", "level": 2},
    urgent=True,
    rehearsal=False,
    language="both",
)


def letter(**changes: object) -> Letter:
    """A letter, with what the test is about."""
    given: dict[str, Any] = changes
    return replace(LETTER, **given)


def settings_with(folder: Path, **notices: object) -> Settings:
    """Settings whose channels are set as the test says."""
    given: dict[str, Any] = notices
    return Settings(data_dir=folder, notices=NoticeSettings(**given))


def server_tls(certificates: Certificates) -> ssl.SSLContext:
    """TLS of a server on this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)
    return context


@dataclass
class Mailbox:
    """What a mail server has taken, and what it answers; an answer may also be something that it does."""

    user: str | None = None
    password: str | None = None
    rcpt: str = "250 OK"
    data: str | Callable[[SMTP], Awaitable[str]] = "250 OK"
    quit_s: float = 0
    port: int = 0
    taken: list[Envelope] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the server's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        self.taken.append(envelope)
        self.encrypted.append(bool(server.transport and server.transport.get_extra_info("sslcontext")))
        return self.data if isinstance(self.data, str) else await self.data(server)

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        await asyncio.sleep(self.quit_s)
        return "221 Bye"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, how: str, login: object) -> AuthResult:
        assert isinstance(login, LoginPassword)
        good = (login.login, login.password) == ((self.user or "").encode(), (self.password or "").encode())
        return AuthResult(success=good, handled=False)

    def message(self) -> EmailMessage:
        """The only message, as a mail program reads it."""
        (envelope,) = self.taken
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


@asynccontextmanager
async def mail_server(box: Mailbox, tls: ssl.SSLContext | None, *, wrapped: bool = False) -> AsyncIterator[Mailbox]:
    """A mail server: with STARTTLS, or ``wrapped`` in TLS from the beginning, or without any."""
    loop = asyncio.get_running_loop()

    servers: list[SMTP] = []

    def made() -> SMTP:
        offers: Any = {"tls_context": tls, "require_starttls": True} if tls and not wrapped else {}
        login: Any = (
            {"authenticator": box.authenticate, "auth_required": True, "auth_require_tls": True} if box.user else {}
        )
        servers.append(SMTP(box, hostname="mail.test", loop=loop, **offers, **login))
        return servers[-1]

    server = await loop.create_server(made, "127.0.0.1", 0, ssl=tls if wrapped else None)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        for one in servers:
            cut(one)
        await asyncio.sleep(0)


def cut(server: SMTP) -> None:
    """Cut a mail server's connection without a word."""
    if server.transport is not None:
        cast(asyncio.WriteTransport, server.transport).abort()


@asynccontextmanager
async def any_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A server that says whatever the test makes it say; its port."""

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except OSError:
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def web_server(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]], tls: ssl.SSLContext | None
) -> AsyncIterator[int]:
    """A web server that gives every request to the test; its port."""
    app = web.Application(client_max_size=4_194_304)
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
