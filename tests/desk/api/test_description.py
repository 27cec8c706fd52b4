"""The description of the API: complete, by OpenAPI 3.1, and true by whatever schemathesis makes of it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from schemathesis.config import SchemathesisConfig

from desk.access.rights import Holder
from desk.api.app import ROUTERS, described
from desk.contract.schemas import schema_names
from tests.desk.api.conftest import Api
from tests.desk.api.serving import in_a_thread

EXAMPLES = 5
"""How many requests are made up for each operation; with its examples and edges there are many more."""


async def test_every_operation_is_described_whole(api: Api) -> None:
    found = described(api.app)
    assert found["openapi"].startswith("3.1")
    assert found["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    named: list[str] = []
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            named.append(operation["operationId"])
            assert operation["summary"]
            assert {"401", "403", "429"} <= operation["responses"].keys(), (method, path)
            for status, response in operation["responses"].items():
                kind = "application/problem+json" if status >= "400" else None
                assert kind is None or kind in response["content"], (path, status)
            if method == "post":
                body = operation["requestBody"]["content"]["application/json"]
                assert body["example"]
                assert body["schema"]["additionalProperties"] is False
    assert len(named) == len(set(named)) == sum(len(router.routes) for router in ROUTERS)


async def test_every_example_is_by_its_schema(api: Api) -> None:
    found = described(api.app)
    for methods in found["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = {**content["schema"], "components": found["components"]}
                assert [fault.message for fault in Draft202012Validator(schema).iter_errors(content["example"])] == []


async def test_nobody_needs_a_key_to_read_the_description_and_it_names_no_address(api: Api) -> None:
    answered = await api.client(None).get("/openapi.json")
    assert answered.status_code == 200
    assert "https://" not in answered.text


async def test_the_contract_of_the_topics_is_answered_to_anybody(api: Api) -> None:
    client = api.client(None)
    assert (await client.get("/asyncapi.json")).json()["asyncapi"].startswith("3.0")
    for name in schema_names():
        answered = await client.get(f"/schemas/{name}")
        assert answered.headers["content-type"] == "application/schema+json"
        assert answered.json()["$id"]
    assert (await client.get("/schemas/none")).json()["code"] == "not-found"


def _no_end(context: Any, query: dict[str, Any] | None) -> dict[str, Any] | None:  # noqa: ANN401 - not typed there
    """A stream is followed for no time, so that it ends; what is no time stays what it is."""
    if not context.operation.path.endswith("/stream"):
        return query
    try:
        valid = float((query or {}).get("seconds", 0)) >= 0
    except (TypeError, ValueError):
        valid = False
    return {**(query or {}), "seconds": 0} if valid else query


@pytest.fixture(scope="module")
def served(small_ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A real server with a key for the division."""
    with in_a_thread(small_ledger, tmp_path_factory.mktemp("described"), Holder.DIVISION) as address_and_key:
        yield address_and_key


def test_every_answer_to_what_is_made_up_is_one_that_is_described(served: tuple[str, str]) -> None:
    address, key = served
    described = httpx2.get(f"{address}/openapi.json").json()
    described.pop("security")  # every request here has a key; requests without one have tests of their own
    schema = schemathesis.openapi.from_dict(described, config=_config())
    schema.hook("map_query")(_no_end)
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]
        for mode in schemathesis.GenerationMode:
            tried += _try(operation.as_strategy(generation_mode=mode), address, key)
    assert tried >= 200


def _try(cases: Any, address: str, key: str) -> int:  # noqa: ANN401 - a strategy, which is not typed
    """Ask some of the requests, and hold each answer against its description; how many there were."""
    made = 0

    @given(case=cases)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def once(case: Any) -> None:  # noqa: ANN401 - one request
        nonlocal made
        made += 1
        case.call_and_validate(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=20)

    with suppress(Unsatisfiable):  # where whatever is asked is asked well, nothing can be asked badly
        once()
    return made


def _config() -> SchemathesisConfig:
    """What is by its schema may still name what there is not: that is a problem too, not an answer."""
    allowed = ["2xx", "304", "404", "409", "410", "422"]
    return SchemathesisConfig.from_dict({"checks": {"positive_data_acceptance": {"expected-statuses": allowed}}})
