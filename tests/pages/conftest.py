"""The pages under test: in this process, over a copy of the small ledger, with browsers that keep their cookies."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from fastapi import FastAPI

from desk.access.granting import grant, scope_of
from desk.access.rights import Holder
from desk.api.app import build_app
from desk.api.place import Place, kept
from desk.notices.links import sign
from desk.notices.signing import signing_keys
from desk.pages.app import with_pages
from desk.views.escalations import EscalationLine, read_escalations
from streams.clock import FixedClock
from tests.desk.places import copied, place_over
from tests.desk.small_ledger import built
from tests.pages.reading import Read, read

HERE = "http://127.0.0.1:8475"
ON_SERVERS = {"broker": "broker.example:9092"}
MANAGER = "provider-account-manager:provider:northmoor-fm"
ESTATES = "estates-desk:division:division"


@dataclass
class Browser:
    """A browser without JavaScript: it keeps cookies, and fills in the form that it was shown."""

    client: httpx2.AsyncClient
    page: Read = field(default_factory=lambda: read(""))
    status: int = 0

    async def get(self, address: str, **headers: str) -> Read:
        """Open an address, and go on to where it leads."""
        return self._seen(await self.client.get(address, headers=headers, follow_redirects=True))

    async def post(self, address: str, fields: list[tuple[str, str]], **headers: str) -> Read:
        """Post fields, and go on to where that leads."""
        return self._seen(await self.send(address, fields, follow_redirects=True, **headers))

    async def send(
        self, address: str, fields: list[tuple[str, str]], *, follow_redirects: bool = False, **headers: str
    ) -> httpx2.Response:
        """Post fields, and stay where that leads."""
        content = urlencode(fields).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": HERE, **headers}
        return await self.client.post(address, content=content, headers=kind, follow_redirects=follow_redirects)

    async def submit(self, action: str | None = None, **filled: str) -> Read:
        """Post the form of this page that leads to ``action``, with these fields filled in."""
        form = self.page.form(action)
        fields = [(name, value) for name, value in form.fields if name not in filled]
        return await self.post(form.action, [*fields, *filled.items()])

    def _seen(self, answer: httpx2.Response) -> Read:
        self.page, self.status = read(answer.text), answer.status_code
        return self.page


@dataclass
class Pages:
    """The pages with their place."""

    place: Place
    app: FastAPI
    clients: list[httpx2.AsyncClient] = field(default_factory=list)

    def browser(self, **headers: str) -> Browser:
        """A browser of somebody who is not signed in."""
        transport = httpx2.ASGITransport(self.app, raise_app_exceptions=False)
        client = httpx2.AsyncClient(transport=transport, base_url=HERE, headers=headers)
        self.clients.append(client)
        return Browser(client)

    async def as_role(self, voice: str, **headers: str) -> Browser:
        """A browser of somebody who has chosen a role."""
        browser = self.browser(**headers)
        await browser.get("/sign-in")
        await browser.submit("/sign-in", voice=voice)
        assert browser.status == 200
        return browser

    async def key(self, holder: Holder, source: str, scope: str = "division") -> str:
        """A fresh key of the API."""
        world, now = self.place.world, self.place.clock.now()
        wanted = (source, holder, *scope_of(scope))
        return (await grant(self.place.ledger, world, now, wanted, timedelta(days=1)))[1]

    async def standing(self) -> list[EscalationLine]:
        """Every escalation that stands."""
        async with self.place.ledger.reading() as connection:
            return list((await read_escalations(connection, everything=False, limit=0)).lines)

    async def one(self, **like: Any) -> EscalationLine:  # noqa: ANN401
        """The first escalation that stands and is so."""
        found = await self.standing()
        return next(one for one in found if all(getattr(one, name) == value for name, value in like.items()))

    def link(self, line: EscalationLine, role: str | None = None, lasts: timedelta = timedelta(days=7)) -> str:
        """The address of the link in a notice about an escalation."""
        keys, until = signing_keys(self.place.settings), self.place.clock.now() + lasts
        return f"/a/{sign(keys, line.id, role or line.role, until)}"

    async def sweep(self, hours: float) -> None:
        """Let time pass, with all that falls due in it."""
        await self.clock.advance(hours * 3600)
        await self.place.ledger.sweep(self.clock.now(), 500, self.place.world)

    @property
    def clock(self) -> FixedClock:
        """The clock, which a test moves."""
        assert isinstance(self.place.clock, FixedClock)
        return self.place.clock


@asynccontextmanager
async def pages_over(path: Path, **options: Any) -> AsyncIterator[Pages]:  # noqa: ANN401
    """The pages over the ledger in a file."""
    async with place_over(path, **options) as place, kept(place):
        app = with_pages(build_app(place), place)
        pages = Pages(place, app)
        yield pages
        await app.state.following.end()
        for client in pages.clients:
            await client.aclose()


@pytest.fixture(scope="session")
def small_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small ledger, built once."""
    return built(tmp_path_factory.mktemp("small"))


@pytest.fixture
def copy_of_ledger(small_ledger: Path, tmp_path: Path) -> Path:
    """A copy of the small ledger."""
    return copied(small_ledger, tmp_path / "pages")


@pytest.fixture
async def pages(copy_of_ledger: Path) -> AsyncIterator[Pages]:
    """The pages of a desk with the broker inside, where a role is chosen."""
    async with pages_over(copy_of_ledger) as opened:
        yield opened


@pytest.fixture
async def on_servers(copy_of_ledger: Path) -> AsyncIterator[Pages]:
    """The pages of a desk on servers, where a key is asked for."""
    async with pages_over(copy_of_ledger, **ON_SERVERS) as opened:
        yield opened
