"""Names of things: how each identifier is written, and the deterministic ids that never change.

An id that we say to others is a UUID version 5 of what it is about, so a replay, a second
worker or a restored ledger says the same id for the same thing (domain rule "Identity").
"""

from typing import Annotated, Final
from uuid import UUID, uuid4, uuid5

from pydantic import StringConstraints

NAMESPACE: Final = UUID("6f9b6a1e-7a0c-5d0e-9a53-6d1f2c8b40e7")
"""The namespace of every id of this system; changing it would rename everything ever said."""

SOURCE_PREFIX: Final = "source:"
"""Subjects and keys that are about a source itself, such as its silence, begin with this."""

PremisesId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
UnitId = Annotated[str, StringConstraints(pattern=r"^(source:[!-~]{1,120}|[a-z0-9][a-z0-9-]{0,39})$")]
"""What has one writer and one lock: a premises, or ``source:<id>`` for a source's own subject."""

WorkOrderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
NightId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}/[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
AnySubject = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
SourceId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,120}$")]
EventId = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,200}$")]
CoverRef = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
FreeText = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$")]


def escalation_id(subject: str, kind: str, clock: str, rung: str, spell: str, repeat: int) -> UUID:
    """The one id of one rung reached about one subject; priority is no part of it.

    ``clock`` is empty where the kind has none; ``repeat`` is 0 for the rung itself and k for its k-th repeat.
    """
    return uuid5(NAMESPACE, "\x1f".join(("escalation", subject, kind, clock, rung, spell, str(repeat))))


def statement_id(escalation: UUID, n: int) -> UUID:
    """The message id of the n-th statement about an escalation; n counts from 1."""
    return uuid5(escalation, str(n))


def output_id(family: str, subject: str, n: int) -> UUID:
    """The message id of the n-th output of a family (``classified``, ``dispute``) about a subject."""
    return uuid5(NAMESPACE, "\x1f".join((family, subject, str(n))))


def night_id(premises: str, night: str) -> str:
    """The subject of one night at one premises: ``<premises>/<YYYY-MM-DD>``."""
    return f"{premises}/{night}"


def source_unit(source: str) -> str:
    """The unit and subject that stand for a source itself."""
    return SOURCE_PREFIX + source


def new_id() -> str:
    """A fresh random id for something that a person submits; never used for anything that can be derived."""
    return str(uuid4())
