"""The health server: four small pages on this machine, answered by a thread of its own.

``/health/live``, ``/health/ready`` and ``/health/progress`` answer 200 when well and 503 with their reasons in plain
sentences when not; ``/metrics`` is for Prometheus. Nothing here says anything about any order or person.
"""

import asyncio
import errno
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.clock import monotonic
from streams.health import Finding, dead, stuck, unready
from streams.metrics import Readings
from streams.parts import Parts
from streams.settings import PREFIX, SettingsError

log = logging.getLogger(__name__)

ENDS_WITHIN_S: Final = 1.0
"""How long the thread may take to end; whoever is still being answered then is left."""
WORDS: Final = {"live": ("alive", "dead"), "ready": ("ready", "not ready"), "progress": ("well", "stuck")}

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the three answers."""

    question: str
    findings: tuple[Finding, ...]

    @property
    def status(self) -> int:
        """The HTTP status."""
        return 503 if self.findings else 200

    def as_json(self) -> dict[str, Any]:
        """The answer in words; ``restart_may_help`` where the fault may be this worker's own."""
        reasons = [{"part": one.part, "reason": one.sentence, "restart_may_help": one.ours} for one in self.findings]
        return {"status": WORDS[self.question][bool(reasons)], "reasons": reasons}


def answers(parts: Parts) -> dict[str, Callable[[], Answer]]:
    """The three questions, each with what answers it now, from any thread."""
    vitals, settings = parts.vitals, parts.settings

    def progress() -> Answer:
        at = parts.clock.now() if parts.clock.kind == "real" else None
        return Answer("progress", tuple(stuck(vitals, settings, monotonic(), at)))

    return {
        "live": lambda: Answer("live", tuple(dead(vitals, settings, monotonic()))),
        "ready": lambda: Answer("ready", tuple(unready(vitals, settings, monotonic()))),
        "progress": progress,
    }


def build_pages(parts: Parts) -> web.Application:
    """The pages, read-only."""
    pages = web.Application()
    for name, answer in answers(parts).items():
        pages.router.add_get(f"/health/{name}", _page(answer))
    parts.metrics.registry.register(Readings(parts.vitals, parts.clock))

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(parts.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    pages.router.add_get("/metrics", metrics)
    return pages


def _page(answer: Callable[[], Answer]) -> Callable[[web.Request], Any]:
    async def page(_: web.Request) -> web.Response:
        found = answer()
        return web.json_response(found.as_json(), status=found.status, headers={"Cache-Control": "no-store"})

    return page


@contextmanager
def health_served(parts: Parts) -> Iterator[str | None]:
    """Answer for as long as the block lasts; the address, or None where the settings want no answers.

    Raises ``SettingsError`` if the port that was set cannot be had.
    """
    if parts.settings.health_port == "off":
        yield None
        return
    thread = _Thread(build_pages(parts), parts)
    address = thread.begin()
    if parts.settings.health_host not in _LOOPBACK:
        log.warning("health and metrics are open to other machines, at %s", address)
    log.info("health and metrics are answered at %s", address)
    try:
        yield address
    finally:
        thread.end()


class _Thread:
    """An event loop of its own in a thread of its own: it turns although the worker's does not."""

    def __init__(self, pages: web.Application, parts: Parts) -> None:
        self._pages, self._settings = pages, parts.settings
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._address: Future[str] = Future()
        self._ends = asyncio.Event()

    def begin(self) -> str:
        """Start it; its address once it answers."""
        self._thread.start()
        return self._address.result()

    def end(self) -> None:
        """End it, and wait for that, but not for ever."""
        with suppress(RuntimeError):  # its loop has ended by itself
            self._loop.call_soon_threadsafe(self._ends.set)
        self._thread.join(ENDS_WITHIN_S)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever began us waits to hear of it
            self._address.set_exception(error)
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        runner = web.AppRunner(self._pages, access_log=None, handle_signals=False, shutdown_timeout=ENDS_WITHIN_S / 2)
        try:
            await self._start(runner)
            await self._ends.wait()
        finally:
            await runner.cleanup()

    async def _start(self, runner: web.AppRunner) -> None:
        await runner.setup()
        settings = self._settings
        wanted = settings.health_port if isinstance(settings.health_port, int) else 0
        try:
            await web.TCPSite(runner, settings.health_host, wanted).start()
        except OSError as error:
            if "health_port" in settings.model_fields_set or error.errno != errno.EADDRINUSE:
                place = f"{settings.health_host}:{wanted}"
                raise SettingsError(
                    f"{PREFIX}HEALTH_PORT: health cannot be answered at {place}: {error.strerror or error}."
                ) from None
            await web.TCPSite(runner, settings.health_host, 0).start()
        host, port = runner.addresses[0][:2]
        self._address.set_result(f"http://{f'[{host}]' if ':' in host else host}:{port}")
