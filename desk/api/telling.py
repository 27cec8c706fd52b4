"""Saying one thing: the event is made as the command line makes it, is durable, and is then decided at once."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import Response

from desk.api import again
from desk.api.bodies import instant_in, switch_in
from desk.api.duty import DutyLine, duty_line
from desk.api.guard import Caller
from desk.api.operations import Operation
from desk.api.problems import EMERGENCY, Emergency, Problem
from desk.api.reference import PATTERN, new_reference
from desk.near import hint
from desk.options import Speaking
from desk.telling.fates import Fate
from desk.telling.inputs import with_receipt
from desk.telling.saying import Event, make_event
from desk.views.receipts import Submission, read_submission
from models.refusal import Reason, Refusal
from streams.clock import monotonic
from streams.ledger.errors import LedgerError
from streams.ledger.inbox import Receipt
from streams.ledger.incoming import Incoming

ANSWERED_WITHIN_S: Final = 10.0
"""How long a decision is waited for before the answer says that there is none yet."""
DANGER: Final = "dangertolife"
"""The extension attribute by which an event says that somebody's life was said to be in danger."""
RECEIPTS: Final = "/v1/receipts/"


@dataclass(frozen=True, slots=True)
class About:
    """What is spoken about, and what the path or the rules add to what is said of it."""

    premises: str
    subject: str
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Why:
    """Why what was said was not taken."""

    code: str
    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ReceiptBody:
    """The word that what was said is durable, with what has become of it.

    ``taken``: it was decided, and whoever must be told is being told; ``fate`` is then recorded, duplicate or rejected.
    ``reference`` is made to be read over the telephone.
    """

    reference: Annotated[str, Field(pattern=PATTERN)] | str
    received_at: datetime
    source: str
    event: str
    type: str
    premises: str
    subject: str
    saved: bool
    taken: bool
    fate: str | None
    sentence: str
    refusal: Why | None = None
    duty_line: DutyLine | None = None
    emergency: Emergency | None = None


BODY: Final = TypeAdapter(ReceiptBody)
_OWN: Final = frozenset({"time", "danger_to_life", "premises"})
_ASKED_AS: Final = {"subject": "order"}
"""What a request calls otherwise than the event that is made of it."""
OUTAGES: Final = (LedgerError, DBAPIError)


async def say(
    request: Request, caller: Caller, operation: Operation, place: About, said: Mapping[str, Any]
) -> Response:
    """Say it about a subject; the answer is given when it is durable and, if that is soon, decided."""
    began = monotonic()
    in_danger = switch_in(said, "danger_to_life")
    try:
        draft = again.Draft(_event(caller, operation, place, said, in_danger=in_danger), new_reference())
        name = request.headers.get(again.HEADER)
        asked = again.named(caller.key.id, name, request.url.path, dict(said))
        if asked is not None:
            draft, answered = await again.first(caller.place.ledger, asked, draft, caller.desk.now)
            if answered is not None:
                return _created(answered)
        receipt = await _durable(caller, draft, asked)
        await _decided(caller, draft, receipt, ANSWERED_WITHIN_S - (monotonic() - began))
        body = BODY.dump_json(receipt_body(caller, await _fate(caller, draft, receipt), in_danger=in_danger))
    except Problem as problem:
        problem.emergency = EMERGENCY if in_danger else None
        raise
    if asked is not None:
        with suppress(*OUTAGES):  # it is durable, and the same request finds it again
            await again.keep_answer(caller.place.ledger, asked, body)
    return _created(body)


def _created(body: bytes) -> Response:
    location = RECEIPTS + BODY.validate_json(body).reference
    return Response(body, HTTPStatus.CREATED, {"Location": location}, "application/json")


