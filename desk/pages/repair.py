"""Report a repair: one question a page, what it will be treated as before it is sent, and one report however often."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import col
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from desk.access.rights import Action
from desk.api import operations
from desk.api.duty import DutyLine, duty_line
from desk.api.problems import EMERGENCY, Problem
from desk.api.telling import About, told
from desk.pages.navigation import REPAIR, subject_address
from desk.pages.rendering import page
from desk.pages.repair_answers import STEPS, YES, Step
from desk.pages.repair_notes import seal
from desk.pages.repair_outlook import foreseen
from desk.pages.repair_questions import FAULTS, in_words, question, units_of
from desk.pages.repair_report import Report, read_report
from desk.pages.repair_reported import show_reported
from desk.pages.repair_similar import AT_MOST
from desk.pages.said_before import was_said
from desk.pages.sentences import place_name
from desk.pages.visitors import Visit, allowed
from desk.words import _, reason, spoken
from models.json_text import check_keys_and_characters
from models.refusal import RefusedError
from models.tables import WorkOrderRow

HERE: Final = REPAIR
NOTE: Final = f"{REPAIR}/note"
REPORTED: Final = f"{REPAIR}/reported"
LONGEST_NOTE: Final = 1_000
"""Characters of a note: sealed it must fit into an address that any proxy lets through. More is said on the order."""
MANY_PLACES: Final = 12
"""From how many premises on there is a field to look for one by its name."""


def routes() -> list[Route]:
    """The addresses of reporting a repair, all with one right."""
    raises = Action.RAISE_ORDER
    return [
        Route(HERE, allowed(raises, show_repair), methods=["GET"]),
        Route(HERE, allowed(raises, report_repair), methods=["POST"]),
        Route(NOTE, allowed(raises, show_repair), methods=["GET"]),
        Route(NOTE, allowed(raises, keep_note), methods=["POST"]),
        Route(REPORTED, allowed(raises, show_reported)),
    ]


async def show_repair(visit: Visit) -> Response:
    """The next question, or one that is asked again; at the end all answers and what they lead to."""
    asked = visit.request.query_params
    report = await read_report(visit)
    if await _is_reported(report):
        return await _shown(report, Step.CHECK)
    step = report.next
    again = next((one for one in STEPS[:-1] if one == asked.get("change") and report.has(one)), step)
    if STEPS.index(again) < STEPS.index(step):
        step = again
    fault = _(FAULTS[step]) if asked.get("asked") == step and step in FAULTS and not report.is_done(step) else ""
    return await _shown(report, step, fault)


async def keep_note(visit: Visit) -> Response:
    """Go on with what was typed, which nobody but this desk can read in the address."""
    report, text = await read_report(visit), visit.form.one("note")
    fault = _fault_of_note(text)
    if fault:
        return await _shown(report, Step.NOTE, fault, text)
    keys, voice, now = visit.request.app.state.link_keys, visit.session.voice, visit.caller.desk.now
    answers = replace(report.answers, note=seal(keys, voice.id, text, now))
    return RedirectResponse(answers.address(), HTTPStatus.SEE_OTHER)


async def report_repair(visit: Visit) -> Response:
    """Raise the order by the API's own operation, once however often the form comes."""
    report = await read_report(visit)
    answers = report.answers
    if report.next is not Step.CHECK:
        return RedirectResponse(answers.address(), HTTPStatus.SEE_OTHER)
    if await _is_reported(report) and not await was_said(visit.caller, report.once.event):
        return await _shown(report, Step.CHECK)
    about = About(answers.premises, report.order)
    try:
        receipt = await told(visit.caller, operations.RAISE, about, report.said(), report.once)
    except Problem as problem:
        if problem.field != "note":
            raise
        return await _shown(report, Step.NOTE, reason(problem.sentence), report.note or "")
    danger = f"&danger={YES}" if answers.in_danger else ""
    return RedirectResponse(f"{REPORTED}?r={receipt.reference}{danger}", HTTPStatus.SEE_OTHER)


def _fault_of_note(text: str) -> str:
    if len(text) > LONGEST_NOTE:
        return _("The note must have {most} characters or fewer", most=spoken().number(LONGEST_NOTE))
    try:
        check_keys_and_characters({"note": text}, frozenset({("note",)}))
    except RefusedError as refused:
        return reason(refused.refusal.sentence)
    return ""


