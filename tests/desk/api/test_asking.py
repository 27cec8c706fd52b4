"""What is asked through the API: the command line's own answers, in pages, as JSON or CSV, as at any instant."""

import asyncio
import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from desk.access.rights import Holder
from desk.api.pages import cursor_of
from streams.clock import FixedClock
from tests.desk.api.conftest import FACTS, Api
from tests.desk.conftest import Workorders
from tests.desk.small_ledger import ENDS

LISTS = {
    "/v1/orders?all=true": 4,
    "/v1/nights?from=2026-01-12&until=2026-01-16": 0,
    "/v1/escalations?all=true": 0,
    "/v1/disputes": 1,
    "/v1/rejected": 1,
    "/v1/sources": 0,
}
"""Each list with how many lines it has at least."""


async def read(client: httpx2.AsyncClient, path: str) -> Any:  # noqa: ANN401 - whatever is answered
    answered = await client.get(path)
    assert answered.status_code == 200, answered.text
    return answered.json()


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_read_page_by_page_is_the_list_read_at_once(path: str, api: Api) -> None:
    client = await api.of()
    whole = await read(client, f"{path}{'&' if '?' in path else '?'}limit=500")
    assert len(whole["lines"]) >= max(LISTS[path], 1)
    assert whole["next"] is None
    found, after = [], ""
    while True:
        page = await read(client, f"{path}{'&' if '?' in path else '?'}limit=2{after}")
        assert len(page["lines"]) <= 2
        found += page["lines"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == whole["lines"]


async def test_a_page_goes_on_where_the_last_one_ended_though_something_came_before_it(api: Api) -> None:
    client = await api.of()
    first = await read(client, "/v1/orders?all=true&limit=2")
    await client.post("/v1/orders", json={**FACTS, "order": "A-FIRST", "premises": "ap-bryn-awel"})
    rest = await read(client, f"/v1/orders?all=true&limit=500&after={first['next']}")
    named = [one["subject"] for one in first["lines"] + rest["lines"]]
    assert sorted(named) == ["WO-1", "WO-2", "WO-3", "WO-404"]


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_has_the_same_lines_as_csv(path: str, api: Api) -> None:
    client = await api.of()
    lines = (await read(client, path))["lines"]
    sheet = await client.get(path, headers={"Accept": "text/csv, application/json;q=0.5"})
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(sheet.text)))
    assert [list(row) for row in rows] == [list(line) for line in lines]
    name = "id" if "id" in lines[0] else "seq" if "seq" in lines[0] else "subject"
    assert [row[name] for row in rows] == [str(line[name]) for line in lines]


async def test_a_list_of_nothing_as_csv_still_names_its_columns(api: Api) -> None:
    client = await api.of()
    everything = await client.get("/v1/orders?all=true", headers={"Accept": "text/csv"})
    nothing = await client.get("/v1/orders?premises=ap-ty-derwen", headers={"Accept": "text/csv"})
    assert nothing.text == everything.text.splitlines(keepends=True)[0]


async def test_a_page_of_csv_names_the_next_in_its_link(api: Api) -> None:
    client = await api.of()
    first = await client.get("/v1/orders?all=true&limit=2", headers={"Accept": "text/csv"})
    link = first.headers["link"].partition(">")[0].removeprefix("<")
    second = await client.get(link, headers={"Accept": "text/csv"})
    assert [row["subject"] for row in csv.DictReader(io.StringIO(second.text))] == ["WO-3", "WO-404"]


@pytest.mark.parametrize("accept", ["text/csv;q=0.1, application/json", "*/*", "application/*;q=0.9, text/csv;q=x"])
async def test_json_is_answered_unless_csv_is_rather_wanted(accept: str, api: Api) -> None:
    answered = await (await api.of()).get("/v1/orders", headers={"Accept": accept})
    assert answered.headers["content-type"] == "application/json"


async def test_a_cell_that_a_spreadsheet_would_reckon_with_is_shown_as_text(api: Api) -> None:
    client = await api.of()
    body = {**FACTS, "order": "X-1", "contractor_reference": "=1+1"}
    assert (await client.post("/v1/orders", json=body)).status_code == 201
    sheet = await client.get("/v1/orders?fields=subject,contractor_reference", headers={"Accept": "text/csv"})
    assert "X-1,'=1+1" in sheet.text.splitlines()


async def test_a_list_of_orders_says_of_each_what_is_broken_and_nothing_where_nobody_has_said_it(api: Api) -> None:
    lines = (await read(await api.of(), "/v1/orders?all=true&fields=subject,asset,fault"))["lines"]
    assert {"subject": "WO-1", "asset": "entry-lock", "fault": "will-not-secure"} in lines
    assert {"subject": "WO-404", "asset": None, "fault": None} in lines


async def test_only_the_fields_that_were_asked_for_are_answered(api: Api) -> None:
    lines = (await read(await api.of(), "/v1/orders?fields=subject,%20base"))["lines"]
    assert lines[0] == {"subject": "WO-1", "base": "P1"}


