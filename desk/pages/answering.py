"""Answering escalations: one or several at once, each by the API's own operation and each with its own receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid5

from starlette.responses import RedirectResponse, Response

from desk.access.rights import Action, may
from desk.api import operations
from desk.api.finding import the_escalation
from desk.api.operations import Operation
from desk.api.problems import Problem, missing
from desk.api.reference import read_reference
from desk.api.telling import About, Once, ReceiptBody, receipt_body, told
from desk.instants import utc
from desk.pages.commitments import choices, chosen
from desk.pages.escalations import AT_ONCE
from desk.pages.forms import is_once, new_once, not_whole
from desk.pages.navigation import leads_to
from desk.pages.rendering import page
from desk.pages.said_before import was_said
from desk.pages.sentences import Matter, lateness, matter, subject_name
from desk.pages.timeline_words import title_of
from desk.pages.visitors import Visit
from desk.views.by_now import by_now
from desk.views.escalations import EscalationLine
from desk.views.receipts import Submission, read_submission
from desk.words import _, reason

PATHS: Final[Mapping[str, Operation]] = {one.action.value: one for one in operations.OF_ESCALATION}
LONGEST_REASON: Final = 60
"""What a reason may have of characters, as the event's own field has it."""
_LEFT: Final = frozenset(map(str, range(1, AT_ONCE)))
_TYPED: Final = frozenset({"note", "reason"})
"""What somebody types in words of their own."""
_PASSED: Final = "commitment"


@dataclass(frozen=True, slots=True)
class Asked:
    """One escalation that is to be answered, how late it is in words, and where all about it is."""

    line: EscalationLine
    matter: Matter
    late: str
    href: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one answer: about what, and what was said. What was erased since has neither."""

    where: str
    about: str
    href: str | None
    said: str
    receipt: ReceiptBody


def question(operation: Operation) -> Any:  # noqa: ANN401 - the page of one operation
    """The page that asks what has to be known for an answer; nothing is said by it."""

    async def show(visit: Visit) -> Response:
        found = await _asked(visit, visit.request.query_params.getlist("e"))
        return _question(visit, operation, found, {}, {}, new_once())

    return show


def answer(operation: Operation) -> Any:  # noqa: ANN401 - the page of one operation
    """Says the answer about each escalation, or asks again with what was typed."""

    async def say(visit: Visit) -> Response:
        found = await _asked(visit, visit.form.all("e"))
        typed = {name: visit.form.one(name) for name in ("commitment", "reason", "note")}
        once = visit.form.one("once")
        said, faults = _read(visit, operation, typed)
        if _PASSED in faults and "commitment" in said and await _all_said(visit, operation, found, once):
            del faults[_PASSED]  # it was to come when it was promised
        if not is_once(once):
            faults = {"e": not_whole()}
        if faults:
            return _question(visit, operation, found, typed, faults, once or new_once())
        receipts: list[ReceiptBody] = []
        try:
            for one in found:
                receipts.append(await _say(visit, operation, one, said, once))  # noqa: PERF401 - those before a fault count
        except Problem as problem:
            if not receipts and problem.field not in _TYPED:
                raise
            if not receipts:
                return _question(visit, operation, found, typed, {problem.field: reason(problem.sentence)}, once)
        chosen_ones = "&".join(f"r={one.reference}" for one in receipts)
        left = f"&left={len(found) - len(receipts)}" if len(receipts) < len(found) else ""
        return RedirectResponse(f"/escalations/answered?{chosen_ones}{left}", HTTPStatus.SEE_OTHER)

    return say


async def _say(visit: Visit, operation: Operation, one: Asked, said: Mapping[str, Any], once: str) -> ReceiptBody:
    line = one.line
    about = About(line.premises, line.subject, {"escalation_id": str(line.id)})
    id_ = _event_id(visit, operation, one, once)
    return await told(visit.caller, operation, about, said, Once(f"{once} {line.id}", id_))


def _event_id(visit: Visit, operation: Operation, one: Asked, once: str) -> str:
    return str(uuid5(one.line.id, f"{visit.caller.key.source} {operation.name} {once}"))


async def _all_said(visit: Visit, operation: Operation, found: Sequence[Asked], once: str) -> bool:
    """Whether this very form was sent before and all of it was taken."""
    return all([await was_said(visit.caller, _event_id(visit, operation, one, once)) for one in found])


def _read(visit: Visit, operation: Operation, typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What is said beside the escalation's id, and the faults of what was typed by field."""
    said: dict[str, Any] = {"note": typed["note"]} if typed["note"] else {}
    faults: dict[str, str] = {}
    if operation.action is Action.ACKNOWLEDGE:
        by = chosen(typed["commitment"], visit.caller.desk)
        if by.fault:
            faults["commitment"] = by.fault
        if by.at is not None:
            said["commitment"] = utc(by.at)
    if operation.action is Action.DECLINE:
        said["reason"] = typed["reason"]
        if not typed["reason"]:
            faults["reason"] = _("Say why your role cannot act")
        elif len(typed["reason"]) > LONGEST_REASON:
            faults["reason"] = _("The reason must have {most} characters or fewer", most=LONGEST_REASON)
    return said, faults


