"""The webhook channel as the settings open it, and a receiver that verifies with the reference library."""

import base64
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

from streams.notices.channels.channel import Channel
from streams.notices.channels.webhook import opened
from tests.notices.channels.receivers import settings_with
from tests.servers.certificates import Certificates

NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()


class Receiver:
    """Keeps what it was sent, and answers as the test says."""

    def __init__(self, status: int = 204, **headers: str) -> None:
        self.status = status
        self.headers = headers
        self.bodies: list[bytes] = []
        self.said: list[dict[str, str]] = []
        self.paths: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path_qs)
        self.bodies.append(await request.read())
        self.said.append(dict(request.headers))
        return web.Response(status=self.status, headers=self.headers)

    def verify(self, secret: str, n: int = 0) -> dict[str, Any]:
        said: dict[str, Any] = Webhook(secret).verify(self.bodies[n], self.said[n])
        return said


@asynccontextmanager
async def channel_to(
    folder: Path, certificates: Certificates, port: int, secrets: str = NEW, **more: object
) -> AsyncIterator[Channel]:
    """The channel as the settings open it, allowed to reach one port of this machine."""
    place = f"127.0.0.1:{port}"
    notices = {"webhook_secrets": f"{place} {secrets}", "inside": place, "ca_file": certificates.ca}
    channel = opened(settings_with(folder, **(notices | {"channel_within_s": 5.0} | more)), "webhook")
    assert channel is not None
    try:
        yield channel
    finally:
        await channel.close()


def answering(*answers: Sequence[str]) -> Callable[[str, int], Sequence[str]]:
    left = list(answers)
    return lambda _host, _port: left.pop(0)
