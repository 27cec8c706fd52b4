"""The AsyncAPI document: it is what the code says, valid by the official schema, and whole."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from desk.cli import main
from desk.contract import asyncapi, schema, schema_names
from desk.contract.samples import Sample, samples
from models.parse import Refusal, content_digest, parse, parse_output
from models.schemas import INPUTS, OUTPUTS, VERSIONS
from streams.clock import SystemClock
from streams.messages import pulse_message
from streams.settings import Settings
from streams.topics import TOPICS
from tests.models.samples import changed

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "contract"
OFFICIAL = ROOT / "tests" / "house" / "vendored" / "asyncapi-3.0.0.json"
NAMES = [f"{one.type}.v{one.version}" for one in samples()]

DOCUMENT: dict[str, Any] = json.loads((FOLDER / "asyncapi.json").read_text(encoding="utf-8"))


def at(pointer: str) -> Any:  # noqa: ANN401 - whatever stands there
    """What a reference of the document points to."""
    found: Any = DOCUMENT
    for name in pointer.removeprefix("#/").split("/"):
        found = found[name]
    return found


def references(said: object) -> Iterator[str]:
    """Every reference in it, however deep."""
    if isinstance(said, dict):
        if isinstance(said.get("$ref"), str):
            yield said["$ref"]
        for one in said.values():
            yield from references(one)
    elif isinstance(said, list):
        for one in said:
            yield from references(one)


def test_the_committed_files_are_what_the_code_makes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contract", str(FOLDER), "--check"]) == 0, capsys.readouterr().out
    names = {file.stem for file in (FOLDER / "schemas").iterdir()}
    assert names == set(schema_names()) == {f"{name}.v{number}" for name in VERSIONS for number in VERSIONS[name]}


def test_a_file_that_is_stale_or_missing_is_found_and_written_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "contract"
    shutil.copytree(FOLDER, folder)
    stale, missing = folder / "asyncapi.json", folder / "schemas" / "facilities.work-order.raised.v1.json"
    stale.write_text(stale.read_text(encoding="utf-8").replace("localhost:9092", "localhost:9093"), encoding="utf-8")
    missing.unlink()
    assert main(["contract", str(folder), "--check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{file} is not as the code has it" for file in (stale, missing)]
    assert main(["contract", str(folder)]) == 0
    assert main(["contract", str(folder), "--check"]) == 0
    assert missing.is_file()


def test_a_file_that_is_no_json_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "facilities.work-order.raised.v1.json").write_text("{")
    assert main(["contract", str(tmp_path)]) == 3
    assert "facilities.work-order.raised.v1.json is no JSON" in capsys.readouterr().err


def test_the_document_is_valid_by_the_official_schema_which_would_see_a_fault() -> None:
    official = Draft7Validator(json.loads(OFFICIAL.read_text(encoding="utf-8")))
    assert [fault.message for fault in official.iter_errors(DOCUMENT)] == []
    for spoilt in (
        {**DOCUMENT, "asyncapi": "2.6.0"},
        {**DOCUMENT, "channel": {}},
        {**DOCUMENT, "operations": {"receiveWorkOrders": {"action": "take"}}},
        {**DOCUMENT, "servers": {"one": {"host": "localhost:9092"}}},
    ):
        assert list(official.iter_errors(spoilt))


def test_every_reference_leads_somewhere_and_every_schema_is_referred_to() -> None:
    found = set(references(DOCUMENT))
    assert all(at(one) for one in found)
    assert {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]} <= found
    assert {f"#/components/securitySchemes/{name}" for name in DOCUMENT["components"]["securitySchemes"]} <= found


def test_every_topic_is_one_channel_with_one_operation_that_names_its_messages() -> None:
    assert list(DOCUMENT["channels"]) == [topic.name for topic in TOPICS]
    named = [operation["channel"]["$ref"] for operation in DOCUMENT["operations"].values()]
    assert named == [f"#/channels/{topic.name}" for topic in TOPICS]
    for topic, operation in zip(TOPICS, DOCUMENT["operations"].values(), strict=True):
        assert operation["action"] == {"in": "receive", "out": "send"}[topic.direction]
        messages = [one["$ref"] for one in operation["messages"]]
        assert messages == [
            f"#/channels/{topic.name}/messages/{name}" for name in at(f"#/channels/{topic.name}/messages")
        ]
        assert messages, topic.name


def test_every_message_is_on_a_topic_and_every_type_and_version_is_a_message() -> None:
    reached = {one["$ref"] for channel in DOCUMENT["channels"].values() for one in channel["messages"].values()}
    assert reached == {f"#/components/messages/{name}" for name in DOCUMENT["components"]["messages"]}
    assert set(DOCUMENT["components"]["messages"]) == {*schema_names(), "workorders.pulse"}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_channel_says_how_its_topic_is_made(topic: Any) -> None:  # noqa: ANN401 - a topic
    kafka = at(f"#/channels/{topic.name}/bindings/kafka")
    settings = Settings()
    assert (kafka["topic"], kafka["replicas"]) == (topic.name, settings.replication)
    assert kafka["partitions"] == topic.partitions(settings.partitions)
    said = {
        name: value[0] if isinstance(value, list) else str(value) for name, value in kafka["topicConfiguration"].items()
    }
    assert said == topic.config(settings.replication)


@pytest.mark.parametrize("topic", [one for one in TOPICS if one.direction == "out"], ids=lambda topic: topic.name)
def test_the_page_for_consumers_says_how_long_each_topic_is_kept(topic: Any) -> None:  # noqa: ANN401 - a topic
    page = (ROOT / "docs" / "CONSUMERS.md").read_text(encoding="utf-8")
    table = page.partition("| topic | kept |")[2].partition("\n\n")[0].splitlines()[2:]
    (row,) = [line for line in table if f"`{topic.name}`" in line.split("|")[1]]
    kept = row.split("|")[2]
    days = topic.retention.days if topic.retention else 0
    said = f"{days} day{'' if days == 1 else 's'}" if topic.retention else "for ever"
    assert said in kept
    assert ("compacted" in kept) == topic.compacted


def payload_check(name: str) -> Draft7Validator:
    """What checks a payload by the document alone, as a client's own tools do."""
    payload = at(f"#/components/messages/{name}/payload")
    return Draft7Validator({**payload, "components": DOCUMENT["components"]})


