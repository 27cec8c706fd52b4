"""The way through a real sign-in service on a real Chromium: in, back with what was typed, and out."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from desk.api.serving import served
from desk.pages import sessions
from streams.clock import SystemClock
from tests.desk.places import place_over
from tests.pages.browser.conftest import NARROW, WIDE, Desk, Seen
from tests.pages.browser.test_journeys import standing
from tests.pages.conftest import ESTATES, ON_SERVERS
from tests.pages.oidc.service import Service, environment, serving
from tests.servers.fixtures import wanted
from tests.servers.processes import free_ports

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser, pytest.mark.timeout(180)]

TYPED = "The lock <b>turns</b> \u202eand jams."


@pytest.fixture(scope="module")
def port() -> int:
    """Where the desk is served, which the service must know beforehand."""
    [port] = free_ports(1)
    return port


@pytest.fixture(scope="module")
def service(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("sign-in-service")
        yield wanted(lambda: stack.enter_context(serving(folder, f"http://127.0.0.1:{port}")))


@pytest_asyncio.fixture(loop_scope="session")
async def desk(
    chromium: Browser, copy_of_ledger: Path, port: int, service: Service, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """The desk on servers, as it is served, with that service."""
    for name, value in environment(service, BASE_URL=f"http://127.0.0.1:{port}", WITHIN_S="10").items():
        monkeypatch.setenv(name, value)
    async with place_over(copy_of_ledger, api_port=port, broker=ON_SERVERS["broker"]) as place:
        place.wall = SystemClock()
        async with served(place) as door:
            assert door is not None
            yield Desk(place, door.address, chromium)


async def _sound(seen: Seen) -> None:
    assert await seen.wrongs() == []


async def _through(seen: Seen, service: Service, name: str) -> None:
    """Press the button for the service; give one's name there if it asks; come back to the desk."""
    await seen.page.locator("#service").click()
    await seen.page.wait_for_url(f"{service.issuer}/**" if name else f"{seen.address}/sign-in/as")
    if name:
        await seen.page.locator("#name").fill(name)
        await seen.page.locator("button[value=in]").click()
        await seen.page.wait_for_url(f"{seen.address}/sign-in/as")
    seen.faults[:] = [one for one in seen.faults if not one.startswith(f"to {service.issuer}")]


async def _as_estates(seen: Seen) -> None:
    await seen.page.locator(f'input[value="{ESTATES}"]').check()
    await seen.press(seen.page.locator("main button"))


@pytest.mark.parametrize(
    ("width", "scripts", "language"),
    [pytest.param(NARROW, False, "cy", id="narrow-welsh-without-scripts"), pytest.param(WIDE, True, "en", id="wide")],
)
async def test_somebody_signs_in_there_loses_nothing_when_their_session_ends_and_signs_out(
    width: int, scripts: bool, language: str, desk: Desk, service: Service
) -> None:
    [line, *_] = await standing(desk)
    async with desk.seen(width=width, scripts=scripts, language=language) as seen:
        await seen.open("/escalations")
        await _sound(seen)
        await _through(seen, service, "two")
        await _sound(seen)
        await _as_estates(seen)
        assert seen.page.url == f"{desk.address}/escalations"
        await seen.open(f"/escalations/decline?e={line.id}")
        await seen.page.locator("[name=reason]").fill(TYPED)
        async with desk.place.ledger.database.writing() as connection:
            assert await sessions.end_as(connection, "estates-desk", SystemClock().now())
        await seen.press(seen.page.locator("main form button").last)
        await _sound(seen)
        await _through(seen, service, "")
        await _as_estates(seen)
        assert seen.page.url == f"{desk.address}/sign-in/typed"
        assert TYPED in await seen.page.locator("main").inner_text()
        await _sound(seen)
        await seen.press(seen.page.locator("main button"))
        assert "/escalations/answered" in seen.page.url
        await seen.page.locator(".desk-sign-out button").click()
        await seen.page.wait_for_url(f"{service.issuer}/**")
        await seen.page.locator("button[name=logout]").click()
        await seen.page.wait_for_url(f"{desk.address}/signed-out")
        await _sound(seen)
        seen.faults[:] = [one for one in seen.faults if not one.startswith(f"to {service.issuer}")]
        await seen.open("/escalations")
        assert "/sign-in" in seen.page.url
