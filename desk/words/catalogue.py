"""The catalogue: a text file that is compiled when it is loaded, so that no compiled file can disagree with it."""

from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SAID_BELOW: Final = "Said in English below the desk; recognised by its form."
"""The comment of a message that is made in English elsewhere and recognised."""
UNCHECKED: Final = "unchecked"
"""The translator comment of a translation that no translator has checked."""
FOLDER: Final = Path(__file__).parent


def file_of(language: str) -> Path:
    """Where the catalogue of a language lies."""
    return FOLDER / f"{language}.po"


@cache
def catalogue(language: str) -> Catalog:
    """The catalogue of a language as it was written, with its comments and flags."""
    with file_of(language).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@cache
def translations(language: str) -> GNUTranslations:
    """The catalogue of a language as gettext reads it."""
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return GNUTranslations(compiled)
