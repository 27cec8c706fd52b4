"""The broker's program files: fetched once for all checkouts of one user, and never used unless each hash is right."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.servers.processes import ServerMissing

HERE: Final = Path(__file__).parent
POM: Final = HERE / "pom.xml"
HASHES: Final = HERE / "kafka.sha256"
ADVICE: Final = "install them (on Debian: apt install default-jre-headless maven) or name a broker by WORKORDERS_BROKER"


def java() -> str:
    """The Java program; raises ``ServerMissing``."""
    return _program("java")


def jars() -> Path:
    """The folder of Kafka's program files, fetched by Maven if need be; raises ``ServerMissing``."""
    folder = _cache() / f"kafka-{hashlib.sha256(HASHES.read_bytes()).hexdigest()[:12]}"
    with _alone(folder.with_suffix(".lock")):
        if not folder.is_dir():
            _fetch(folder)
    return folder


def _cache() -> Path:
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    folder = (configured if configured.is_absolute() else Path("~/.cache").expanduser()) / "workorders"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _fetch(folder: Path) -> None:
    fetched = Path(tempfile.mkdtemp(prefix="kafka-", dir=folder.parent))
    command = [_program("mvn"), "-q", "-B", "-C", "-f", str(POM), "dependency:copy-dependencies"]
    options = [f"-DoutputDirectory={fetched}", "-DincludeScope=runtime"]
    try:
        done = subprocess.run(  # noqa: S603 - Maven
            [*command, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            raise ServerMissing(f"Maven could not fetch Apache Kafka: {done.stdout.strip()[-1000:]}")
        _check(fetched)
        fetched.rename(folder)
    finally:
        shutil.rmtree(fetched, ignore_errors=True)


def _check(fetched: Path) -> None:
    """Raise ``ServerMissing`` unless there is exactly what the list of hashes names."""
    wanted = {name: digest for digest, name in (line.split() for line in HASHES.read_text().splitlines())}
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in fetched.iterdir()}
    differ = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if differ:
        raise ServerMissing(f"Apache Kafka was fetched, but these files are not as {HASHES.name} has them: {differ}")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ServerMissing(f"Apache Kafka needs Java and Maven, and this machine has no {name}: {ADVICE}")
    return found


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process at a time."""
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
