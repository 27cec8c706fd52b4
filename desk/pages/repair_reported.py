"""Report a repair: the receipt, with what it was decided as, who is told and where the order is."""

from http import HTTPStatus

from starlette.responses import Response

from desk.api.duty import duty_line
from desk.api.problems import missing
from desk.api.reference import read_reference
from desk.api.telling import receipt_body
from desk.pages.navigation import subject_address
from desk.pages.rendering import page
from desk.pages.repair_answers import YES
from desk.pages.repair_outlook import decided, told_next
from desk.pages.repair_report import RAISED
from desk.pages.sentences import place_name, role_name
from desk.pages.visitors import Visit
from desk.views.receipts import read_submission
from desk.views.subject import read_subject
from models.decision import OrderState


async def show_reported(visit: Visit) -> Response:
    """What has become of a report, by its reference; what lies beyond reach is missing like what there is not."""
    caller, desk = visit.caller, visit.caller.desk
    asked = visit.request.query_params
    wanted = read_reference(asked.get("r", ""))
    outlook = view = state = None
    async with caller.place.ledger.reading() as connection:
        found = await read_submission(connection, wanted) if wanted is not None else None
        if found is None or found.type != RAISED or not caller.reaches(found.premises):
            raise missing("receipt")
        await caller.note(found.receipt)
        in_danger = asked.get("danger") == YES
        receipt = receipt_body(caller, found, in_danger=in_danger)
        if receipt.taken and receipt.refusal is None and not found.fate.held:
            view = await read_subject(connection, desk.world, desk.now, found.subject, found.premises)
            state = view.state if isinstance(view.state, OrderState) else None
        if state is not None:
            outlook = await decided(connection, desk, (found.premises, found.subject), state)
    estate = desk.world.estates.at(desk.now)
    contractor = estate.provider_of(found.premises, desk.now) if estate.premises(found.premises) is not None else None
    standing = [one for one in view.escalations if one.standing] if view is not None else []
    return page(
        visit.request, "repair-reported.html", HTTPStatus.OK,
        receipt=receipt, where=place_name(desk, found.premises), order=found.subject, outlook=outlook,
        href=subject_address(found.premises, found.subject) if outlook is not None else None,
        told=[(role_name(desk, one.role), one.first_said_at) for one in standing],
        following=told_next(desk, state) if state is not None else [],
        contractor=contractor.name if contractor is not None else None,
        again=f"{visit.request.url.path}?{visit.request.url.query}",
        line=duty_line(desk.world, found.premises, desk.now) if in_danger else receipt.duty_line,
    )  # fmt: skip
