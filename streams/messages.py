"""Messages out: what was decided, as the CloudEvents that go to the output topics.

A message's id is derived from what it says, so whatever sends it twice sends the same message.
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import orjson

from models.decision import Classification, DisputeChange, Statement
from models.ids import output_id, statement_id, subject_name
from models.outputs import (
    ActivatedData,
    BacklogCell,
    BacklogCounted,
    BacklogData,
    Classified,
    DisputeOpened,
    DisputeSettled,
    EstateActivated,
    InputRejected,
    PolicyActivated,
    RejectedData,
)
from models.parse import to_json
from models.said import OURSELVES, STATEMENTS, say, say_json
from models.schemas import AnyEvent
from models.work_order import Priority
from streams.clock import EPOCH
from streams.topics import (
    BACKLOG,
    CLASSIFICATIONS,
    DISPUTES,
    ESCALATIONS,
    ESTATES,
    POLICIES,
    PULSES,
    REJECTED,
    VALUE_BYTES,
)
from workorders.policy import Estate, Policy, canonical

MAX_SHOWN: Final = 64 * 1024
"""How many bytes of a refused input its message carries at most; the ledger keeps all of them."""


class NoMessageError(ValueError):
    """What is on an output topic is no message of ours; the text says why."""


def message_id(value: bytes | None) -> UUID:
    """The message id that a record of an output topic bears; raises ``NoMessageError`` if it bears none."""
    try:
        return UUID(str(orjson.loads(value or b"")["id"]))
    except (ValueError, TypeError, KeyError) as error:
        raise NoMessageError(repr(error)) from error


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one topic (its logical name); ``value`` is the event's JSON."""

    id: UUID
    topic: str
    key: str
    value: str


def statement_message(unit: str, statement: Statement) -> Message:
    """One statement about an escalation; consumers dedupe by its id and believe the highest n."""
    reached = statement.reached
    data = {
        "escalation_id": reached.id,
        "n": statement.n,
        "premises": unit,
        "kind": reached.kind,
        "clock": reached.clock,
        "spell": reached.spell,
        "rung": reached.rung,
        "role": reached.role,
        "repeat": reached.repeat,
        "priority": reached.priority,
        "business_critical": reached.business_critical,
        "due_at": reached.due_at,
        "original_due_at": reached.original_due_at,
        "late_seconds": statement.late_seconds,
        "labels": reached.labels,
        "reason": statement.reason,
        "happened_at": reached.happened_at,
        "heard_at": reached.heard_at,
        "acknowledged_until": reached.acknowledged_until,
        "policy_version": reached.policy_version,
    }
    id_ = statement_id(reached.id, statement.n)
    value = say_json(STATEMENTS[statement.statement], id_, unit, reached.subject, statement.at, data)
    return Message(id_, ESCALATIONS.name, unit, value)


def classified_message(unit: str, subject: str, n: int, said: Classification, at: datetime) -> Message:
    """The n-th classification of an order."""
    id_ = output_id("classified", subject_name(unit, subject), n)
    data = {
        "premises": unit,
        "work_order": subject,
        "n": n,
        "base": said.base,
        "effective": said.effective,
        "business_critical": said.effective is Priority.P1,
        "rules": [{"rule": one.rule, "priority": one.priority, "reason": one.reason} for one in said.rules],
        "facts": dict(said.facts),
        "policy_version": said.policy_version,
    }
    return Message(id_, CLASSIFICATIONS.name, unit, say_json(Classified, id_, unit, subject, at, data))


def dispute_message(unit: str, subject: str, n: int, change: DisputeChange, at: datetime) -> Message:
    """The n-th thing said about an order's dispute: opened, or settled."""
    id_ = output_id("dispute", subject_name(unit, subject), n)
    data = {
        "premises": unit,
        "work_order": subject,
        "n": n,
        "ours": change.ours,
        "providers": change.providers,
        "since": change.since,
    }
    said = DisputeOpened if change.opened else DisputeSettled
    return Message(id_, DISPUTES.name, unit, say_json(said, id_, unit, subject, at, data))


def backlog_message(unit: str, n: int, cells: tuple[BacklogCell, ...], at: datetime) -> Message:
    """The n-th count of what is outstanding at one premises; a restored ledger may count from a lower n again."""
    id_ = output_id("backlog", f"{unit}/{at.isoformat()}", n)
    outstanding = sum(cell.count for cell in cells)
    data = BacklogData(premises=unit, outstanding=outstanding, cells=cells, as_at=at)
    event = say(BacklogCounted, id_, unit, unit, at, data)
    return Message(id_, BACKLOG.name, unit, _json(event))


def rejected_message(id_: UUID, key: str, value: bytes | None, about: dict[str, Any], at: datetime) -> Message:
    """One refused input; ``about`` gives topic, partition, offset, code, field, sentence and SHA-256."""
    shown = base64.b64encode((value or b"")[:MAX_SHOWN]).decode()
    data = RejectedData(length=len(value or b""), bytes_base64=shown, **about)
    event = say(InputRejected, id_, key, key, at, data)
    return Message(id_, REJECTED.name, key, _json(event))


def version_message(what: Literal["policy", "estate"], data: ActivatedData) -> Message:
    """A version of the policy or the estate, by the instant of its effect: one topic holds the whole timeline."""
    at = data.effective_from.isoformat()
    id_ = output_id(f"{what}-activated", f"{at}/{data.version}", 1)
    event: AnyEvent
    if what == "policy":
        topic, event = POLICIES, say(PolicyActivated, id_, at, data.version, data.activated_at, data)
    else:
        topic, event = ESTATES, say(EstateActivated, id_, at, data.version, data.activated_at, data)
    return Message(id_, topic.name, at, _json(event))


def too_large(version: Policy | Estate) -> str | None:
    """Why a version could not be told to anybody, in a sentence without its full stop; None if it can."""
    what: Literal["policy", "estate"] = "policy" if isinstance(version, Policy) else "estate"
    document = canonical(version.spec).decode()
    data = ActivatedData(
        effective_from=EPOCH, version=version.version, document=document, activated_at=EPOCH, activated_by=what
    )
    length = len(version_message(what, data).value.encode())
    if length <= VALUE_BYTES:
        return None
    return (
        f"the {what} is {length:,} bytes long as the message by which it is published, and {VALUE_BYTES:,} is the "
        "most that is sent in one"
    )


def pulse_message(worker: str, at: datetime) -> Message:
    """A sign of life of the worker that sends; it is about no event, so it has no schema and no place in the ledger."""
    id_ = output_id("pulse", f"{worker}/{at.isoformat()}", 1)
    pulse = {
        "specversion": "1.0",
        "id": str(id_),
        "source": OURSELVES,
        "type": "workorders.pulse",
        "subject": worker,
        "time": at.isoformat(),
        "datacontenttype": "application/json",
        "data": {"part": "relay"},
    }
    return Message(id_, PULSES.name, worker, orjson.dumps(pulse).decode())


def _json(event: AnyEvent) -> str:
    return to_json(event).decode()
