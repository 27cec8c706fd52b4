"""Reaching: at which addresses a role is reached about a unit, by estate, policy, hour and what is configured."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from streams.notices.notice import Address, Due, Fate, Notice
from workorders.policy import World

FILE: Final = "file"
FILE_NAME: Final = "notices.txt"
"""Where everything is written while there is nothing to send by."""
NOT_CONFIGURED: Final = "no channel of this kind is configured here"


@dataclass(frozen=True, slots=True)
class Reaching:
    """The routes of every role at one instant.

    ``configured`` are the kinds of channel by which something can be sent here. Where that is only a file, whatever the
    estate's addresses, everything is written there: that is how it is tried before there is anything to send by.
    """

    world: World
    configured: frozenset[str]
    now: datetime

    def of(self, due: Due) -> Sequence[Address]:
        """Where the role of a statement is reached; empty if no route of it is open now."""
        return self.at(due.reached.role, due.unit)

    def has_routes(self, due: Due) -> bool:
        """Whether the role of a statement has any route, open now or at another hour."""
        return bool(self.world.estates.at(self.now).routes(due.reached.role, due.unit, self.now, lambda _: True))

    def at(self, role: str, unit: str) -> Sequence[Address]:
        """Where a role is reached about a unit; each address once."""
        calendars = self.world.policies.at(self.now).calendars
        routes = self.world.estates.at(self.now).routes(
            role, unit, self.now, lambda name: calendars[name].is_open(self.now)
        )
        found = [Address(one.kind, one.address, route.language) for route in routes for one in route.channels]
        if self.configured - {FILE} or not found:
            return list({(one.kind, one.address): one for one in found}.values())
        return [Address(FILE, FILE_NAME, found[0].language)]

    def refuse_unconfigured(self, notice: Notice) -> None:
        """Settle a notice for which nothing here can send: it has failed for good, and says why."""
        if notice.kind not in self.configured:
            notice.settle(Fate.FAILED, NOT_CONFIGURED, self.now)
