"""Saying one thing: the event is made as the command line makes it, is durable, and is then decided at once.

Whoever asks says how long the answer may wait for the decision; that of danger to life waits for none.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final

import orjson
from pydantic import Field, TypeAdapter
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import Response

from desk.api import again
from desk.api.bodies import instant_in, switch_in
from desk.api.duty import DutyLine, duty_line
from desk.api.guard import Caller
from desk.api.mends import Mend
from desk.api.operations import Operation
from desk.api.place import Taking
from desk.api.preferring import HEADER as PREFER
from desk.api.preferring import preferred
from desk.api.problems import EMERGENCY, Emergency, Problem, words_for
from desk.api.reference import PATTERN, new_reference
from desk.near import hint
from desk.options import Speaking
from desk.telling.fates import Fate
from desk.telling.inputs import with_receipt
from desk.telling.saying import Event, make_event
from desk.views.receipts import Submission, read_submission, submitted_as
from desk.words import Words
from desk.words.language import ENGLISH
from models.refusal import Reason, Refusal
from streams.clock import monotonic
from streams.ledger.errors import LedgerError
from streams.ledger.incoming import Incoming

ANSWERED_WITHIN_S: Final = 10.0
"""How long a decision is waited for before the answer says that there is none yet."""
DANGER: Final = "dangertolife"
"""The extension attribute by which an event says that somebody's life was said to be in danger."""
RECEIPTS: Final = "/v1/receipts/"
SAID_BY: Final = "source:"
"""Before the source, by which what was said on a page is known: it may come again in another session of the same."""


