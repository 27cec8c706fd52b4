"""The catalogue: every fault that there is, by its name."""

import importlib
import re
from pathlib import Path

from tests.faults.evidence import FAULTS, Fault


def known_faults() -> dict[str, Fault]:
    """Every fault, in the order of the names."""
    for path in sorted(Path(__file__).parent.glob("test_f[0-9]*.py")):
        importlib.import_module(f"tests.faults.{path.stem}")
    return dict(sorted(FAULTS.items(), key=lambda item: (int(re.sub(r"\D", "", item[0])), item[0])))
