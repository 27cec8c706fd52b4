"""Sentences that are said in English below the desk, read from the f-strings that say them.

``f"the role {taken.role} may not pause"`` is the message ``the role {role} may not pause``. So the English of a
decision stands where the decision is, once, and nobody who writes one can forget to have it translated.
"""

import ast
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final, TypeVar

N = TypeVar("N", bound=ast.AST)

_LOOKS_THROUGH: Final = frozenset(
    {"dotted", "int", "join", "len", "list", "quote", "quote_name", "repr", "sorted", "str"}
)
"""Calls that only write a value: the placeholder is called after the value."""


def constants(tree: ast.Module) -> dict[str, ast.expr]:
    """The texts that a module gives a name to; a sentence may hold them."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=(ast.Constant(value=str()) | ast.JoinedStr()) as value):
                found[name] = value
            case ast.Assign(targets=[ast.Name(id=name)], value=(ast.Constant(value=str()) | ast.JoinedStr()) as value):
                found[name] = value
            case _:
                continue
    return found


def templates(node: ast.expr, known: Mapping[str, ast.expr]) -> tuple[str, ...]:
    """Every message that an expression can be; several where a part of it is chosen between texts."""
    names: dict[str, str] = {}
    return tuple(dict.fromkeys(_texts(node, known, names)))


def _texts(node: ast.expr, known: Mapping[str, ast.expr], names: dict[str, str]) -> list[str]:
    match node:
        case ast.Constant(value=value):
            return [str(value)]
        case ast.IfExp(body=one, orelse=other):
            return [*_texts(one, known, names), *_texts(other, known, names)]
        case ast.JoinedStr(values=parts):
            found = [""]
            for part in parts:
                found = [before + text for before in found for text in _texts(part, known, names)]
            return found
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            ends = _texts(right, known, names)
            return [before + text for before in _texts(left, known, names) for text in ends]
        case ast.Name(id=name) if name in known:
            return _texts(known[name], known, names)
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None) if _is_text(value, known):
            return _texts(value, known, names)
        case _:
            return [_placeholder(node, names)]


def _is_text(node: ast.expr, known: Mapping[str, ast.expr]) -> bool:
    match node:
        case ast.Constant() | ast.JoinedStr():
            return True
        case ast.IfExp(body=one, orelse=other):
            return _is_text(one, known) and _is_text(other, known)
        case ast.Name(id=name):
            return name in known
        case _:
            return False


def _placeholder(node: ast.expr, names: dict[str, str]) -> str:
    """The place of a value: one name for one expression, numbered where two would be called the same."""
    written = ast.dump(node)
    if written not in names:
        name = (_name(node) or "value").strip("_").lower()
        taken = sum(one.rstrip("23456789") == name for one in names.values())
        names[written] = name if not taken else f"{name}{taken + 1}"
    return f"{{{names[written]}}}"


def _name(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value) | ast.Await(value=value):
            return _name(value)
        case ast.BinOp(left=left):
            return _name(left)
        case ast.Call(func=ast.Attribute(attr="get", value=value)):
            return _name(value)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments):
            return _name(arguments[0]) if name in _LOOKS_THROUGH and arguments else name
        case ast.FormattedValue(value=value) | ast.BoolOp(values=[value, *_]) | ast.GeneratorExp(elt=value):
            return _name(value)
        case _:
            return None


def texts_within(tree: ast.AST) -> Iterator[ast.expr]:
    """Every text of a module that is no part of another: docstrings, keys, annotations and comparisons left out."""
    parts = parts_of_others(tree) if isinstance(tree, ast.Module) else frozenset()
    for child in ast.iter_child_nodes(tree):
        match child:
            case ast.AnnAssign(target=ast.Name(id=name)) if name in parts:
                continue
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Constant(value=str()) | ast.JoinedStr():
                yield child
            case ast.BinOp(op=ast.Add()) if any(_is_text(side, {}) for side in (child.left, child.right)):
                yield child
            case ast.AnnAssign(value=value) if value is not None:
                yield from _texts_of(value)
            case ast.Dict(values=values):
                yield from chain.from_iterable(_texts_of(value) for value in values)
            case ast.Compare() | ast.Subscript() | ast.arg() | ast.Call(func=ast.Name(id="cast")):
                continue
            case _:
                yield from texts_within(child)


def parts_of_others(tree: ast.Module) -> frozenset[str]:
    """The names of those texts of a module that are only ever said within others."""
    within = {
        id(one.value): one.value.id for one in _nodes(tree, ast.FormattedValue) if isinstance(one.value, ast.Name)
    }
    alone = {one.id for one in _nodes(tree, ast.Name) if isinstance(one.ctx, ast.Load) and id(one) not in within}
    return frozenset(constants(tree).keys() & set(within.values()) - alone)


def _nodes(tree: ast.AST, kind: type[N]) -> Iterator[N]:
    return (node for node in ast.walk(tree) if isinstance(node, kind))


def _texts_of(value: ast.expr) -> Iterator[ast.expr]:
    yield from texts_within(ast.Expression(value))
