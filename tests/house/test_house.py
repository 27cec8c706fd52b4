"""The house: what every committed file, every target and every pin keeps to."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGES = ("models", "workorders", "streams", "desk")
FOLDERS = {*PACKAGES, "tests", "bench", "docs", "examples", "ops", "requirements", ".ci", ".github"}
FILES = {
    *(".codespellrc", ".dockerignore", ".editorconfig", ".gitattributes", ".gitignore"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"),
    *("Dockerfile", "Makefile", "docker-compose.yml", "pyproject.toml"),
}
# Put together here, so that this file does not name them either.
HOSTS = tuple(
    ".".join(parts)
    for parts in (
        *(("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("crates", "io")),
        *(
            ("repo1", "maven", "org"),
            ("repo", "maven", "apache", "org"),
            ("docker", "io"),
            ("ghcr", "io"),
            ("quay", "io"),
        ),
        *(("rubygems", "org"), ("proxy", "golang", "org")),
    )
)
MACHINE_PATH = re.compile(r"(?<![\w.$/~-])/(?:home|Users|root|work|mnt)/\w|\b[A-Z]:\\Users\\")
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?P<rest>[^\n]*(?:\n    --hash=[^\n]*)*)", re.MULTILINE)


def committed() -> list[Path]:
    """Name the files that are, or would be, committed."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this copy is no git repository, so nothing says which files are committed")
    listing = subprocess.run(  # noqa: S603 - fixed arguments
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    names = listing.stdout.decode().split("\0")
    return [path for path in (ROOT / name for name in names if name) if path.is_file()]


def texts() -> list[tuple[Path, str]]:
    """Read the committed files that are text."""
    read = ((path.relative_to(ROOT), path.read_bytes()) for path in committed())
    return [(path, raw.decode()) for path, raw in read if b"\0" not in raw]


def pins(name: str) -> dict[str, str]:
    """Map each pinned package to its version."""
    found = PIN.finditer((ROOT / "requirements" / f"{name}.txt").read_text())
    return {str(canonicalize_name(pin["name"])): pin["version"] for pin in found}


def wanted(*extras: str) -> list[Requirement]:
    """List what pyproject.toml asks for: at run time, and by these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"]]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


def test_no_committed_file_names_a_registry_host() -> None:
    faults = [f"{path}: {host}" for path, text in texts() for host in HOSTS if host in text]
    assert faults == []


def test_no_committed_file_names_a_path_of_one_machine() -> None:
    faults = [f"{path}: {found[0]}" for path, text in texts() if (found := MACHINE_PATH.search(text))]
    assert faults == []


def test_the_top_level_is_as_given() -> None:
    tops = {path.relative_to(ROOT).parts[0] for path in committed()}
    assert tops - FOLDERS - FILES == set()
    assert {*PACKAGES, "tests", "pyproject.toml", "Makefile", "LICENSE"} <= tops


def test_every_make_target_has_a_one_line_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    public = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    targets = {name for line in public for name in line.split()}
    helped = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    assert targets == helped
    assert {"help", "setup", "demo", "test", "check", "bench", "pins", "clean"} <= targets


def test_make_alone_shows_the_help_and_makes_nothing() -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not on this machine")
    shown = subprocess.run(  # noqa: S603 - fixed arguments
        [make], cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True
    ).stdout
    assert re.search(r"^  make test +\S", shown, re.MULTILINE)
    assert all(line.startswith("  make ") for line in shown.splitlines())


def test_the_server_check_is_executable_strict_bash() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "\nset -euo pipefail\n" in script.read_text()


@pytest.mark.parametrize("name", ["build", "develop", "pins", "run", "server"])
def test_every_pin_carries_a_hash_and_no_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    found = list(PIN.finditer(text))
    assert found
    assert all("--hash=sha256:" in pin["rest"] for pin in found)
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links|--trusted-host", text)


@pytest.mark.parametrize(
    ("name", "extras"), [("run", ()), ("server", ("postgres",)), ("develop", ("postgres", "test", "check"))]
)
def test_the_pins_are_what_the_build_file_asks_for(name: str, extras: tuple[str, ...]) -> None:
    pinned = pins(name)
    for need in wanted(*extras):
        version = pinned.get(str(canonicalize_name(need.name)))
        assert version is not None, f"{need.name} is not pinned: run `make pins`"
        assert need.specifier.contains(version), f"{need} is pinned at {version}: run `make pins`"


@pytest.mark.parametrize("name", ["run", "server"])
def test_what_runs_is_pinned_as_it_is_tested(name: str) -> None:
    assert pins(name).items() <= pins("develop").items()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_no_function_is_longer_than_sixty_lines() -> None:
    faults = []
    # A migration writes its tables down one after another, as a list does.
    sources = (path for path in committed() if path.suffix == ".py" and "migrations" not in path.parts)
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 60:
                    faults.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length} lines")
    assert faults == []


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("workorders/priority.py", "import random", "decisions know no clock"),
        ("workorders/priority.py", "import sqlmodel", "decisions know no clock"),
        ("workorders/priority.py", "import workorders.ladder", "one decision does not know another"),
        ("workorders/priority.py", "import streams", "desk -> streams -> workorders -> models"),
        ("models/premises.py", "import workorders", "desk -> streams -> workorders -> models"),
        ("streams/intake.py", "import desk", "desk -> streams -> workorders -> models"),
    ],
)
def test_an_import_against_the_walls_is_caught(tmp_path: Path, file: str, line: str, contract: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for module in (*(f"{package}/__init__" for package in PACKAGES), "workorders/priority", "workorders/ladder"):
        (tmp_path / f"{module}.py").parent.mkdir(exist_ok=True)
        (tmp_path / f"{module}.py").touch()
    assert "0 broken" in lint_imports(tmp_path)

    (tmp_path / file).write_text(f"{line}\n")
    broken = [report for report in lint_imports(tmp_path).splitlines() if report.endswith(" BROKEN")]
    assert len(broken) == 1
    assert broken[0].startswith(contract)


def lint_imports(folder: Path) -> str:
    """Check the folder's import contracts and return the report."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    done = subprocess.run(  # noqa: S603 - fixed arguments
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr
