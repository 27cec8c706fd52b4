"""AsyncAPI's official parser: fetched by npm once for all checkouts of one user, each package as its hash has it."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.servers.node import packages, program

HERE: Final = Path(__file__).with_name("parser")
LOCK: Final = HERE / "package-lock.json"
WHAT: Final = "AsyncAPI's parser"


def faults(documents: Sequence[dict[str, Any]]) -> list[list[str]]:
    """What the parser finds wrong with each document; raises ``ServerMissing``."""
    command = [program("node", WHAT), str(HERE / "check.cjs")]
    environment = {**os.environ, "NODE_PATH": str(packages(HERE, "asyncapi", WHAT))}
    done = subprocess.run(  # noqa: S603 - Node
        command, input=json.dumps(documents), env=environment, capture_output=True, text=True, timeout=200, check=True
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found
