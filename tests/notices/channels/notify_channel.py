"""The channel to GOV.UK Notify as the settings open it, and what its server may do wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from streams.notices.channels.channel import Channel, Outcome, Sent
from streams.notices.channels.govuk_notify import opened
from tests.notices.channels.notify_server import KEY, TEMPLATE, Notify
from tests.notices.channels.receivers import letter, server_tls, settings_with, web_server
from tests.servers.certificates import Certificates

TEXT = letter(address="+44 7700 900123")
TAKEN = Sent(Outcome.ACCEPTED, "GOV.UK Notify has taken it.")


@asynccontextmanager
async def channel_to(
    folder: Path, certificates: Certificates, port: int, kind: str = "text", **more: object
) -> AsyncIterator[Channel]:
    """The channel as the settings open it, to a server on this machine."""
    place = f"127.0.0.1:{port}"
    notices = {
        "notify_key": KEY,
        "notify_text_template": TEMPLATE,
        "notify_email_template": TEMPLATE,
        "notify_url": f"https://{place}",
        "inside": place,
        "ca_file": certificates.ca,
        "channel_within_s": 5.0,
    }
    channel = opened(settings_with(folder, **(notices | more)), kind)
    assert channel is not None
    try:
        yield channel
    finally:
        await channel.close()


@asynccontextmanager
async def texting(
    notify: Notify, folder: Path, certificates: Certificates, kind: str = "text", **more: object
) -> AsyncIterator[Channel]:
    """A channel to a Notify that behaves as the test says."""
    async with (
        web_server(notify.answer, server_tls(certificates)) as port,
        channel_to(folder, certificates, port, kind, **more) as channel,
    ):
        yield channel


async def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hang(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(20)
    return web.Response()


async def gibberish(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=201, text="<html>")


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(status=201)
    await response.prepare(request)
    for _ in range(100):
        await response.write(b"[" * 65_536)
    return response
