"""Rejections: what could not be taken is kept with all its bytes, announced on its topic, and sealed in the audit."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from models.ids import output_id
from models.tables import RejectedRow
from streams.ledger import audit
from streams.ledger.audit import ADMINISTRATION
from streams.ledger.incoming import Incoming, Rejection
from streams.ledger.offsets import Advances
from streams.ledger.writing import Writing
from streams.messages import rejected_message

NOWHERE = -1
"""Partition and offset of what was submitted to us and never read from a topic."""


def reject(writing: Writing, rejections: Sequence[Rejection], advances: Advances) -> None:
    """Record each rejection and send its message."""
    for rejection in rejections:
        advance = advances.of(rejection.incoming)
        row = _row(rejection, advance.id if advance is not None else None, writing.now)
        writing.rejected.append(row)
        seals = {"seal": audit.row_seal(RejectedRow, row), "bytes": audit.bytes_seal(row)}
        writing.entry(ADMINISTRATION).acts.append({"rejected": row["message_id"], "code": row["code"], **seals})
        writing.send(ADMINISTRATION, _message(rejection, row, writing.now))


def _message(rejection: Rejection, row: dict[str, Any], now: datetime) -> Any:  # noqa: ANN401
    origin = rejection.incoming.origin
    partition, offset = (origin.stream.partition, origin.offset) if origin else (NOWHERE, NOWHERE)
    about = {
        "topic": rejection.incoming.topic,
        "partition": partition,
        "offset": offset,
        **{name: row[name] for name in ("code", "field", "sentence", "sha256")},
    }
    key = f"{rejection.incoming.topic}/{partition}/{offset}"
    return rejected_message(row["message_id"], key, rejection.incoming.value, about, now)


def _row(rejection: Rejection, stream: int | None, now: datetime) -> dict[str, Any]:
    incoming = rejection.incoming
    value = incoming.value or b""
    return {
        "message_id": output_id("rejected", *_place(incoming, now)),
        "stream": stream,
        "topic_offset": incoming.origin.offset if incoming.origin else None,
        "receipt": incoming.receipt,
        "topic": incoming.topic,
        "source": rejection.source,
        "code": rejection.code,
        "field": rejection.field,
        "sentence": rejection.sentence,
        "length": len(value),
        "sha256": hashlib.sha256(value).hexdigest(),
        "key": incoming.key,
        "value": incoming.value,
        "headers": _headers(incoming),
        "heard": incoming.heard,
        "rejected_at": now,
    }


def _place(incoming: Incoming, now: datetime) -> tuple[str, int]:
    """What makes the message id: the place in the topic; else the bytes, and when they were refused."""
    if incoming.origin is None:
        return f"receipt/{incoming.receipt}/{hashlib.sha256(incoming.value or b'').hexdigest()}/{now.isoformat()}", 0
    stream = incoming.origin.stream
    return f"{stream.cluster}/{stream.incarnation}/{stream.topic}/{stream.partition}", incoming.origin.offset


def _headers(incoming: Incoming) -> str:
    shown = [[name, None if value is None else base64.b64encode(value).decode()] for name, value in incoming.headers]
    return orjson.dumps(shown).decode()
