"""Who is asking: the same keys and the same table of rights, whether the key comes as api_key or in the header."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Query
from starlette.requests import Request

from desk.access.rights import Action
from desk.api import guard
from desk.api.guard import Caller
from desk.api.open311.forms import Form, read_form
from desk.api.problems import Problem
from models.refusal import Reason

ApiKey = Annotated[str | None, Query()]
Jurisdiction = Annotated[str | None, Query()]
"""One jurisdiction is answered for here, so the specification lets it be left out, and it changes nothing."""


def permit(action: Action) -> Any:  # noqa: ANN401 - what FastAPI calls a dependency
    """Lets a question through if its key may ask it."""
    allow = guard.permit(action).dependency

    async def checked(
        request: Request,
        api_key: ApiKey = None,
        jurisdiction_id: Jurisdiction = None,  # noqa: ARG001
    ) -> Caller:
        caller: Caller = await allow(_bearing(request, api_key))
        _refuse_two(request, api_key)
        return caller

    checked.action = action  # type: ignore[attr-defined]
    return Depends(checked)


def permit_form(action: Action) -> Any:  # noqa: ANN401 - what FastAPI calls a dependency
    """Lets a report through if its key may make it, and gives its form. Whoever has no key is told only that."""
    allow = guard.permit(action).dependency

    async def checked(
        request: Request,
        api_key: ApiKey = None,
        jurisdiction_id: Jurisdiction = None,  # noqa: ARG001
    ) -> tuple[Caller, Form]:
        form: Form | Problem
        try:
            form = await read_form(request)
        except Problem as problem:
            form = problem
        inside = form.fields.get("api_key") if isinstance(form, Form) else None
        caller: Caller = await allow(_bearing(request, inside or api_key))
        _refuse_two(request, inside, api_key)
        if isinstance(form, Problem):
            raise form
        return caller, form

    checked.action = action  # type: ignore[attr-defined]
    return Depends(checked)


def _bearing(request: Request, key: str | None) -> Request:
    """The request as if it bore its api_key in the header, unless it has such a header."""
    if not key or "authorization" in request.headers:
        return request
    headers = [*request.scope["headers"], (b"authorization", f"{guard.SCHEME} {key}".encode())]
    return Request({**request.scope, "headers": headers})


def _refuse_two(request: Request, *keys: str | None) -> None:
    """Of two different keys nobody can tell which one is meant."""
    header = request.headers.get("authorization", "").partition(" ")[2].strip()
    if len({key for key in (header, *keys) if key}) > 1:
        sentence = "api_key: two keys came with this, and they are not the same: send one."
        raise Problem(HTTPStatus.BAD_REQUEST, str(Reason.MALFORMED_FIELD), sentence, about="api_key")
