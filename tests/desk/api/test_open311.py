"""Open311 GeoReport v2: the specification's shapes in JSON and XML, made of the same events under the same rights."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import httpx2
import orjson
import pytest
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator
from sqlalchemy import select
from sqlmodel import col

from desk.access import record
from desk.access.rights import ALLOWED, Action, Holder
from desk.api import guard
from desk.api.app import described
from desk.api.open311 import asking, forms
from desk.api.open311.routes import MOST, router
from desk.telling.fates import Fate
from models.tables import EventNoteRow, EventRow
from streams.ledger.errors import LedgerUnavailable
from tests.desk.api.conftest import Api
from tests.desk.api.test_saying import count
from tests.desk.small_ledger import ENDS, NOTE

AT = "/open311/v2"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
TOLD: Mapping[str, Any] = {
    "service_code": "cctv.total-loss",
    "address_id": "ap-bryn-awel",
    "attribute[impacts][]": ["site-security", "staff-safety"],
    "attribute[alternative_available]": "false",
}
TEXT = {"type": "string"}
MAYBE = {"type": ["string", "null"]}
WHEN = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}


def thing(required: Mapping[str, Any], other: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The schema of an object that has these fields and no others."""
    fields = {**required, **(other or {})}
    return {"type": "object", "properties": fields, "required": [*required], "additionalProperties": False}


def listed(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": one, "minItems": 1}


SERVICES = listed(
    thing({
        "service_code": TEXT, "service_name": TEXT, "description": TEXT, "metadata": {"type": "boolean"},
        "type": {"enum": ["realtime", "batch", "blackbox"]}, "keywords": TEXT, "group": TEXT,
    })
)  # fmt: skip
ATTRIBUTE = thing(
    {
        "variable": {"type": "boolean"}, "code": TEXT, "required": {"type": "boolean"},
        "datatype": {"enum": ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]},
        "datatype_description": MAYBE, "order": {"type": "integer", "minimum": 1}, "description": TEXT,
    },
    {"values": listed(thing({"key": TEXT, "name": TEXT}))},
)  # fmt: skip
DEFINITION = thing({"service_code": TEXT, "attributes": listed(ATTRIBUTE)})
REPORTED = listed(thing({"service_request_id": TEXT}, {"service_notice": TEXT, "account_id": {"type": "null"}}))
TOKEN = listed(thing({"token": TEXT}, {"service_notice": TEXT, "account_id": {"type": "null"}}))
ASKED = listed(thing({"service_request_id": MAYBE, "token": TEXT}))
REQUESTS = listed(
    thing({
        "service_request_id": TEXT, "status": {"enum": ["open", "closed"]}, "status_notes": MAYBE,
        "service_name": TEXT, "service_code": TEXT, "description": MAYBE, "agency_responsible": MAYBE,
        "service_notice": MAYBE, "requested_datetime": WHEN, "updated_datetime": WHEN, "address": TEXT,
        "expected_datetime": {"anyOf": [WHEN, {"type": "null"}]}, "address_id": TEXT, "zipcode": MAYBE,
        "lat": {"type": ["number", "null"]}, "long": {"type": ["number", "null"]}, "media_url": MAYBE,
    })
)  # fmt: skip
ERRORS = listed(thing({"code": {"type": "integer"}, "description": {"type": "string", "minLength": 10}}))


def by(schema: Mapping[str, Any], answered: httpx2.Response) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """What was answered, which is by the schema."""
    assert answered.headers["content-type"] == "application/json; charset=utf-8"
    found = answered.json()
    assert [fault.message for fault in Draft202012Validator(schema).iter_errors(found)] == [], found
    return found


def tree(answered: httpx2.Response) -> ET.Element:
    """What was answered as XML, which says so."""
    assert answered.headers["content-type"] == "text/xml; charset=utf-8"
    assert answered.content.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    return ET.fromstring(answered.content)  # noqa: S314 - our own words


def plain(element: ET.Element) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """An element by the mapping of the specification: what it holds by name, or as a list, or its text."""
    lists = {"services", "attributes", "values", "service_requests", "errors"}
    if element.tag in lists:
        return [plain(one) for one in element]
    return {one.tag: plain(one) for one in element} if len(element) else element.text