@dataclass(frozen=True, slots=True)
class About:
    """What is spoken about, and what the path or the rules add to what is said of it."""

    premises: str
    subject: str
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Once:
    """What is said once, however often it is posted: a name for it, unique to whoever says it, and the event's own id.

    ``first_counts``: whatever else is posted under that name, what came first has been said; else that is a conflict.
    ``typed`` is what must be the same then, where what is said is reckoned from it and from what stands by now.
    """

    name: str
    event: str
    first_counts: bool = False
    typed: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """Why what was said was not taken."""

    code: str
    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ReceiptBody:
    """The word that what was said is durable, with what has become of it.

    ``taken``: the ledger has taken it, and ``fate`` is then recorded, duplicate or rejected; until then ``sentence``
    says whether it is being decided now, or whom to telephone.
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
NOT_YET: Final = Fate(None)


async def say(
    request: Request, caller: Caller, operation: Operation, place: About, said: Mapping[str, Any]
) -> Response:
    """Say it about a subject; the answer is given when it is durable and, if that is soon and waited for, decided."""
    began = monotonic()
    in_danger = switch_in(said, "danger_to_life")
    wishes = preferred(request.headers.getlist(PREFER))
    try:
        event = _event(caller, operation, place, said, in_danger=in_danger)
        asked = again.named(caller.key.id, request.headers.get(again.HEADER), request.url.path, dict(said))
        kept = await _durable(caller, again.Draft(event, new_reference(), asked))
    except Problem as problem:
        problem.emergency = EMERGENCY if in_danger else None
        raise
    headers = {"Location": RECEIPTS + kept.receipt.id, **wishes.applied()}
    body = kept.answer
    if body is None:
        within = 0.0 if in_danger else wishes.patience(ANSWERED_WITHIN_S)
        ends = began + within if within else None
        fate, goes_on = await _decided(caller, _taking(kept), ends, hurry=in_danger)
        late = not goes_on or within >= ANSWERED_WITHIN_S
        told = receipt_body(caller, _submission(kept, fate), in_danger=in_danger, late=late)
        body = BODY.dump_json(told)
        if asked is not None and told.taken:
            caller.place.answering.leave((asked, body))
    words = words_for(request)
    if words.language != ENGLISH:
        # It is kept in English, so that the same request has the same answer in whichever language it comes again.
        body = BODY.dump_json(worded(BODY.validate_json(body), words))
    headers |= {"Content-Language": words.language, "Vary": "Accept-Language"}
    return Response(body, HTTPStatus.CREATED, headers, "application/json")


def worded(told: ReceiptBody, words: Words) -> ReceiptBody:
    """The receipt with what a person reads of it in a language."""
    refusal, emergency = told.refusal, told.emergency
    return replace(
        told,
        sentence=words.reason(told.sentence),
        refusal=None if refusal is None else replace(refusal, sentence=words.reason(refusal.sentence)),
        emergency=None if emergency is None else replace(emergency, instruction=words.reason(emergency.instruction)),
    )


async def told(
    caller: Caller,
    operation: Operation,
    place: About,
    said: Mapping[str, Any],
    once: Once,
) -> ReceiptBody:
    """Say it for a page, as :func:`say` does for a program: what has become of it, waited for as long as ever."""
    began = monotonic()
    in_danger = switch_in(said, "danger_to_life")
    event = _event(caller, operation, place, said, in_danger=in_danger)
    event = replace(event, content={**event.content, "id": once.event})
    if (before := await _said_before(caller, event)) is not None:
        return await _told_again(caller, before, began + ANSWERED_WITHIN_S, in_danger=in_danger)
    compared = said if once.typed is None else once.typed
    return await told_whole(caller, operation, event, {} if once.first_counts else dict(compared), once)


async def _said_before(caller: Caller, event: Event) -> tuple[Submission, Incoming] | None:
    """What was said under this id with this very content, however long ago; requests are remembered for a day only."""
    async with caller.place.ledger.reading() as connection:
        for one in await submitted_as(connection, caller.key.source, str(event.content["id"])):
            if one.value and orjson.loads(one.value)["data"] == event.content["data"]:
                found = await read_submission(connection, one.receipt or "")
                return (found, one) if found is not None else None
    return None


async def _told_again(
    caller: Caller, before: tuple[Submission, Incoming], ends: float, *, in_danger: bool
) -> ReceiptBody:
    """What has become of what was said before; while that is being decided, it is waited for as the first time."""
    submission, incoming = before
    if submission.fate.fate is None:
        fate = (await _decided(caller, Taking(incoming, again=True), ends, hurry=in_danger))[0]
        submission = replace(submission, fate=fate)
    return receipt_body(caller, submission, in_danger=in_danger, late=True)


async def told_whole(
    caller: Caller,
    operation: Operation,
    event: Event,
    compared: Mapping[str, Any],
    once: Once,
    mend: Mend | None = None,
) -> ReceiptBody:
    """Say an event that is whole already, as it stands; ``compared`` is what must be the same if it comes again.

    ``mend``: what was refused and is mended by it; raises ``MendedAlready`` where somebody was first.
    """
    began = monotonic()
    in_danger = event.content.get(DANGER) is True
    path = f"{operation.name} {event.key} {event.content['subject']}"
    asked = again.named(f"{SAID_BY}{caller.key.source}", once.name, path, dict(compared))
    kept = await _durable(caller, again.Draft(event, new_reference(), asked, mend))
    fate = (await _decided(caller, _taking(kept), began + ANSWERED_WITHIN_S, hurry=in_danger))[0]
    return receipt_body(caller, _submission(kept, fate), in_danger=in_danger, late=True)


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


async def _durable(caller: Caller, draft: again.Draft) -> again.Kept:
    try:
        answer = await caller.place.submitting.ask(draft)
    except OUTAGES:
        raise unavailable() from None
    if isinstance(answer, Problem):
        raise answer
    if isinstance(answer, Refusal):
        raise _refused(caller, draft.event, answer)
    return answer


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


def _taking(kept: again.Kept) -> Taking:
    return Taking(with_receipt(kept.event.as_input(), kept.receipt), kept.receipt.again)


async def _decided(caller: Caller, taking: Taking, ends: float | None, *, hurry: bool) -> tuple[Fate, bool]:
    """Have it taken: its fate if that is known by then (None: it is not waited for), and whether that still goes on.

    Where it does not go on here, a worker takes it.
    """
    if ends is None:
        taking = replace(taking, waits=False)
        known = await _known(caller, taking) if taking.again else NOT_YET
        return known, known.fate is None and caller.place.taking.leave(taking, hurry=hurry)
    try:
        async with asyncio.timeout(max(0.0, ends - monotonic())):
            return await caller.place.taking.ask(taking), False
    except TimeoutError:
        return NOT_YET, True
    except OUTAGES:
        return NOT_YET, False


async def _known(caller: Caller, taking: Taking) -> Fate:
    """The fate by now of what was here before."""
    with suppress(*OUTAGES):
        return (await caller.place.fates([taking.receipt])).get(taking.receipt, NOT_YET)
    return NOT_YET


def _submission(kept: again.Kept, fate: Fate) -> Submission:
    event, receipt = kept.event, kept.receipt
    return Submission(
        receipt=receipt.id,
        source=receipt.source,
        event_id=receipt.event_id,
        premises=event.key,
        type=event.content["type"],
        subject=event.content["subject"],
        received_at=receipt.received_at,
        relayed_at=None,
        fate=fate,
    )


def receipt_body(caller: Caller, found: Submission, *, in_danger: bool = False, late: bool = False) -> ReceiptBody:
    """What has become of a submission, in words too; ``late``: it should have been decided by now."""
    fate = found.fate
    late = (
        late or not caller.place.decides or caller.desk.now - found.received_at >= timedelta(seconds=ANSWERED_WITHIN_S)
    )
    untold = fate.held or (fate.fate is None and (late or in_danger))
    line = duty_line(caller.desk.world, found.premises, caller.desk.now) if untold else None
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
        sentence=_sentence(found, line, late=late),
        refusal=Why(fate.code, fate.field, fate.sentence) if fate.is_rejected else None,
        duty_line=line,
        emergency=EMERGENCY if in_danger else None,
    )


def _sentence(found: Submission, line: DutyLine | None, *, late: bool) -> str:
    if found.fate.is_rejected:
        return f"It was kept, but could not be taken: {found.fate.sentence}"
    urgent = f" If it is urgent, telephone: {line.role}, {line.telephone}." if line is not None else ""
    if found.fate.held:
        held = "It is saved, but it could not be decided and is held until somebody looks at it; nobody has been told."
        return held + urgent
    if found.fate.fate is not None:
        return "It is saved and decided; whoever must be told of it is being told."
    if not late:
        under_way = "It is saved and cannot be lost, and is being decided now; its receipt tells what becomes of it."
        return under_way + urgent
    sent = " It has been sent to the workers." if found.relayed_at is not None else ""
    return f"It is saved and cannot be lost, but it is not decided yet, and nobody has been told.{sent}{urgent}"
