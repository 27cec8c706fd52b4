"""Whom to telephone: the duty line that is open at that hour."""

from datetime import UTC, datetime

import pytest

from desk.api.duty import duty_line
from models.premises import Channel, EstateSpec, Party, Route, ScopeKind
from workorders.policy import Estate, EstateTimeline, World, default_world

NIGHT = datetime(2026, 1, 14, 2, 0, tzinfo=UTC)
DAY = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)
WORLD = default_world()


def with_routes(*routes: Route) -> World:
    """The packaged world with these routes for the division's and the client's roles, and no others of theirs."""
    estate = WORLD.estates.at(DAY)
    ours = {role.id for role in estate.spec.roles if role.party in {Party.DIVISION, Party.CLIENT}}
    kept = [route for route in estate.spec.routes if route.role not in ours]
    spec = EstateSpec.model_validate({**estate.spec.model_dump(), "routes": [*kept, *routes]})
    start = WORLD.estates.entries[0][0]
    return World(WORLD.policies, EstateTimeline([(start, Estate(spec, in_force=True))]))


def route(role: str, kind: str, address: str, hours: str | None = None) -> Route:
    channel = Channel.model_validate({"kind": kind, "address": address})
    return Route(role=role, scope=ScopeKind.DIVISION, channels=(channel,), hours=hours)


@pytest.mark.parametrize("at", [NIGHT, DAY])
def test_the_packaged_estate_has_a_line_for_every_premises_at_any_hour(at: datetime) -> None:
    for premises in WORLD.estates.at(at).spec.premises:
        found = duty_line(WORLD, premises.id, at)
        assert found is not None
        assert found.telephone.startswith("+")


def test_a_line_that_is_closed_at_that_hour_is_not_named() -> None:
    world = with_routes(
        route("division-duty", "call", "+44 7700 900001", "office-hours"),
        route("ap-manager", "text", "+44 7700 900002"),
    )
    at_day, at_night = duty_line(world, "ap-bryn-awel", DAY), duty_line(world, "ap-bryn-awel", NIGHT)
    assert at_day is not None
    assert at_night is not None
    assert (at_day.telephone, at_night.telephone) == ("+44 7700 900001", "+44 7700 900002")


def test_where_nobody_has_a_telephone_none_is_named() -> None:
    assert duty_line(with_routes(route("division-duty", "email", "duty@example.org")), "ap-bryn-awel", DAY) is None
