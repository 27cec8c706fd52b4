"""Problems of the API in the language that is asked for."""

from typing import Any

import pytest

from tests.desk.api.conftest import FACTS, Api

ORDERS = "/v1/orders"


async def problem(api: Api, language: str | None, path: str, body: Any = None) -> Any:  # noqa: ANN401
    client = await api.of()
    headers = {} if language is None else {"Accept-Language": language}
    answer = await (
        client.get(path, headers=headers) if body is None else client.post(path, json=body, headers=headers)
    )
    assert answer.status_code >= 400
    assert answer.headers["vary"] == "Accept-Language"
    return answer.headers["content-language"], answer.json()


@pytest.mark.parametrize("language", [None, "en", "fr", "en;q=0.9, cy;q=0.8"])
async def test_a_problem_is_english_unless_welsh_is_preferred(api: Api, language: str | None) -> None:
    said, found = await problem(api, language, f"{ORDERS}/WO-nowhere")
    assert (said, found["title"], found["detail"]) == ("en", "Not Found", "There is no such order.")


async def test_a_problem_is_welsh_where_that_is_preferred(api: Api) -> None:
    said, found = await problem(api, "cy-GB, en;q=0.5", f"{ORDERS}/WO-nowhere")
    assert (said, found["title"]) == ("cy", "Heb ei Ganfod")
    assert found["detail"] == "Nid oes archeb o'r fath."


async def test_what_programs_read_is_the_same_in_every_language(api: Api) -> None:
    english, welsh = [(await problem(api, one, ORDERS, {**FACTS, "asset": "cctvv"}))[1] for one in ("en", "cy")]
    assert all(english[name] == welsh[name] for name in ("type", "status", "code", "field"))
    assert english["detail"].startswith("asset is 'cctvv', a code that the policy in force does not know.")
    assert welsh["detail"].startswith("asset: 'cctvv' a roddwyd")
    assert "Ai " in welsh["detail"]


async def test_the_emergency_instruction_is_said_in_the_language(api: Api) -> None:
    body = {**FACTS, "fault": "nonsense", "danger_to_life": True}
    (_, english), (_, welsh) = [await problem(api, one, ORDERS, body) for one in ("en", "cy")]
    assert english["emergency"]["telephone"] == welsh["emergency"]["telephone"] == "999"
    assert "ffoniwch 999" in welsh["emergency"]["instruction"]


async def test_a_receipt_is_said_in_the_language_and_kept_in_none(api: Api) -> None:
    client, key = await api.of(), {"Idempotency-Key": "once"}
    answers = [
        await client.post(ORDERS, json=FACTS, headers={**key, "Accept-Language": language}) for language in ("cy", "en")
    ]
    welsh, english = (one.json() for one in answers)
    assert [one.headers["content-language"] for one in answers] == ["cy", "en"]
    assert welsh["reference"] == english["reference"]
    assert welsh["sentence"].startswith("Mae wedi'i gadw")
    assert english["sentence"] == "It is saved and decided; whoever must be told of it is being told."
    place = answers[0].headers["location"]
    told = (await client.get(place, headers={"Accept-Language": "cy"})).json()["receipt"]
    assert told["sentence"] == welsh["sentence"]


async def test_the_receipt_of_danger_to_life_says_in_the_language_to_telephone_999(api: Api) -> None:
    client = await api.of()
    body = {**FACTS, "danger_to_life": True}
    found = (await client.post(ORDERS, json=body, headers={"Accept-Language": "cy"})).json()
    assert "ffoniwch 999" in found["emergency"]["instruction"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ORDERS, []),
        (ORDERS, {}),
        (ORDERS, {**FACTS, "asset": 5}),
        (ORDERS, {**FACTS, "asset": "CCTV"}),
        (ORDERS, {**FACTS, "wrong": 1}),
        (ORDERS, {**FACTS, "contractor_reference": "x" * 61}),
        (ORDERS, {**FACTS, "danger_to_life": "yes"}),
        (ORDERS, {**FACTS, "time": "yesterday"}),
        (ORDERS, {**FACTS, "premises": "nowhere"}),
        (f"{ORDERS}?fields=nothing", None),
        (f"{ORDERS}?after=nothing", None),
        (f"{ORDERS}?nonsense=1", None),
        ("/v1/nothing", None),
        ("/v1/receipts/XXXX", None),
        ("/v1/nights?from=2026-01-01&until=2030-01-01", None),
    ],
)
async def test_no_english_is_left_in_a_welsh_problem(api: Api, path: str, body: Any) -> None:  # noqa: ANN401
    (_, english), (_, welsh) = [await problem(api, one, path, body) for one in ("en", "cy")]
    assert welsh["title"] != english["title"]
    assert welsh["detail"] != english["detail"]
