"""The document held against AsyncAPI's own parser, which must also find faults that are planted in it."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.official_parser import LOCK, faults
from tests.contract.test_document import DOCUMENT
from tests.servers.fixtures import wanted
from tests.servers.processes import ServerMissing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

Document = dict[str, Any]
RAISED = "facilities.work-order.raised.v1"
FIELD = "facilities.escalation.raised.v1"


def in_messages(name: str, **said: object) -> Callable[[Document], object]:
    """The message that says something else."""
    return lambda document: document["components"]["messages"][name].update(said)


PLANTED: dict[str, Callable[[Document], object]] = {
    "an unknown version of AsyncAPI": lambda d: d.update(asyncapi="3.9.9"),
    "no title": lambda d: d["info"].pop("title"),
    "a server without protocol": lambda d: d["servers"]["protected"].pop("protocol"),
    "an operation on no channel": lambda d: d["operations"]["sendBacklog"].update(
        channel={"$ref": "#/channels/backlogs"}
    ),
    "an operation that neither sends nor receives": lambda d: d["operations"]["sendBacklog"].update(action="publish"),
    "a reference to no schema": in_messages(RAISED, payload={"$ref": "#/components/schemas/Raised"}),
    "an example that shows nothing": in_messages(RAISED, examples=[{"name": "nothing"}]),
    "no partition": lambda d: d["channels"]["backlog"]["bindings"]["kafka"].update(partitions=0),
    "an unknown kind of login": lambda d: d["components"]["securitySchemes"]["plain"].update(type="planar"),
    "a schema of no type": lambda d: d["components"]["schemas"][FIELD]["properties"]["rung"].update(type="text"),
}


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    """What the parser finds in the document, and in each copy of it with a fault."""
    documents = {"": DOCUMENT}
    for name, plant in PLANTED.items():
        documents[name] = copy.deepcopy(DOCUMENT)
        plant(documents[name])
    told = wanted(lambda: faults(list(documents.values())))
    return dict(zip(documents, told, strict=True))


def test_the_parser_finds_no_fault(found: dict[str, list[str]]) -> None:
    assert found[""] == []


@pytest.mark.parametrize("name", PLANTED)
def test_the_parser_finds_a_planted_fault(name: str, found: dict[str, list[str]]) -> None:
    assert found[name]


def test_every_package_of_the_parser_is_pinned_by_its_hash_and_by_no_address() -> None:
    packages = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
    assert all(re.match("sha512-", one["integrity"]) for name, one in packages.items() if name)
    assert not any("resolved" in one for one in packages.values())


def test_a_machine_without_node_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ServerMissing, match="apt install npm"):
        faults([])
