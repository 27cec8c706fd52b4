"""Mending a refused event: who may say it again here, and saying it by the API's own way, with a receipt."""

from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import RedirectResponse, Response

from desk.access.rights import may
from desk.api import operations
from desk.api.mends import Mend, MendedAlready
from desk.api.operations import Operation
from desk.api.problems import Problem, missing
from desk.api.reference import read_reference
from desk.api.telling import Once, ReceiptBody, receipt_body, told_whole
from desk.pages.forms import is_once, new_once, not_whole
from desk.pages.navigation import REFUSED, leads_to
from desk.pages.refused import Refused, as_event, the_refused
from desk.pages.refused_kept import changed
from desk.pages.rendering import page
from desk.pages.sentences import role_name
from desk.pages.visitors import Visit
from desk.pages.voices import event_type
from desk.telling.inputs import as_input, claims
from desk.telling.saying import Event
from desk.views.receipts import read_submission
from desk.words import _, reason
from models.parse import parse
from models.refusal import Refusal, quote
from streams.ledger import sorting

LONGEST: Final = 18_000
"""How many characters can be mended on a page: more would not pass as a form."""
TEXT: Final = "event"
"""The field that holds the mended event."""
SAYABLE: Final[dict[str, Operation]] = {
    event_type(one): one
    for one in (operations.RAISE, *operations.OF_ORDER, *operations.OF_NIGHT, *operations.OF_ESCALATION)
}
"""What can be said through the API at all, by the type of its event."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether this role may mend it here; ``why`` not, and ``ask`` whom to ask instead."""

    can: bool
    why: str = ""
    ask: str = ""


async def show_one(visit: Visit) -> Response:
    """All that is known of one refusal, the form to mend it, and the receipt once it is mended."""
    found = await the_refused(visit)
    receipt = await _receipt(visit, found)
    return await _shown(visit, found, "" if receipt else as_event(found.whole), "", new_once(), receipt)


async def mend(visit: Visit) -> Response:
    """Say the mended event, once however often the form comes; what cannot be taken is shown with what was typed."""
    found = await the_refused(visit)
    text, once = visit.form.one(TEXT), visit.form.one("once")
    standing = standing_of(visit, found)
    if not standing.can:
        raise Problem(HTTPStatus.FORBIDDEN, "not-permitted", standing.why)
    fault = not_whole() if not is_once(once) else ""
    ready = fault or _ready(visit, found, text)
    if isinstance(ready, str):
        ready = _meanwhile(found.whole.resubmitted_as) or ready
        return await _shown(visit, found, text, ready, once or new_once(), None)
    try:
        receipt = await _say(visit, found, ready, once)
    except MendedAlready as first:
        return await _shown(visit, await the_refused(visit), text, _meanwhile(first.receipt), once, None)
    except Problem as problem:
        if problem.status == HTTPStatus.CONFLICT:
            raise
        return await _shown(visit, found, text, _why(problem), once, None)
    return RedirectResponse(f"{REFUSED}/{found.whole.seq}?r={receipt.reference}", HTTPStatus.SEE_OTHER)


def _meanwhile(receipt: str | None) -> str:
    """That somebody was first, if somebody was."""
    return _("Somebody has mended it meanwhile: {reference}", reference=receipt) if receipt else ""


def standing_of(visit: Visit, found: Refused) -> Standing:
    """Whether this role may say what was refused, or could if it were mended."""
    whole, holder = found.whole, visit.caller.key.holder
    said = claims(whole.value or b"")
    operation, kind = SAYABLE.get(str(said.get("type"))), said.get("type")
    if not any(may(holder, one.action) for one in SAYABLE.values()):
        return Standing(False, _("Your role only looks, and says nothing."), _whom(visit, whole.source))
    if operation is not None and not may(holder, operation.action):
        why = _("Your role may not say what this event says: {type}.", type=quote(str(kind)))
        return Standing(False, why, _whom(visit, whole.source))
    if operation is None and _knows_type(found):
        why = _("What this event says is not said through this desk, but by a program: {type}.", type=quote(str(kind)))
        return Standing(False, why, _whom(visit, whole.source))
    if not whole.value:
        return Standing(False, _("Its bytes are not there, so there is nothing to mend."), _whom(visit, whole.source))
    if len(as_event(whole)) > LONGEST:
        return Standing(False, _("It is too long to be mended on a page."), _whom(visit, whole.source))
    foreign = whole.source not in {None, visit.caller.key.source}
    if foreign and whole.field != "source" and _is_registered(visit, whole.source):
        why = _("It came from another source than yours, and only that source can say it again.")
        return Standing(False, why, _whom(visit, whole.source))
    return Standing(True, ask=_whom(visit, whole.source) if foreign else "")


def _is_registered(visit: Visit, source: str | None) -> bool:
    desk = visit.caller.desk
    return source is not None and desk.world.estates.at(desk.now).source(source, desk.now) is not None


