"""From text to a sound policy or estate; what is wrong with a text is said in sentences with name, key and reason."""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.calendar import JUDGED
from models.ids import Code, PremisesId
from models.policy import PolicySpec
from models.premises import EstateSpec
from workorders.policy.estate import Estate
from workorders.policy.refusal import PolicyError
from workorders.policy.rulebook import Policy

SoundT = TypeVar("SoundT")

_CODE: Final = "lower-case letters, digits and hyphens, at most 40"
_WRITTEN: Final = {
    get_args(Code)[1].pattern: f"a code has {_CODE}, and begins with a letter",
    get_args(PremisesId)[1].pattern: f"a premises id has {_CODE}, and does not begin with a hyphen",
}
"""What the patterns that a person meets mean in words."""

_CALLED_BY: Final = ("id", "name", "source", "reason", "kind")
"""What an entry of a list is called by, the best first."""


def policy_from_toml(text: bytes | str, name: str) -> Policy:
    """The policy that a text in TOML describes; ``PolicyError`` with the name in front if it is not sound."""
    return policy_from_data(_toml(text, name), name)


def estate_from_toml(text: bytes | str, name: str) -> Estate:
    """The estate that a text in TOML describes; ``PolicyError`` with the name in front if it is not sound."""
    return estate_from_data(_toml(text, name), name)


def policy_from_data(content: Mapping[str, Any], name: str) -> Policy:
    """The policy that plain data describe; ``PolicyError`` with the name in front if it is not sound."""
    return _sound(name, content, lambda: Policy(PolicySpec.model_validate(content)))


def estate_from_data(content: Mapping[str, Any], name: str) -> Estate:
    """The estate that plain data describe; ``PolicyError`` with the name in front if it is not sound."""
    return _sound(name, content, lambda: Estate(EstateSpec.model_validate(content)))


def policy_from_json(text: bytes | str, name: str) -> Policy:
    """The policy of a stored canonical content, judged when it was activated.

    ``PolicyError`` with the name in front if this release cannot read its shape.
    """

    def build() -> Policy:
        return Policy(PolicySpec.model_validate_json(text, context=JUDGED), in_force=True)

    return _sound(name, _json(text, name), build)


def estate_from_json(text: bytes | str, name: str) -> Estate:
    """The estate of a stored canonical content, judged when it was activated.

    ``PolicyError`` with the name in front if this release cannot read its shape.
    """
    return _sound(name, _json(text, name), lambda: Estate(EstateSpec.model_validate_json(text), in_force=True))


def built_from_toml(text: bytes | str, name: str, build: Callable[[dict[str, Any]], SoundT]) -> SoundT:
    """What is built from a text in TOML; ``PolicyError`` has a sentence, with the name in front, for each fault."""
    content = _toml(text, name)
    return _sound(name, content, lambda: build(content))


def _toml(text: bytes | str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(_decoded(text))
    except ValueError as refusal:
        raise PolicyError([f"{name}: is no TOML: {refusal}"]) from None


def _json(text: bytes | str, name: str) -> Any:  # noqa: ANN401 -- whatever the text says
    try:
        return json.loads(_decoded(text))
    except ValueError as refusal:
        raise PolicyError([f"{name}: is no JSON: {refusal}"]) from None


def _decoded(text: bytes | str) -> str:
    return text if isinstance(text, str) else text.decode("utf-8-sig")


def _sound(name: str, content: object, build: Callable[[], SoundT]) -> SoundT:
    """What is built, or a refusal that names the text and each place in it."""
    try:
        return build()
    except ValidationError as refusal:
        faults = [f"{_place(error['loc'], content)}: {_reason(error)}" for error in refusal.errors()]
        raise PolicyError(faults).named(name) from None
    except PolicyError as refusal:
        raise refusal.named(name) from None


def _place(keys: Sequence[int | str], content: object) -> str:
    """The keys as a person writes them; an entry of a list by what it is called, or by its number from 1."""
    place = ""
    for key in keys:
        if key == "[key]":
            continue
        content = _within(content, key)
        if isinstance(key, str):
            place += f"{'' if not place else ', ' if place.endswith(chr(39)) else '.'}{key}"
        else:
            place += _called(content) or f"[{key + 1}]"
    return place or "the whole"


def _within(content: object, key: int | str) -> object:
    if isinstance(content, Mapping):
        return content.get(key)
    if isinstance(content, list) and isinstance(key, int):
        return content[key]
    return None


def _called(entry: object) -> str:
    """The name of an entry in quotes; a ladder's with its priorities; empty if it has none."""
    if not isinstance(entry, Mapping):
        return ""
    name = next((entry[key] for key in _CALLED_BY if isinstance(entry.get(key), str)), None)
    priorities = entry.get("priorities", ())
    more = "".join(f" {priority}" for priority in priorities) if isinstance(priorities, list) else ""
    return "" if name is None else f" '{name}{more}'"


def _reason(error: ErrorDetails) -> str:
    """Why a value is refused, in plain words."""
    given, context = error["input"], error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not a key that is known here"
        case "value_error":
            return str(context["error"])
        case "string_pattern_mismatch":
            pattern = context["pattern"]
            return f"{given!r} is not written as it must be: {_WRITTEN.get(pattern, f'it has to match {pattern}')}"
        case "enum" | "literal_error":
            return f"{given!r} is none of {context['expected']}"
        case _:
            return _as_the_shape_says(error)


def _as_the_shape_says(error: ErrorDetails) -> str:
    if "sentence" in error.get("ctx", {}):
        return str(error["ctx"]["sentence"])
    message = error["msg"]
    return f"{message[0].lower()}{message[1:]}, not {_short(error['input'])}"


def _short(given: object) -> str:
    text = repr(given)
    return text if len(text) <= 60 else f"{text[:57]}..."
