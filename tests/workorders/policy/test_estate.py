"""Where premises lie, who holds their contracts, who speaks for them, and how a role is reached about them."""

from datetime import UTC, datetime, timedelta

import pytest

from models.premises import Party, ScopeKind, Source
from tests.workorders.policy.small import MIDNIGHT, NOON, Data, estate_data, estate_of, policy_data, policy_of, route
from workorders.policy import Estate, default_estate, default_world
from workorders.policy.load import world_of

BEFORE = datetime(2019, 1, 1, tzinfo=UTC)
SCOPES = (("region", "north"), ("division", "division"), ("ldu", "coast"), ("provider", "fixit"), ("premises", "ap"))
HANDOVER = datetime(2019, 3, 31, 23, tzinfo=UTC)


def with_routes(*routes: Data, **more: Data) -> Estate:
    return estate_of(estate_data() | {"routes": list(routes)} | more)


def used(estate: Estate, unit: str, role: str = "duty", *, open_hours: bool = True) -> list[str]:
    found = estate.routes(role, unit, NOON, lambda hours: open_hours)
    return [f"{one.scope} {channel.kind}" for one in found for channel in one.channels]


def test_premises_are_found_by_id_while_they_are_in_use() -> None:
    data = estate_data()
    data["premises"][1] |= {"valid_from": NOON}
    estate = estate_of(data)
    office = estate.premises("office")
    assert office is not None
    assert office.name == "Office"
    assert estate.premises("office", NOON) is office
    assert estate.premises("office", NOON - timedelta(seconds=1)) is None
    assert estate.premises("nowhere") is None


def test_a_contract_changes_hands_at_its_instant() -> None:
    estate = default_estate()
    before, after = (estate.provider_of("ap-bryn-awel", at) for at in (HANDOVER - timedelta(seconds=1), HANDOVER))
    assert before is not None
    assert after is not None
    assert [before.id, after.id] == ["eryl-estates", "northmoor-fm"]
    agency = estate.provider_of("ap-ty-derwen", HANDOVER, "agency")
    assert agency is not None
    assert agency.id == "derwen-care"


def test_a_source_speaks_while_it_is_registered() -> None:
    data = estate_data()
    data["sources"][0] |= {"valid_until": NOON}
    estate = estate_of(data)
    assert estate.source("desk", NOON - timedelta(seconds=1)) is not None
    assert estate.source("desk", NOON) is None
    assert estate.source("box", NOON) is None


def sender(scope: ScopeKind, of: str) -> Source:
    types = ("facilities.source.heartbeat",)
    return Source(id="box", role="duty", scope=scope, of=of, types=types, earliest=BEFORE)


@pytest.mark.parametrize(
    ("scope", "of", "at", "takes_in"),
    [
        ("division", "division", NOON, {"ap-bryn-awel", "ap-plas-helyg", "ap-ty-derwen"}),
        ("region", "north", NOON, {"ap-bryn-awel", "ap-plas-helyg"}),
        ("ldu", "north-coast", NOON, {"ap-bryn-awel"}),
        ("premises", "ap-ty-derwen", NOON, {"ap-ty-derwen"}),
        ("provider", "northmoor-fm", NOON, {"ap-bryn-awel", "ap-plas-helyg"}),
        ("provider", "northmoor-fm", BEFORE, set()),
        ("provider", "eryl-estates", BEFORE, {"ap-bryn-awel", "ap-plas-helyg"}),
        ("provider", "derwen-care", NOON, {"ap-ty-derwen"}),
    ],
)
def test_a_source_speaks_for_the_premises_of_its_scope(scope: str, of: str, at: datetime, takes_in: set[str]) -> None:
    source, estate = sender(ScopeKind(scope), of), default_estate()
    asked = ("ap-bryn-awel", "ap-plas-helyg", "ap-ty-derwen", "nowhere")
    assert {premises for premises in asked if estate.speaks_for(source, premises, at)} == takes_in


def test_a_region_without_agency_has_nobody_to_speak_as_one() -> None:
    data = estate_data()
    data["providers"].pop()
    data["premises"][0].pop("watched_from")
    assert not estate_of(data).speaks_for(sender(ScopeKind.PROVIDER, "staffit"), "ap", NOON)


def test_roles_have_a_party() -> None:
    estate = default_estate()
    assert estate.party_of("provider-account-manager") is Party.PROVIDER
    assert estate.party_of("estates-desk") is Party.CLIENT
    assert estate.role_exists("ap-manager")
    assert not estate.role_exists("ap-cook")
    role = estate.role("ap-manager")
    assert role is not None
    assert role.name == "AP manager"
    assert estate.role("ap-cook") is None


def test_the_narrowest_scope_reaches_a_role() -> None:
    routes = {scope: route("duty", "email", scope=scope, of=of) for scope, of in SCOPES}
    for narrowest in ("premises", "ldu", "provider", "region", "division"):
        assert used(with_routes(*routes.values()), "ap") == [f"{narrowest} email"]
        routes.pop(narrowest)


def test_all_routes_of_the_narrowest_scope_are_used_once_each() -> None:
    routes = [route("duty", "email"), route("duty", "text"), route("duty", "text"), route("head", "call")]
    assert used(with_routes(*routes), "ap") == ["division email", "division text"]


