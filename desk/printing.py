"""What is printed: pages for people and JSON for machines on stdout, remarks on stderr.

Colour only repeats what a word already says. Rich leaves it out where ``NO_COLOR`` is set or nobody looks.
"""

import os
import sys
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.text import Text
from rich.theme import Theme

from desk.instants import utc
from desk.sheets import Sheet
from desk.words import reason

UNSEEN_WIDTH: Final = 120
"""How wide a page is where it is not shown on a terminal and COLUMNS does not say."""

THEME: Final = Theme(
    {
        "p1": "bold white on red",
        "p2": "bold yellow",
        "p3": "cyan",
        "p4": "bright_black",
        "good": "green",
        "bad": "bold red",
        "doubt": "magenta",
        "quiet": "bright_black",
        "head": "bold",
    }
)
_PRIORITY_STYLE: Final = {"P1": "p1", "P2": "p2", "P3": "p3", "P4": "p4"}


class Page(Console):
    """A console that leaves it to the command to end when its reader has gone (``| head``); rich would exit with 1."""

    def on_broken_pipe(self) -> None:
        """Say that the reader has gone, as a write itself would."""
        raise BrokenPipeError


def new_console(**how: Any) -> Console:  # noqa: ANN401 - whatever rich's console takes
    """A console in our colours that never interprets what a sender wrote."""
    width = None if "COLUMNS" in os.environ or sys.stdout.isatty() else UNSEEN_WIDTH
    return Page(**{"theme": THEME, "highlight": False, "emoji": False, "width": width, **how})


def console() -> Console:
    """The console for pages."""
    return new_console()


def page_width() -> int:
    """How many columns a page has."""
    return console().width


def remark(sentence: str) -> None:
    """Say something beside the answer, on stderr, so that a pipe gets the answer alone."""
    new_console(stderr=True).print(Text(reason(sentence), style="quiet"))


def print_json(answer: object) -> None:
    """The answer as one JSON document in UTF-8: instants in UTC, lengths in seconds, keys in a fixed order."""
    import orjson  # noqa: PLC0415 - only where JSON is asked for

    sys.stdout.write(orjson.dumps(plain(answer), option=orjson.OPT_INDENT_2).decode() + "\n")


def print_json_line(answer: object) -> None:
    """The answer as one line of JSON, for answers that go on and on."""
    import orjson  # noqa: PLC0415 - only where JSON is asked for

    sys.stdout.write(orjson.dumps(plain(answer)).decode() + "\n")
    sys.stdout.flush()


def plain(value: object) -> object:
    """What an answer is made of, in the types that JSON has."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: object) -> object:
    match value:
        case datetime():
            return utc(value)
        case date():
            return value.isoformat()
        case timedelta():
            return int(value.total_seconds())
        case Enum():
            return value.value
        case UUID():
            return str(value)
        case bytes():
            return value.hex()
        case _:
            return value


def table(
    *columns: str, title: str | None = None, right: tuple[str, ...] = (), whole: tuple[int, ...] = (), lead: int = 1
) -> Sheet:
    """A table without a frame; the columns named in ``right`` hold figures, those numbered in ``whole`` never wrap.

    On a page that is too narrow it is drawn row under row, the first ``lead`` cells as the heading of each.
    """
    made = Sheet(title=title, lead=lead)
    for n, column in enumerate(columns):
        made.add_column(column, justify="right" if column in right else "left", overflow="fold", no_wrap=n in whole)
    return made


def priority(value: str | None) -> Text:
    """A priority as it is shown everywhere: the word, in its colour."""
    return Text("-", style="quiet") if value is None else Text(f" {value} ", style=_PRIORITY_STYLE[value])


def said(text: str) -> str:
    """Text from outside, harmless in markup."""
    return escape(text)


@cache
def counted(n: int, one: str, many: str | None = None) -> str:
    """A number with its noun: ``1 order``, ``3 orders``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
