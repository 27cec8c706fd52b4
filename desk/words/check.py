"""What is wrong with a catalogue, one sentence for each fault."""

from collections.abc import Iterator, Sequence
from typing import Final

from babel.messages.catalog import Catalog, Message

from desk.words.catalogue import SAID_BELOW
from desk.words.messages import COUNTS, Found, has_words, placeholders
from desk.words.words import PLACEHOLDER

ENDS: Final = (".", "?", "!", ":", ";")
SAME: Final = "the same"
"""The translator comment of a message that has the same text in both languages."""
_MEND: Final = "'make words' brings the catalogue into step"


def faults(catalogue: Catalog, found: Found) -> Iterator[str]:
    """What is missing, what is stale, and what says something other than its English."""
    kept = {_one(message): message for message in catalogue if message.id}
    for text in sorted(kept.keys() - found.messages.keys()):
        yield f"Stale: {text!r} is said nowhere any more; {_MEND}."
    for message in found:
        known = kept.get(message.one)
        if known is None or (message.more is not None) != isinstance(known.id, tuple):
            yield f"Missing: {message.one!r} of {message.file} is not in the catalogue; {_MEND}."
        elif (SAID_BELOW in known.auto_comments) != message.said_below:
            yield f"Stale: how {message.one!r} is said has changed; {_MEND}."
        else:
            yield from _of_one(known, message.file)


def _one(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _of_one(message: Message, file: str) -> Iterator[str]:
    english = _one(message)
    forms = [message.string] if isinstance(message.string, str) else list(message.string)
    if message.fuzzy:
        yield f"Stale: {english!r} is marked fuzzy; its English has changed since it was translated."
    if not all(forms):
        yield f"Missing: {english!r} of {file} has no translation."
        return
    for form in forms:
        yield from _of_form(form, english, SAME in message.user_comments, _allowed(message))


def _allowed(message: Message) -> Sequence[frozenset[str]]:
    """The sets of placeholders that a translation may have: all, or without the number that its form already says."""
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    whole = frozenset().union(*(placeholders(one) for one in ids))
    return [whole] if len(ids) == 1 else [whole, whole - {"n"}, whole - COUNTS]


def _of_form(form: str, english: str, same: bool, allowed: Sequence[frozenset[str]]) -> Iterator[str]:
    if placeholders(form) not in allowed or form.count("{") != len(PLACEHOLDER.findall(form)):
        yield f"Placeholders: {form!r} does not hold what {english!r} holds."
    if form == english and has_words(english) and not same:
        yield f"Missing: {english!r} is its own translation; say so with the comment '# {SAME}' if that is right."
    if _margins(form) != _margins(english):
        yield f"Margins: {form!r} begins or ends with another space, line or stop than {english!r}."


def _margins(text: str) -> tuple[str, str, str]:
    """The spaces around a text, and the stop at its end."""
    begin, end = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    bare = text.rstrip()
    return begin, end, bare[-1:] if bare.endswith(ENDS) else ""
