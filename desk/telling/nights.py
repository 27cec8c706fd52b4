"""What is said about one night."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from desk.exits import BadValue
from desk.instants import day
from desk.opening import Desk
from desk.options import Speaking
from desk.telling.saying import Event, make_event, say, times
from streams.ledger.ledger import Ledger
from workorders.wall_clock import night_window

TOPIC: Final = "shift-cover"
_POUNDS: Final = re.compile(r"£?([0-9]{1,7}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,2})(?:\.([0-9]{1,2}))?")
_OPTIONS: Final = {"from": "--from", "until": "--until"}


def tell(night: str, verb: str, data: Mapping[str, Any], speaking: Speaking) -> int:
    """Say one thing about a night."""
    premises = premises_of_night(night)

    async def build(_: Desk, __: Ledger, at: datetime) -> Event:
        return make_event(TOPIC, verb, night, premises, at, data, speaking)

    return say(speaking, build)


def tell_stretch(
    night: str, verb: str, data: Mapping[str, Any], stretch: tuple[str | None, str | None], speaking: Speaking
) -> int:
    """Say that somebody covers a stretch of a night; what is left out is the night's own window."""
    premises = premises_of_night(night)

    async def build(desk: Desk, _: Ledger, at: datetime) -> Event:
        given = times(desk, dict(zip(_OPTIONS, stretch, strict=True)), _OPTIONS)
        starts, ends = window(desk, night)
        said = {**data, "from": given["from"] or starts, "until": given["until"] or ends}
        return make_event(TOPIC, verb, night, premises, at, said, speaking)

    return say(speaking, build)


def window(desk: Desk, night: str) -> tuple[datetime, datetime]:
    """The window of a night under the policy in force, in UTC."""
    policy = desk.world.policies.at(desk.now)
    rules = policy.spec.nights
    return night_window(day(night.rpartition("/")[2], "NIGHT"), rules.starts, rules.ends, rules.zone)


def premises_of_night(night: str) -> str:
    """The premises in a night's id; ``BadValue`` for what is no night's id."""
    premises, slash, date = night.rpartition("/")
    if not slash or not premises:
        raise BadValue(
            f"NIGHT is {night!r}, which is no night: write <premises>/<YYYY-MM-DD>, such as ap-bryn-awel/2026-01-13."
        )
    day(date, "NIGHT")
    return premises


def pence(pounds: str) -> int:
    """Pounds as people write them, with at most two decimals, in pence: ``214.5`` is 214 pounds and 50 pence."""
    found = _POUNDS.fullmatch(pounds.strip())
    if found is None:
        raise BadValue(f"--cost is {pounds!r}, which is no amount in pounds: write for example 214.50.")
    return int(found[1].replace(",", "")) * 100 + int((found[2] or "").ljust(2, "0"))