def as_texts(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """What XML leaves of a value: it knows only texts."""
    if isinstance(value, dict):
        return {name: as_texts(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_texts(one) for one in value]
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def refused(answered: httpx2.Response, status: int) -> str:
    """Why something was refused."""
    [error] = by(ERRORS, answered)
    assert (answered.status_code, error["code"]) == (status, status), answered.text
    return str(error["description"])


async def report(client: httpx2.AsyncClient, kind: str = "json", **changed: Any) -> httpx2.Response:  # noqa: ANN401
    """A report with some fields changed, or left out where they are None."""
    names = {"impacts": "attribute[impacts][]", "alternative": "attribute[alternative_available]"}
    told = {**TOLD, **{names.get(name, name): value for name, value in changed.items()}}
    sent = urlencode({name: value for name, value in told.items() if value is not None}, doseq=True)
    return await client.post(f"{AT}/requests.{kind}", content=sent, headers=FORM)


async def last_event(api: Api) -> tuple[dict[str, Any], str | None]:
    """The event that was heard last, with its note."""
    async with api.place.ledger.reading() as connection:
        query = select(col(EventRow.id), col(EventRow.body)).order_by(col(EventRow.heard).desc()).limit(1)
        row = (await connection.execute(query)).one()
        note = select(col(EventNoteRow.note)).where(col(EventNoteRow.id) == row.id)
        return orjson.loads(row.body), (await connection.execute(note)).scalar_one_or_none()


ADDRESSES = {
    "services": (f"{AT}/services", SERVICES, "services"),
    "definition": (f"{AT}/services/entry-lock.will-not-secure", DEFINITION, "service_definition"),
    "requests": (f"{AT}/requests", REQUESTS, "service_requests"),
    "request": (f"{AT}/requests/ap-bryn-awel:WO-1", REQUESTS, "service_requests"),
}


@pytest.mark.parametrize("name", ADDRESSES)
async def test_each_answer_is_of_the_specifications_shape_and_the_same_in_xml(name: str, api: Api) -> None:
    path, schema, root = ADDRESSES[name]
    client = await api.of()
    found = by(schema, await client.get(f"{path}.json"))
    top = tree(await client.get(f"{path}.xml"))
    assert top.tag == root
    assert plain(top) == as_texts(found)


async def test_services_are_the_policys_faults_of_its_assets(api: Api) -> None:
    codes = api.place.world.policies.at(ENDS).spec.codes
    found = by(SERVICES, await (await api.of()).get(f"{AT}/services.json"))
    assert [one["service_code"] for one in found] == [f"{a}.{f}" for a in codes.assets for f in codes.faults]
    assert len({one["service_name"] for one in found}) == len(found)
    assert {one["group"] for one in found} == set(codes.assets.values())


async def test_a_definition_asks_for_what_would_have_to_be_guessed(api: Api) -> None:
    codes = api.place.world.policies.at(ENDS).spec.codes
    found = by(DEFINITION, await (await api.of()).get(f"{AT}/services/cctv.total-loss.json"))
    needed = {one["code"]: one for one in found["attributes"] if one["required"]}
    assert needed.keys() == {"impacts", "alternative_available"}
    assert [one["key"] for one in needed["impacts"]["values"]] == [*codes.impacts, "NONE"]
    assert "999" in next(one["description"] for one in found["attributes"] if not one["variable"])
    assert [one["order"] for one in found["attributes"]] == [1, 2, 3, 4]


async def test_a_report_is_the_event_of_an_order_and_is_shown_again(api: Api) -> None:
    client, before = await api.of(), await count(api)
    answered = await report(client, description="Screens are black.\r\nSince noon.")
    [told] = by(REPORTED, answered)
    id_ = told["service_request_id"]
    assert (answered.status_code, answered.headers["location"]) == (201, f"{AT}/requests/{id_}.json")
    assert await count(api) == before + 1
    event, note = await last_event(api)
    assert (event["type"], event["source"]) == ("facilities.work-order.raised", "division")
    said = {name: value for name, value in event["data"].items() if value is not None}
    assert {**said, "impacts": sorted(said["impacts"])} == {
        "premises": "ap-bryn-awel", "asset": "cctv", "fault": "total-loss", "alternative_available": False,
        "impacts": ["site-security", "staff-safety"],
    }  # fmt: skip
    assert note == "Screens are black.\r\nSince noon."
    [shown] = by(REQUESTS, await client.get(answered.headers["location"]))
    assert (shown["service_request_id"], shown["status"], shown["description"]) == (id_, "open", note)
    assert shown["requested_datetime"] == "2026-01-14T06:00:00Z"
    own = (await client.get(f"/v1/orders/{id_.partition(':')[2]}")).json()["subject"]
    assert (own["premises"], own["state"]["raised_at"]) == ("ap-bryn-awel", shown["requested_datetime"])


async def test_a_report_is_answered_in_xml_too(api: Api) -> None:
    answered = await report(await api.of(), "xml", impacts="NONE", alternative="true")
    top = tree(answered)
    assert (top.tag, [one.tag for one in top], [one.tag for one in top[0]]) == (
        "service_requests", ["request"], ["service_request_id", "service_notice", "account_id"],
    )  # fmt: skip
    assert answered.headers["location"].endswith(".xml")
    event, note = await last_event(api)
    assert (event["data"]["impacts"], event["data"]["alternative_available"], note) == ([], True, None)


async def test_nobody_who_reports_is_named_anywhere_and_the_answer_says_what_was_not_kept(api: Api) -> None:
    told = {name: f"secret-{name}" for name in forms.NOT_KEPT}
    answered = await report(await api.of(), **told, jurisdiction_id="city.example")
    [request] = by(REPORTED, answered)
    assert request["service_notice"].endswith(f"Not kept: {', '.join(forms.NOT_KEPT)}.")
    raw = api.place.ledger.database.url.database
    assert raw is not None
    assert b"secret-" not in b"".join(path.read_bytes() for path in Path(raw).parent.iterdir())


async def test_who_says_that_a_life_is_in_danger_is_told_what_to_do_first(api: Api) -> None:
    client = await api.of()
    danger = {"attribute[danger_to_life]": "true"}
    [told] = (await report(client, **danger)).json()
    assert told["service_notice"].startswith("If anybody's life is in danger, telephone 999 now.")
    again = await report(client, **danger, description="x" * 4_001)
    assert refused(again, 400).endswith("Nobody is sent because of this report alone.")


async def test_the_same_report_again_under_one_name_is_one_order(api: Api) -> None:
    client, before = await api.of(), await count(api)
    sent = urlencode(dict(TOLD), doseq=True)
    headers = {**FORM, "Idempotency-Key": "one"}
    answers = [await client.post(f"{AT}/requests.json", content=sent, headers=headers) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert await count(api) == before + 1


async def test_a_report_that_nobody_could_decide_has_a_token_until_it_is(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await api.of()
    with monkeypatch.context() as off:
        off.setattr(api.place, "decides", False)
        answered = await report(client)
    [told] = by(TOKEN, answered)
    token = told["token"]
    assert "nobody has been told" in told["service_notice"]
    assert answered.headers["location"] == f"{AT}/tokens/{token}.json"
    assert by(ASKED, await client.get(f"{AT}/tokens/{token}.json")) == [{"service_request_id": None, "token": token}]
    assert plain(tree(await client.get(f"{AT}/tokens/{token}.xml"))) == [{"service_request_id": None, "token": token}]
    monkeypatch.setattr("desk.views.receipts.fates_of", fate_of(Fate("recorded")))
    [found] = by(ASKED, await client.get(f"{AT}/tokens/{token.lower()}.json"))
    assert found["service_request_id"].startswith("ap-bryn-awel:WO-")
    rejected = Fate("rejected", code="unknown-code", field="data.asset", sentence="No such asset.")
    monkeypatch.setattr("desk.views.receipts.fates_of", fate_of(rejected))
    assert "No such asset." in refused(await client.get(f"{AT}/tokens/{token}.json"), 410)


async def test_a_report_that_was_kept_but_not_taken_is_refused_with_its_reason(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def rejects(*_: object) -> Fate:
        return Fate("rejected", code="unknown-code", field="data.asset", sentence="No such asset.")

    monkeypatch.setattr(api.place.taking, "ask", rejects)
    assert "No such asset." in refused(await report(await api.of()), 400)


def fate_of(fate: Fate) -> Any:  # noqa: ANN401 - a function
    async def found(_: object, receipts: list[str]) -> dict[str, Fate]:
        return dict.fromkeys(receipts, fate)

    return found


async def test_a_token_that_is_none_of_a_report_is_not_there(api: Api) -> None:
    client = await api.of()
    night = await client.post("/v1/nights/ap-cae-glas/2026-01-14/missing", json={"missing": 1})
    for token in ("nonsense", "0000-0000-0000-0", night.json()["reference"]):
        assert refused(await client.get(f"{AT}/tokens/{token}.json"), 404) == "There is no such token."


async def test_requests_are_those_of_the_time_the_service_and_the_status(api: Api) -> None:
    client = await api.of()
    await client.post("/v1/orders/WO-2/cancellations", json={"reason": "withdrawn"})

    async def asked(**question: str | list[str]) -> list[str]:
        answered = await client.get(f"{AT}/requests.json", params=question)
        assert answered.status_code == 200, answered.text
        return sorted(one["service_request_id"].partition(":")[2] for one in answered.json())

    assert await asked() == ["WO-1", "WO-2", "WO-3"]
    assert await asked(status="open") == ["WO-1"]
    assert await asked(status="closed") == ["WO-2", "WO-3"]
    assert await asked(status="open,closed") == ["WO-1", "WO-2", "WO-3"]
    assert await asked(service_code="entry-lock.will-not-secure") == ["WO-1"]
    assert await asked(service_code="entry-lock.will-not-secure, duty-phone.partial-loss") == ["WO-1", "WO-2"]
    assert await asked(service_code=["entry-lock.will-not-secure", "staff-alarm.total-loss"]) == ["WO-1", "WO-3"]
    assert await asked(service_code="entry-lock.total-loss") == []
    assert await asked(start_date="2026-01-13T15:00:00Z", end_date="2026-01-13T15:00:00Z") == ["WO-1", "WO-2", "WO-3"]
    assert await asked(start_date="2026-01-13T15:00:01+00:00") == []
    assert await asked(end_date="2026-01-13T14:59:59Z") == []
    assert await asked(service_request_id="ap-bryn-awel:WO-1,ap-ty-derwen:WO-1,WO-1,", status="closed") == ["WO-1"]
    assert await asked(service_request_id="nothing") == []
    assert await asked(start_date="", end_date="", status="", service_request_id="") == ["WO-1", "WO-2", "WO-3"]


async def test_what_is_left_out_of_a_time_is_the_ninety_days_beside_it(api: Api) -> None:
    client = await api.of()
    for days, found in ((89, 3), (92, 0)):
        start = (ENDS - timedelta(days=days)).isoformat()
        answered = await client.get(f"{AT}/requests.json", params={"start_date": start})
        assert len(answered.json()) == found
    await api.place.clock.advance(timedelta(days=91).total_seconds())  # type: ignore[attr-defined]
    later = await api.of()
    assert (await later.get(f"{AT}/requests.json")).json() == []
    top = tree(await later.get(f"{AT}/requests.xml"))
    assert (top.tag, len(top)) == ("service_requests", 0)


async def test_pages_come_one_after_another_and_leave_nothing_out(api: Api) -> None:
    client = await api.of()
    pages = [(await client.get(f"{AT}/requests.json?page={n}&page_size=2")).json() for n in (1, 2, 3)]
    assert [len(page) for page in pages] == [2, 1, 0]
    whole = (await client.get(f"{AT}/requests.json")).json()
    assert [one for page in pages for one in page] == whole
    assert MOST == 1_000


async def test_only_a_request_that_is_looked_at_tells_its_description_and_the_look_is_on_record(api: Api) -> None:
    client = await api.of()
    in_list = (await client.get(f"{AT}/requests.json?service_request_id=ap-bryn-awel:WO-1")).json()
    assert [one["description"] for one in in_list] == [None]
    [shown] = (await client.get(f"{AT}/requests/ap-bryn-awel:WO-1.json")).json()
    assert shown["description"] == NOTE
    assert (shown["service_name"], shown["address"]) != (shown["service_code"], shown["address_id"])
    async with api.place.ledger.reading() as connection:
        assert [(one.action, one.about) for one in await record.latest(connection, 9)] == [("read-orders", "WO-1")]


async def test_a_closed_request_was_last_changed_when_it_was_closed(api: Api) -> None:
    [shown] = (await (await api.of()).get(f"{AT}/requests/ap-ty-derwen:WO-3.json")).json()
    assert (shown["status"], shown["updated_datetime"]) == ("closed", "2026-01-13T16:30:00Z")
    assert datetime.fromisoformat(shown["expected_datetime"]) > datetime.fromisoformat(shown["requested_datetime"])


HOSTILE = "<script>alert(1)</script> ]]> & \"'\r\n\t\u202e\ufffe\U0001f6aa <!DOCTYPE x SYSTEM 'file:///etc/passwd'>"


async def test_hostile_text_is_text_in_xml_and_in_json(api: Api) -> None:
    client = await api.of()
    [told] = by(REPORTED, await report(client, description=HOSTILE))
    path = f"{AT}/requests/{told['service_request_id']}"
    assert (await client.get(f"{path}.json")).json()[0]["description"] == HOSTILE
    answered = await client.get(f"{path}.xml")
    assert answered.headers["x-content-type-options"] == "nosniff"
    assert b"<script>" not in answered.content
    [request] = plain(tree(answered))
    assert request["description"] == HOSTILE.replace("\r\n", "\n").replace("\ufffe", "\ufffd")


BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "no-service": ({"service_code": None}, 400, "service_code is missing"),
    "an-empty-service": ({"service_code": " "}, 400, "service_code is missing"),
    "an-unknown-service": ({"service_code": "cctv.dragon"}, 404, "service_code: there is no service 'cctv.dragon'"),
    "an-asset-alone": ({"service_code": "cctv"}, 404, "service_code: there is no service 'cctv'"),
    "no-place": ({"address_id": None}, 400, "address_id is missing: a report is about a premises"),
    "a-place-on-a-map": ({"address_id": None, "lat": "51.6", "long": "-3.9"}, 400, "lat, long"),
    "an-unknown-premises": ({"address_id": "ap-atlantis"}, 400, "address_id"),
    "a-place-that-is-none": ({"address_id": "../../etc"}, 400, "address_id"),
    "no-impacts": ({"impacts": None}, 400, "attribute[impacts] is missing"),
    "an-unknown-impact": ({"impacts": "dragons"}, 400, "attribute[impacts] cannot hold 'dragons'"),
    "none-and-some": ({"impacts": ["NONE", "site-security"]}, 400, "attribute[impacts] cannot hold 'NONE'"),
    "no-alternative": ({"alternative": None}, 400, "attribute[alternative_available] is missing"),
    "an-alternative-that-is-a-word": ({"alternative": "perhaps"}, 400, "attribute[alternative_available] must be true"),
    "two-alternatives": ({"alternative": ["true", "false"]}, 400, "attribute[alternative_available] must be true"),
    "an-unknown-field": ({"colour": "red"}, 400, "colour is no field"),
    "an-unknown-attribute": ({"attribute[colour]": "red"}, 400, "attribute[colour] is no field"),
    "a-field-twice": ({"description": ["a", "b"]}, 400, "description stands there more than once"),
    "a-long-description": ({"description": "x" * 4_001}, 400, "description: "),
    "a-control-character": ({"description": "a\x00b"}, 400, "description"),
    "a-line-end-in-an-id": ({"address_id": "ap-bryn-awel\r\nX: y"}, 400, "address_id"),
    "too-many-fields": ({"attribute[impacts]": ["site-security"] * 101}, 400, "at most 100 fields"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
async def test_what_cannot_be_taken_is_named_with_its_reason_and_nothing_is_recorded(kind: str, api: Api) -> None:
    changed, status, words = BAD[kind]
    client, before = await api.of(), await count(api)
    assert words in refused(await report(client, **changed), status)
    assert await count(api) == before


BODIES = {
    "not-utf-8": (b"description=\xe9", FORM, "UTF-8"),
    "not-utf-8-escaped": (b"description=%E9", FORM, "UTF-8"),
    "too-large": (b"description=" + b"x" * 10_000_000, FORM, "larger than"),
    "json": (b"{}", {"Content-Type": "application/json"}, "Content-Type: application/x-www-form-urlencoded"),
    "xml": (b"<request/>", {"Content-Type": "text/xml"}, "Content-Type: application/x-www-form-urlencoded"),
    "nothing": (b"", FORM, "service_code is missing"),
}


@pytest.mark.parametrize("kind", BODIES)
async def test_a_body_that_is_no_form_is_refused(kind: str, api: Api) -> None:
    content, headers, words = BODIES[kind]
    answered = await (await api.of()).post(f"{AT}/requests.json", content=content, headers=headers)
    assert words in refused(answered, 400)


QUESTIONS = {
    "requests.json?status=lost": (400, "status must be open or closed, not 'lost'"),
    "requests.json?start_date=yesterday": (400, "start_date: "),
    "requests.json?end_date=2026-01-14T05:00:00": (400, "end_date: "),
    "requests.json?start_date=0001-01-01T00:00:00Z": (400, "start_date lies beyond"),
    "requests.json?start_date=9999-12-31T00:00:00Z": (400, "start_date lies beyond"),
    "requests.json?start_date=2026-01-01T00:00:00Z&end_date=2026-04-02T00:00:00Z": (400, "end_date must be at most 90"),
    "requests.json?start_date=2026-01-02T00:00:00Z&end_date=2026-01-01T00:00:00Z": (400, "end_date must be at most 90"),
    "requests.json?service_code=cctv.dragon": (404, "service_code: there is no service"),
    "requests.json?page=0": (400, "page: "),
    "requests.json?page_size=1001": (400, "page_size: "),
    "requests.json?colour=red": (400, "colour is nothing that can be asked here"),
    "services/cctv.dragon.json": (404, "service_code: there is no service 'cctv.dragon'"),
    "requests/ap-bryn-awel:WO-404.json": (404, "There is no such service_request_id."),
    "requests/WO-1.json": (404, "There is no such service_request_id."),
    "cities.json": (404, "There is no such address."),
}  # fmt: skip


@pytest.mark.parametrize("path", QUESTIONS)
async def test_a_question_that_has_no_answer_is_told_why(path: str, api: Api) -> None:
    status, words = QUESTIONS[path]
    assert words in refused(await (await api.of()).get(f"{AT}/{path}"), status)


async def test_more_ids_than_are_looked_up_at_once_are_refused(api: Api) -> None:
    ids = ",".join(f"ap-bryn-awel:WO-{n}" for n in range(asking.MOST_NAMED + 1))
    answered = await (await api.of()).get(f"{AT}/requests.json?service_request_id={ids}")
    assert "service_request_id names more than 100" in refused(answered, 400)


async def test_errors_are_xml_unless_json_is_asked_for(api: Api) -> None:
    client = await api.of()
    for path, status in (("requests/no.xml", "404"), ("services.csv", "400"), ("services", "404")):
        answered = await client.get(f"{AT}/{path}")
        top = tree(answered)
        assert (top.tag, [one.tag for one in top], top[0].findtext("code")) == ("errors", ["error"], status)
        assert str(answered.status_code) == status
        assert top[0].findtext("description")
    assert refused(await client.delete(f"{AT}/services.json"), 400)


async def test_a_key_opens_as_api_key_as_well_as_in_the_header(api: Api) -> None:
    secret, other = await api.key(Holder.DIVISION), await api.key(Holder.DIVISION)
    stranger, before = api.client(None), await count(api)
    assert (await stranger.get(f"{AT}/services.json?api_key={secret}")).status_code == 200
    assert (await report(stranger, api_key=secret)).status_code == 201
    in_query = await stranger.post(
        f"{AT}/requests.json?api_key={secret}", content=urlencode(TOLD, doseq=True), headers=FORM
    )
    assert in_query.status_code == 201
    both = api.client(secret)
    assert (await report(both, api_key=secret)).status_code == 201
    assert await count(api) == before + 3
    assert "not the same" in refused(await report(both, api_key=other), 400)
    assert "not the same" in refused(await both.get(f"{AT}/services.json?api_key={other}"), 400)
    assert await count(api) == before + 3


async def test_nothing_is_answered_without_a_key(api: Api) -> None:
    stranger = api.client(None)
    for path in ("services", "services/cctv.total-loss", "requests", "requests/x:y", "tokens/x"):
        for key in ("", "?api_key=", "?api_key=nonsense"):
            answered = await stranger.get(f"{AT}/{path}.json{key}")
            assert refused(answered, 403).startswith("api_key: No key that opens anything")
    assert refused(await report(stranger, api_key="nonsense"), 403).startswith("api_key: ")
    assert refused(await report(stranger, colour="red"), 403).startswith("api_key: ")


ROUTES = [route for route in router.routes if isinstance(route, APIRoute)]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.methods} {route.path}")
def test_every_route_asks_for_exactly_one_right(route: APIRoute) -> None:
    calls = [one.call for one in route.dependant.dependencies]
    assert len([call for call in calls if hasattr(call, "action")]) == 1


@pytest.mark.parametrize("holder", Holder, ids=str)
async def test_the_one_table_says_who_may(holder: Holder, api: Api) -> None:
    client = await api.of(holder)
    for path, action in (
        ("services", Action.READ_ORDERS), ("services/cctv.total-loss", Action.READ_ORDERS),
        ("requests", Action.READ_ORDERS), ("requests/ap-bryn-awel:WO-1", Action.READ_ORDERS),
        ("tokens/0000-0000-0000-0", Action.READ_RECEIPT),
    ):  # fmt: skip
        answered = await client.get(f"{AT}/{path}.json")
        assert (answered.status_code == 403) == (holder not in ALLOWED[action]), (path, answered.text)
    reported = await report(client)
    assert (reported.status_code == 403) == (holder not in ALLOWED[Action.RAISE_ORDER]), reported.text


async def test_what_lies_beyond_a_keys_scope_is_as_what_there_is_not(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    north = await api.of(Holder.PROVIDER, "region:north", "fm-north")
    seen = (await north.get(f"{AT}/requests.json")).json()
    assert {one["service_request_id"] for one in seen} == {"ap-bryn-awel:WO-1", "ap-plas-helyg:WO-2"}
    hidden = await north.get(f"{AT}/requests/ap-ty-derwen:WO-3.json")
    never = await north.get(f"{AT}/requests/ap-ty-derwen:WO-9.json")
    assert (hidden.status_code, hidden.content) == (404, never.content)
    assert (await north.get(f"{AT}/requests.json?service_request_id=ap-ty-derwen:WO-3")).json() == []
    manager, before = await api.of(Holder.MANAGER, "premises:ap-bryn-awel"), await count(api)
    answers = [refused(await report(manager, address_id=one), 400) for one in ("ap-ty-derwen", "no-such-place")]
    assert answers[0].replace("ap-ty-derwen", "no-such-place") == answers[1]
    assert await count(api) == before
    monkeypatch.setattr(api.place, "decides", False)
    token = (await report(await api.of(), address_id="ap-ty-derwen")).json()[0]["token"]
    assert refused(await north.get(f"{AT}/tokens/{token}.json"), 404) == "There is no such token."


async def test_who_comes_too_often_and_an_outage_are_told_to_come_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> None:
        raise LedgerUnavailable("the database went away")

    client = await api.of()
    with monkeypatch.context() as broken:
        broken.setattr(api.place.submitting, "ask", breaks)
        answered = await report(client)
    assert "Try again" in refused(answered, 503)
    assert answered.headers["retry-after"] == "5"
    api.app.state.limits = guard.Limits(1)
    answers = [await client.get(f"{AT}/services.json") for _ in range(2)]
    assert "come again" in refused(answers[1], 429)
    assert answers[1].headers["retry-after"] == "60"


async def test_the_bridge_is_left_to_its_own_specification(api: Api) -> None:
    assert not any("open311" in path for path in described(api.app)["paths"])


def test_every_address_is_on_the_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "API.md").read_text(encoding="utf-8")
    for route in ROUTES:
        assert f"`{route.path}`" in page or f"`{route.path.removeprefix(AT)}`" in page, route.path
