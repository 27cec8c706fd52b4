"""Links: workers whose way to the broker and to the database leads through proxies of ours, and can be broken.

PostgreSQL is simply addressed through its proxy; the broker has a door that sends its clients to the proxy's port.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import make_url

from tests.faults import grounds
from tests.faults.proxy import Proxy, running
from tests.faults.site import Site, Worker, site_on_servers


@dataclass
class Linked:
    """A site twice: as whoever stands beside the servers reaches it, and as those do who are ``behind`` the links."""

    direct: Site
    behind: Site
    broker: Proxy
    ledger: Proxy
    rng: Random
    """Chance of its own: that of the site is shared with whoever reports, at moments that no seed tells."""

    @property
    def proxies(self) -> dict[str, Proxy]:
        """Both links, by what they lead to."""
        return {"broker": self.broker, "ledger": self.ledger}

    async def up(self, direct: int, behind: int) -> list[Worker]:
        """Start so many workers on either side; those behind the links."""
        for _ in range(direct):
            await self.direct.begin()
        begun = [await self.behind.begin() for _ in range(behind)]
        await self.direct.is_up(direct + behind)
        return begun

    async def kept_up(self, count: int) -> int:
        """Begin workers behind the links until so many run, as whoever keeps workers running does; how many."""
        missing = count - sum(worker.runs for worker in self.direct.workers)
        for _ in range(missing):
            await self.behind.begin()
        return missing


@asynccontextmanager
async def linked_site(folder: Path, seed: int, **fields: Any) -> AsyncIterator[Linked]:  # noqa: ANN401 - a site's
    """A site on servers with a link to each of them; no worker runs yet."""
    kafka = grounds.kafka()
    async with site_on_servers(folder, seed, **fields) as site:
        url = make_url(site.ledger)
        assert url.port is not None
        async with (
            running(Proxy(kafka.linked_to, kafka.linked_from, rng=Random(f"broker {seed}"))) as broker,
            running(Proxy(url.port, rng=Random(f"ledger {seed}"))) as ledger,
        ):
            through = url.set(port=ledger.listens_on).render_as_string(hide_password=False)
            behind = replace(site, broker=f"127.0.0.1:{broker.listens_on}", ledger=through)
            yield Linked(site, behind, broker, ledger, Random(f"faults {seed}"))
