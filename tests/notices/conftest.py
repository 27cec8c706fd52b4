"""Offices for the tests: a ledger of either kind, a notifier, and channels on paper."""

from collections.abc import AsyncIterator

import pytest

from streams.ledger.ledger import Ledger
from tests.notices.office import Office, Post
from tests.streams.ledger.conftest import _no_waiting_between_tries, sqlite_url, upgraded_sqlite, url
from tests.streams.ledger.telling import START

__all__ = ("_no_waiting_between_tries", "sqlite_url", "upgraded_sqlite", "url")


@pytest.fixture
async def office(url: str) -> AsyncIterator[Office]:
    """An office on an empty ledger of either kind, which can send e-mail and text messages."""
    ledger = await Ledger.open(url, time_kind="real", now=START)
    yield Office(ledger, {"email": Post(), "text": Post()})
    await ledger.close()


@pytest.fixture
async def small(sqlite_url: str) -> AsyncIterator[Office]:
    """The same on SQLite, for what need not be shown on both."""
    ledger = await Ledger.open(sqlite_url, time_kind="real", now=START)
    yield Office(ledger, {"email": Post(), "text": Post()})
    await ledger.close()
