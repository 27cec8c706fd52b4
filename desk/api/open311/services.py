"""Services: what can be reported, made from the policy's own assets and faults, so that nothing is guessed."""

from http import HTTPStatus
from typing import Any, Final

from desk.api.problems import EMERGENCY, Problem, missing
from models.policy import Codes
from models.refusal import quote

NO_IMPACT: Final = "NONE"
"""That nothing more is endangered, said outright: a form has no other way to say it. No code is written in capitals."""
IMPACTS: Final = "impacts"
ALTERNATIVE: Final = "alternative_available"
DANGER: Final = "danger_to_life"
Plain = dict[str, Any]
_YES_OR_NO: Final = [{"key": "true", "name": "Yes"}, {"key": "false", "name": "No"}]


def code_of(asset: str, fault: str) -> str:
    """The service code of a fault of an asset."""
    return f"{asset}.{fault}"


def name_of(codes: Codes, asset: str, fault: str) -> str:
    """What a person reads for a fault of an asset; a code that the policy has given up stands for itself."""
    return f"{codes.assets.get(asset, asset)}: {codes.faults.get(fault, fault)}"


def all_services(codes: Codes) -> list[Plain]:
    """Each fault of each asset as a service."""
    return [_service(codes, asset, fault) for asset in codes.assets for fault in codes.faults]


def service_named(codes: Codes, service_code: str) -> tuple[str, str]:
    """The asset and fault of a service code; a ``Problem`` if there is no such service."""
    asset, _, fault = service_code.partition(".")
    if asset not in codes.assets or fault not in codes.faults:
        sentence = f"service_code: there is no service {quote(service_code)}; services lists all."
        raise Problem(HTTPStatus.NOT_FOUND, missing("service").code, sentence, about="service_code")
    return asset, fault


def definition(codes: Codes, asset: str, fault: str) -> Plain:
    """What must be told with a report of this fault."""
    impacts = [{"key": code, "name": words} for code, words in codes.impacts.items()]
    impacts.append({"key": NO_IMPACT, "name": "None of these"})
    told = [
        _attribute("emergency", "text", EMERGENCY.instruction, variable=False, required=False),
        _attribute(IMPACTS, "multivaluelist", "What does the fault endanger?", impacts),
        _attribute(ALTERNATIVE, "singlevaluelist", "Is there another that does the same and works?", _YES_OR_NO),
        _attribute(DANGER, "singlevaluelist", "Is anybody's life in danger?", _YES_OR_NO, required=False),
    ]
    attributes = [{**one, "order": n} for n, one in enumerate(told, start=1)]
    return {"service_code": code_of(asset, fault), "attributes": attributes}


def _service(codes: Codes, asset: str, fault: str) -> Plain:
    name = name_of(codes, asset, fault)
    return {
        "service_code": code_of(asset, fault),
        "service_name": name,
        "description": f"{name}, at a premises of the division.",
        "metadata": True,
        "type": "realtime",
        "keywords": f"{asset}, {fault}",
        "group": codes.assets[asset],
    }


def _attribute(
    code: str,
    datatype: str,
    description: str,
    values: list[Plain] | None = None,
    *,
    variable: bool = True,
    required: bool = True,
) -> Plain:
    found: Plain = {"variable": variable, "code": code, "datatype": datatype, "required": required}
    found |= {"datatype_description": None, "description": description}
    return found if values is None else {**found, "values": values}
