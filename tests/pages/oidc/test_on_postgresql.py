"""Signing in at a service on PostgreSQL: the same way in, back with what was typed, and out, as from one file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desk.api.app import build_app
from desk.api.place import Place, kept
from desk.pages import sessions
from desk.pages.app import with_pages
from streams.clock import FixedClock
from streams.ledger.ledger import Ledger
from streams.settings import Settings
from tests.desk.small_ledger import ENDS, build
from tests.pages.conftest import ON_SERVERS, Pages
from tests.pages.oidc.service import Person, Service, Wall, way_on
from workorders.policy import default_world

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]


@pytest.fixture
async def there(database: str, settings: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Pages]:
    """The pages over a ledger on PostgreSQL."""
    await build(database)
    ledger = await Ledger.open(database, time_kind="simulated", now=ENDS)
    try:
        chosen = Settings(data_dir=tmp_path, broker=ON_SERVERS["broker"])
        async with kept(Place(chosen, ledger, FixedClock(ENDS), default_world(), wall=Wall())) as place:
            app = with_pages(build_app(place), place)
            pages = Pages(place, app)
            yield pages
            await app.state.following.end()
            for client in pages.clients:
                await client.aclose()
    finally:
        await ledger.close()


async def test_the_whole_way_is_the_same_on_postgresql(
    there: Pages, service: Service, settings: pytest.MonkeyPatch
) -> None:
    person = Person(there.browser(), service)
    await person.sign_in("two", "/board")
    page = await person.browser.submit("/sign-in/as", voice="estates-desk:division:division")
    assert page.heading == "What is outstanding"
    [line, *_] = await there.standing()
    await person.browser.get(f"/escalations/decline?e={line.id}")
    async with there.place.ledger.database.writing() as connection:
        [open_now] = await sessions.all_open(connection, there.place.wall.now())
        assert open_now.by == "oidc:two"
        assert await sessions.end_as(connection, "estates-desk", there.place.wall.now()) == [open_now.id]
    await person.browser.submit("/escalations/decline", reason="typed before")
    way = await person.at_the_service(await person.set_out(), "the service knows already who")
    assert (await person.come_back(way)).heading == "As whom do you want to act?"
    await person.browser.get(way)
    assert person.browser.status == 403, "once"
    await person.browser.get("/sign-in/as")
    await person.browser.submit("/sign-in/as", voice="estates-desk:division:division")
    assert "typed before" in person.browser.page.text
    assert way_on(await person.browser.submit("/sign-out")).startswith(service.issuer)
    await person.close()
