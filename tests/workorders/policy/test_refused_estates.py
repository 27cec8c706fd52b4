"""An estate that does not hold together is refused, each fault with the sentence that names its key and the reason."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.workorders.policy.small import Data, estate_data, estate_of, refused_estate, route, source

CHANGE = datetime(2024, 4, 1, tzinfo=UTC)
LATER = datetime(2024, 5, 1, tzinfo=UTC)


def fm(name: str, since: datetime | None = None, until: datetime | None = None) -> Data:
    dates = {"valid_from": since, "valid_until": until}
    return {"id": name, "name": name, "region": "north", "contract": "fm", **dates}


def contracts(*held: Data) -> Callable[[Data], None]:
    def spoil(estate: Data) -> None:
        estate["providers"] = [estate["providers"][1], *held]

    return spoil


def test_the_small_estate_is_sound() -> None:
    assert estate_of(estate_data()).spec.name == "Small"


def test_a_contract_may_pass_from_one_to_the_next_at_an_instant() -> None:
    data = estate_data()
    contracts(fm("new", CHANGE), fm("old", until=CHANGE))(data)
    estate = estate_of(data)
    held = [estate.provider_of("ap", at) for at in (datetime(2024, 3, 31, tzinfo=UTC), CHANGE)]
    assert [provider.id for provider in held if provider] == ["old", "new"]


ONE_FAULT = [
    pytest.param(lambda e: e["regions"].append(e["regions"][0]), "regions: 'north' is there twice", id="region-twice"),
    pytest.param(
        lambda e: e["ldus"].append({"id": "coast", "name": "Coast", "region": "north"}),
        "ldus: 'coast' is there twice",
        id="ldu-twice",
    ),
    pytest.param(
        lambda e: e["premises"].append(e["premises"][1]), "premises: 'office' is there twice", id="premises-twice"
    ),
    pytest.param(lambda e: e["roles"].append(e["roles"][0]), "roles: 'duty' is there twice", id="role-twice"),
    pytest.param(lambda e: e["sources"].append(e["sources"][0]), "sources: 'desk' is there twice", id="source-twice"),
    pytest.param(
        lambda e: e["ldus"].append({"id": "hills", "name": "Hills", "region": "north", "local_authorities": ["Aber"]}),
        "local_authorities: 'Aber' is there twice",
        id="authority-twice",
    ),
    pytest.param(
        lambda e: e["ldus"].append({"id": "hills", "name": "Hills", "region": "east"}),
        "ldus 'hills', region: 'east' is not in regions",
        id="ldu-nowhere",
    ),
    pytest.param(
        lambda e: e["premises"][1].update(ldu="hills"),
        "premises 'office', ldu: 'hills' is not in ldus",
        id="premises-nowhere",
    ),
    pytest.param(
        lambda e: e["premises"][1].update(watched_from=CHANGE),
        "premises 'office', watched_from: only approved premises have nights to watch",
        id="watched-office",
    ),
    pytest.param(
        lambda e: e["providers"].append(fm("far") | {"region": "east"}),
        "providers 'far', region: 'east' is not in regions",
        id="provider-nowhere",
    ),
    pytest.param(
        contracts(fm("fixit", until=CHANGE), fm("fixit", CHANGE) | {"name": "Fix it"}),
        "providers 'fixit', name: differs from one entry to another",
        id="two-names",
    ),
    pytest.param(contracts(), "providers of 'north', contract fm: is missing", id="no-provider"),
    pytest.param(lambda e: e["providers"].pop(), "providers of 'north', contract agency: is missing", id="no-agency"),
    pytest.param(
        contracts(fm("old", until=LATER), fm("new", CHANGE)),
        "providers of 'north', contract fm: 'old' and 'new' hold it at the same time",
        id="overlap",
    ),
    pytest.param(
        contracts(fm("one"), fm("two")),
        "providers of 'north', contract fm: 'one' and 'two' hold it at the same time",
        id="two-for-ever",
    ),
    pytest.param(
        contracts(fm("old", until=CHANGE), fm("new", LATER)),
        "providers of 'north', contract fm: nobody holds it from 2024-04-01T00:00:00+00:00 until "
        "2024-05-01T00:00:00+00:00",
        id="gap",
    ),
    pytest.param(
        contracts(fm("last", until=LATER)),
        "providers of 'north', contract fm: nobody holds it from 2024-05-01T00:00:00+00:00, when 'last' ends",
        id="end",
    ),
    pytest.param(
        lambda e: e["routes"].append(route("duty", "email", scope="ldu", of="hills")),
        "routes[3] of 'duty', of: there is no ldu 'hills'",
        id="route-nowhere",
    ),
    pytest.param(
        lambda e: e["routes"].append(route("chief", "email")),
        "routes[3], role: 'chief' is not in roles",
        id="route-no-role",
    ),
    pytest.param(
        lambda e: e["sources"][0].update(scope="premises"),
        "sources 'desk', of: there is no premises 'division'",
        id="source-nowhere",
    ),
    pytest.param(
        lambda e: e["sources"][0].update(role="chief"),
        "sources 'desk', role: 'chief' is not in roles",
        id="source-no-role",
    ),
    pytest.param(
        lambda e: e["sources"].append(source("box", "duty", "facilities.work-order.burnt")),
        "sources 'box', types: 'facilities.work-order.burnt' is no event type",
        id="unknown-type",
    ),
    pytest.param(
        lambda e: e["sources"].append(source("box", "helpdesk", "facilities.work-order.report-confirmed")),
        "sources 'box', types: 'facilities.work-order.report-confirmed' is for the client side, of which role "
        "'helpdesk' is not",
        id="judge-in-own-cause",
    ),
]


@pytest.mark.parametrize(("spoil", "sentence"), ONE_FAULT)
def test_an_estate_with_one_fault_is_refused_with_its_sentence(spoil: Callable[[Data], object], sentence: str) -> None:
    assert refused_estate(spoil) == (sentence,)


def test_a_region_without_watched_premises_needs_no_agency() -> None:
    data = estate_data()
    data["providers"].pop()
    data["premises"][0].pop("watched_from")
    assert estate_of(data).provider_of("ap", CHANGE, "agency") is None
