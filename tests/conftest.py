"""What every test can have: the real servers of the run, started when the first test wants them."""

import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.servers import fixtures
from tests.servers.fixtures import (
    database,
    kafka,
    ledger_on_postgres,
    ledger_template,
    postgres,
    protected_kafka,
    protected_postgres,
    servers,
    topic_prefix,
)

__all__ = (
    "database",
    "kafka",
    "ledger_on_postgres",
    "ledger_template",
    "postgres",
    "protected_kafka",
    "protected_postgres",
    "servers",
    "topic_prefix",
)

# A slow moment of the machine is no failure of what is tested.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")


# What these go through, quicker tests measure too; here the measuring would cost a third of the time.
UNMEASURED = ("tests/simulation/", "tests/faults/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the long trials out of the coverage."""
    for item in items:
        if item.nodeid.startswith(UNMEASURED):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(autouse=True)
def log_without_handlers_of_others() -> Iterator[None]:
    """Take away the log handler that a test has set up: it would thin out what the tests after it look for."""
    before = logging.getLogger().level
    yield
    root = logging.getLogger()
    root.setLevel(before)
    for handler in list(root.handlers):
        if any(type(one).__name__ == "Thinning" for one in handler.filters):
            root.removeHandler(handler)


def pytest_xdist_auto_num_workers() -> int:
    """Two processes for each core: half of the time of a test is waiting for a server, a clock or another process."""
    return 2 * (os.cpu_count() or 1)


class AtOnce:
    """Says of each failure what it was when it happens: a run that is ended from outside has said it then."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the failure down."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            terminal.write_line(f"\nFAILED {report.nodeid} ({report.when}, {report.duration:.0f} s)")
            terminal.write_line(report.longreprtext[-6000:])


def pytest_configure(config: pytest.Config) -> None:
    """Begin the run, or join it in another of its processes."""
    fixtures.begin(config)
    if os.environ.get("CI", "").lower() == "true" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(AtOnce(config))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the run; the last to leave stops the servers."""
    fixtures.end(config)
