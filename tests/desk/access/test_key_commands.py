"""The commands about keys."""

import asyncio
from pathlib import Path

import pytest

from desk.exits import Exit
from tests.desk.api.conftest import Api
from tests.desk.conftest import Workorders

MAKE = ("key", "create", "--source", "fm-north", "--holder", "provider", "--scope", "region:north")


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(ledger: Path, workorders: Workorders) -> None:
    made = workorders(*MAKE, "--days", "30", "--json").json
    id_ = made["key"]["id"]
    assert made["secret"].startswith(f"wo_{id_}_")
    listed = workorders("key", "list")
    assert id_ in listed.out
    assert made["secret"] not in listed.out
    assert workorders("key", "list", "--json").json["keys"][0]["holder"] == "provider"
    assert workorders("key", "revoke", id_).code == Exit.OK
    assert "revoked" in workorders("key", "list").out
    again = workorders("key", "revoke", id_)
    assert (again.code, again.err.count("\n")) == (Exit.NOT_FOUND, 1)


def test_a_page_shows_the_key_and_says_to_keep_it(ledger: Path, workorders: Workorders) -> None:
    page = workorders(*MAKE)
    assert "Keep it now" in page.out
    assert any(line.startswith("wo_") for line in page.out.splitlines())
    id_ = page.out.split()[1]
    assert workorders("key", "revoke", id_, "--json").json["revoked"] == id_


async def test_the_record_names_who_looked_and_what_was_refused(
    copy_of_ledger: Path, api: Api, workorders: Workorders
) -> None:
    empty = await asyncio.to_thread(workorders, "key", "record", "--ledger", str(copy_of_ledger))
    assert empty.out.startswith("0 lines")
    await (await api.of()).get("/v1/orders/WO-1")
    await api.client(None).get("/v1/board")
    told = await asyncio.to_thread(workorders, "key", "record", "--ledger", str(copy_of_ledger), "--json")
    found = [(one["about"], one["status"], one["code"]) for one in told.json["record"]]
    assert found == [("/v1/board", 401, "no-key"), ("WO-1", 200, "")]
    page = await asyncio.to_thread(workorders, "key", "record", "--limit", "1", "--ledger", str(copy_of_ledger))
    assert "no-key" in page.out
    assert "WO-1" not in page.out


def test_where_there_is_no_key_the_list_says_so(ledger: Path, workorders: Workorders) -> None:
    assert workorders("key", "list").out.startswith("0 keys")


@pytest.mark.parametrize(
    ("option", "value"), [("--source", "nobody"), ("--scope", "moon"), ("--holder", "king"), ("--days", "0")]
)
def test_a_value_that_fits_nothing_is_one_sentence(
    option: str, value: str, ledger: Path, workorders: Workorders
) -> None:
    given = {**dict(zip(MAKE[2::2], MAKE[3::2], strict=True)), option: value}
    ended = workorders("key", "create", *(word for pair in given.items() for word in pair))
    assert (ended.code, ended.err.count("\n")) == (Exit.USAGE, 1)
