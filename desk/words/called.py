"""Messages that are called for: ``_("...")``, ``many("...", "...", n)`` and those marked for later."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from desk.words.messages import Message

SEARCHED: Final = ("desk/**/*.py", "streams/**/*.py", "models/**/*.py", "workorders/**/*.py")
ONE: Final = frozenset({"_", "N_", "mark", "words"})
"""What a message is given to."""
SEVERAL: Final = "many"
"""What a message and its plural are given to."""


class NoMessage(Exception):  # noqa: N818 - what is wrong, in words
    """What is to be translated is no message."""


def called(root: Path) -> Iterator[Message]:
    """Every message that the code calls for; ``NoMessage`` for one that is put together before it is translated."""
    for pattern in SEARCHED:
        for path in sorted(root.glob(pattern)):
            file = path.relative_to(root).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *more]):
                        yield from _messages(name, first, more, file)
                    case _:
                        continue


def _messages(name: str, first: ast.expr, more: list[ast.expr], file: str) -> Iterator[Message]:
    match first, more:
        case ast.Constant(value=str(one)), _ if name in ONE and one:
            yield Message(one, file)
        case ast.Constant(value=str(one)), [ast.Constant(value=str(other)), _, *_] if name == SEVERAL:
            yield Message(one, file, other)
        case ast.IfExp(body=one, orelse=other), _ if name in ONE:
            yield from (*_messages(name, one, [], file), *_messages(name, other, [], file))
        case ((ast.JoinedStr() | ast.BinOp()), _) if name in ONE | {SEVERAL}:
            where = f"{file}:{first.lineno}"
            raise NoMessage(f"{where}: a message is one text with {{names}} in it, not put together beforehand.")
        case _:
            return
