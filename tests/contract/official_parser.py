"""AsyncAPI's official parser: fetched by npm once for all checkouts of one user, each package as its hash has it.

``parser/package-lock.json`` pins every package and its SHA-512 and names no address: npm takes them from the registry
that it is set up with, and ends with an error if one is not what the hash says.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.servers.processes import ServerMissing

HERE: Final = Path(__file__).with_name("parser")
LOCK: Final = HERE / "package-lock.json"


def faults(documents: Sequence[dict[str, Any]]) -> list[list[str]]:
    """What the parser finds wrong with each document; raises ``ServerMissing``."""
    command = [_program("node"), str(HERE / "check.cjs")]
    environment = {**os.environ, "NODE_PATH": str(_packages() / "node_modules")}
    done = subprocess.run(  # noqa: S603 - Node
        command, input=json.dumps(documents), env=environment, capture_output=True, text=True, timeout=200, check=True
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found


def _packages() -> Path:
    """The folder of its packages, fetched if need be."""
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    cache = (configured if configured.is_absolute() else Path("~/.cache").expanduser()) / "workorders"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"asyncapi-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    with folder.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    fetched = Path(tempfile.mkdtemp(prefix="asyncapi-", dir=folder.parent))
    try:
        for file in (LOCK, HERE / "package.json"):
            shutil.copy(file, fetched)
        command = [_program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(  # noqa: S603 - npm
            command, cwd=fetched, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            raise ServerMissing(f"npm could not fetch AsyncAPI's parser: {done.stderr.strip()[-1000:]}")
        fetched.rename(folder)
    finally:
        shutil.rmtree(fetched, ignore_errors=True)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ServerMissing(
            f"AsyncAPI's parser needs Node.js and npm, and this machine has no {name} (apt install npm)"
        )
    return found
