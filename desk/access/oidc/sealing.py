"""Sealing: what is kept in the ledger for one browser, and can be opened only with the secret of its cookie."""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

_HEADER: Final = {"alg": "dir", "enc": "A256GCM"}
_ALGORITHMS: Final = [*_HEADER.values()]


def derived(secret: str, purpose: str) -> str:
    """A text of 43 characters for one purpose, made of a secret; it tells nothing of the secret nor of other texts."""
    return base64.urlsafe_b64encode(_derived(secret, purpose)).rstrip(b"=").decode("ascii")


def seal(secret: str, purpose: str, content: Mapping[str, Any]) -> bytes:
    """A JSON object so that nobody reads or changes it without the secret."""
    raw = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return jwe.encrypt_compact(_HEADER, raw, _key(secret, purpose), algorithms=_ALGORITHMS).encode("ascii")


def opened(secret: str, purpose: str, sealed: bytes) -> dict[str, Any] | None:
    """What was sealed with this secret for this purpose; None if it was not."""
    try:
        raw = jwe.decrypt_compact(sealed, _key(secret, purpose), algorithms=_ALGORITHMS).plaintext
        found = json.loads(raw or b"null")
    except (JoseError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _key(secret: str, purpose: str) -> OctKey:
    return OctKey.import_key(_derived(secret, f"seal {purpose}"))


def _derived(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), purpose.encode(), "sha256")
