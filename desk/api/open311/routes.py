"""The addresses of GeoReport v2: services, requests and tokens, each ending in .json or .xml."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from desk.access.rights import Action
from desk.api import operations
from desk.api.guard import Caller
from desk.api.open311 import requests, services
from desk.api.open311.access import permit, permit_form
from desk.api.open311.asking import Asked, asked_for
from desk.api.open311.forms import Form, said_in
from desk.api.open311.requests import RAISED, Wanted, id_of, place_in
from desk.api.open311.writing import PREFIX, Format, written
from desk.api.problems import Problem, missing
from desk.api.reference import read_reference
from desk.api.telling import BODY, About, ReceiptBody, receipt_body, say
from desk.telling.orders import new_order_id
from desk.views.receipts import read_submission

router: Final = APIRouter(prefix=PREFIX, include_in_schema=False)
Reader = Annotated[Caller, permit(Action.READ_ORDERS)]
MOST: Final = 1_000
"""How many requests a page has at most, and unless fewer are asked for."""
MOST_PAGES: Final = 1_000_000


async def list_services(format: Format, caller: Reader) -> Response:  # noqa: A002 - so the specification calls it
    """What can be reported."""
    codes = caller.desk.world.policies.at(caller.desk.now).spec.codes
    return written(format, "services", services.all_services(codes))


async def show_service(service_code: str, format: Format, caller: Reader) -> Response:  # noqa: A002
    """What must be told with a report of one fault."""
    codes = caller.desk.world.policies.at(caller.desk.now).spec.codes
    found = services.definition(codes, *services.service_named(codes, service_code))
    return written(format, "service_definition", found)


async def report(
    request: Request,
    format: Format,  # noqa: A002
    asked: Annotated[tuple[Caller, Form], permit_form(Action.RAISE_ORDER)],
) -> Response:
    """Raise an order: the id is answered if it was decided at once, else a token by which to ask for it."""
    caller, form = asked
    said = said_in(caller, form)
    answered = await say(request, caller, operations.RAISE, About(said["premises"], new_order_id()), said)
    receipt = BODY.validate_json(bytes(answered.body))
    if receipt.refusal is not None:
        raise Problem(HTTPStatus.BAD_REQUEST, receipt.refusal.code, receipt.sentence, about=receipt.refusal.field)
    kept = f" Not kept: {', '.join(form.not_kept)}." if form.not_kept else ""
    first = f"{receipt.emergency.instruction} " if receipt.emergency is not None else ""
    told = {**_name(receipt), "service_notice": f"{first}{receipt.sentence}{kept}", "account_id": None}
    last = f"requests/{told['service_request_id']}" if receipt.taken else f"tokens/{receipt.reference}"
    return written(format, "service_requests", [told], HTTPStatus.CREATED, Location=f"{PREFIX}/{last}.{format}")


def _name(receipt: ReceiptBody) -> dict[str, str | None]:
    """By what the request is to be asked for: its id, or a token as long as nobody has decided it."""
    if receipt.taken:
        return {"service_request_id": id_of(receipt.premises, receipt.subject)}
    return {"token": receipt.reference}


async def show_token(
    token: str,
    format: Format,  # noqa: A002
    caller: Annotated[Caller, permit(Action.READ_RECEIPT)],
) -> Response:
    """The id of the request that a token stands for, empty as long as nobody has decided it."""
    reference = read_reference(token)
    async with caller.place.ledger.reading() as connection:
        found = None if reference is None else await read_submission(connection, reference)
    if reference is None or found is None or found.type != RAISED or not caller.reaches(found.premises):
        raise missing("token")
    await caller.note(reference)
    receipt = receipt_body(caller, found)
    if receipt.refusal is not None:
        raise Problem(HTTPStatus.GONE, receipt.refusal.code, receipt.sentence, about="token")
    told = {"service_request_id": None, **_name(receipt), "token": reference}
    return written(format, "service_requests", [told])


async def list_requests(
    format: Format,  # noqa: A002
    caller: Reader,
    asked: Annotated[Asked, Depends(asked_for)],
    page: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1,
    page_size: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> Response:
    """The requests of some ids, which overrides all else; or of a time, service and status, the latest first."""
    named = asked.places()
    wanted = asked.wanted(caller) if named is None else named
    async with caller.place.ledger.reading() as connection:
        if isinstance(wanted, Wanted):
            found = await requests.read_wanted(connection, caller, wanted, page, page_size)
        else:
            found = await requests.read_named(connection, caller, wanted)
    return await asyncio.to_thread(written, format, "service_requests", found)


async def show_request(service_request_id: str, format: Format, caller: Reader) -> Response:  # noqa: A002
    """One request, with what whoever reported it wrote."""
    place = place_in(service_request_id)
    if place is None:
        raise missing("service_request_id")
    async with caller.place.ledger.reading() as connection:
        found = await requests.read_named(connection, caller, [place])
        if not found:
            raise missing("service_request_id")
        await caller.note(place[1])
        found[0]["description"] = await requests.read_description(connection, place)
    return written(format, "service_requests", found)


for _path, _endpoint in (
    ("/services.{format}", list_services),
    ("/services/{service_code}.{format}", show_service),
    ("/requests.{format}", list_requests),
    ("/requests/{service_request_id}.{format}", show_request),
    ("/tokens/{token}.{format}", show_token),
):
    router.add_api_route(_path, _endpoint, methods=["GET"], response_class=Response)
router.add_api_route("/requests.{format}", report, methods=["POST"], response_class=Response)