async def _asked(visit: Visit, ids: Sequence[str]) -> list[Asked]:
    """The escalations that are meant; what is beyond reach is missing like what there is not."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        sentence = _("Tick at least one escalation, then choose what to do with it.")
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "nothing-chosen", sentence)
    if len(wanted) > AT_ONCE:
        sentence = _("At most {most} escalations can be answered at once.", most=AT_ONCE)
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "too-many", sentence)
    caller, desk = visit.caller, visit.caller.desk
    async with caller.place.ledger.reading() as connection:
        lines = [await the_escalation(connection, caller, one) for one in wanted]
        now = await by_now(connection, lines)
    for line in lines:
        await caller.note(f"{line.subject} {line.id}")
    matters = [(line, matter(line, desk, now[line.id])) for line in lines]
    holder = caller.key.holder
    return [Asked(line, one, lateness(one), leads_to(holder, line.premises, line.subject)) for line, one in matters]


def _question(
    visit: Visit, operation: Operation, found: Sequence[Asked], typed: Mapping[str, str], faults: Mapping[str, str],
    once: str,
) -> Response:  # fmt: skip
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    return page(
        visit.request, "answer.html", status,
        verb=operation.action.value, found=found, typed=typed, faults=faults, once=once,
        options=choices(visit.caller.desk), longest_reason=LONGEST_REASON,
    )  # fmt: skip


async def show_answered(visit: Visit) -> Response:
    """What became of each answer, by its reference, and how many were not given."""
    references = [read_reference(one) for one in visit.request.query_params.getlist("r")[:AT_ONCE]]
    if not may(visit.caller.key.holder, Action.READ_RECEIPT):
        raise missing("receipt")
    caller = visit.caller
    async with caller.place.ledger.reading() as connection:
        found = [await read_submission(connection, one) for one in references if one is not None]
    reached = [one for one in found if one is not None and caller.reaches(one.premises)]
    outcomes = [_outcome(visit, one) for one in reached]
    if not outcomes:
        raise missing("receipt")
    for one in reached:
        await caller.note(one.receipt)
    left = visit.request.query_params.get("left", "")
    return page(
        visit.request, "answered.html", HTTPStatus.OK,
        outcomes=outcomes, left=int(left) if left in _LEFT else 0,
    )  # fmt: skip


def _outcome(visit: Visit, one: Submission) -> Outcome:
    href = leads_to(visit.caller.key.holder, one.premises, one.subject) if one.subject else None
    about = subject_name(one.subject) if one.subject else ""
    return Outcome(
        _where(visit, one.premises),
        about,
        href,
        title_of(one.type) if one.type else "",
        receipt_body(visit.caller, one),
    )


def _where(visit: Visit, unit: str) -> str:
    found = visit.caller.desk.world.estates.at(visit.caller.desk.now).premises(unit)
    return found.name if found is not None else unit
