"""What is said through the API: the events of the command line, durable, decided, and answered in words."""

import asyncio
from typing import Any

import httpx2
import orjson
import pytest
from sqlalchemy import func, select
from sqlmodel import SQLModel, col

from desk.access.rights import Action, Holder
from desk.api import operations, telling
from desk.api.again import KEPT
from desk.api.reference import read_reference
from models.tables import ApiRequestRow, EventRow, InboxRow
from streams.ledger.errors import LedgerUnavailable
from streams.ledger.incoming import Incoming
from tests.desk.api.conftest import FACTS, Api

NIGHT = "/v1/nights/ap-cae-glas/2026-01-14"
SAID: dict[Action, tuple[str, dict[str, Any]]] = {
    Action.RAISE_ORDER: ("/v1/orders", FACTS),
    Action.AMEND_ORDER: ("/v1/orders/WO-1/amendments", {"alternative_available": True}),
    Action.COMPLETE_ORDER: ("/v1/orders/WO-1/completions", {"note": "A new lock."}),
    Action.REJECT_COMPLETION: ("/v1/orders/WO-3/rejections", {"defect": "it still beeps"}),
    Action.CANCEL_ORDER: ("/v1/orders/WO-2/cancellations", {"reason": "withdrawn"}),
    Action.REPORT_MISSING: (f"{NIGHT}/missing", {"missing": 2}),
    Action.CONFIRM_COVER: (f"{NIGHT}/confirmations", {"cover_ref": "agency-7", "supplier": "agency"}),
    Action.WITHDRAW_COVER: (f"{NIGHT}/withdrawals", {"cover_ref": "agency-7"}),
    Action.ARRANGE_CONTINGENCY: (
        f"{NIGHT}/contingencies", {"cover_ref": "help-7", "replaces": "agency", "cost_pence": 21450},
    ),
    Action.CHECK_IN_COVER: (f"{NIGHT}/check-ins", {"cover_ref": "own-7"}),
    Action.ACKNOWLEDGE: ("/v1/escalations/<id>/acknowledgements", {"commitment": "2026-01-14T08:00:00Z"}),
    Action.RESOLVE: ("/v1/escalations/<id>/resolutions", {"covers_subject": True}),
    Action.DECLINE: ("/v1/escalations/<id>/declines", {"reason": "not our contract"}),
}  # fmt: skip
EVERY = {one.action: one for one in (operations.RAISE, *operations.OF_ORDER, *operations.OF_NIGHT,
                                     *operations.OF_ESCALATION)}  # fmt: skip


async def say(client: httpx2.AsyncClient, action: Action, **headers: str) -> httpx2.Response:
    path, body = SAID[action]
    if "<id>" in path:
        lines = (await client.get("/v1/escalations")).json()["lines"]
        path = path.replace("<id>", next(one["id"] for one in lines if one["subject"] == "WO-1"))
    return await client.post(path, json=body, headers={name.replace("_", "-"): text for name, text in headers.items()})


async def count(api: Api, table: type[SQLModel] = EventRow) -> int:
    async with api.place.ledger.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


def test_everything_that_can_be_said_is_tried_here() -> None:
    assert SAID.keys() == EVERY.keys()


@pytest.mark.parametrize("action", SAID, ids=str)
async def test_what_is_said_becomes_the_event_of_its_operation_and_is_decided(action: Action, api: Api) -> None:
    client = await api.of()
    answered = await say(client, action)
    assert answered.status_code == 201, answered.text
    receipt = answered.json()
    operation = EVERY[action]
    kind = {"work-orders": "work-order", "shift-cover": "shift-cover", "escalation-responses": "escalation-response"}
    assert receipt["type"] == f"facilities.{kind[operation.topic]}.{operation.verb}"
    assert (receipt["saved"], receipt["taken"], receipt["fate"]) == (True, True, "recorded")
    assert answered.headers["location"] == f"/v1/receipts/{receipt['reference']}"
    async with api.place.ledger.reading() as connection:
        body = select(col(EventRow.body)).where(col(EventRow.id) == receipt["event"])
        event = orjson.loads((await connection.execute(body)).scalar_one())
    assert event["source"] == "division"
    said = {name: value for name, value in SAID[action][1].items() if name not in {"note", "commitment", "premises"}}
    assert said.items() <= event["data"].items()


