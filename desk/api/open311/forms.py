"""What a report says: a form, read within limits, whose every field is known and stands there once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from desk.api.bodies import read_bytes
from desk.api.finding import within_reach
from desk.api.guard import Caller
from desk.api.open311 import services
from desk.api.problems import Problem
from models.json_text import check_keys_and_characters
from models.policy import Codes
from models.refusal import Reason, RefusedError, quote, quote_name

FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 100
NOT_KEPT: Final = (
    *("lat", "long", "address_string", "media_url"),
    *("email", "device_id", "account_id", "first_name", "last_name", "phone"),
)
"""What the specification allows and nothing here has a place for: above all whoever reports is named nowhere."""
_KNOWN: Final = frozenset({"api_key", "jurisdiction_id", "service_code", "address_id", "description", *NOT_KEPT})
_ATTRIBUTE: Final = re.compile(r"attribute\[([a-z_]+)\](?:\[\])?")
_ATTRIBUTES: Final = frozenset({services.IMPACTS, services.ALTERNATIVE, services.DANGER})
_SWITCH: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a report and the values of its attributes; what is empty counts as not sent."""

    fields: Mapping[str, str]
    attributes: Mapping[str, tuple[str, ...]]

    @property
    def not_kept(self) -> list[str]:
        """The fields that were sent and are kept nowhere."""
        return [name for name in NOT_KEPT if name in self.fields]


async def read_form(request: Request) -> Form:
    """The form that a request holds; a ``Problem`` names the first thing that is wrong with it."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM:
        sentence = f"A report is a form: send it with Content-Type: {FORM}."
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(Reason.UNKNOWN_CONTENT_TYPE), sentence)
    fields: dict[str, str] = {}
    attributes: dict[str, tuple[str, ...]] = {}
    for name, text in _pairs(await read_bytes(request)):
        found = _ATTRIBUTE.fullmatch(name)
        _check(name, text, known=name in _KNOWN if found is None else found[1] in _ATTRIBUTES)
        if not text.strip():
            continue
        if found is not None:
            attributes[found[1]] = (*attributes.get(found[1], ()), text)
        elif name in fields:
            raise _bad(Reason.DUPLICATE_KEY, name, "stands there more than once, so what it says is not clear.")
        else:
            fields[name] = text
    return Form(fields, attributes)


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        text = raw.decode()
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError:
        raise Problem(HTTPStatus.BAD_REQUEST, str(Reason.NOT_UTF8), "The form is not UTF-8.") from None
    except ValueError:
        sentence = f"A report has at most {MOST_FIELDS} fields."
        raise Problem(HTTPStatus.BAD_REQUEST, str(Reason.TOO_MANY), sentence) from None


def _check(name: str, text: str, *, known: bool) -> None:
    if not known:
        raise _bad(Reason.UNKNOWN_FIELD, quote_name(name), "is no field of a report here.")
    try:
        check_keys_and_characters({name: text}, frozenset({("description",)}))
    except RefusedError as found:
        raise Problem.of(found.refusal, name) from None


def said_in(caller: Caller, form: Form) -> dict[str, Any]:
    """What the form says, as a request to raise an order says it; a ``Problem`` names the field that does not."""
    codes = caller.desk.world.policies.at(caller.desk.now).spec.codes
    asset, fault = services.service_named(codes, _needed(form, "service_code", "services lists what it can be."))
    said = {
        "premises": _premises(caller, form),
        "asset": asset,
        "fault": fault,
        "impacts": _impacts(codes, form),
        "alternative_available": _switch(form, services.ALTERNATIVE),
        services.DANGER: _switch(form, services.DANGER) if services.DANGER in form.attributes else False,
    }
    return said | ({"note": form.fields["description"]} if "description" in form.fields else {})


def _premises(caller: Caller, form: Form) -> str:
    why = "a report is about a premises, and which one lat, long or address_string mean would have to be guessed."
    return within_reach(caller, _needed(form, "address_id", why))


def _impacts(codes: Codes, form: Form) -> list[str]:
    values, name = form.attributes.get(services.IMPACTS, ()), f"attribute[{services.IMPACTS}]"
    if not values:
        raise _bad(Reason.MISSING_FIELD, name, f"is missing; {services.NO_IMPACT} if the fault endangers nothing more.")
    if values == (services.NO_IMPACT,):
        return []
    for value in values:
        if value not in codes.impacts:
            raise _bad(Reason.UNKNOWN_CODE, name, f"cannot hold {quote(value)}; the service's definition lists what.")
    return list(values)


def _switch(form: Form, code: str) -> bool:
    values, name = form.attributes.get(code, ()), f"attribute[{code}]"
    if not values:
        raise _bad(Reason.MISSING_FIELD, name, "is missing: say true or false.")
    if len(values) > 1 or values[0] not in _SWITCH:
        raise _bad(Reason.MALFORMED_FIELD, name, "must be true or false.")
    return _SWITCH[values[0]]


def _needed(form: Form, name: str, why: str) -> str:
    if name not in form.fields:
        raise _bad(Reason.MISSING_FIELD, name, f"is missing: {why}")
    return form.fields[name]


def _bad(reason: Reason, name: str, sentence: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, str(reason), f"{name} {sentence}", about=name)