async def test_a_field_that_there_is_not_is_a_problem(api: Api) -> None:
    answered = await (await api.of()).get("/v1/disputes?fields=subject,colour&limit=1")
    assert (answered.status_code, answered.json()["field"]) == (422, "fields")
    assert "'colour'" in answered.json()["detail"]


@pytest.mark.parametrize("cursor", ["x", "!!", cursor_of(["only one"]), cursor_of([1, 2]), "é"])
async def test_a_cursor_that_was_not_given_out_is_a_problem(cursor: str, api: Api) -> None:
    for path in ("/v1/orders", "/v1/nights", "/v1/escalations"):
        answered = await (await api.of()).get(path, params={"after": cursor})
        assert (answered.status_code, answered.json()["field"]) == (422, "after")


async def test_what_has_not_changed_is_not_sent_again(api: Api) -> None:
    client = await api.of()
    for path in ("/v1/orders", "/v1/board", "/v1/orders/WO-1", "/v1/escalations"):
        tag = (await client.get(path)).headers["etag"]
        same = await client.get(path, headers={"If-None-Match": f'"other", {tag}'})
        assert (same.status_code, same.content) == (304, b"")
        await client.post("/v1/orders", json=FACTS)
        await client.post("/v1/orders/WO-1/completions", json={})
        await client.post("/v1/orders/WO-1/rejections", json={})
        assert (await client.get(path, headers={"If-None-Match": tag})).status_code in {200, 304}
    assert (await client.get("/v1/orders", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_a_changed_order_has_another_tag(api: Api) -> None:
    client = await api.of()
    tag = (await client.get("/v1/orders/WO-1")).headers["etag"]
    await client.post("/v1/orders/WO-1/completions", json={})
    assert (await client.get("/v1/orders/WO-1", headers={"If-None-Match": tag})).status_code == 200


SAME = (
    ("/v1/orders/WO-1", "subject", ("show", "WO-1")),
    ("/v1/nights/ap-ty-derwen/2026-01-13", "subject", ("show", "ap-ty-derwen/2026-01-13")),
    ("/v1/board", "board", ("board",)),
)


@pytest.mark.parametrize(("path", "name", "command"), SAME, ids=str)
async def test_the_answer_is_what_the_command_line_says(
    path: str, name: str, command: tuple[str, ...], api: Api, copy_of_ledger: Path, workorders: Workorders
) -> None:
    answered = await read(await api.of(), path)
    told = await asyncio.to_thread(workorders, *command, "--ledger", str(copy_of_ledger), "--json")
    if name == "subject":
        assert [one["id"] for one in answered[name]["events"]] == [one["id"] for one in told.json[name]["events"]]
        assert answered[name]["state"].keys() == told.json[name]["state"].keys()
    else:
        assert answered[name] == told.json[name]


async def test_lists_are_narrowed_by_what_is_asked(api: Api) -> None:
    client = await api.of()

    async def subjects(query: str) -> set[str]:
        return {one["subject"] for one in (await read(client, query))["lines"]}

    assert await subjects("/v1/orders?premises=ap-plas-helyg") == {"WO-2"}
    assert "WO-2" not in await subjects("/v1/orders?priority=P4&priority=P3&all=true")
    assert await subjects("/v1/orders?breached=true") <= await subjects("/v1/orders?all=true")
    there = (await read(client, "/v1/escalations?premises=ap-bryn-awel&all=true"))["lines"]
    assert {one["premises"] for one in there} == {"ap-bryn-awel"}
    assert "WO-1" not in await subjects("/v1/escalations?kind=uncovered-night&all=true")
    assert {one["premises"] for one in (await read(client, "/v1/nights?premises=ap-ty-derwen"))["lines"]} == {
        "ap-ty-derwen"
    }
    assert (await read(client, "/v1/rejected?code=too-large"))["lines"] == []


async def test_an_order_is_explained_and_so_is_a_night(api: Api) -> None:
    client = await api.of()
    order = (await read(client, "/v1/orders/WO-2/explanation"))["explanation"]
    assert order["base"] == order["subject"]["state"]["classification"]["base"]
    night = (await read(client, "/v1/nights/ap-ty-derwen/2026-01-13/explanation"))["explanation"]
    assert night["ladders"]


async def test_an_order_as_at_an_instant_is_as_it_was_then(api: Api) -> None:
    client = await api.of()
    early = (await read(client, "/v1/orders/WO-1?at=2026-01-13T15:01:00Z"))["subject"]
    later = (await read(client, "/v1/orders/WO-1?at=2026-01-13T15:12:00Z"))["subject"]
    assert (early["events"], later["events"]) == (1, 3)
    assert early["state"]["provider_priority"] is None
    assert later["state"]["provider_priority"] == "P3"
    now = (await read(client, f"/v1/orders/WO-1?at={ENDS.isoformat().replace('+00:00', 'Z')}"))["subject"]
    present = (await read(client, "/v1/orders/WO-1"))["subject"]
    assert now["state"]["classification"] == present["state"]["classification"]
    standing = {one["id"] for one in present["escalations"] if one["standing"]}
    assert {one["id"] for one in now["standing"]} == standing


async def test_every_order_as_at_now_stands_as_the_ledger_says(api: Api) -> None:
    client = await api.of()
    at = ENDS.isoformat().replace("+00:00", "Z")
    for one in (await read(client, "/v1/orders?all=true"))["lines"]:
        then = (await read(client, f"/v1/orders/{one['subject']}?at={at}"))["subject"]
        said = (await read(client, f"/v1/orders/{one['subject']}"))["subject"]
        assert {rung["id"] for rung in then["standing"]} == {e["id"] for e in said["escalations"] if e["standing"]}


async def test_a_night_as_at_an_instant_is_as_it_was_then(api: Api) -> None:
    client = await api.of()
    path = "/v1/nights/ap-ty-derwen/2026-01-13"
    covered = (await read(client, f"{path}?at=2026-01-13T18:00:00Z"))["subject"]
    short = (await read(client, f"{path}?at=2026-01-13T19:10:00Z"))["subject"]
    assert (covered["state"]["deficit"], short["state"]["deficit"]) == (0, 1)


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [
        ("/v1/orders/WO-1?at=2026-01-13T14:00:00Z", 404, ""),
        ("/v1/orders/WO-1?at=2027-01-13T14:00:00Z", 422, "at"),
        ("/v1/orders/WO-1?at=yesterday", 422, "at"),
        ("/v1/orders/WO-1?at=2026-01-13T14:00:00", 422, "at"),
        ("/v1/orders/WO-1?premises=ap-plas-helyg", 404, ""),
        ("/v1/orders/WO-1?premises=Nowhere!", 422, "premises"),
        ("/v1/nights/ap-ty-derwen/2026-02-30", 404, ""),
        ("/v1/nights/ap-ty-derwen/someday", 404, ""),
        ("/v1/nights/ap-ty-derwen/2030-01-01", 404, ""),
        ("/v1/nights?from=2026-01-01&until=2029-01-01", 422, "until"),
        ("/v1/orders?limit=0", 422, "limit"),
        ("/v1/orders?premisess=ap-bryn-awel", 422, "premisess"),
        ("/v1/board?fields=total", 422, "fields"),
        ("/v1/orders?limit=many", 422, "limit"),
        ("/v1/orders?priority=P9", 422, "0"),
        ("/v1/orders/%00", 404, ""),
        ("/v1/orders/WO-1%2F..", 404, ""),
        ("/v1/escalations/none", 404, ""),
        ("/v1/escalations/00000000-0000-0000-0000-000000000000", 404, ""),
        ("/v1/receipts/ABCD", 404, ""),
        ("/v1/receipts/0000-0000-0000-0", 404, ""),
        ("/etc/passwd", 404, ""),
    ],
)
async def test_what_there_is_not_and_what_cannot_be_asked_is_a_problem(
    path: str, status: int, name: str, api: Api
) -> None:
    answered = await (await api.of()).get(path)
    assert answered.status_code == status, answered.text
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.json()["field"] == name


async def test_two_premises_orders_of_one_id_must_be_told_apart(api: Api) -> None:
    client = await api.of()
    for premises in ("ap-bryn-awel", "ap-plas-helyg"):
        assert (
            await client.post("/v1/orders", json={**FACTS, "premises": premises, "order": "N-1"})
        ).status_code == 201
    answered = await client.get("/v1/orders/N-1")
    assert (answered.status_code, answered.json()["code"]) == (422, "ambiguous-order")
    chosen = await read(client, "/v1/orders/N-1?premises=ap-plas-helyg")
    assert chosen["subject"]["premises"] == "ap-plas-helyg"
    assert (await client.post("/v1/orders/N-1/completions", json={})).status_code == 422
    told = await client.post("/v1/orders/N-1/completions", json={"premises": "ap-plas-helyg"})
    assert told.status_code == 201


async def test_the_present_moves_on_with_the_clock(api: Api) -> None:
    client = await api.of()
    assert isinstance(api.place.clock, FixedClock)
    before = (await read(client, "/v1/orders"))["as_at"]
    await api.place.clock.advance(timedelta(hours=1).total_seconds())
    assert (await read(client, "/v1/orders"))["as_at"] > before


async def test_an_address_that_takes_no_such_method_says_so(api: Api) -> None:
    answered = await (await api.of(Holder.MONITOR)).delete("/v1/orders")
    assert (answered.status_code, answered.json()["code"]) == (405, "method-not-allowed")
    assert answered.headers["allow"]


async def test_nobody_needs_a_key_to_see_that_it_lives(api: Api) -> None:
    assert (await api.client(None).get("/health/live")).json()["status"] == "alive"
