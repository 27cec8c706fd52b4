"""The same pages and commands on PostgreSQL."""

import asyncio
import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import make_url

from desk import opening
from desk.exits import Exit
from streams.clock import SystemClock
from tests.desk.conftest import Workorders
from tests.desk.small_ledger import build
from tests.servers.postgres import PostgresAddress
from tests.servers.shared import SharedServers

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def url(servers: SharedServers, postgres: PostgresAddress) -> str:
    """The small ledger in a database that the tests of this file share."""
    name = f"{servers.name}_desk"
    servers.once(name, lambda: asyncio.run(build(postgres.new_database(name))))
    return postgres.url(name)


READING = (
    *("board", "nights", "show WO-1", "show ap-ty-derwen/2026-01-13", "explain WO-2", "escalations --all", "orphans"),
    *("disputes", "cover-ledger", "rejected list", "rejected show 1", "policy show", "verify"),
)


@pytest.mark.parametrize("command", READING)
def test_every_page_is_drawn_and_answered_in_json(command: str, url: str, workorders: Workorders) -> None:
    assert workorders(*command.split(), "--ledger", url).code == Exit.OK
    assert workorders(*command.split(), "--ledger", url, "--json").json["time"] == "simulated"


def test_a_person_can_raise_answer_and_send(url: str, workorders: Workorders) -> None:
    facts = ("--asset", "cctv", "--fault", "total-loss")
    assert workorders("raise", "ap-cae-glas", *facts, "--order", "WO-9", "--ledger", url).code == Exit.OK
    assert workorders("complete", "WO-9", "--ledger", url).code == Exit.OK
    gravest = workorders("escalations", "--limit", "1", "--json", "--ledger", url).json["escalations"][0]
    assert workorders("ack", gravest["id"][:8], "--ledger", url).code == Exit.OK
    assert workorders("verify", "--ledger", url).code == Exit.OK


def test_the_password_is_never_shown(url: str, workorders: Workorders) -> None:
    secret = make_url(url).set(password="hush").render_as_string(hide_password=False)
    assert "hush" in secret
    for command in (("db", "upgrade"), ("db", "upgrade", "--json"), ("show", "WO-999")):
        ended = workorders(*command, "--ledger", secret)
        assert "hush" not in ended.out + ended.err


@pytest.mark.parametrize(("hours", "where"), [(1, r"3,(600|599)\.\d s ahead of"), (-24, r"86,(400|399)\.\d s behind")])
def test_a_machine_whose_clock_is_wrong_hands_nothing_in(
    hours: int, where: str, database: str, workorders: Workorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(SystemClock):
        def now(self) -> datetime:
            return super().now() + timedelta(hours=hours)

    assert workorders("db", "upgrade", "--ledger", database).code == Exit.OK
    facts = ("ap-cae-glas", "--asset", "cctv", "--fault", "total-loss", "--order", "WO-9", "--ledger", database)
    with monkeypatch.context() as wrongly:
        wrongly.setattr(opening, "SystemClock", Wrong)
        ended = workorders("raise", *facts)
    assert ended.code == Exit.UNREACHABLE
    assert re.search(
        f"This machine's clock is {where} the database's, and 5 s are allowed", " ".join(ended.err.split())
    )
    assert workorders("show", "WO-9", "--ledger", database).code == Exit.NOT_FOUND
    assert workorders("raise", *facts).code == Exit.OK
