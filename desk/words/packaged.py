"""The words of the packaged policy and estate: codes, the reasons of rules, the names of roles and regions."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from desk.words.messages import Message

POLICY: Final = "workorders/policy/default.toml"
ESTATE: Final = "workorders/policy/wales.toml"


def packaged(root: Path) -> Iterator[Message]:
    """Every text of the packaged rules that a person reads; another policy's words are shown as it has them."""
    policy, estate = _read(root / POLICY), _read(root / ESTATE)
    yield Message(policy["name"], POLICY, said_below=True)
    for codes in policy["codes"].values():
        yield from (Message(words, POLICY, said_below=True) for words in codes.values())
    yield from (Message(rule["reason"], POLICY, said_below=True) for rule in policy["rules"])
    for named in (*estate["roles"], *estate["regions"]):
        yield Message(named["name"], ESTATE, said_below=True)


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