def _knows_type(found: Refused) -> bool:
    """Whether the type of the refused input is one that is taken in, though not through the API."""
    refusal = sorting.read([as_input(found.whole.value or b"")])[0].refusal
    known = refusal is None or refusal.field != "type"
    return known and isinstance(claims(found.whole.value or b"").get("type"), str)


def _whom(visit: Visit, source: str | None) -> str:
    """Whom to ask about what a source sent."""
    desk = visit.caller.desk
    known = desk.world.estates.at(desk.now).source(source, desk.now) if source else None
    if known is None:
        return _("Ask whoever looks after this desk.")
    role = reason(role_name(desk, known.role))
    return _("Ask the role that the source {source} speaks for: {role}.", source=known.id, role=role)


@dataclass(frozen=True, slots=True)
class Ready:
    """A mended event that would be taken, and the operation that says it."""

    event: Event
    operation: Operation
    text: str


def _ready(visit: Visit, found: Refused, text: str) -> Ready | str:
    """The event if it may be said here and would be taken; else in one sentence why not."""
    caller, desk = visit.caller, visit.caller.desk
    if not text:
        return _("Write the event that is to be sent")
    if len(text) > LONGEST:
        return _("The event must have {most} characters or fewer", most=LONGEST)
    incoming = as_input(text.encode())
    event = parse(incoming.value, incoming.key, (), incoming.topic)
    if isinstance(event, Refusal):
        return _plainly(event)
    operation = SAYABLE.get(event.type)
    if operation is None or not may(caller.key.holder, operation.action):
        return _("Your role may not say what this event says: {type}.", type=quote(event.type))
    if event.source != caller.key.source:
        given, own = quote(event.source), caller.key.source
        why = _("The event names the source {given}, and you speak as {own}.", given=given, own=own)
        return f"{why} {_whom(visit, event.source)}"
    if not caller.reaches(event.data.premises):
        return _("{premises} is no premises within your reach.", premises=quote(event.data.premises))
    refusal = sorting.verdict(sorting.read([incoming])[0], desk.now, desk.world)
    if refusal is not None:
        return _plainly(refusal)
    content = claims(text.encode())
    said = Event(incoming.topic, event.data.premises, content)
    return changed(found.whole, content, desk) or Ready(said, operation, text)


def _why(problem: Problem) -> str:
    """Why it could not be said now; what was typed is not lost by that."""
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return _("The ledger cannot be reached, so nothing is sure to be saved. Try again in a moment.")
    return reason(problem.sentence)


def _plainly(refusal: Refusal) -> str:
    """The reason as it is said to whoever is mending: the field, then the sentence."""
    sentence = reason(refusal.sentence)
    return f"{refusal.field}: {sentence}" if refusal.field and refusal.field not in sentence else sentence


async def _say(visit: Visit, found: Refused, ready: Ready, once: str) -> ReceiptBody:
    """Say it and keep with the refusal under which receipt, both or neither; the first who mends it is the only one."""
    content: dict[str, Any] = dict(ready.event.content)
    compared = {TEXT: sha256(ready.text.encode()).hexdigest()}
    mending = Mend(found.whole.message_id, f"{visit.session.voice.role} ({visit.caller.key.id})")
    return await told_whole(visit.caller, ready.operation, ready.event, compared, Once(once, content["id"]), mending)


async def _receipt(visit: Visit, found: Refused) -> ReceiptBody | None:
    """The receipt that the address names, if it is that of what mended this refusal."""
    given = visit.request.query_params.get("r")
    if given is None:
        return None
    wanted, caller = read_reference(given), visit.caller
    if wanted is None or wanted not in {found.whole.resubmitted_as, found.whole.receipt}:
        raise missing("receipt")
    async with caller.place.ledger.reading() as connection:
        said = await read_submission(connection, wanted)
    if said is None or not caller.reaches(said.premises):
        raise missing("receipt")
    return receipt_body(caller, said)


async def _shown(
    visit: Visit, found: Refused, typed: str, fault: str, once: str, receipt: ReceiptBody | None
) -> Response:  # fmt: skip
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
    whole = found.whole
    return page(
        visit.request, "refused-one.html", status,
        found=found, one=whole, standing=standing_of(visit, found), own=visit.caller.key.source,
        event=typed, once=once, faults={TEXT: fault} if fault else {}, kept=bool(fault), receipt=receipt,
        href=_leads(visit, receipt),
        unchanged=receipt is not None and receipt.reference == whole.receipt,
    )  # fmt: skip


def _leads(visit: Visit, receipt: ReceiptBody | None) -> str:
    """Where the page of what was said is, for whoever may read it."""
    if receipt is None or not receipt.subject:
        return ""
    return leads_to(visit.caller.key.holder, receipt.premises, receipt.subject) or ""
