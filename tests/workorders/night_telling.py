"""How the tests tell the story of one night: local clock times at the premises, heard at once unless said."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any, get_args
from zoneinfo import ZoneInfo

from models.decision import Condition, NightReckoning
from models.history import CoverEvent, Taken
from models.premises import Party, Premises, PremisesKind
from workorders.cover import NightPolicy, reckon_night
from workorders.history import arrange
from workorders.policy import default_policy

LONDON = ZoneInfo("Europe/London")
POLICY: NightPolicy = default_policy()
NIGHT = date(2026, 1, 13)
AP = Premises(
    id="ap-north",
    name="AP North",
    kind=PremisesKind.APPROVED_PREMISES,
    ldu="north",
    watched_from=datetime(2018, 4, 1, tzinfo=UTC),
)
PARTIES = {
    "ap-manager": Party.CLIENT,
    "agency-desk": Party.AGENCY,
    "division": Party.DIVISION,
}
CLASSES = {get_args(one.model_fields["type"].annotation)[0]: one for one in get_args(CoverEvent)}
_NUMBERS = count(1)


def at(clock: str, days: int = 0, night: date = NIGHT) -> datetime:
    """A local time of the night: from noon on it is of the night's own date, before noon of the next one."""
    wall = time.fromisoformat(clock)
    day = night + timedelta(days=days + (wall < time(12)))
    return datetime.combine(day, wall, tzinfo=LONDON).astimezone(UTC)


def clock(instant: datetime) -> str:
    """The local time of day."""
    return f"{instant.astimezone(LONDON):%H:%M}"


@dataclass
class Night:
    """The story of one night; every method tells one event and gives the story back."""

    night: date = NIGHT
    premises: Premises = AP
    policy: NightPolicy = POLICY
    events: list[Taken] = field(default_factory=list)

    def says(
        self,
        kind: str,
        when: str | datetime,
        days: int = 0,
        *,
        heard: str | datetime | None = None,
        role: str = "agency-desk",
        id: str | None = None,  # noqa: A002 -- the attribute's own name
        **data: Any,  # noqa: ANN401 -- whatever the event says
    ) -> "Night":
        """One event at a local time of the night (or so many days from it)."""
        moment = self.at(when, days)
        name = f"facilities.shift-cover.{kind}"
        event = CLASSES[name].model_validate(
            {
                "id": id or f"e{next(_NUMBERS):04}",
                "source": f"/{role}",
                "type": name,
                "subject": f"{self.premises.id}/{self.night}",
                "time": moment,
                "data": {"premises": self.premises.id, **data},
            }
        )
        self.events.append(Taken(event, moment if heard is None else self.at(heard), role, PARTIES[role]))
        return self

    def confirmed(self, ref: str, when: str | datetime, days: int = 0, **more: Any) -> "Night":  # noqa: ANN401
        """One person confirmed, by the agency and for the whole night unless said."""
        stretch: dict[str, Any] = {
            "from": self.at(more.pop("starts", "20:00")),
            "until": self.at(more.pop("until", "08:00")),
        }
        supplier = more.pop("supplier", "agency")
        return self.says("confirmed", when, days, cover_ref=ref, supplier=supplier, **stretch, **more)

    def contingency(self, ref: str, when: str | datetime, **more: Any) -> "Night":  # noqa: ANN401
        """A replacement put in, for an agency's person and for the whole night unless said."""
        stretch: dict[str, Any] = {
            "from": self.at(more.pop("starts", "20:00")),
            "until": self.at(more.pop("until", "08:00")),
        }
        data = {"replaces": "agency", "cost_pence": 21_000, **more}
        return self.says("contingency-arranged", when, cover_ref=ref, role="division", **stretch, **data)

    def of(self, kind: str, ref: str | None, when: str | datetime, days: int = 0, **more: Any) -> "Night":  # noqa: ANN401
        """Something about the cover with that reference."""
        return self.says(kind, when, days, cover_ref=ref, **more)

    def own(self, ref: str = "own", **more: Any) -> "Night":  # noqa: ANN401
        """One own person confirmed three days before, there all night unless something else is told."""
        when = more.pop("when", "13:00")
        return self.confirmed(ref, when, more.pop("days", -3), supplier="own", role="ap-manager", **more)

    def checked_in(self, *refs: str, when: str = "20:00") -> "Night":
        """These people checked in."""
        for ref in refs:
            self.of("checked-in", ref, when, role="ap-manager")
        return self

    def _stretch(self, told: dict[str, Any]) -> dict[str, Any]:
        """What is told about a cover, with its stretch as instants under the names that the events use."""
        stretch = {"from": self.at(told.pop("starts", "20:00")), "until": self.at(told.pop("until", "08:00"))}
        return told | stretch

    def at(self, when: str | datetime, days: int = 0) -> datetime:
        """A local time of this night as an instant."""
        return at(when, days, self.night) if isinstance(when, str) else when + timedelta(days=days)

    def reckon(self, now: str | datetime, days: int = 0) -> NightReckoning:
        """The night as it is reckoned then."""
        arranged = arrange(self.events, self.policy.late_after)
        return reckon_night(self.premises, self.night, arranged, self.policy, self.at(now, days))

    def short(self, now: str | datetime, days: int = 0) -> list[tuple[str, str | None]]:
        """The short-staffed stretches by then, in local times of day."""
        return [(clock(start), clock(end) if end else None) for start, end in self.reckon(now, days).state.short]

    def deficit(self, now: str | datetime, days: int = 0) -> int:
        """How many people are missing then."""
        return self.reckon(now, days).state.deficit

    def condition(self, kind: str, now: str | datetime, days: int = 0) -> Condition | None:
        """The condition of the kind, if it ever held by then."""
        found = [one for one in self.reckon(now, days).conditions if one.kind == kind]
        assert len(found) <= 1
        return found[0] if found else None

    def holds(self, kind: str, now: str | datetime, days: int = 0) -> bool:
        """Whether the condition of the kind holds then."""
        found = self.condition(kind, now, days)
        return found is not None and found.end is None
