"""The HTTP API under test: in this process, over a copy of the small ledger, with keys for anybody."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from desk.access.granting import grant, scope_of
from desk.access.rights import Holder
from desk.api.app import build_app
from desk.api.place import Place, kept
from streams.clock import Clock
from tests.desk.places import copied, place_over

SOURCES = {
    Holder.DIVISION: "division",
    Holder.ESTATES: "estates-desk",
    Holder.MANAGER: "ap-managers",
    Holder.PROVIDER: "fm-north",
    Holder.AGENCY: "agency-south",
    Holder.MONITOR: "division",
}
FACTS: dict[str, Any] = {
    "premises": "ap-bryn-awel", "asset": "cctv", "fault": "total-loss", "impacts": [], "alternative_available": False,
}  # fmt: skip


@dataclass
class Api:
    """The API with its place; ``of`` gives a client that has a key."""

    place: Place
    clients: list[httpx2.AsyncClient] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = build_app(self.place)

    async def key(self, holder: Holder, scope: str = "division", source: str | None = None) -> str:
        """A fresh key."""
        world, now = self.place.world, self.place.clock.now()
        wanted = (source or SOURCES[holder], holder, *scope_of(scope))
        return (await grant(self.place.ledger, world, now, wanted, timedelta(days=1)))[1]

    async def of(
        self, holder: Holder = Holder.DIVISION, scope: str = "division", source: str | None = None
    ) -> httpx2.AsyncClient:
        """A client that has a key of its own."""
        return self.client(await self.key(holder, scope, source))

    def client(self, secret: str | None) -> httpx2.AsyncClient:
        """A client that has this key, or none."""
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        transport = httpx2.ASGITransport(self.app, raise_app_exceptions=False)
        made = httpx2.AsyncClient(transport=transport, base_url="http://desk", headers=headers)
        self.clients.append(made)
        return made


@asynccontextmanager
async def api_over(path: Path, clock: Clock | None = None, **options: Any) -> AsyncIterator[Api]:  # noqa: ANN401
    """The API over the ledger in a file."""
    async with place_over(path, clock, **options) as place, kept(place):
        api = Api(place)
        yield api
        await api.app.state.following.end()
        for client in api.clients:
            await client.aclose()


Opening = Callable[..., AbstractAsyncContextManager[Api]]


@pytest.fixture
def copy_of_ledger(small_ledger: Path, tmp_path: Path) -> Path:
    """A copy of the small ledger."""
    return copied(small_ledger, tmp_path / "api")


@pytest.fixture
async def api(copy_of_ledger: Path) -> AsyncIterator[Api]:
    """The API over a copy of the small ledger."""
    async with api_over(copy_of_ledger) as opened:
        yield opened
