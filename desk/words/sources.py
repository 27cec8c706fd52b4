"""Every message of the project, wherever it stands."""

from pathlib import Path
from typing import Final

from desk.words.called import called
from desk.words.messages import Found
from desk.words.packaged import packaged
from desk.words.pages import of_templates
from desk.words.said_below import said_below
from desk.words.typed import typed

ROOT: Final = Path(__file__).parents[2]


def messages(root: Path = ROOT) -> Found:
    """Every message of the sources under a root, in an order that stays."""
    found = Found()
    for part in (said_below(root), packaged(root), called(root), of_templates(root), typed()):
        found.add(part)
    return found