async def test_a_receipt_is_found_by_its_reference_however_it_is_written(api: Api) -> None:
    client = await api.of()
    reference = (await say(client, Action.RAISE_ORDER)).json()["reference"]
    for written in (reference, reference.lower(), reference.replace("-", ""), reference.replace("0", "o")):
        found = await client.get(f"/v1/receipts/{written}")
        assert found.json()["receipt"]["reference"] == reference
    spoilt = ("1" if reference[0] != "1" else "2") + reference[1:]
    assert read_reference(spoilt) is None
    assert (await client.get(f"/v1/receipts/{spoilt}")).status_code == 404


async def test_an_orders_id_may_be_chosen_and_what_is_left_out_of_a_cover_is_the_nights_window(api: Api) -> None:
    client = await api.of()
    assert (await client.post("/v1/orders", json={**FACTS, "order": "MY-7"})).json()["subject"] == "MY-7"
    receipt = (await say(client, Action.CONFIRM_COVER)).json()
    async with api.place.ledger.reading() as connection:
        body = select(col(EventRow.body)).where(col(EventRow.id) == receipt["event"])
        data = orjson.loads((await connection.execute(body)).scalar_one())["data"]
    assert (data["from"], data["until"]) == ("2026-01-14T20:00:00Z", "2026-01-15T08:00:00Z")


async def test_the_same_request_again_has_the_same_answer_and_one_event(api: Api) -> None:
    client, before = await api.of(), await count(api)
    first = await say(client, Action.RAISE_ORDER, Idempotency_Key="one")
    again = await say(client, Action.RAISE_ORDER, Idempotency_Key="one")
    assert (again.status_code, again.content, again.headers["location"]) == (
        201, first.content, first.headers["location"],
    )  # fmt: skip
    assert await count(api) == before + 1


