"""Following what is said: in order, each once, and none is lost, whoever comes back and however it was committed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid5

import httpx2
import orjson
import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.access import keys
from desk.access.rights import Holder
from desk.api.following import FOLLOWERS_PER_KEY, Following
from desk.views.said import Settling, said_between
from models.ids import NAMESPACE
from models.tables import OutboxRow, StatementRow
from streams.ledger.engine import Database
from tests.desk.api.conftest import FACTS, Api
from tests.desk.api.serving import in_a_thread
from tests.desk.small_ledger import ENDS, build


def events_in(raw: str) -> list[tuple[int, str, dict[str, Any]]]:
    """The events of a stream that has ended: number, name and data."""
    found = []
    for block in raw.split("\n\n"):
        lines = dict(line.partition(": ")[::2] for line in block.splitlines() if not line.startswith(":"))
        if "id" in lines:
            found.append((int(lines["id"]), lines["event"], orjson.loads(lines["data"])))
    return found


async def follow(client: httpx2.AsyncClient, after: int | None, seconds: float = 0) -> list[Any]:
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    answered = await client.get(f"/v1/escalations/stream?seconds={seconds}", headers=headers)
    assert answered.status_code == 200, answered.text
    assert answered.headers["content-type"].startswith("text/event-stream")
    return events_in(answered.text)


async def test_whoever_comes_back_gets_all_that_was_said_since_in_order_and_once(api: Api) -> None:
    client = await api.of()
    everything = await follow(client, 0)
    async with api.place.ledger.reading() as connection:
        said = (await connection.execute(select(func.count()).select_from(StatementRow))).scalar_one()
    numbers = [number for number, _, _ in everything]
    assert len(everything) == said > 10
    assert numbers == sorted(set(numbers))
    for cut in (0, 3, len(numbers) - 1):
        assert await follow(client, numbers[cut]) == everything[cut + 1 :]
    assert await follow(client, None) == []


async def test_what_is_followed_is_only_what_is_within_reach(api: Api) -> None:
    north = await api.of(Holder.PROVIDER, "region:north", "fm-north")
    seen = {data["premises"] for _, _, data in await follow(north, 0)}
    assert seen
    assert seen <= {"ap-bryn-awel", "ap-plas-helyg", "source:fm-north"}


async def test_more_than_fit_into_one_look_are_all_passed_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await api.of()
    everything = await follow(client, 0)
    monkeypatch.setattr("desk.views.said.AT_ONCE", 3)
    assert await follow(client, 0) == everything


async def test_what_is_said_while_somebody_follows_reaches_them(api: Api) -> None:
    client, other = await api.of(), await api.of()
    following = asyncio.create_task(follow(client, None, seconds=3))
    await asyncio.sleep(0.5)
    assert (await other.post("/v1/orders/WO-3/rejections", json={"defect": "it beeps"})).status_code == 201
    found = await following
    assert {data["subject"] for _, _, data in found} == {"WO-3"}


@pytest.mark.parametrize(("name", "status"), [("x", 422), ("-1", 422), ("999999", 410), ("1" * 30, 422)])
async def test_a_place_that_the_ledger_never_had_is_a_problem(name: str, status: int, api: Api) -> None:
    answered = await (await api.of()).get("/v1/escalations/stream?seconds=0", headers={"Last-Event-ID": name})
    assert (answered.status_code, answered.json()["field"]) == (status, "Last-Event-ID")


async def test_one_key_is_not_followed_by_too_many(api: Api) -> None:
    secret = await api.key(Holder.MONITOR)
    following: Following = api.app.state.following
    following.followers[secret.split("_")[1]] = FOLLOWERS_PER_KEY
    answered = await api.client(secret).get("/v1/escalations/stream?seconds=0")
    assert answered.status_code == 429
    following.followers.clear()
    assert (await api.client(secret).get("/v1/escalations/stream?seconds=0")).status_code == 200
    assert not following.followers


async def test_a_key_that_is_revoked_is_followed_no_longer(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.api.routes.following.ALIVE_EVERY_S", 0.1)
    monkeypatch.setattr("desk.api.place.KNOWN_FOR_S", 0.0)
    secret = await api.key(Holder.MONITOR)
    following = asyncio.create_task(follow(api.client(secret), None, seconds=30))
    await asyncio.sleep(0.3)
    async with api.place.ledger.database.writing() as connection:
        await keys.revoke(connection, secret.split("_")[1], api.place.clock.now())
    async with asyncio.timeout(10):
        await following


async def test_a_look_that_fails_is_tried_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client, other = await api.of(), await api.of()
    following = asyncio.create_task(follow(client, None, seconds=4))
    await asyncio.sleep(0.4)
    whole = Settling.look

    async def fails_once(self: Settling, connection: AsyncConnection) -> int:
        monkeypatch.setattr(Settling, "look", whole)
        raise OperationalError("look", {}, Exception("gone"))

    monkeypatch.setattr(Settling, "look", fails_once)
    await other.post("/v1/orders/WO-3/rejections", json={})
    assert await following


def test_a_line_that_is_cut_goes_on_where_it_was_over_a_real_socket(small_ledger: Path, tmp_path: Path) -> None:
    with in_a_thread(small_ledger, tmp_path, Holder.DIVISION) as (address, key):
        headers = {"Authorization": f"Bearer {key}", "Last-Event-ID": "0"}
        with httpx2.Client(base_url=address, headers=headers, timeout=20) as client:
            part = ""
            with client.stream("GET", "/v1/escalations/stream") as answered:
                for chunk in answered.iter_text():
                    part += chunk
                    if part.count("\nid: ") >= 4:
                        break
            last = events_in(part.rpartition("\n\n")[0] + "\n\n")[-1][0]
            whole = events_in(client.get("/v1/escalations/stream?seconds=0").text)
            client.headers["Last-Event-ID"] = str(last)
            rest = events_in(client.get("/v1/escalations/stream?seconds=0").text)
            assert client.post("/v1/orders", json=FACTS).status_code == 201
    assert [one for one in whole if one[0] > last] == rest


def test_a_number_settles_once_every_transaction_that_was_under_way_has_ended() -> None:
    settling = Settling()
    settling.see(10, oldest=100, following=100)
    assert settling.settled == 10, "nobody was writing"
    settling.see(12, oldest=100, following=103)
    assert settling.settled == 10, "somebody may still add 11"
    settling.see(15, oldest=102, following=106)
    assert settling.settled == 10
    settling.see(15, oldest=103, following=108)
    assert settling.settled == 12, "all that were under way when 12 was seen have ended"
    settling.see(15, oldest=109, following=109)
    assert (settling.settled, settling.newest) == (15, 15)


@pytest.fixture
async def on_postgres(database: str) -> AsyncIterator[Database]:
    """The small ledger in a database of the test's own."""
    await build(database)
    opened = Database(database)
    yield opened
    await opened.close()


