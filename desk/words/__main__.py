"""``python -m desk.words``: bring the catalogues into step with the sources; ``check``: say what is wrong with them."""

import sys
from collections.abc import Iterator, Sequence

from desk.words.catalogue import UNCHECKED, file_of
from desk.words.check import faults
from desk.words.keeping import in_step, read, written
from desk.words.language import ENGLISH, LANGUAGES
from desk.words.messages import Found
from desk.words.pages import untranslated
from desk.words.sources import ROOT, messages


def main(arguments: Sequence[str]) -> int:
    """Do what was asked; 0 if every translation is there and says what its English says."""
    found = messages()
    if "check" not in arguments:
        for language in LANGUAGES:
            if language != ENGLISH:
                file_of(language).write_bytes(written(in_step(read(language), found)))
    wrong = list(_wrong(found))
    print(*wrong, *_counts(), sep="\n")  # noqa: T201 - it is what the command is for
    return 1 if wrong else 0


def _wrong(found: Found) -> Iterator[str]:
    yield from untranslated(ROOT)
    for language in LANGUAGES:
        if language != ENGLISH:
            yield from faults(read(language), found)


def _counts() -> Iterator[str]:
    for language in LANGUAGES:
        if language != ENGLISH:
            every = [message for message in read(language) if message.id]
            unchecked = sum(UNCHECKED in message.user_comments for message in every)
            yield f"{file_of(language).name}: {len(every)} messages, of which no translator has checked {unchecked}."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
