"""The language that is being spoken: a command line's, set once where it begins."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from desk.words.language import ENGLISH
from desk.words.words import Words, words_in

_SPOKEN: Final[ContextVar[str]] = ContextVar("language", default=ENGLISH)


def spoken() -> Words:
    """The words of the language that is being spoken here."""
    return words_in(_SPOKEN.get())


@contextmanager
def in_language(language: str) -> Iterator[Words]:
    """Speak a language for a while."""
    token = _SPOKEN.set(language)
    try:
        yield spoken()
    finally:
        _SPOKEN.reset(token)


def _(message: str, /, **values: object) -> str:
    """The message in the language that is being spoken."""
    return spoken()(message, **values)


def many(one: str, more: str, n: int, /, **values: object) -> str:
    """The message for so many, in the language that is being spoken."""
    return spoken().many(one, more, n, **values)


def reason(sentence: str) -> str:
    """What was said in English (a reason, a refusal, a name of the rules) in the language that is being spoken."""
    return spoken().reason(sentence)
