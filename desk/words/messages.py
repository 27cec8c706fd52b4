"""What is found in the sources: each message once, where it stands, and whether it is recognised by its form."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from desk.words.words import PLACEHOLDER

COUNTS: Final = frozenset({"first", "minutes", "missing", "n", "repeat", "times", "working_days"})
"""Placeholders that hold a whole number: the noun beside one mutates with it, so the sentence has every plural."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: ``more`` is its plural if it has one; ``said_below`` if it is said in English and recognised."""

    one: str
    file: str
    more: str | None = None
    said_below: bool = False


@dataclass(slots=True)
class Found:
    """Every message of the sources, by its text."""

    messages: dict[str, Message] = field(default_factory=dict)
    files: dict[str, set[str]] = field(default_factory=dict)

    def add(self, found: Iterable[Message]) -> None:
        """Add messages; what two places say is one message, with a plural if one of them counts."""
        for one in found:
            before = self.messages.get(one.one, one)
            self.files.setdefault(one.one, set()).add(one.file)
            below, more = before.said_below or one.said_below, before.more or one.more
            self.messages[one.one] = Message(one.one, before.file, more, below)

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages.values())


def placeholders(text: str) -> frozenset[str]:
    """The names of the values that a message holds."""
    return frozenset(PLACEHOLDER.findall(text))


def has_words(text: str) -> bool:
    """Whether anything of a text needs translating: a letter outside its placeholders."""
    return any(char.isalpha() for char in PLACEHOLDER.sub("", text))
