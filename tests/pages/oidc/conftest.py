"""A desk on servers that signs people in at a real OpenID provider, which runs once for all of these tests."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.pages.conftest import ON_SERVERS, Pages, pages_over
from tests.pages.oidc.service import Person, Service, Wall, environment, serving
from tests.servers.fixtures import wanted


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The provider."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("sign-in-service")
        yield wanted(lambda: stack.enter_context(serving(folder)))


@pytest.fixture
def service(running: Service) -> Service:
    """The provider, as it ought to be."""
    running.spoil("")
    return running


@pytest.fixture
def settings(service: Service, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a desk that signs people in there, which a test may change."""
    for name, value in environment(service).items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
async def desk(copy_of_ledger: Path, settings: pytest.MonkeyPatch) -> AsyncIterator[Pages]:
    """The pages, with a wall clock that shows the real time, by which the provider's tokens are made."""
    async with pages_over(copy_of_ledger, **ON_SERVERS) as opened:
        opened.place.wall = Wall()
        yield opened


@pytest.fixture
async def person(desk: Pages, service: Service) -> AsyncIterator[Person]:
    """Somebody who is not signed in."""
    person = Person(desk.browser(), service)
    yield person
    await person.close()
