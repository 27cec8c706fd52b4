"""A change that would break those who rely on a version is found; one that breaks nobody is let through."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desk.cli import main
from desk.contract import schema, schema_names
from desk.contract.changes import RULES, Change, differences
from desk.contract.places import UnknownWordError, places

Schema = dict[str, Any]

PART: Schema = {"type": "string", "enum": ["P1", "P2"]}
BEFORE: Schema = {
    "$defs": {"Priority": PART},
    "type": "object",
    "additionalProperties": False,
    "required": ["premises", "count", "labels"],
    "properties": {
        "premises": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 40},
        "count": {"type": "integer", "minimum": 1},
        "labels": {"type": "array", "items": {"type": "string", "maxLength": 9}, "maxItems": 5},
        "priority": {"anyOf": [{"$ref": "#/$defs/Priority"}, {"type": "null"}], "default": None},
        "covers": {"type": "boolean", "default": False},
        "facts": {"type": "object", "additionalProperties": {"type": "string"}},
        "kind": {"const": "breach", "type": "string"},
    },
}


def edited(edit: Callable[[Schema], object]) -> Schema:
    after = copy.deepcopy(BEFORE)
    edit(after)
    return after


def field(name: str, **said: object) -> Callable[[Schema], object]:
    """A field that says something else; ``...`` takes a word away."""

    def edit(after: Schema) -> None:
        shape = after["properties"][name]
        shape.update(said)
        for word in [word for word, one in said.items() if one is ...]:
            del shape[word]

    return edit


def new(name: str, *, required: bool) -> Callable[[Schema], object]:
    def edit(after: Schema) -> None:
        after["properties"][name] = {"type": "object", "properties": {"inner": {"type": "string"}}}
        after["required"] += [name] if required else []

    return edit


PLANTED: list[tuple[str, Callable[[Schema], object], str, set[Change]]] = [
    ("a field is removed", lambda s: s["properties"].pop("covers"), "covers", {Change.FIELD_REMOVED}),
    ("a required field is new", new("role", required=True), "role", {Change.REQUIRED_FIELD_ADDED}),
    ("an optional field is new", new("role", required=False), "role", {Change.OPTIONAL_FIELD_ADDED}),
    ("a field must be there", lambda s: s["required"].append("priority"), "priority", {Change.MADE_REQUIRED}),
    ("a field may be left out", lambda s: s["required"].remove("count"), "count", {Change.MADE_OPTIONAL}),
    ("null is let in", field("count", type=["integer", "null"]), "count", {Change.TYPE_WIDER}),
    ("null is kept out", field("priority", anyOf=[{"$ref": "#/$defs/Priority"}]), "priority", {Change.TYPE_NARROWER}),
    ("any number is let in", field("count", type="number"), "count", {Change.TYPE_WIDER}),
    ("a number is a text", field("count", type="string"), "count", {Change.TYPE_NARROWER, Change.TYPE_WIDER}),
    ("a list gets a value", lambda s: s["$defs"]["Priority"]["enum"].append("P3"), "priority", {Change.VALUES_ADDED}),
    ("a list loses a value", lambda s: s["$defs"]["Priority"]["enum"].pop(), "priority", {Change.VALUES_REMOVED}),
    ("a list goes", lambda s: s["$defs"]["Priority"].pop("enum"), "priority", {Change.VALUES_ADDED}),
    ("a list comes", field("premises", enum=["a", "b"]), "premises", {Change.VALUES_REMOVED}),
    ("a constant is another", field("kind", const="warning"), "kind", {Change.VALUES_ADDED, Change.VALUES_REMOVED}),
    ("a text may be longer", field("premises", maxLength=41), "premises", {Change.LIMIT_LOOSER}),
    ("a text must be shorter", field("premises", maxLength=39), "premises", {Change.LIMIT_TIGHTER}),
    ("a limit goes", field("premises", maxLength=...), "premises", {Change.LIMIT_LOOSER}),
    ("a limit comes", field("premises", minLength=2), "premises", {Change.LIMIT_TIGHTER}),
    ("a number may be less", field("count", minimum=0), "count", {Change.LIMIT_LOOSER}),
    ("a number must be more", field("count", minimum=2), "count", {Change.LIMIT_TIGHTER}),
    ("a list may have more", field("labels", maxItems=6), "labels", {Change.LIMIT_LOOSER}),
    ("entries are longer", field("labels", items={"type": "string"}), "labels.[]", {Change.LIMIT_LOOSER}),
    ("facts are numbers", field("facts", additionalProperties={"type": "integer"}), "facts.{}",
     {Change.TYPE_NARROWER, Change.TYPE_WIDER}),
    ("another form", field("premises", pattern="^[a-z0-9]+$"), "premises", {Change.FORM_CHANGED}),
    ("another default", field("covers", default=True), "covers", {Change.DEFAULT_CHANGED}),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "place", "found"), [one[1:] for one in PLANTED], ids=[one[0] for one in PLANTED])
def test_a_planted_change_is_found_where_it_is(
    edit: Callable[[Schema], object], place: str, found: set[Change]
) -> None:
    seen = differences(BEFORE, edited(edit))
    assert {one.change for one in seen} == found
    assert {one.place for one in seen} == {f"data.{place}"}


def test_that_fields_are_let_in_or_shut_out_is_found() -> None:
    opened = {**BEFORE, "additionalProperties": True}
    assert [one.change for one in differences(BEFORE, opened)] == [Change.OTHERS_LET_IN]
    assert [one.change for one in differences(opened, BEFORE)] == [Change.OTHERS_SHUT_OUT]


def test_what_says_the_same_in_other_words_is_no_change() -> None:
    def edit(after: Schema) -> None:
        after["properties"]["priority"] = {
            **PART,
            "type": ["string", "null"],
            "default": None,
            "description": "How bad.",
        }
        after["properties"] = dict(reversed(after["properties"].items()))

    assert differences(BEFORE, edited(edit)) == []


def test_every_kind_of_change_is_planted_and_has_its_rule() -> None:
    planted = {change for *_, found in PLANTED for change in found} | {Change.OTHERS_LET_IN, Change.OTHERS_SHUT_OUT}
    assert planted == set(Change) == set(RULES)


@pytest.mark.parametrize(
    "said", [{"not": {"type": "null"}}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}], ids=str
)
def test_a_schema_that_cannot_be_compared_is_refused_and_not_waved_through(said: Schema) -> None:
    with pytest.raises(UnknownWordError, match="cannot be compared"):
        places(edited(lambda after: after["properties"].update(covers=said)))


@pytest.mark.parametrize("name", schema_names())
def test_every_schema_of_ours_can_be_compared_and_is_its_own_equal(name: str) -> None:
    assert differences(schema(name), schema(name)) == []
    assert set(places(schema(name))) > {"data"}


RAISED, ESCALATED = "facilities.work-order.raised.v1", "facilities.escalation.raised.v1"


def published(folder: Path, name: str, edit: Callable[[Schema], object]) -> Path:
    """A folder in which a schema was published as it is after the edit: the code has changed it back since."""
    before = schema(name)
    edit(before)
    (folder / "schemas").mkdir()
    (folder / "schemas" / f"{name}.json").write_text(json.dumps(before), encoding="utf-8")
    return folder


def asset_was_optional(before: Schema) -> None:
    before["required"].remove("asset")


def rung_was_absent(before: Schema) -> None:
    del before["properties"]["rung"]
    before["required"].remove("rung")


def there_was_another_field(before: Schema) -> None:
    before["properties"]["colour"] = {"type": "string"}


def words_cannot_be_compared(before: Schema) -> None:
    before["properties"]["asset"]["not"] = {"const": "door"}


@pytest.mark.parametrize(
    ("name", "edit", "sentence"),
    [
        (
            RAISED,
            asset_was_optional,
            f"{RAISED}: data.asset may no longer be left out, which breaks those who produce it.",
        ),
        (RAISED, there_was_another_field, f"{RAISED}: data.colour is gone, which breaks those who produce it."),
        (ESCALATED, there_was_another_field, f"{ESCALATED}: data.colour is gone, which breaks those who consume it."),
        (RAISED, words_cannot_be_compared, f"{RAISED}: data.asset says not, which cannot be compared."),
    ],
)
@pytest.mark.parametrize("options", [[], ["--check"]], ids=["write", "check"])
def test_what_would_break_others_is_refused_and_nothing_is_written(
    name: str,
    edit: Callable[[Schema], object],
    sentence: str,
    options: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = published(tmp_path, name, edit)
    assert main(["contract", str(folder), *options]) == 1
    assert sentence in capsys.readouterr().out
    assert [file.name for file in folder.rglob("*.json")] == [f"{name}.json"]


def test_a_version_that_is_gone_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "facilities.work-order.raised.v7.json").write_text("{}")
    assert main(["contract", str(tmp_path)]) == 1
    assert "facilities.work-order.raised.v7 is gone" in capsys.readouterr().out


def test_what_breaks_nobody_is_written(tmp_path: Path) -> None:
    folder = published(tmp_path, ESCALATED, rung_was_absent)
    assert main(["contract", str(folder)]) == 0
    written = json.loads((folder / "schemas" / f"{ESCALATED}.json").read_text(encoding="utf-8"))
    assert written == schema(ESCALATED)
