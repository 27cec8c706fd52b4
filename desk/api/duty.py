"""Whom to telephone when nobody has been told: the duty line of the division that is open now."""

from dataclasses import dataclass
from datetime import datetime

from models.premises import Channel, Party, Role
from workorders.policy import World


@dataclass(frozen=True, slots=True)
class DutyLine:
    """A role that answers now, and its number."""

    role: str
    telephone: str


def duty_line(world: World, unit: str, now: datetime) -> DutyLine | None:
    """The first role of the division, then of the client side, that has a number for the premises that is open now."""
    estate, policy = world.estates.at(now), world.policies.at(now)

    def is_open(hours: str) -> bool:
        return policy.calendars[hours].is_open(now)

    for party in (Party.DIVISION, Party.CLIENT):
        for role in (one for one in estate.spec.roles if one.party is party):
            for route in estate.routes(role.id, unit, now, is_open):
                for channel in route.channels:
                    if channel.kind in {"call", "text"}:
                        return _line(role, channel)
    return None


def _line(role: Role, channel: Channel) -> DutyLine:
    return DutyLine(role.name, channel.address)
