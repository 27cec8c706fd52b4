"""Whatever comes is answered with a clear problem; nothing of it is recorded, and nothing else is harmed."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import orjson
import pytest

from desk.access.rights import Holder
from desk.api import bodies
from tests.desk.api.conftest import FACTS, Api
from tests.desk.api.test_saying import count

JSON = {"Content-Type": "application/json"}
DEEP = b'{"note":' + b"[" * 40 + b"]" * 40 + b"}"
BODIES: dict[str, tuple[bytes, int, str, str]] = {
    "empty": (b"", 400, "not-json", ""),
    "ten-megabytes": (b'{"note":"' + b"x" * 10_000_000 + b'"}', 413, "too-large", ""),
    "no-json": (b"asset=cctv", 400, "not-json", ""),
    "a-list": (b"[1, 2]", 422, "not-an-object", ""),
    "a-number": (b"7", 422, "not-an-object", ""),
    "latin-1": ('{"note":"café"}'.encode("latin-1"), 400, "not-utf8", ""),
    "utf-16": ('{"note":"cafe"}'.encode("utf-16"), 400, "not-utf8", ""),
    "deep": (DEEP, 400, "nested-too-deep", ""),
    "twice": (b'{"asset":"cctv","asset":"boiler"}', 400, "duplicate-key", "asset"),
    "half-a-pair": (b'{"asset":"\\ud800"}', 422, "lone-surrogate", "asset"),
    "nul": (b'{"premises":"ap-bryn-awel\\u0000"}', 422, "control-character", "premises"),
    "nan": (b'{"premises":NaN}', 400, "not-json", ""),
}
FIELDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no-premises": ({"premises": None}, "missing-field", "premises"),
    "no-asset": ({"asset": None}, "missing-field", "asset"),
    "premises-a-number": ({"premises": 7}, "malformed-field", "premises"),
    "asset-a-list": ({"asset": ["cctv"]}, "malformed-field", "asset"),
    "asset-a-huge-number": ({"asset": 10**30}, "number-out-of-range", "asset"),
    "impacts-a-text": ({"impacts": "site-security"}, "malformed-field", "impacts"),
    "too-many-impacts": ({"impacts": ["site-security"] * 21}, "too-many", "impacts"),
    "alternative-a-word": ({"alternative_available": "yes"}, "malformed-field", "alternative_available"),
    "an-unknown-field": ({"assett": "cctv"}, "unknown-field", "assett"),
    "an-unknown-code": ({"asset": "dragon"}, "unknown-code", "asset"),
    "an-unknown-premises": ({"premises": "ap-atlantis"}, "unknown-premises", "premises"),
    "a-long-reference": ({"contractor_reference": "x" * 61}, "reference-too-long", "contractor_reference"),
    "a-line-end": ({"contractor_reference": "N-1\r\nSet-Cookie: x"}, "control-character", "contractor_reference"),
    "an-order-that-is-none": ({"order": "../../etc"}, "malformed-subject", "order"),
    "an-order-a-number": ({"order": 5}, "malformed-field", "order"),
    "time-without-offset": ({"time": "2026-01-14T05:00:00"}, "time-without-offset", "time"),
    "time-a-number": ({"time": 5}, "malformed-time", "time"),
    "time-ahead": ({"time": "2026-01-15T05:00:00Z"}, "too-far-ahead", "time"),
    "time-before-all": ({"time": "1990-01-15T05:00:00Z"}, "before-earliest", "time"),
    "danger-a-word": ({"danger_to_life": "perhaps"}, "malformed-field", "danger_to_life"),
    "promise-a-word": ({"promised_fix": "soon"}, "malformed-time", "promised_fix"),
}


@pytest.mark.parametrize("kind", BODIES)
async def test_a_body_that_cannot_be_read_is_a_problem_and_nothing_is_recorded(kind: str, api: Api) -> None:
    raw, status, code, field = BODIES[kind]
    client, before = await api.of(), await count(api)
    answered = await client.post("/v1/orders", content=raw, headers=JSON)
    found = answered.json()
    assert (answered.status_code, found["code"], found["field"]) == (status, code, field), found
    assert await count(api) == before


@pytest.mark.parametrize("kind", FIELDS)
async def test_a_field_that_cannot_be_taken_is_named_with_its_reason(kind: str, api: Api) -> None:
    changed, code, field = FIELDS[kind]
    client, before = await api.of(), await count(api)
    answered = await client.post("/v1/orders", json={**FACTS, **changed})
    found = answered.json()
    assert (found["code"], found["field"]) == (code, field), found
    assert 400 <= answered.status_code < 500
    assert "data." not in found["detail"]
    assert await count(api) == before


async def test_a_number_that_json_cannot_write_again_is_refused(api: Api) -> None:
    client = await api.of()
    answered = await client.post(
        "/v1/nights/ap-cae-glas/2026-01-14/missing", content=b'{"missing":1e999}', headers=JSON
    )
    assert (answered.status_code, answered.json()["code"]) == (422, "number-out-of-range")


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/xml", "multipart/form-data; boundary=x"])
async def test_another_kind_of_body_is_refused(media_type: str, api: Api) -> None:
    client = await api.of()
    answered = await client.post("/v1/orders", content=orjson.dumps(FACTS), headers={"Content-Type": media_type})
    assert (answered.status_code, answered.json()["field"]) == (415, "Content-Type")


async def test_what_the_path_says_cannot_be_said_again_in_the_body(api: Api) -> None:
    client = await api.of()
    night = "/v1/nights/ap-cae-glas/2026-01-14/missing"
    for field in ("premises", "order"):
        answered = await client.post(night, json={field: "ap-cae-glas"})
        assert (answered.status_code, answered.json()["code"], answered.json()["field"]) == (
            422, "unknown-field", field,
        )  # fmt: skip


async def test_a_body_that_comes_too_slowly_is_given_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "WITHIN_S", 0.05)
    client = await api.of()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"premises":'
        await asyncio.sleep(0.3)
        yield b'"ap-bryn-awel"}'

    answered = await client.post("/v1/orders", content=slowly(), headers=JSON)
    assert (answered.status_code, answered.json()["code"]) == (408, "too-slow")


async def test_a_body_without_a_length_is_cut_at_the_limit(api: Api) -> None:
    client, taken = await api.of(), 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 10_000:
            taken += 1
            yield b" " * 1024

    answered = await client.post("/v1/orders", content=endless(), headers=JSON)
    assert answered.status_code == 413
    assert taken < 1_000


async def test_a_request_that_is_cut_off_is_no_fault_of_ours(api: Api) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    key = await api.key(Holder.DIVISION)
    headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/v1/orders", "raw_path": b"/v1/orders", "query_string": b""}
    scope |= {"headers": headers, "client": ("127.0.0.1", 1), "server": ("desk", 80), "scheme": "http"}
    await api.app(scope, receive, send)
    assert sent[0]["status"] == 400


async def test_text_that_looks_like_markup_is_kept_and_never_shown_as_such(api: Api) -> None:
    client = await api.of()
    note = "<script>alert(1)</script>\r\nX-Injected: yes"
    answered = await client.post("/v1/orders", json={**FACTS, "note": note, "order": "H-1"})
    assert answered.status_code == 201
    assert "x-injected" not in answered.headers
    shown = await client.get("/v1/orders/H-1")
    assert shown.headers["content-type"] == "application/json"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.json()["subject"]["events"][0]["note"] == note


async def test_a_fault_of_our_own_is_a_problem_without_a_trace(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    client = await api.of()
    monkeypatch.setattr("desk.api.routes.board.read_board", breaks)
    answered = await client.get("/v1/board")
    assert (answered.status_code, answered.json()["code"]) == (500, "our-fault")
    assert "secret" not in answered.text
    (line,) = (one for one in caplog.records if "a fault of the API itself" in one.message)
    assert "ZeroDivisionError at " in line.message
    assert line.message.endswith(" breaks"), "the log says where"
    assert "secret" not in caplog.text, "but not what was quoted there"