def test_a_route_that_is_closed_gives_way_to_the_next_scope() -> None:
    estate = with_routes(route("duty", "email", scope="premises", of="ap", hours="office"), route("duty", "text"))
    assert used(estate, "ap") == ["premises email"]
    assert used(estate, "ap", open_hours=False) == ["division text"]


def test_without_a_route_nobody_is_reached() -> None:
    estate = with_routes(route("duty", "text", scope="premises", of="ap"))
    assert used(estate, "office") == []
    assert not estate.has_route("duty", "office", NOON)
    assert not estate.has_route("duty", "nowhere", NOON)


def test_whether_a_route_exists_does_not_depend_on_the_hour() -> None:
    estate = with_routes(route("duty", "text", scope="premises", of="ap", hours="office"))
    assert estate.has_route("duty", "ap", MIDNIGHT)


def test_a_route_leads_there_between_its_dates() -> None:
    later = NOON + timedelta(days=10)
    estate = with_routes(
        route("duty", "text", valid_from=NOON, valid_until=NOON + timedelta(days=1)),
        route("duty", "email", valid_from=NOON + timedelta(hours=1), valid_until=NOON + timedelta(days=2)),
        route("duty", "call", valid_from=later),
    )
    asked = [NOON - timedelta(seconds=1), NOON, NOON + timedelta(days=2), later]
    assert [estate.has_route("duty", "ap", at) for at in asked] == [False, True, False, True]


def test_a_providers_route_leads_there_while_it_holds_the_contract() -> None:
    estate = default_estate()
    for role in ("provider-account-manager", "senior-account-manager"):
        addresses = [
            found.channels[0].address.split("@")[1]
            for at in (BEFORE, NOON)
            for found in estate.routes(role, "office-pentre-cyll", at, lambda hours: True)
        ]
        assert addresses == ["eryl-estates.example", "northmoor.example"]


def test_a_providers_route_leads_there_only_while_both_route_and_contract_hold() -> None:
    data = estate_data()
    days = [NOON + timedelta(days=n) for n in range(4)]
    data["providers"][0] |= {"valid_until": days[2]}
    data["providers"].append(data["providers"][0] | {"id": "next", "valid_from": days[2], "valid_until": None})
    data["routes"] = [
        route("duty", "text", scope="provider", of="fixit", valid_from=days[0], valid_until=days[3]),
        route("head", "text", scope="provider", of="fixit", valid_from=days[0], valid_until=days[1]),
    ]
    estate = estate_of(data)
    reached = {role: [estate.has_route(role, "ap", at) for at in days] for role in ("duty", "head")}
    assert reached == {"duty": [True, True, False, False], "head": [True, False, False, False]}


def test_a_route_that_ends_before_the_contract_begins_leads_nowhere() -> None:
    data = estate_data()
    data["providers"][0] |= {"valid_from": NOON}
    data["routes"] = [route("duty", "text", scope="provider", of="fixit", valid_until=NOON)]
    assert list(estate_of(data).ways()) == []


@pytest.mark.parametrize(
    ("scope", "of", "reached"),
    [
        ("premises", "ap", ["premises", "ldu", "provider", "region", "division"]),
        ("ldu", "coast", ["ldu", "provider", "region", "division"]),
        ("region", "north", ["provider", "region", "division"]),
        ("provider", "fixit", ["provider", "division"]),
        ("division", "division", ["division"]),
    ],
)
def test_a_silent_source_is_told_about_where_its_scope_lies(scope: str, of: str, reached: list[str]) -> None:
    data = estate_data()
    data["routes"] = [route("duty", "email", scope=kind, of=name) for kind, name in SCOPES]
    data["sources"][0] |= {"scope": scope, "of": of}
    ways = estate_of(data).ways()["duty", "source:desk"]
    assert [way.route.scope for way in ways] == reached


def test_watched_premises_are_those_with_nights() -> None:
    assert [one.id for one in default_estate().watched_premises()] == [
        "ap-bryn-awel",
        "ap-plas-helyg",
        "ap-ty-derwen",
        "ap-cae-glas",
    ]


def test_a_world_reaches_a_role_by_the_hours_of_its_policy() -> None:
    estate = with_routes(route("head", "email"), route("duty", "email", hours="office"), route("duty", "call"))
    world = world_of(policy_of(policy_data()), estate, "small")
    by_day, by_night = (world.routes("duty", "ap", at) for at in (NOON, MIDNIGHT))
    assert [one.channels[0].kind for one in by_day] == ["email", "call"]
    assert [one.channels[0].kind for one in by_night] == ["call"]


def test_the_manager_of_an_approved_premises_is_woken_at_night_and_has_mail_by_day() -> None:
    by_day, by_night = (default_world().routes("ap-manager", "ap-cae-glas", at) for at in (NOON, MIDNIGHT))
    assert [channel.kind for one in by_day for channel in one.channels] == ["email", "text"]
    assert [channel.kind for one in by_night for channel in one.channels] == ["text"]


def test_estates_are_equal_if_their_content_is() -> None:
    one, same, other = estate_of(estate_data()), estate_of(estate_data()), estate_of(estate_data() | {"name": "Other"})
    assert one == same
    assert one != other
    assert one != "Small"
    assert len({one, same, other}) == 2
    assert repr(one) == f"<Estate 'Small' {one.version[:12]}>"
