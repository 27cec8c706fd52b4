"""Golden samples: one record of every type and version, as it was sent; none is ever changed or taken away."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("samples.json")


@dataclass(frozen=True, slots=True)
class Sample:
    """One record: its type and version, the topic it lies on, its key, its headers and the event in its value."""

    type: str
    version: int
    topic: str
    key: str
    headers: dict[str, str]
    event: dict[str, Any]


@cache
def samples() -> tuple[Sample, ...]:
    """Every golden sample."""
    return tuple(Sample(**one) for one in json.loads(FILE.read_text(encoding="utf-8")))
