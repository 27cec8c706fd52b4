"""The page about notices names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_the_page_names_exists() -> None:
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/notices").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/NOTICES.md").read_text(encoding="utf-8")))
    assert len(named) > 10
    assert [name for name in sorted(named) if f"def {name}(" not in written] == []
