"""Keeping a catalogue in step with the sources: what is new is added without a translation, what is gone goes."""

from io import BytesIO
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from desk.words.catalogue import SAID_BELOW, UNCHECKED, file_of
from desk.words.messages import Found

WIDTH: Final = 110


def read(language: str) -> Catalog:
    """The catalogue of a language, to be changed; not the one that speaks."""
    with file_of(language).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def in_step(before: Catalog, found: Found) -> Catalog:
    """The catalogue with exactly the messages of the sources, and every translation that it had."""
    kept = Catalog(locale=before.locale, header_comment=before.header_comment, fuzzy=False)
    kept.mime_headers = before.mime_headers
    kept.creation_date, kept.revision_date = before.creation_date, before.revision_date
    for message in sorted(found, key=lambda one: (min(found.files[one.one]), one.one)):
        id_ = message.one if message.more is None else (message.one, message.more)
        known: Message | None = before.get(message.one)
        fits = known is not None and isinstance(known.string, str) == (message.more is None)
        kept.add(
            id_,
            string=known.string if known is not None and fits else _nothing(message.more, before),
            locations=[(file, 0) for file in sorted(found.files[message.one])],
            auto_comments=[SAID_BELOW] if message.said_below else [],
            user_comments=known.user_comments if known is not None and fits else [UNCHECKED],
        )
    return kept


def _nothing(more: str | None, catalogue: Catalog) -> str | tuple[str, ...]:
    return "" if more is None else ("",) * catalogue.num_plurals


def written(catalogue: Catalog) -> bytes:
    """The catalogue as its file holds it."""
    out = BytesIO()
    write_po(out, catalogue, width=WIDTH, include_lineno=False)
    return out.getvalue()
