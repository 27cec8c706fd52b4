"""Receipts: what has become of what was said."""

from typing import Annotated, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from desk.access.rights import Action
from desk.api import pages
from desk.api.guard import Caller, permit
from desk.api.problems import missing, words_for
from desk.api.reference import read_reference
from desk.api.routing import add_one
from desk.api.telling import ReceiptBody, receipt_body, worded
from desk.views.receipts import read_submission

router: Final = APIRouter(prefix="/v1/receipts", tags=["receipts"])


async def show_receipt(
    request: Request, reference: str, caller: Annotated[Caller, permit(Action.READ_RECEIPT)]
) -> Response:
    """By its reference as it was given or read out: the case of its letters, hyphens and spaces do not matter."""
    wanted = read_reference(reference)
    if wanted is None:
        raise missing("receipt: a symbol of the reference must be wrong, or it was never given")
    async with caller.place.ledger.reading() as connection:
        found = await read_submission(connection, wanted)
    if found is None or not caller.reaches(found.premises):
        raise missing("receipt: a symbol of the reference must be wrong, or it was never given")
    await caller.note(wanted)
    told = worded(receipt_body(caller, found), words_for(request))
    return pages.shown(request, caller.desk.now, "receipt", told)


add_one(router, "/{reference}", show_receipt, "receipt", ReceiptBody, "What has become of what was said")
