"""Programs of Node.js: their packages are fetched by npm once for all checkouts of one user, each as its hash has it.

A folder with ``package.json`` and ``package-lock.json`` pins every package and its SHA-512 and names no address: npm
takes them from the registry that it is set up with, and ends with an error if one is not what the hash says.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.servers.processes import ServerMissing


def program(name: str, what: str) -> str:
    """The path of ``node`` or ``npm``; raises ``ServerMissing``, saying what needs it."""
    found = shutil.which(name)
    if found is None:
        raise ServerMissing(f"{what} needs Node.js and npm, and this machine has no {name} (apt install npm)")
    return found


def packages(pinned: Path, name: str, what: str) -> Path:
    """The folder that holds the packages which a folder pins, fetched if need be; raises ``ServerMissing``."""
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    cache = (configured if configured.is_absolute() else Path("~/.cache").expanduser()) / "workorders"
    cache.mkdir(parents=True, exist_ok=True)
    lock_file = pinned / "package-lock.json"
    folder = cache / f"{name}-{hashlib.sha256(lock_file.read_bytes()).hexdigest()[:12]}"
    with folder.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch(pinned, folder, what)
    return folder / "node_modules"


def _fetch(pinned: Path, folder: Path, what: str) -> None:
    fetched = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    try:
        for file in ("package.json", "package-lock.json"):
            shutil.copy(pinned / file, fetched)
        command = [program("npm", what), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(  # noqa: S603 - npm
            command, cwd=fetched, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            raise ServerMissing(f"npm could not fetch {what}: {done.stderr.strip()[-1000:]}")
        fetched.rename(folder)
    finally:
        shutil.rmtree(fetched, ignore_errors=True)
