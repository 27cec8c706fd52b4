"""A broker of its own for each test, and the settings that lead to it."""

import os
from collections.abc import AsyncIterator

import pytest

from streams.embedded import EmbeddedBroker
from streams.settings import PREFIX, Settings


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    async with EmbeddedBroker() as embedded:
        yield embedded


@pytest.fixture
def settings(broker: EmbeddedBroker) -> Settings:
    return Settings(
        broker=broker.bootstrap, session_timeout_ms=1_500, heartbeat_ms=300, broker_timeout_s=3, stop_within_s=3
    )
