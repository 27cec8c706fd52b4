"""A real OpenID provider as a process of the tests' own, and a person before its pages."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx2

from streams.clock import SystemClock
from tests.pages.conftest import ESTATES, HERE, MANAGER, Browser, Pages
from tests.pages.reading import Read, read
from tests.servers.node import packages, program
from tests.servers.processes import Guarded, free_ports, listens

FOLDER: Final = Path(__file__).with_name("provider")
WHAT: Final = "the OpenID provider of the tests"
CLIENT: Final = "desk:facilities"
SECRET: Final = "a-secret:of-more-than-40+characters-with-%25-in-it"
AP: Final = "ap-manager:premises:ap-bryn-awel"
PEOPLE: Final[dict[str, object]] = {
    "manager": [f"workorders:{MANAGER}", "all-staff"],
    "estates": f"workorders:{ESTATES}",
    "two": [f"workorders:{AP}", f"workorders:{ESTATES}"],
    "both-sides": [f"workorders:{MANAGER}", f"workorders:{ESTATES}"],
    "unknown": [f"workorders:{ESTATES}", "workorders:emperor:division:division"],
    "nobody": ["all-staff"],
    "by-group": ["west-managers", "all-staff"],
    "html": ["workorders:<script>alert(1)</script>"],
}
SECONDS: Final = 20.0


class Wall(SystemClock):
    """The real time, by which the provider's tokens are made, set forwards by a test."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        """The real time and what it was set forwards by."""
        return super().now() + self.ahead


@dataclass
class Service:
    """The running provider."""

    port: int
    process: Guarded

    @property
    def issuer(self) -> str:
        """As what it is known."""
        return f"http://localhost:{self.port}"

    def spoil(self, how: str) -> None:
        """Let what it issues from now on be wrong in this way; nothing for right."""
        httpx2.post(f"http://127.0.0.1:{self.port}/spoil", content=json.dumps({"how": how})).raise_for_status()

    def change_keys(self) -> None:
        """Let it sign with a fresh key from now on, and forget the one before."""
        httpx2.post(f"http://127.0.0.1:{self.port}/keys", timeout=SECONDS).raise_for_status()

    def letter(self) -> str:
        """What it posted last to the desk, because somebody signed out."""
        answer = httpx2.get(f"http://127.0.0.1:{self.port}/letters")
        return str(answer.json()[-1])

    def end(self) -> None:
        """Let it be down."""
        self.process.end(signal.SIGKILL, within_s=5)


@contextmanager
def serving(folder: Path, desk: str = HERE, auth: str = "client_secret_basic") -> Iterator[Service]:
    """The provider, running for a desk at an address; raises ``ServerMissing`` where it cannot be had."""
    [port] = free_ports(1)
    asked = {"port": port, "desk": desk, "client": CLIENT, "secret": SECRET, "auth": auth, "people": PEOPLE}
    found, node = packages(FOLDER, "sign-in-service", WHAT), program("node", WHAT)
    told = {"NODE_PATH": str(found), "SIGN_IN_SERVICE": json.dumps(asked), "NODE_NO_WARNINGS": "1"}
    command = ["/usr/bin/env", *(f"{name}={value}" for name, value in told.items()), node, str(FOLDER / "serve.mjs")]
    process = Guarded(command, folder / "provider.log")
    try:
        process.wait_until(lambda: listens(port), SECONDS, WHAT)
        yield Service(port, process)
    finally:
        process.end(signal.SIGKILL, within_s=5)


class Person:
    """A person with one browser: at the desk its client, at the provider another; links lead from one to the other."""

    def __init__(self, browser: Browser, service: Service) -> None:
        self.browser = browser
        self._service = service
        self._there = httpx2.AsyncClient(timeout=SECONDS)
        self.landed = ""

    async def close(self) -> None:
        """Leave the provider."""
        await self._there.aclose()

    async def set_out(self, **headers: str) -> str:
        """Press the button for the sign-in service, and give the address that it leads to."""
        await self.browser.submit("/sign-in/service", **headers)
        return way_on(self.browser.page)

    async def at_the_service(self, way: str, name: str) -> str:
        """Sign in at the service, if it asks, and give the address at the desk that it leads back to."""
        answer = await self._there.get(way)
        for _ in range(12):
            if answer.is_redirect:
                onward = urljoin(str(answer.url), answer.headers["location"])
                if urlsplit(onward).port != self._service.port:
                    return onward
                answer = await self._there.get(onward)
            else:
                form = read(answer.text).form()
                button = ("do", "in" if name else "no")
                fields = [(field, name if field == "name" else value) for field, value in form.fields]
                answer = await self._there.post(urljoin(str(answer.url), form.action), data=dict([*fields, button]))
        raise AssertionError(f"the service does not lead back: {answer.text[:500]}")

    async def come_back(self, way: str) -> Read:
        """Open the address at the desk that the service led to."""
        self.landed = way
        return await self.browser.get(way)

    async def sign_in(self, name: str, page: str = "/sign-in") -> Read:
        """The whole way: from a page of the desk to the service and back."""
        await self.browser.get(page)
        return await self.come_back(await self.at_the_service(await self.set_out(), name))

    async def sign_out_there(self, way: str) -> str:
        """Follow the way out and say yes, and give the address at the desk that it leads to."""
        answer = await self._there.get(way)
        form = read(answer.text).form()
        target = urljoin(str(answer.url), form.action)
        answer = await self._there.post(target, data=dict([*form.fields, ("logout", "yes")]))
        return str(answer.headers["location"])


def pass_by(desk: Pages, seconds: float) -> None:
    """Let time pass at the desk's wall, and not at the service."""
    wall = desk.place.wall
    assert isinstance(wall, Wall)
    wall.ahead += timedelta(seconds=seconds)


def way_on(page: Read) -> str:
    """Where a page leads by itself."""
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.source)
    assert found is not None, page.text
    return unescape(found[1])


def environment(service: Service, **more: str) -> dict[str, str]:
    """The settings of a desk that signs people in there."""
    given = {
        "ISSUER": service.issuer, "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET, "BASE_URL": HERE, "WITHIN_S": "2",
        **more,
    }  # fmt: skip
    return {f"WORKORDERS_OIDC_{name}": value for name, value in given.items()}
