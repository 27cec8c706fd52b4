"""The version of a policy or an estate: the hash of what it says, not of how it is written."""

import json
from hashlib import sha256

from models.premises import Fixed


def canonical(spec: Fixed) -> bytes:
    """The content of a spec as one sequence of bytes, the same on every machine.

    Comments, layout and the order of keys leave no trace, and a default that is written out is the same as one that is
    not; so a field that a later release adds, with a default that changes nothing, changes no version.
    """
    content = spec.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def version_of(spec: Fixed) -> str:
    """The SHA-256 of the content, as 64 hexadecimal digits."""
    return sha256(canonical(spec)).hexdigest()
