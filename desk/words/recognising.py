"""Sentences that were made in English, recognised by their form and said in another language.

What a decision says is kept for ever in English, and is part of what must be identical for ever. So the other
languages are made from it when it is shown: each message of the catalogue that is said below the desk is a form, and
what stands at its placeholders is recognised in turn where it is words, dates or a code's name. A sentence that is not
known is shown as it is.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

from desk.words import dates
from desk.words.catalogue import SAID_BELOW, catalogue
from desk.words.messages import COUNTS, placeholders
from desk.words.words import PLACEHOLDER
from desk.words.words import mark as N_  # noqa: N812 - as gettext calls it

if TYPE_CHECKING:
    from desk.words.words import Words

REMEMBERED: Final = 4_096
"""How many sentences a recogniser remembers: pages say the same ones again and again."""
LONGEST: Final = 600
"""How many characters a sentence of ours has at the most; what is longer is shown as it stands."""
MOST: Final = 4
"""At how many places a text is parted into sentences at the most."""
_DEEPEST: Final = 6
"""How many sentences may stand within each other."""
NAMES: Final = frozenset({"cover_ref", "field", "id", "name", "place", "premises", "ref", "source", "subject", "type"})
"""Placeholders that hold a name, which is the same in every language even where it is a word."""
CHOICES: Final = frozenset({"found", "names"})
"""Placeholders that hold several names, one of which is to be chosen."""
_OR: Final = N_(" or ")
TELLING: Final = 8
"""How many letters a form says itself at the least, to be recognised by them alone."""
_DATE: Final = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{2} [A-Z][a-z]{2} \d{4}")
_ENDS: Final = re.compile(r"(?<=[.?]) ")
_TWO: Final = re.compile(r"(.+) \(([^()]+)\)")
_FIELD: Final = re.compile(r"([\w.\[\]'-]+)(:? )(.+)")


class Form:
    """One message as a form: whether a sentence is of it, and what then stands at its placeholders."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.counted = next(iter(sorted(placeholders(message) & COUNTS)), None)
        self.letters = len(PLACEHOLDER.sub("", message))
        self._begins, *_ = PLACEHOLDER.split(message, maxsplit=1)
        self._pattern = re.compile("".join(self._parts(message)), re.DOTALL)

    @staticmethod
    def _parts(message: str) -> Iterator[str]:
        seen: set[str] = set()
        for n, part in enumerate(PLACEHOLDER.split(message)):
            if n % 2 == 0:
                yield re.escape(part)
            elif part in seen:
                yield f"(?P={part})"
            else:
                seen.add(part)
                yield f"(?P<{part}>{'[0-9,]+' if part in COUNTS else '.*?'})"

    def values(self, sentence: str) -> Mapping[str, str] | None:
        """What stands at the placeholders; None if the sentence is not of this form."""
        if not sentence.startswith(self._begins):
            return None
        found = self._pattern.fullmatch(sentence)
        return None if found is None else found.groupdict()


class Recogniser:
    """Every form of the catalogue of one language."""

    def __init__(self, language: str) -> None:
        below = [
            message.id if isinstance(message.id, str) else message.id[0]
            for message in catalogue(language)
            if message.id and SAID_BELOW in message.auto_comments
        ]
        self._language = language
        self._whole = frozenset(one for one in below if not placeholders(one))
        # Of several forms the one that says most of the sentence itself is the one that made it.
        self._forms = sorted((Form(one) for one in below if placeholders(one)), key=lambda form: -form.letters)
        self._said = lru_cache(maxsize=REMEMBERED)(self._say)

    def said(self, sentence: str, words: "Words") -> str:
        """The sentence in this language; as it stands if it is not known."""
        found = self._said(sentence, words, 0)
        return sentence if found is None else found

    def knows(self, sentence: str, words: "Words") -> bool:
        """Whether every word of a sentence that is ours is recognised."""
        return self._said(sentence, words, 0) is not None

    def forms_of(self, sentence: str) -> list[str]:
        """The messages that the sentence can be, those first that say most of it themselves."""
        return [form.message for form in self._forms if form.values(sentence) is not None]

    def _say(self, sentence: str, words: "Words", depth: int) -> str | None:
        if depth > _DEEPEST or len(sentence) > LONGEST:
            return None
        if sentence in self._whole:
            return words(sentence)
        if (both := self._one_after_the_other(sentence, words, depth + 1)) is not None:
            return both
        for form in self._forms:
            values = form.values(sentence)
            if values is not None and self._fits(form, values, words, depth):
                return self._filled(form, values, words, depth)
        return self._composed(sentence, words, depth + 1)

    def _fits(self, form: Form, values: Mapping[str, str], words: "Words", depth: int) -> bool:
        """Whether a form says enough itself to be meant; one that says little must hold what is ours too."""
        if form.letters >= TELLING or form.counted is not None:
            return True
        return any(self._said(value, words, depth + 1) is not None for value in values.values() if value)

    def _filled(self, form: Form, values: Mapping[str, str], words: "Words", depth: int) -> str:
        said = {name: self._part(name, value, words, depth + 1) for name, value in values.items()}
        if form.counted is None:
            return words(form.message, **said)
        count = int(values[form.counted].replace(",", ""))
        return words.many(form.message, form.message, count, **said)

    def _part(self, name: str, value: str, words: "Words", depth: int) -> str:
        if name in CHOICES:
            return value.replace(" or ", words(_OR))
        return value if name in NAMES else self._value(value, words, depth)

    def _value(self, value: str, words: "Words", depth: int) -> str:
        bare = value.strip()
        found = self._said(bare, words, depth) if bare else None
        return _DATE.sub(self._date, value) if found is None else value.replace(bare, found, 1)

    def _date(self, found: "re.Match[str]") -> str:
        try:
            at = datetime.strptime(found[0], "%a %d %b %Y").replace(tzinfo=UTC)
        except ValueError:
            return found[0]
        return dates.written(at, "EEE dd MMM y", self._language, dates.ANY)

    def _one_after_the_other(self, sentence: str, words: "Words", depth: int) -> str | None:
        for end in islice(_ENDS.finditer(sentence), MOST):
            first = self._said(sentence[: end.start()], words, depth)
            then = self._said(sentence[end.end() :], words, depth) if first is not None else None
            if first is not None and then is not None:
                return f"{first} {then}"
        return None

    def _composed(self, sentence: str, words: "Words", depth: int) -> str | None:
        """What is made of several: a clause that ends a sentence, a pair, a field with what is said of it."""
        if sentence.endswith(".") and (clause := self._said(sentence[:-1], words, depth)) is not None:
            return f"{clause}."
        if (pair := _TWO.fullmatch(sentence)) and all(part in self._whole for part in pair.groups()):
            return f"{words(pair[1])} ({words(pair[2])})"
        field = _FIELD.fullmatch(sentence)
        said = self._said(field[3], words, depth) if field is not None else None
        return f"{field[1]}: {said}" if field is not None and said is not None else None


@cache
def recogniser(language: str) -> Recogniser:
    """The recogniser of a language."""
    return Recogniser(language)
