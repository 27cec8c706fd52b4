"""Serving the API: where it listens, and how it begins and ends with the process that it is part of."""

import asyncio
import errno
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn

from desk.access.local import local_key
from desk.api.app import build_app
from desk.api.following import Following
from desk.api.patience import Patient
from desk.api.place import Place, kept
from desk.opening import file_of
from desk.pages.app import with_pages
from streams.settings import LOOPBACK, PREFIX, Settings, SettingsError

log = logging.getLogger(__name__)

IDLE_S: Final = 10
"""How long a connection may stay open without a request."""
HEADERS_AT_MOST: Final = 16 * 1024
CONNECTIONS_AT_MOST: Final = 1_000
ENDS_WITHIN_S: Final = 2
_LOOK_EVERY_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Door:
    """Where the API answers, and the file with the key of this machine's user if it is for this machine alone."""

    address: str
    key_file: Path | None


class _Server(uvicorn.Server):
    """The server as a part of a process that hears its own signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield


@asynccontextmanager
async def served(place: Place) -> AsyncIterator[Door | None]:
    """Answer for as long as the block lasts; None where the settings want no answers.

    Raises ``SettingsError`` if the port that was set cannot be had.
    """
    settings = place.settings
    if settings.api_port == "off":
        yield None
        return
    key_file = None
    if settings.is_embedded:
        key_file = await local_key(place.ledger, place.world, place.clock.now(), _key_file(settings))
    with _listening(settings) as listening:
        async with kept(place):
            app = with_pages(build_app(place), place)
            config = uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=IDLE_S,
                timeout_graceful_shutdown=ENDS_WITHIN_S,
                limit_concurrency=CONNECTIONS_AT_MOST,
                h11_max_incomplete_event_size=HEADERS_AT_MOST,
                http=Patient,
                ws="none",
            )
            async with _running(_Server(config), listening, app.state.following):
                yield Door(_address(listening), key_file)


@asynccontextmanager
async def _running(server: uvicorn.Server, listening: socket.socket, following: Following) -> AsyncIterator[None]:
    serving = asyncio.create_task(server.serve([listening]))
    try:
        await _started(server, serving)
        yield
    finally:
        server.should_exit = True
        await following.end()
        await asyncio.wait({serving})


async def _started(server: uvicorn.Server, serving: "asyncio.Task[None]") -> None:
    while not server.started and not serving.done():  # noqa: ASYNC110 - it tells by a flag and by nothing else
        await asyncio.sleep(_LOOK_EVERY_S)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    wanted = settings.api_port if isinstance(settings.api_port, int) else 0
    try:
        opened = _bound(settings.api_host, wanted)
    except OSError as error:
        if "api_port" in settings.model_fields_set or error.errno != errno.EADDRINUSE:
            place = f"{settings.api_host}:{wanted}"
            raise SettingsError(
                f"{PREFIX}API_PORT: the API cannot be answered at {place}: {error.strerror or error}."
            ) from None
        opened = _bound(settings.api_host, 0)
    if settings.api_host not in LOOPBACK:
        log.warning("the API is open to other machines, at %s: put TLS in front of it", _address(opened))
    with opened:
        yield opened


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
    except OSError:
        opened.close()
        raise
    return opened


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _key_file(settings: Settings) -> Path:
    """Beside the ledger that it opens; in the data directory if that is on a server."""
    ledger = file_of(settings.ledger_url)
    return ledger.with_suffix(".key") if ledger is not None else settings.data_dir / "ledger.key"