async def test_requests_of_one_name_at_once_make_one_event(api: Api) -> None:
    client, before = await api.of(), await count(api)
    answers = await asyncio.gather(*(say(client, Action.RAISE_ORDER, Idempotency_Key="one") for _ in range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await count(api) == before + 1


async def test_another_request_of_the_same_name_is_refused_and_another_keys_names_are_its_own(api: Api) -> None:
    client, before = await api.of(), await count(api)
    await say(client, Action.RAISE_ORDER, Idempotency_Key="one")
    other = await client.post("/v1/orders", json={**FACTS, "asset": "boiler"}, headers={"Idempotency-Key": "one"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    assert other.json()["field"] == "Idempotency-Key"
    assert (await say(await api.of(), Action.RAISE_ORDER, Idempotency_Key="one")).status_code == 201
    assert await count(api) == before + 2


async def test_a_request_whose_answer_was_not_kept_has_the_same_one_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, before = await api.of(), await count(api)

    async def breaks(*_: object) -> None:
        raise LedgerUnavailable("the database went away")

    with monkeypatch.context() as broken:
        broken.setattr("desk.api.again.keep_answers", breaks)
        first = await say(client, Action.REPORT_MISSING, Idempotency_Key="one")
        await api.place.answering.finish()
    again = await say(client, Action.REPORT_MISSING, Idempotency_Key="one")
    assert first.json() == again.json()
    assert await count(api) == before + 1


async def test_a_refused_request_leaves_its_name_free_for_the_mended_one(api: Api) -> None:
    client = await api.of()
    name = {"Idempotency-Key": "one"}
    assert (await client.post("/v1/orders", json={**FACTS, "asset": "cctvv"}, headers=name)).status_code == 422
    assert (await client.post("/v1/orders", json=FACTS, headers=name)).status_code == 201


async def test_a_name_is_kept_for_a_day_and_no_free_text_with_it(api: Api) -> None:
    client, body = await api.of(), {**FACTS, "note": "Only Sioned knows."}
    first = await client.post("/v1/orders", json=body, headers={"Idempotency-Key": "one"})
    async with api.place.ledger.reading() as connection:
        row = (await connection.execute(select(ApiRequestRow.__table__))).one()  # type: ignore[attr-defined]
    assert b"Sioned" not in b"".join(part for part in row if isinstance(part, bytes))
    again = await client.post("/v1/orders", json=body, headers={"Idempotency-Key": "one"})
    assert again.content == first.content
    await api.place.clock.advance(KEPT.total_seconds())  # type: ignore[attr-defined]
    later = await api.of()
    await say(later, Action.RAISE_ORDER, Idempotency_Key="two")
    assert await count(api, ApiRequestRow) == 1


@pytest.mark.parametrize("name", ["", "x" * 201, "café"])
async def test_a_name_that_is_none_is_refused(name: str, api: Api) -> None:
    client = await api.of()
    headers = {"Idempotency-Key": name.encode()}
    answered = await client.post("/v1/orders", json=FACTS, headers=headers)  # type: ignore[arg-type]
    assert (answered.status_code, answered.json()["field"]) == (400, "Idempotency-Key")


async def test_a_report_of_danger_to_life_is_answered_with_999_and_recorded(api: Api) -> None:
    client = await api.of()
    answered = await client.post("/v1/orders", json={**FACTS, "danger_to_life": True})
    assert answered.json()["emergency"]["telephone"] == "999"
    await api.place.taking.finish()
    async with api.place.ledger.reading() as connection:
        body = select(col(EventRow.body)).where(col(EventRow.id) == answered.json()["event"])
        assert orjson.loads((await connection.execute(body)).scalar_one())["dangertolife"] is True


async def test_a_report_of_danger_that_cannot_be_taken_is_answered_with_999_all_the_same(api: Api) -> None:
    client = await api.of()
    answered = await client.post("/v1/orders", json={**FACTS, "asset": "dragon", "danger_to_life": True})
    assert (answered.status_code, answered.json()["emergency"]["telephone"]) == (422, "999")


async def test_what_cannot_be_decided_soon_is_saved_and_says_whom_to_telephone(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(telling, "ANSWERED_WITHIN_S", 0.2)
    monkeypatch.setattr(api.place.ledger, "take", never)
    client = await api.of()
    answered = await say(client, Action.REPORT_MISSING)
    found = answered.json()
    assert (answered.status_code, found["saved"], found["taken"], found["fate"]) == (201, True, False, None)
    assert "nobody has been told" in found["sentence"]
    assert found["duty_line"]["telephone"] in found["sentence"]
    assert api.place.taking._busy is not None
    api.place.taking._busy.cancel()


async def test_what_was_saved_and_not_decided_is_taken_by_a_sweep_and_its_receipt_tells(api: Api) -> None:
    api.place.decides = False
    client = await api.of()
    found = (await say(client, Action.REPORT_MISSING)).json()
    assert found["taken"] is False
    await api.place.clock.advance(60)  # type: ignore[attr-defined]
    await api.place.ledger.sweep(api.place.clock.now(), 500, api.place.world)
    later = (await client.get(f"/v1/receipts/{found['reference']}")).json()["receipt"]
    assert (later["taken"], later["fate"], later["duty_line"]) == (True, "recorded", None)


async def test_what_was_saved_and_rejected_later_says_why(api: Api) -> None:
    client = await api.of()
    api.place.decides = False
    reference = (await say(client, Action.RAISE_ORDER)).json()["reference"]
    async with api.place.ledger.reading() as connection:
        query = select(col(InboxRow.source), col(InboxRow.event_id), col(InboxRow.value))
        row = (await connection.execute(query.where(col(InboxRow.receipt) == reference))).one()
    other = orjson.loads(row.value)
    other["data"]["impacts"] = ["site-security"]
    arrived = Incoming("work-orders", b"ap-bryn-awel", orjson.dumps(other), heard=api.place.clock.now())
    await api.place.ledger.take([arrived], api.place.clock.now(), api.place.world)
    await api.place.clock.advance(60)  # type: ignore[attr-defined]
    await api.place.ledger.sweep(api.place.clock.now(), 500, api.place.world)
    found = (await client.get(f"/v1/receipts/{reference}")).json()["receipt"]
    assert (found["taken"], found["fate"], found["refusal"]["code"]) == (True, "rejected", "id-reused")
    assert found["refusal"]["sentence"] in found["sentence"]


async def test_a_ledger_that_is_away_is_a_problem_that_says_what_to_do(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise LedgerUnavailable("the database is away")

    client = await api.of()
    monkeypatch.setattr("desk.api.again.keep", away)
    answered = await say(client, Action.RAISE_ORDER)
    assert (answered.status_code, answered.json()["code"]) == (503, "ledger-unavailable")
    assert answered.headers["retry-after"] == "5"


async def test_what_was_durable_is_answered_though_it_cannot_be_taken(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise LedgerUnavailable("the database is away")

    client = await api.of()
    monkeypatch.setattr(api.place.ledger, "take", away)
    found = (await say(client, Action.RAISE_ORDER)).json()
    assert (found["saved"], found["taken"]) == (True, False)
    assert found["duty_line"]["telephone"] in found["sentence"]


async def test_the_fault_of_a_source_that_may_not_say_it_is_the_ledgers_own(api: Api) -> None:
    client = await api.of(Holder.AGENCY, source="agency-south")
    path = "/v1/nights/ap-bryn-awel/2026-01-14/withdrawals"
    answered = await client.post(path, json={"cover_ref": "agency-7"})
    assert (answered.status_code, answered.json()["code"]) == (403, "source-not-permitted")
