"""Links: a signed address by which a role acknowledges an escalation from the notice itself, without logging in.

A link says which escalation and which role, serves that one purpose, and ends at an instant. Whoever has it can
acknowledge, as whoever reads the notice can; following it again changes nothing, for an acknowledgement is said once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from itsdangerous import BadSignature, Signer

from streams.clock import in_utc

PURPOSE: Final = "acknowledge"
SHORTEST_KEY: Final = 32
"""Characters of a signing key, each of them random."""

_ROLE: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
# Escalation, role, seconds since 1970, and 256 bits of signature in base64. A mail program that breaks an address
# leaves less of it.
_WHOLE: Final = re.compile(r"([0-9a-f]{32})\.([a-z][a-z0-9-]{0,39})\.([0-9]{1,11})\.[A-Za-z0-9_-]{43}")


class Reason(StrEnum):
    """Why a link cannot be used."""

    INCOMPLETE = "incomplete"
    """It was cut off or changed on its way, or is no link of ours at all."""
    NOT_OURS = "not-ours"
    """We did not sign it for this purpose, or not with a key that still counts."""
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Link:
    """What a good link stands for."""

    escalation_id: UUID
    role: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class BadLink:
    """A link by which nothing may be done, and why."""

    reason: Reason


def sign(secret_keys: Sequence[str], escalation_id: UUID, role: str, expires: datetime) -> str:
    """A token that needs no quoting in an address: of the escalation and the role, until the instant (whole seconds).

    ``secret_keys``: the newest first, which signs. Raises ``ValueError`` for no key, a short key, or what is no role.
    """
    if not _ROLE.fullmatch(role):
        raise ValueError(f"{role!r} is no role")
    until = int(in_utc(expires).timestamp())
    return _signer(secret_keys).sign(f"{escalation_id.hex}.{role}.{until}").decode("ascii")


def read(secret_keys: Sequence[str], token: str, now: datetime) -> Link | BadLink:
    """What the token stands for, if one of the keys signed it for this purpose and its time has not passed.

    Signatures are compared in constant time; nothing that a token says is believed before its signature.
    """
    whole = _WHOLE.fullmatch(token)
    signer = _signer(secret_keys)
    if whole is None:
        return BadLink(Reason.INCOMPLETE)
    try:
        signer.unsign(token)
        expires = datetime.fromtimestamp(int(whole[3]), UTC)
    except (BadSignature, ValueError, OverflowError):
        return BadLink(Reason.NOT_OURS)
    if in_utc(now) >= expires:
        return BadLink(Reason.EXPIRED)
    return Link(UUID(hex=whole[1]), whole[2], expires)


def _signer(secret_keys: Sequence[str]) -> Signer:
    if not secret_keys or any(len(key) < SHORTEST_KEY for key in secret_keys):
        raise ValueError(f"links need signing keys of at least {SHORTEST_KEY} characters")
    oldest_first = list(reversed(secret_keys))
    return Signer(oldest_first, salt=PURPOSE, key_derivation="hmac", digest_method=sha256)