async def _say_one(connection: AsyncConnection, name: str) -> int:
    """One more message with its statement, as a transaction would write it; its number in the outbox."""
    like = (await connection.execute(select(StatementRow.__table__).limit(1))).one()  # type: ignore[attr-defined]
    message = uuid5(NAMESPACE, name)
    statement = {**dict(like._mapping), "n": 1000 + len(name), "message_id": message}
    await connection.execute(insert(StatementRow.__table__).values(**statement))  # type: ignore[attr-defined]
    row = {"message_id": message, "topic": "escalations", "key": like.unit, "value": "{}", "headers": "[]"}
    made = insert(OutboxRow.__table__).values(**row, created_at=ENDS).returning(col(OutboxRow.seq))  # type: ignore[attr-defined]
    return (await connection.execute(made)).scalar_one() or 0


@pytest.mark.postgres
async def test_what_is_committed_late_under_a_lower_number_is_not_lost(on_postgres: Database) -> None:
    settling = Settling()

    async def look() -> int:
        async with on_postgres.reading() as connection:
            return await settling.look(connection)

    before = await look()
    for _ in range(100):
        if before:
            break
        await asyncio.sleep(0.05)
        before = await look()
    async with on_postgres.writing() as late:
        await late.execute(text("SELECT pg_current_xact_id()"))
        lower = await _say_one(late, "late")
        async with on_postgres.writing() as early:
            higher = await _say_one(early, "earlier")
        assert lower < higher
        assert await look() == before, "the higher one is there, and waits for the lower one"
    for _ in range(100):
        if await look() >= higher:
            break
        await asyncio.sleep(0.05)
    async with on_postgres.reading() as connection:
        found, upto = await said_between(connection, before, settling.settled, None)
    assert [number for number, _ in found] == [lower, higher]
    assert upto == settling.settled


@pytest.mark.postgres
async def test_a_number_that_was_rolled_back_holds_nothing_up(on_postgres: Database) -> None:
    async with on_postgres.writing() as connection:
        await _say_one(connection, "never")
        await connection.rollback()
    async with on_postgres.writing() as connection:
        after = await _say_one(connection, "after")
    settling = Settling()
    for _ in range(100):
        async with on_postgres.reading() as connection:
            if await settling.look(connection) == after:
                break
        await asyncio.sleep(0.05)
    assert settling.settled == after


async def test_whoever_begins_to_follow_waits_until_all_that_is_there_is_settled(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    following, seen = Following(api.place.ledger), iter([(5, 7, 9), (5, 8, 9), (5, 9, 9)])

    async def look(self: Settling, _: object) -> int:
        newest, oldest, after = next(seen)
        self.see(newest, oldest, after)
        return self.settled

    monkeypatch.setattr(Settling, "look", look)
    assert await following.present() == 5
    assert next(seen, None) is None
