"""How long an answer waits for the decision, what it says until then, and that what is kept is kept as one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from desk.access import keys
from desk.api import again, together
from desk.api.again import Draft, Kept, keep
from desk.api.preferring import Preferred, preferred
from desk.api.reference import new_reference
from desk.options import Speaking
from desk.telling.fates import Fate
from desk.telling.saying import make_event
from models.tables import ApiRequestRow, EventRow, InboxRow
from streams.clock import SystemClock
from streams.ledger.errors import LedgerUnavailable
from streams.ledger.ledger import Ledger
from tests.desk.api.conftest import FACTS, Api
from tests.desk.api.test_saying import count
from workorders.policy import default_world

NOBODY = "nobody has been told"
NOW = "being decided now"


@asynccontextmanager
async def nothing_is_taken(api: Api) -> AsyncIterator[None]:
    """For as long as the block lasts every decision waits; at its end they are taken."""
    ledger: Any = api.place.ledger
    take, goes_on = ledger.take, asyncio.Event()

    async def later(*given: Any) -> Any:  # noqa: ANN401 - as the ledger's own
        await goes_on.wait()
        return await take(*given)

    ledger.take = later
    try:
        yield
    finally:
        goes_on.set()
        await api.place.taking.finish()
        ledger.take = take


async def raised(
    client: httpx2.AsyncClient, prefer: str | None, name: str | None = None, **body: object
) -> httpx2.Response:
    headers = {"Prefer": prefer, "Idempotency-Key": name}
    given = {name: text for name, text in headers.items() if text is not None}
    return await asyncio.wait_for(client.post("/v1/orders", json={**FACTS, **body}, headers=given), 8)


async def receipt_of(client: httpx2.AsyncClient, answered: httpx2.Response) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(answered.headers["location"])).json()["receipt"]
    return found


@pytest.mark.parametrize("prefer", ["respond-async", "wait=0", "respond-async, wait=1", "wait=1"])
async def test_who_does_not_wait_is_answered_when_it_is_durable_and_it_is_decided_after(prefer: str, api: Api) -> None:
    client, before = await api.of(), await count(api, InboxRow)
    async with nothing_is_taken(api):
        answered = await raised(client, prefer)
        found = answered.json()
        assert (answered.status_code, found["saved"], found["taken"], found["duty_line"]) == (201, True, False, None)
        assert NOW in found["sentence"]
        assert NOBODY not in found["sentence"]
        assert answered.headers["preference-applied"] == prefer
        assert await count(api, InboxRow) == before + 1
        assert await receipt_of(client, answered) == found
    later = await receipt_of(client, answered)
    assert (later["taken"], later["fate"], later["reference"]) == (True, "recorded", found["reference"])


async def test_who_says_nothing_hears_what_became_of_it(api: Api) -> None:
    answered = await raised(await api.of(), None)
    assert answered.json()["fate"] == "recorded"
    assert "preference-applied" not in answered.headers


async def test_danger_to_life_waits_for_no_decision_and_says_whom_to_telephone(api: Api) -> None:
    client = await api.of()
    async with nothing_is_taken(api):
        found = (await raised(client, "wait=10", danger_to_life=True)).json()
        assert found["emergency"]["telephone"] == "999"
        assert NOW in found["sentence"]
        assert found["duty_line"]["telephone"] in found["sentence"]


async def test_what_is_not_decided_after_ten_seconds_says_that_nobody_was_told(api: Api) -> None:
    client = await api.of()
    async with nothing_is_taken(api):
        answered = await raised(client, "respond-async")
        await api.place.clock.advance(9.9)  # type: ignore[attr-defined]
        assert NOW in (await receipt_of(client, answered))["sentence"]
        await api.place.clock.advance(0.1)  # type: ignore[attr-defined]
        found = await receipt_of(client, answered)
        assert NOBODY in found["sentence"]
        assert found["duty_line"]["telephone"] in found["sentence"]


@pytest.mark.parametrize("hindered", ["clock", "room"])
async def test_what_cannot_be_decided_here_is_not_said_to_be_under_way(
    hindered: str, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.place.decides = hindered != "clock"
    if hindered == "room":
        monkeypatch.setattr(together, "LEFT_AT_MOST", 0)
    found = (await raised(await api.of(), "respond-async")).json()
    assert NOBODY in found["sentence"]
    assert found["duty_line"]["telephone"] in found["sentence"]


async def test_what_is_held_is_not_said_to_be_decided(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def held(_: object, receipts: list[str]) -> dict[str, Fate]:
        return {receipt: Fate("recorded", held=True) for receipt in receipts}

    monkeypatch.setattr("desk.api.place.fates_of", held)
    found = (await raised(await api.of(), None)).json()
    assert found["taken"]
    assert NOBODY in found["sentence"]
    assert found["duty_line"]["telephone"] in found["sentence"]


async def breaks(*_: object) -> None:
    raise LedgerUnavailable("the database went away")


async def test_a_request_that_comes_again_says_how_it_stands_by_then(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client, before = await api.of(), await count(api)
    async with nothing_is_taken(api):
        first = await raised(client, "respond-async", "one")
        second = await raised(client, "respond-async", "one")
        assert second.content == first.content
        with monkeypatch.context() as broken:
            broken.setattr("desk.api.place.fates_of", breaks)
            assert (await raised(client, "respond-async", "one")).content == first.content
    third = await raised(client, None, "one")
    assert (third.json()["reference"], third.json()["fate"]) == (first.json()["reference"], "recorded")
    assert (await raised(client, "respond-async", "one")).content == third.content
    assert await count(api) == before + 1


async def test_many_names_at_once_are_kept_together_each_with_its_own_answer(api: Api) -> None:
    client, before = await api.of(), await count(api)
    assets = {f"n{n % 4}": ("cctv", "boiler")[n // 4] for n in range(4)}
    asked = [raised(client, "respond-async", name, asset=asset) for name, asset in assets.items()]
    asked += [raised(client, "respond-async", name, asset="heating") for name in assets]
    asked += [raised(client, "respond-async", "bad", asset="dragon"), raised(client, None)]
    answers = [one.status_code for one in await asyncio.gather(*asked)]
    assert sorted(answers) == [201] * 5 + [409] * 4 + [422]
    assert (await raised(client, None, "bad")).status_code == 201
    await api.place.taking.finish()
    assert await count(api) == before + 6


async def test_a_name_is_never_kept_without_what_was_said(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await api.of()
    with monkeypatch.context() as broken:
        broken.setattr("streams.ledger.inbox.add", breaks)
        assert (await raised(client, None, "one")).status_code == 503
    assert await count(api, ApiRequestRow) == 0
    assert (await raised(client, None, "one")).status_code == 201
    await api.place.answering.finish()
    assert (await count(api, ApiRequestRow), await count(api, EventRow)) >= (1, 1)


@pytest.mark.postgres
async def test_one_name_at_several_desks_at_once_is_one_event(ledger_on_postgres: str) -> None:
    clock, world = SystemClock(), default_world()
    ledgers = [await Ledger.open(ledger_on_postgres, time_kind="real", now=clock.now()) for _ in range(3)]
    await ledgers[0].world(world, clock.now())

    def draft() -> Draft:
        data = {name: value for name, value in FACTS.items() if name != "premises"}
        speaking = Speaking(source="division")
        event = make_event("work-orders", "raised", "WO-1", FACTS["premises"], clock.now(), data, speaking)
        return Draft(event, new_reference(), again.Request("key", "one", "asked"))

    kept = await asyncio.gather(*(keep(ledger, [draft()], clock.now(), world) for _ in range(5) for ledger in ledgers))
    receipts = [one.receipt for (one,) in kept if isinstance(one, Kept)]
    assert len(receipts) == 15
    assert len({one.id for one in receipts}) == 1
    assert [one.again for one in receipts].count(False) == 1
    async with ledgers[0].reading() as connection:
        assert (await connection.execute(select(func.count()).select_from(InboxRow))).scalar_one() == 1
    for ledger in ledgers:
        await ledger.close()


async def test_who_comes_at_once_with_one_key_has_it_looked_up_once_and_an_outage_is_not_believed(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, looked, away = await api.of(), 0, True
    opened_by = keys.opened_by

    async def counted(*given: Any) -> Any:  # noqa: ANN401 - as it is
        nonlocal looked
        looked += 1
        if away:
            raise LedgerUnavailable("the database is away")
        return await opened_by(*given)

    monkeypatch.setattr(keys, "opened_by", counted)
    assert {(await client.get("/v1/board")).status_code for _ in range(2)} == {503}
    assert looked == 2
    away = False
    answers = await asyncio.gather(*(client.get("/v1/board") for _ in range(5)))
    assert {one.status_code for one in answers} == {200}
    assert looked == 3


@pytest.mark.parametrize(
    ("headers", "meant"),
    [
        ([], Preferred()),
        (["respond-async"], Preferred(at_once=True)),
        (["Respond-Async, WAIT=5"], Preferred(at_once=True, wait_s=5)),
        (["wait=7", "wait=2; x=y, respond-async"], Preferred(at_once=True, wait_s=7)),
        (['foo; bar="a", wait = "3"'], Preferred(wait_s=3)),
        (["wait=-1"], Preferred()),
        (["wait=soon, handling=strict"], Preferred()),
        (["wait=٣"], Preferred()),
        (["wait=9999999999"], Preferred()),
        (["respond-async=yes", ""], Preferred(at_once=True)),
    ],
)
def test_preferences_are_read_as_rfc_7240_writes_them(headers: list[str], meant: Preferred) -> None:
    assert preferred(headers) == meant


@pytest.mark.parametrize(
    ("one", "patience", "applied"),
    [
        (Preferred(), 10.0, None),
        (Preferred(at_once=True), 0.0, "respond-async"),
        (Preferred(wait_s=3), 3.0, "wait=3"),
        (Preferred(wait_s=60), 10.0, "wait=60"),
        (Preferred(at_once=True, wait_s=2), 2.0, "respond-async, wait=2"),
    ],
)
def test_nobody_waits_longer_than_the_most(one: Preferred, patience: float, applied: str | None) -> None:
    assert one.patience(10.0) == patience
    assert one.applied().get("Preference-Applied") == applied
