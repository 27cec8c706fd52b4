"""The fingerprint of what a fault can reach: the code under test, the fault's own file, and what that imports of ours.

Comments, docstrings and layout do not count: they change no behaviour.
"""

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tests.faults.evidence import ROOT

UNDER_TEST: Final = ("models", "workorders", "streams")
SUFFIXES: Final = frozenset({".py", ".toml", ".sql", ".ini", ".json"})
ALWAYS: Final = ("tests/faults/checker.py", "tests/faults/worker_process.py", "desk/running.py")
APART: Final = frozenset({"tests/faults/evidence.py", "tests/faults/fingerprint.py"})
"""How trials are counted and filed is no part of what they show."""


def fingerprint(file: Path) -> str:
    """The fingerprint of a fault by its file."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for path in sorted(reached(file)):
        digest.update(f"{path.relative_to(ROOT)}\0{_content(path, path.stat().st_mtime_ns)}\0".encode())
    return digest.hexdigest()[:16]


def reached(file: Path) -> set[Path]:
    """The files on which it depends what trials of this fault show."""
    found = {path for package in UNDER_TEST for path in (ROOT / package).rglob("*") if path.suffix in SUFFIXES}
    waiting = [file, *(ROOT / name for name in ALWAYS)]
    while waiting:
        path = waiting.pop()
        if path not in found and path.relative_to(ROOT).as_posix() not in APART:
            found.add(path)
            waiting += _imported(path, path.stat().st_mtime_ns)
    return found


@cache
def _imported(path: Path, changed: int) -> tuple[Path, ...]:
    """The files of the tests that a file imports."""
    names = {name for node in ast.walk(ast.parse(path.read_text())) for name in _names(node)}
    files = (ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in names if name.startswith("tests."))
    return tuple(sorted(file for file in files if file.is_file()))


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module is not None:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _content(path: Path, changed: int) -> str:
    if path.suffix != ".py":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return hashlib.sha256(skeleton(ast.parse(path.read_text())).encode()).hexdigest()


def skeleton(tree: ast.Module) -> str:
    """What a module does, without what it says about itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [each for each in node.body if not _is_docstring(each)]
    return ast.dump(tree)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