async def _shown(report: Report, step: Step, fault: str = "", typed: str | None = None) -> Response:
    """The page of a step."""
    visit, answers = report.visit, report.answers
    before = report.before(step)
    given: dict[str, Any] = {
        "step": step.value, "answers": answers, "back": answers.address(change=before) if before is not None else None,
        "where": place_name(visit.caller.desk, answers.premises) if answers.premises else "",
        "faults": {step.value: fault} if fault else {}, "fields": answers.fields(without=step),
        "emergency": EMERGENCY if answers.in_danger else None, "line": _duty_line(report),
    }  # fmt: skip
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
    given |= await _own(report, step, typed)
    answer = page(visit.request, f"repair-{given.pop('template', step.value)}.html", status, **given)
    if step is Step.NOTE and not given["note"]:
        # Some browsers give back what was typed into a page, to who goes back to it, only if they may keep the page.
        answer.headers["Cache-Control"] = "private, no-cache"
    return answer


async def _own(report: Report, step: Step, typed: str | None) -> dict[str, Any]:
    """What the page of one step shows beside what all of them do."""
    answers, desk, codes = report.answers, report.visit.caller.desk, report.codes
    match step:
        case Step.CALLED:
            return {}
        case Step.PREMISES:
            wanted = report.visit.request.query_params.get("find", "").strip()[:60]
            units = units_of(desk, report.places, wanted)
            # Looking for one keeps the answers, and so does choosing one.
            hrefs = {one.id: replace(answers, premises=one.id).address() for one in report.places}
            return {"units": units, "hrefs": hrefs, "find": wanted, "finds": len(report.places) >= MANY_PLACES}
        case Step.NEW:
            return {
                "broken": codes.assets[answers.asset], "similar": report.similar, "at_most": AT_MOST,
                "now": desk.now, "thing": answers.thing,
            }  # fmt: skip
        case Step.NOTE:
            text = report.note if typed is None else typed
            way = replace(answers, note="").address(NOTE)
            return {"note": text or "", "is_lost": text is None, "way": way, "typed": typed, "most": LONGEST_NOTE}
        case Step.CHECK if await _is_reported(report):
            return {
                "template": "already",
                "order": report.order,
                "href": subject_address(answers.premises, report.order),
            }
        case Step.CHECK:
            return await _checked(report)
        case _:
            chosen = list(answers.impacts) if step is Step.IMPACTS else str(getattr(answers, step))
            broken = codes.assets.get(answers.asset, "") if step is not Step.ASSET else ""
            return {"template": "question", "question": question(step, codes), "chosen": chosen, "broken": broken}


async def _is_reported(report: Report) -> bool:
    """Whether this very report has become an order: whoever goes back to it, or opens it too, makes no other of it."""
    caller, unit, subject = report.visit.caller, col(WorkOrderRow.unit), col(WorkOrderRow.subject)
    query = select(subject).where(unit == report.answers.premises, subject == report.order)
    async with caller.place.ledger.reading() as connection:
        return (await connection.execute(query)).first() is not None


async def _checked(report: Report) -> dict[str, Any]:
    caller, answers, codes = report.visit.caller, report.answers, report.codes
    said = {name: value for name, value in report.said().items() if name != "danger_to_life"}
    async with caller.place.ledger.reading() as connection:
        outlook = await foreseen(connection, caller, (answers.premises, report.order), said)
    change = {
        step.value: answers.address(change=step)
        for step in STEPS[:-1]
        if step is not Step.PREMISES or report.has_several_places
    }
    return {
        "outlook": outlook, "change": change, "note": report.note, "way": answers.address(),
        "broken": in_words(answers, Step.ASSET, codes)[0], "fault": in_words(answers, Step.FAULT, codes)[0],
        "impacts": in_words(answers, Step.IMPACTS, codes), "has_other": answers.alternative == YES,
    }  # fmt: skip


def _duty_line(report: Report) -> DutyLine | None:
    """The duty line of the premises; before it is known which, that of all that it can be, if they have the same."""
    desk, premises = report.visit.caller.desk, report.answers.premises
    if not report.answers.in_danger:
        return None
    units = [premises] if premises else [one.id for one in report.places]
    found = {duty_line(desk.world, unit, desk.now) for unit in units}
    return found.pop() if len(found) == 1 else None
