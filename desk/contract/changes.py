"""What has changed between two schemas of one version, and whom it breaks.

A version's schema may be made laxer for those who produce inputs and stricter for what consumers get, never the other
way round: that needs a new version. ``RULES`` has every kind of change; a schema that says something in other words
than these is not compared but refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Literal

from desk.contract.places import Place, places

Direction = Literal["in", "out"]


class Change(Enum):
    """A kind of change, in words."""

    FIELD_REMOVED = "is gone"
    OPTIONAL_FIELD_ADDED = "is new and may be left out"
    REQUIRED_FIELD_ADDED = "is new and always there"
    MADE_REQUIRED = "may no longer be left out"
    MADE_OPTIONAL = "may now be left out"
    TYPE_NARROWER = "may no longer be of each type that it was"
    TYPE_WIDER = "may be of more types"
    VALUES_REMOVED = "may no longer have each value of its list"
    VALUES_ADDED = "may have more values than its list had"
    LIMIT_TIGHTER = "is limited more tightly"
    LIMIT_LOOSER = "is limited more loosely"
    FORM_CHANGED = "is written in another form"
    DEFAULT_CHANGED = "means something else where it is left out"
    OTHERS_LET_IN = "may have fields that are not named"
    OTHERS_SHUT_OUT = "may no longer have fields that are not named"


RULES: Final[Mapping[Change, tuple[bool, bool]]] = MappingProxyType(
    {
        #                               who produces it, who consumes it
        Change.FIELD_REMOVED: (True, True),
        Change.OPTIONAL_FIELD_ADDED: (False, False),
        Change.REQUIRED_FIELD_ADDED: (True, False),
        Change.MADE_REQUIRED: (True, False),
        Change.MADE_OPTIONAL: (False, True),
        Change.TYPE_NARROWER: (True, False),
        Change.TYPE_WIDER: (False, True),
        Change.VALUES_REMOVED: (True, False),
        # A reader that knows every value of a list may be at a loss before a new one.
        Change.VALUES_ADDED: (False, True),
        Change.LIMIT_TIGHTER: (True, False),
        Change.LIMIT_LOOSER: (False, True),
        # Nobody can tell of two patterns which one takes more.
        Change.FORM_CHANGED: (True, True),
        Change.DEFAULT_CHANGED: (True, False),
        Change.OTHERS_LET_IN: (False, False),
        Change.OTHERS_SHUT_OUT: (True, False),
    }
)
"""For each kind of change whether it breaks those who produce an input, and those who consume an output."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One change at one place, a dotted path."""

    place: str
    change: Change

    def breaks(self, direction: Direction) -> bool:
        """Whether it needs a new version of an input, or of an output."""
        producer, consumer = RULES[self.change]
        return producer if direction == "in" else consumer

    def __str__(self) -> str:
        return f"{self.place} {self.change.value}"


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """Every change from one schema to the other; ``UnknownWordError`` for one that cannot be compared."""
    old, new = places(before), places(after)
    return [Difference(path, change) for path in sorted(old.keys() | new.keys()) for change in _at(path, old, new)]


def _at(path: str, old: Mapping[str, Place], new: Mapping[str, Place]) -> Iterator[Change]:
    was, now = old.get(path), new.get(path)
    if was is None and now is not None:
        # What lies within a new field is said by that.
        if path.rpartition(".")[0] in old:
            yield Change.REQUIRED_FIELD_ADDED if now.required else Change.OPTIONAL_FIELD_ADDED
    elif now is None:
        if path.rpartition(".")[0] in new:
            yield Change.FIELD_REMOVED
    elif was is not None:
        yield from _changes(was, now)


def _changes(was: Place, now: Place) -> Iterator[Change]:
    if was.required != now.required:
        yield Change.MADE_REQUIRED if now.required else Change.MADE_OPTIONAL
    if was.types - now.types:
        yield Change.TYPE_NARROWER
    if now.types - was.types:
        yield Change.TYPE_WIDER
    if now.values is not None and (was.values is None or was.values - now.values):
        yield Change.VALUES_REMOVED
    if was.values is not None and (now.values is None or now.values - was.values):
        yield Change.VALUES_ADDED
    if was.form != now.form:
        yield Change.FORM_CHANGED
    if was.default != now.default and not now.required and not was.required:
        yield Change.DEFAULT_CHANGED
    if was.closed != now.closed:
        yield Change.OTHERS_SHUT_OUT if now.closed else Change.OTHERS_LET_IN
    yield from _limits(was.least, now.least, tighter_is_more=True)
    yield from _limits(was.most, now.most, tighter_is_more=False)


def _limits(was: Mapping[str, float], now: Mapping[str, float], *, tighter_is_more: bool) -> Iterator[Change]:
    for name in sorted(was.keys() | now.keys()):
        before, after = was.get(name), now.get(name)
        if before == after:
            continue
        looser = after is None or (before is not None and (after < before) == tighter_is_more)
        yield Change.LIMIT_LOOSER if looser else Change.LIMIT_TIGHTER
