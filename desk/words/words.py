"""Words: sentences, dates and figures in one language."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from gettext import NullTranslations
from typing import Final

from desk.words.language import ENGLISH, LANGUAGES

PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
"""Where a value stands in a sentence: a name in braces, nothing else; a value is never interpreted."""


def mark(message: str) -> str:
    """The message itself, marked so that it is found for the catalogue; it is translated where it is said."""
    return message


def filled(template: str, values: Mapping[str, object]) -> str:
    """The template with each ``{name}`` replaced by its value as it is."""
    return PLACEHOLDER.sub(lambda found: str(values[found[1]]), template) if values else template


class Words:
    """Everything that can be said in one language; got from :func:`words_in`."""

    def __init__(self, language: str, catalogue: NullTranslations) -> None:
        self.language = language
        self._catalogue = catalogue

    def __call__(self, message: str, /, **values: object) -> str:
        """The message in this language, each ``{name}`` in it replaced by the value of that name as it is."""
        return filled(self._catalogue.gettext(message) if message else "", values)

    def many(self, one: str, more: str, n: int, /, **values: object) -> str:
        """The message for so many, with ``{n}`` written as figures are in this language."""
        return filled(self._catalogue.ngettext(one, more, n), {"n": self.number(n), **values})

    def day(self, instant: datetime) -> str:
        """The day at the premises: ``Tuesday 13 January 2026``."""
        from desk.words import dates  # noqa: PLC0415 - babel takes a while to load

        return dates.day(instant, self.language)

    def time(self, instant: datetime) -> str:
        """The time of day at the premises: ``04:10``."""
        from desk.words import dates  # noqa: PLC0415

        return dates.time(instant, self.language)

    def moment(self, instant: datetime) -> str:
        """Day and time at the premises, with the zone: ``Tuesday 13 January 2026, 04:10 GMT``."""
        from desk.words import dates  # noqa: PLC0415

        return dates.moment(instant, self.language)

    def span(self, length: timedelta) -> str:
        """A length of time in its two greatest units: ``2 hours 5 minutes``."""
        from desk.words import dates  # noqa: PLC0415

        return dates.span(length, self.language)

    def number(self, n: float) -> str:
        """A number with the separators of the language."""
        if self.language == ENGLISH and isinstance(n, int):
            return f"{n:,}"  # as babel writes it, without loading babel
        from desk.words import dates  # noqa: PLC0415

        return dates.number(n, self.language)

    def pounds(self, pence: int) -> str:
        """So many pence as people write money; reckoned in whole pence."""
        whole, rest = divmod(pence, 100)
        return f"£{self.number(whole)}.{rest:02}"

    def reason(self, sentence: str) -> str:
        """A sentence that was made in English (by a decision, a refusal, the ledger) in this language.

        It is recognised by its form; one that is not known is given as it stands.
        """
        if self.language == ENGLISH:
            return sentence
        from desk.words.recognising import recogniser  # noqa: PLC0415 - only where it is not English already

        return recogniser(self.language).said(sentence, self)


@cache
def words_in(language: str) -> Words:
    """The words of a language, one of ``LANGUAGES``; anything else is an error of the caller."""
    if language not in LANGUAGES:
        raise ValueError(f"There are no words in {language!r}; the languages are {', '.join(LANGUAGES)}.")
    if language == ENGLISH:
        return Words(language, NullTranslations())
    from desk.words.catalogue import translations  # noqa: PLC0415 - English needs none

    return Words(language, translations(language))