@pytest.mark.parametrize("one", samples(), ids=NAMES)
def test_every_golden_sample_is_the_example_of_its_message_and_valid_by_the_document(one: Sample) -> None:
    name = f"{one.type}.v{one.version}"
    assert at(f"#/components/messages/{name}/examples")[0]["payload"] == one.event
    check = payload_check(name)
    assert [fault.message for fault in check.iter_errors(one.event)] == []
    headers = {**at(at(f"#/components/messages/{name}/headers/$ref")), "components": DOCUMENT["components"]}
    assert Draft7Validator(headers).is_valid(one.headers)
    assert f"{name}" in at(f"#/channels/{one.topic}/messages")
    wrong: dict[str, Any]
    for wrong in (
        {"type": "facilities.other"},
        {"time": "yesterday"},
        {"data": {}},
        {"dataschema": "urn:other"},
        {"id": ...},
    ):
        assert not check.is_valid(changed(one.event, **wrong)), wrong


def test_there_is_one_golden_sample_of_every_type_and_version() -> None:
    assert sorted(NAMES) == sorted(schema_names())


@pytest.mark.parametrize("one", samples(), ids=NAMES)
def test_every_golden_sample_is_read_to_this_day(one: Sample) -> None:
    value = json.dumps(one.event).encode()
    headers = [(name, said.encode()) for name, said in one.headers.items()]
    event = parse(value, one.key.encode(), headers, one.topic) if one.type in INPUTS else parse_output(value)
    assert not isinstance(event, Refusal), event
    assert event.type == one.type


def test_no_golden_sample_of_an_input_is_another_than_it_was() -> None:
    known = json.loads((ROOT / "tests" / "models" / "golden_digests.json").read_text(encoding="utf-8"))
    first = [one for one in samples() if one.type in INPUTS and one.version == 1]
    read = [parse(json.dumps(one.event).encode(), one.key.encode(), (), one.topic) for one in first]
    assert {one.type: content_digest(one).hex() for one in read if not isinstance(one, Refusal)} == known


@pytest.mark.parametrize("one", [one for one in samples() if one.type in OUTPUTS], ids=lambda one: str(one.type))
def test_what_an_output_names_as_its_schema_is_a_committed_file_that_takes_it(one: Sample) -> None:
    files = {json.loads(file.read_text(encoding="utf-8"))["$id"]: file for file in (FOLDER / "schemas").iterdir()}
    found = json.loads(files[one.event["dataschema"]].read_text(encoding="utf-8"))
    assert found == schema(f"{one.type}.v{one.version}")
    assert one.key == one.event["partitionkey"]


def test_a_pulse_is_as_the_document_says() -> None:
    pulse = pulse_message("worker-1", SystemClock().now())
    assert payload_check("workorders.pulse").is_valid(json.loads(pulse.value))


def test_the_document_says_what_it_is_of_without_the_committed_file() -> None:
    assert asyncapi() == DOCUMENT