def _event(caller: Caller, operation: Operation, place: About, said: Mapping[str, Any], *, in_danger: bool) -> Event:
    premises, subject, told = place.premises, place.subject, place.told
    at = instant_in(said, "time") or caller.desk.now
    for name in operation.hidden:
        if name in said:
            sentence = f"{name} is told by the path and is no field of the body."
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(Reason.UNKNOWN_FIELD), sentence, about=name)
    data = {name: value for name, value in {**said, **told}.items() if name not in _OWN | operation.own.keys()}
    speaking = Speaking(source=caller.key.source)
    event = make_event(operation.topic, operation.verb, subject, premises, at, data, speaking)
    return replace(event, content={**event.content, DANGER: True}) if in_danger else event


async def _durable(caller: Caller, draft: again.Draft, asked: again.Request | None) -> Receipt:
    incoming = replace(draft.event.as_input(), receipt=draft.reference)
    try:
        answer = await caller.place.submitting.ask(incoming)
    except OUTAGES:
        raise unavailable() from None
    if isinstance(answer, Receipt):
        return answer
    if asked is not None:
        await again.forget(caller.place.ledger, asked)
    raise _refused(caller, draft.event, answer)


def unavailable() -> Problem:
    """The problem of a ledger that cannot be reached."""
    sentence = "The ledger cannot be reached, so nothing is sure to be saved. Try again with the same Idempotency-Key."
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "ledger-unavailable", sentence, Retry_After="5")


def _refused(caller: Caller, event: Event, refusal: Refusal) -> Problem:
    desk = caller.desk
    meant = hint(refusal.code, refusal.field, event.content, desk.world, desk.now) if caller.units is None else ""
    about = _ASKED_AS.get(refusal.field, refusal.field.removeprefix("data."))
    sentence = refusal.sentence.replace(refusal.field, about) if about else refusal.sentence
    return Problem.of(replace(refusal, sentence=sentence + meant), about)


async def _decided(caller: Caller, draft: again.Draft, receipt: Receipt, patience: float) -> None:
    """Have it taken; if that does not end soon, or cannot be done now, a worker takes it."""
    incoming: Incoming = with_receipt(draft.event.as_input(), receipt)
    with suppress(TimeoutError, *OUTAGES):
        await asyncio.wait_for(caller.place.taking.ask(incoming), max(0.0, patience))


async def _fate(caller: Caller, draft: again.Draft, receipt: Receipt) -> Submission:
    """What has become of it; where that cannot be read, that it is saved, which is known."""
    with suppress(*OUTAGES):
        async with caller.place.ledger.reading() as connection:
            found = await read_submission(connection, receipt.id)
            if found is not None:
                return found
    event = draft.event
    return Submission(
        receipt=receipt.id,
        source=receipt.source,
        event_id=receipt.event_id,
        premises=event.key,
        type=event.content["type"],
        subject=event.content["subject"],
        received_at=receipt.received_at,
        relayed_at=None,
        fate=Fate(None),
    )


def receipt_body(caller: Caller, found: Submission, *, in_danger: bool = False) -> ReceiptBody:
    """What has become of a submission, in words too."""
    fate = found.fate
    line = duty_line(caller.desk.world, found.premises, caller.desk.now) if fate.fate is None else None
    return ReceiptBody(
        reference=found.receipt,
        received_at=found.received_at,
        source=found.source,
        event=found.event_id,
        type=found.type,
        premises=found.premises,
        subject=found.subject,
        saved=True,
        taken=fate.fate is not None,
        fate=fate.fate,
        sentence=_sentence(found, line),
        refusal=Why(fate.code, fate.field, fate.sentence) if fate.is_rejected else None,
        duty_line=line,
        emergency=EMERGENCY if in_danger else None,
    )


def _sentence(found: Submission, line: DutyLine | None) -> str:
    if found.fate.is_rejected:
        return f"It was kept, but could not be taken: {found.fate.sentence}"
    if found.fate.fate is not None:
        return "It is saved and decided; whoever must be told of it is being told."
    urgent = f" If it is urgent, telephone: {line.role}, {line.telephone}." if line is not None else ""
    sent = " It has been sent to the workers." if found.relayed_at is not None else ""
    return f"It is saved and cannot be lost, but it is not decided yet, and nobody has been told.{sent}{urgent}"
