"""Names of things: how each identifier is written, and the deterministic ids that never change.

An id that we say to others is a UUID version 5 of what it is about, so a replay, a second
worker or a restored ledger says the same id for the same thing (domain rule "Identity").
"""

from functools import lru_cache
from hashlib import sha1
from typing import Annotated, Final
from uuid import UUID, uuid4, uuid5

from pydantic import Field, StringConstraints

NAMESPACE: Final = UUID("6f9b6a1e-7a0c-5d0e-9a53-6d1f2c8b40e7")
"""The namespace of every id of this system; changing it would rename everything ever said."""

_NAMESPACE_BYTES: Final = NAMESPACE.bytes
_OTHER_BITS: Final = ~((0xF << 76) | (0x3 << 62))
_VERSION_5: Final = (0x5 << 76) | (0x2 << 62)
_from_bytes: Final = int.from_bytes

SOURCE_PREFIX: Final = "source:"
"""Subjects and keys that are about a source itself, such as its silence, begin with this."""

_URI: Final = r"A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-"
_CONTROL: Final = r"\x00-\x1f\x7f-\x9f"
# Code points that Unicode keeps for no character. Those above U+FFFF stand in the class as they are: the engines that
# read a pattern (Rust's, Python's, ECMAScript's) share no way to escape them, so the published schema leaves them out.
_NONCHARACTERS: Final = r"\ufdd0-\ufdef\ufffe\uffff"
_HIGH_NONCHARACTERS: Final = "".join(
    chr(plane + last) for plane in range(0x10000, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
)

AttributeText = Annotated[
    str,
    StringConstraints(pattern=f"^[^{_CONTROL}{_NONCHARACTERS}{_HIGH_NONCHARACTERS}]*$"),
    Field(json_schema_extra={"pattern": f"^[^{_CONTROL}{_NONCHARACTERS}]*$"}),
]
"""What CloudEvents allows in an attribute of type String: no control character, no noncharacter."""

PremisesId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
UnitId = Annotated[str, StringConstraints(pattern=rf"^(source:[{_URI}]{{1,120}}|[a-z0-9][a-z0-9-]{{0,39}})$")]
"""What has one writer and one lock: a premises, or ``source:<id>`` for a source's own subject."""

WorkOrderId = Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
NightId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}/[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
AnySubject = Annotated[str, StringConstraints(max_length=128, pattern=r"^[!-~]+$")]
SourceId = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=rf"^[{_URI}]*$")]
"""A CloudEvents source: a URI reference."""

EventId = Annotated[AttributeText, StringConstraints(min_length=1, max_length=200)]
CoverRef = Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=rf"^[^{_CONTROL}]*$")]
FreeText = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
"""Anything printable, with tabs and line ends of either kind."""


# The ids of a subject are derived again at each decision about it: what was derived once is remembered.
@lru_cache(maxsize=262_144)
def escalation_id(subject: str, kind: str, clock: str, rung: str, spell: str, repeat: int) -> UUID:
    """The one id of one rung reached about one subject; priority is no part of it.

    ``subject`` is the :func:`subject_name`; ``clock`` is empty where the kind has none; ``repeat`` is 0 for the rung
    itself and k for its k-th repeat. It is ``uuid5`` of the parts, joined by the unit separator (U+001F) after the word
    ``escalation``.
    """
    return UUID(int=escalation_number(escalation_stem(subject), rung_name(kind, clock, rung, spell), repeat))


def escalation_stem(subject: str) -> bytes:
    """What all ids about one subject derive from, to be given to :func:`escalation_number`."""
    return _NAMESPACE_BYTES + f"escalation\x1f{subject}\x1f".encode()


def rung_name(kind: str, clock: str, rung: str, spell: str) -> bytes:
    """What a rung of a ladder is called in its ids, to be given to :func:`escalation_number`."""
    return f"{kind}\x1f{clock}\x1f{rung}\x1f{spell}\x1f".encode()


def escalation_number(stem: bytes, rung: bytes, repeat: int) -> int:
    """The id of one repeat of a rung as a number (``UUID.int``).

    An answer may name any rung, so many are derived of which few are ever said. Hence not by ``uuid5``, which takes
    five times as long.
    """
    digest = sha1(b"%b%b%d" % (stem, rung, repeat), usedforsecurity=False).digest()
    return _from_bytes(digest[:16]) & _OTHER_BITS | _VERSION_5


def statement_id(escalation: UUID, n: int) -> UUID:
    """The message id of the n-th statement about an escalation; n counts from 1."""
    return uuid5(escalation, str(n))


def output_id(family: str, subject: str, n: int) -> UUID:
    """The message id of the n-th output of a family (``classified``, ``dispute``) about a subject."""
    return uuid5(NAMESPACE, "\x1f".join((family, subject, str(n))))


def night_id(premises: str, night: str) -> str:
    """The subject of one night at one premises: ``<premises>/<YYYY-MM-DD>``."""
    return f"{premises}/{night}"


def subject_name(unit: str, subject: str) -> str:
    """What a subject is called wherever it must not be taken for another: a work order bears its premises too.

    Two providers may each have an order of one number; nights and sources name their premises or source already.
    """
    return subject if "/" in subject or subject.startswith(SOURCE_PREFIX) else f"{unit}/{subject}"


def source_unit(source: str) -> str:
    """The unit and subject that stand for a source itself."""
    return SOURCE_PREFIX + source


def new_id() -> str:
    """A fresh random id for something that a person submits; never used for anything that can be derived."""
    return str(uuid4())
