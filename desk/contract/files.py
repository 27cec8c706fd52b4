"""The contract as files: written, and held against the code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from desk.contract.changes import Direction, differences
from desk.contract.document import asyncapi
from desk.contract.places import UnknownWordError
from desk.contract.schemas import schema, schema_names
from desk.exits import BadInput, Exit
from models.schemas import INPUTS

DOCUMENT: Final = "asyncapi.json"
SCHEMAS: Final = "schemas"


def contract(folder: Path, *, check: bool) -> int:
    """Write the contract into the folder, or only say what in it is not as the code has it.

    What is there is what others rely on: where the code would break it without a new version, nothing is written.
    """
    for sentence in (broken := sorted(breaks(folder))):
        print(sentence)  # noqa: T201 - the answer
    if broken:
        print("Give the type a new version instead: docs/CONSUMERS.md says how.")  # noqa: T201 - the answer
        return Exit.NO
    stale = sorted(name for name, text in _wanted().items() if _text(folder / name) != text)
    for name in stale:
        print(f"{folder / name} {'is not as the code has it' if check else 'written'}")  # noqa: T201 - the answer
    if check:
        return Exit.NO if stale else Exit.OK
    for name in stale:
        _write(folder / name, _wanted()[name])
    return Exit.OK


def breaks(folder: Path) -> Iterator[str]:
    """A sentence for each promise of the schemas in the folder that the code no longer keeps."""
    for file in sorted((folder / SCHEMAS).glob("*.json")):
        name = file.stem
        if name not in schema_names():
            yield f"{name} is gone; whatever was once said is read for ever."
            continue
        before = _schema_of(file)
        direction: Direction = "in" if name.rpartition(".")[0] in INPUTS else "out"
        try:
            found = differences(before, schema(name))
        except UnknownWordError as error:
            yield f"{name}: {error}"
            continue
        whom = "who produce it" if direction == "in" else "who consume it"
        yield from (f"{name}: {one}, which breaks those {whom}." for one in found if one.breaks(direction))


def _wanted() -> dict[str, str]:
    schemas = {f"{SCHEMAS}/{name}.json": schema(name) for name in schema_names()}
    return {name: _json(value) for name, value in {DOCUMENT: asyncapi(), **schemas}.items()}


def _schema_of(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{file} is no JSON: {error}.") from None
    return found


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.is_file() else None


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
