"""What reads events is built before the first test, so that no test's time is taken for it."""

import pytest

from models.parse import make_ready


@pytest.fixture(scope="session", autouse=True)
def _ready() -> None:
    make_ready()
