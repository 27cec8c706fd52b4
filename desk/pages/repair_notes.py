"""What somebody has typed about a repair before they send it: carried in the address, where only this desk can read it.

It is kept nowhere, so nothing need be erased of what was never sent; and it outlasts the session in which it was typed.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from secrets import token_urlsafe
from typing import Final

import orjson
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.util import json_b64encode

from desk.pages.sessions import LONGEST
from streams.clock import in_utc

NOTHING: Final = "NONE"
"""Stands for a note that was left empty: it was asked for, and there is none."""
_HEADER: Final = {"alg": "dir", "enc": "A256GCM", "zip": "DEF"}
_METHODS: Final = ("dir", "A256GCM", "DEF")
_HEAD: Final = json_b64encode(_HEADER).decode()
"""What every sealed text begins with. No other beginning is read, so nobody else chooses by what one is opened."""
_OF_THIS_RUN: Final = token_urlsafe(32)
"""Seals where no key is set: what was typed is then lost if the desk is started anew before it is sent."""


def seal(keys: Sequence[str], by: str, text: str, now: datetime) -> str:
    """The text for an address, readable for ``by`` alone and as long as a session may last."""
    if not text:
        return NOTHING
    until = in_utc(now + LONGEST).timestamp()
    held = orjson.dumps({"by": by, "until": until, "text": text})
    return jwe.encrypt_compact(_HEADER, held, _sealing(keys)[0], algorithms=[*_METHODS])


def unseal(keys: Sequence[str], by: str, sealed: str, now: datetime) -> str | None:
    """The text that was sealed; None if it was not sealed here, for another, or too long ago."""
    if sealed == NOTHING:
        return ""
    if sealed.partition(".")[0] != _HEAD:
        return None
    for key in _sealing(keys):
        try:
            held = orjson.loads(jwe.decrypt_compact(sealed, key, algorithms=[*_METHODS]).plaintext or b"")
        except (JoseError, ValueError):
            continue
        return str(held["text"]) if held["by"] == by and in_utc(now).timestamp() < held["until"] else None
    return None


def _sealing(keys: Sequence[str]) -> list[OctKey]:
    """Keys for this purpose only, the newest first."""
    derived = (hmac.new(key.encode(), b"repair note", sha256).digest() for key in keys or (_OF_THIS_RUN,))
    return [OctKey.import_key(key) for key in derived]
