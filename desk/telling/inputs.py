"""Bytes of one CloudEvent as an input of the ledger."""

from dataclasses import replace
from typing import Any

import orjson

from models.history import TOPIC_PREFIX
from streams.ledger.inbox import Receipt
from streams.ledger.incoming import Incoming


def as_input(raw: bytes) -> Incoming:
    """The bytes as an input, with the topic and key that its type and premises claim; it is judged later."""
    found = claims(raw)
    kind, data = found.get("type"), found.get("data")
    topic = next(
        (name for name, prefix in TOPIC_PREFIX.items() if isinstance(kind, str) and kind.startswith(prefix)), None
    )
    premises = data.get("premises") if isinstance(data, dict) else None
    key = premises.encode(errors="replace") if isinstance(premises, str) else None
    return Incoming(topic or "work-orders", key, raw.strip())


def with_receipt(incoming: Incoming, receipt: Receipt) -> Incoming:
    """The same input, to be taken as the one that the receipt was given for."""
    return replace(incoming, heard=receipt.received_at, receipt=receipt.id)


def claims(raw: bytes) -> dict[str, Any]:
    """What the bytes hold, if they are one JSON object; nothing if not."""
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
