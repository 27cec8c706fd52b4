"""Which sentences are said in English below the desk, or as an error on the way out, and recognised by their form.

In a decision every text with a space in it is one: whoever writes a new reason cannot forget it, for the check then
asks for its translation. Elsewhere it is what is given to a refusal, a problem or an error of a command.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from desk.words.f_strings import constants, templates, texts_within
from desk.words.messages import COUNTS, Message, has_words, placeholders

WHOLE: Final = (
    *("workorders/*.py", "models/wording.py", "desk/exits.py"),
    *(
        "desk/near.py",
        "desk/telling/fates.py",
        "desk/api/telling.py",
        "desk/views/explaining.py",
        "desk/views/subject.py",
    ),
)
"""Files in which every text with a space in it is said to people."""
WORDS: Final = ("workorders/order_words.py", "workorders/night_words.py", "workorders/reach.py", "desk/words/terms.py")
"""Files in which every text is: single words are parts of a sentence there."""
SEARCHED: Final = ("models/*.py", "desk/**/*.py")
"""Files in which what is given to a refusal, a problem or an error is."""
LEFT_OUT: Final = ("desk/contract/", "desk/demo/", "desk/importing/", "desk/words/")
"""The folders of what no role reads: documents for programs, the demo, and the import of another system's history."""

CALLS: Final = frozenset(
    {"Problem", "Refusal", "RefusedError", "contradiction", "_refused", "_bad", "_unknown", "Emergency", "Ignored"}
    | {"BadValue", "BadInput", "NotFound", "Unreachable", "remark", "missing", "_say"}
)
"""What a sentence is given to."""
NAMES: Final = frozenset({"said", "sentence", "why", "given", "begins", "what"})
"""What a sentence is called on its way there."""
ONE_WORD: Final = frozenset({"missing"})
"""What a single word is given to."""


def said_below(root: Path) -> Iterator[Message]:
    """Every sentence that is said in English and recognised by its form."""
    for pattern in (*WHOLE, *WORDS, *SEARCHED):
        for path in sorted(root.glob(pattern)):
            file = path.relative_to(root).as_posix()
            if pattern in SEARCHED and file.startswith(LEFT_OUT):
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            known = constants(tree)
            for node in _texts(tree, pattern):
                for text in (one.strip() for one in templates(node, known)):
                    if _is_said(text, single=pattern in WORDS or isinstance(node, _Single)):
                        yield Message(text, file, text if placeholders(text) & COUNTS else None, said_below=True)


class _Single(ast.Constant):
    """A text that is said to people though it is one word."""


def _is_said(text: str, *, single: bool) -> bool:
    return has_words(text) and (single or " " in text.strip()) and "%" not in text


def _texts(tree: ast.Module, pattern: str) -> Iterator[ast.expr]:
    if pattern in (*WHOLE, *WORDS):
        yield from texts_within(tree)
        return
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments) if name in CALLS:
                yield from (_one(one, single=name in ONE_WORD) for one in arguments if _may_be_text(one))
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AugAssign(target=ast.Name(id=name), value=value)
            ) if name in NAMES and _may_be_text(value):
                yield value
            case _:
                continue


def _one(node: ast.expr, *, single: bool) -> ast.expr:
    return _Single(node.value) if single and isinstance(node, ast.Constant) else node


def _may_be_text(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.IfExp(body=one, orelse=other):
            return _may_be_text(one) and _may_be_text(other)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _may_be_text(left) or _may_be_text(right)
        case _:
            return False
