"""The script: who says what, when it happened and when it reaches us. Nothing here says what the system will do.

Times are local to Wales, which in January is UTC. The premises, roles and sources are those of the packaged estate,
under invented names.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from models.ids import escalation_id, subject_name

EVENING: Final = date(2026, 1, 13)
DAY: Final = date(2026, 1, 14)
BEGINS: Final = datetime(2026, 1, 13, 15, 0, tzinfo=UTC)
ENDS: Final = datetime(2026, 1, 14, 18, 0, tzinfo=UTC)

HEARTBEAT: Final = "source.heartbeat"

LOCK: Final = "WO-48213"
WINDOW: Final = "WO-48220"
ALARM: Final = "WO-48222"
PHONE: Final = "WO-48207"
COURT_DOOR: Final = "WO-48231"
"""The orders of the story."""
WITHDRAWN_NIGHT: Final = "ap-ty-derwen/2026-01-13"
SILENT_NIGHT: Final = "ap-plas-helyg/2026-01-13"
NEXT_NIGHT: Final = "ap-plas-helyg/2026-01-14"
"""The night whose agency withdraws, the one about which nobody says anything, and the one after it."""
LOST_REPORT: Final = "fm-south-07731"
"""The id of the completion that is heard more than five hours after it happened."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One event of the script: it becomes known at ``at``, when it is sent; ``happened`` may be earlier.

    ``id`` is given where a later scene repeats or names the event.
    """

    at: datetime
    source: str
    kind: str
    subject: str
    premises: str
    data: dict[str, Any] = field(default_factory=dict)
    happened: datetime | None = None
    id: str | None = None

    @property
    def time(self) -> datetime:
        """When it happened."""
        return self.happened or self.at


def at(day: date, clock: str) -> datetime:
    """An instant of the script: a date and a local time such as ``02:10``."""
    return datetime.fromisoformat(f"{day.isoformat()}T{clock}").replace(tzinfo=UTC)


def _eve(clock: str, source: str, kind: str, subject: str, **data: Any) -> Scene:  # noqa: ANN401
    return _scene(EVENING, clock, source, kind, subject, data)


def _day(clock: str, source: str, kind: str, subject: str, **data: Any) -> Scene:  # noqa: ANN401
    return _scene(DAY, clock, source, kind, subject, data)


_PREMISES: Final = {
    LOCK: "ap-bryn-awel",
    PHONE: "ap-plas-helyg",
    WINDOW: "ap-cae-glas",
    ALARM: "ap-ty-derwen",
    COURT_DOOR: "court-caer-lwyd-crown",
}
_OWN: Final = ("happened", "id")


def _scene(day: date, clock: str, source: str, kind: str, subject: str, data: dict[str, Any]) -> Scene:
    premises = _PREMISES.get(subject) or subject.rpartition("/")[0]
    happened = at(day, data["happened"]) if "happened" in data else None
    said = {name: value for name, value in data.items() if name not in _OWN}
    return Scene(at(day, clock), source, kind, subject, premises, said, happened, data.get("id"))


def _cover(ref: str, night: date, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """One person's place for the whole window of a night."""
    starts, ends = at(night, "20:00"), at(night + timedelta(days=1), "08:00")
    return {"cover_ref": ref, "from": starts.isoformat(), "until": ends.isoformat(), **more}


def _confirmed(source: str, premises: str, night: date, ref: str, supplier: str, moment: datetime) -> Scene:
    data = _cover(ref, night, supplier=supplier)
    return Scene(moment, source, "shift-cover.confirmed", f"{premises}/{night.isoformat()}", premises, data)


def rota() -> list[Scene]:
    """The cover that is confirmed when the story begins: of three approved premises, for two nights."""
    agencies = {"ap-bryn-awel": "agency-north", "ap-ty-derwen": "agency-south", "ap-cae-glas": "agency-south"}
    return [
        scene
        for night in (EVENING, DAY)
        for premises, agency in agencies.items()
        for scene in (
            _confirmed("ap-managers", premises, night, f"own-{night:%d}", "own", BEGINS),
            _confirmed(agency, premises, night, f"agency-{night:%d}", "agency", BEGINS),
        )
    ]


def _taskforce_rung(premises: str, order: str) -> str:
    """The id of the escalation that reaches the national taskforce about an order whose attendance is overdue."""
    return str(escalation_id(subject_name(premises, order), "breach", "attend", "national-taskforce", "first", 0))


def _duty_rung(night: str) -> str:
    """The id of the escalation that reaches the divisional duty manager about an uncovered night."""
    return str(escalation_id(night, "uncovered-night", "", "division-duty", "first", 0))


_DUTY_TOLD: Final = _duty_rung(WITHDRAWN_NIGHT)
STORY: Final = (
    # The evening: an agency withdraws at short notice; of another night nobody says anything.
    _eve("18:40", "agency-south", "shift-cover.withdrawn", WITHDRAWN_NIGHT, cover_ref="agency-13"),
    _eve(
        "19:05", "division", "escalation-response.acknowledged", WITHDRAWN_NIGHT, escalation_id=_DUTY_TOLD
    ),
    _eve(
        "19:30", "division", "shift-cover.contingency-arranged", WITHDRAWN_NIGHT,
        **_cover("division-13", EVENING, replaces="agency", cost_pence=21450),
    ),
    _eve("20:02", "ap-managers", "shift-cover.checked-in", "ap-bryn-awel/2026-01-13", cover_ref="own-13"),
    _eve("20:02", "ap-managers", "shift-cover.checked-in", "ap-bryn-awel/2026-01-13", cover_ref="agency-13"),
    _eve("20:05", "ap-managers", "shift-cover.checked-in", WITHDRAWN_NIGHT, cover_ref="own-13"),
    _eve("20:05", "ap-managers", "shift-cover.checked-in", WITHDRAWN_NIGHT, cover_ref="division-13"),
    _eve("20:07", "ap-managers", "shift-cover.checked-in", "ap-cae-glas/2026-01-13", cover_ref="own-13"),
    _eve("20:07", "ap-managers", "shift-cover.checked-in", "ap-cae-glas/2026-01-13", cover_ref="agency-13"),
    # Less grave by itself, but raised where and while a night is short of people.
    _eve(
        "21:30", "ap-managers", "work-order.raised", PHONE,
        asset="duty-phone", fault="partial-loss", impacts=["staff-safety"], alternative_available=False,
    ),
    # The lock at 02:10, which nobody attends.
    _day(
        "02:10", "ap-managers", "work-order.raised", LOCK,
        asset="entry-lock", fault="will-not-secure", impacts=["site-security", "public"], alternative_available=False,
        note="Front door does not latch. Night staff have wedged it shut.",
    ),
    _day("02:16", "fm-north", "work-order.acknowledged", LOCK, id="fm-north-20551", contractor_reference="NM-99217"),
    _day("02:16", "fm-north", "work-order.acknowledged", LOCK, id="fm-north-20551", contractor_reference="NM-99217"),
    _day("02:40", "fm-north", "work-order.prioritised", LOCK, priority="P3"),
    _day("02:55", "fm-north", "work-order.criticality-settled", LOCK, priority="P3"),
    # A window that is made good in time, of which we hear after the alarm was raised.
    _day(
        "05:30", "ap-managers", "work-order.raised", WINDOW,
        asset="ground-floor-window", fault="will-not-secure", impacts=["site-security"], alternative_available=False,
    ),
    # An alarm whose repair is reported more than five hours after it is said to have happened.
    _day(
        "06:00", "ap-managers", "work-order.raised", ALARM,
        asset="staff-alarm", fault="total-loss", impacts=["staff-safety"], alternative_available=False,
    ),
    _day("08:25", "fm-south", "work-order.completed", WINDOW, happened="07:20"),
    # A message that is no event: a field that nobody knows.
    _day("09:15", "fm-south", "work-order.attended", ALARM, engineer="by hand"),
    # A completion that arrives before the order it completes.
    _day("10:30", "fm-south", "work-order.completed", COURT_DOOR, happened="10:20"),
    _day(
        "10:50", "site-managers", "work-order.raised", COURT_DOOR, happened="09:40",
        asset="internal-door", fault="damaged", impacts=["service"], alternative_available=True,
    ),
    # The night about which nobody spoke is not to be followed by another.
    _day("11:40", "ap-managers", "shift-cover.confirmed", NEXT_NIGHT, **_cover("own-14", DAY, supplier="own")),
    _day("11:45", "agency-north", "shift-cover.confirmed", NEXT_NIGHT, **_cover("agency-14", DAY, supplier="agency")),
    _day("12:30", "taskforce", "escalation-response.acknowledged", LOCK,
         escalation_id=_taskforce_rung("ap-bryn-awel", LOCK), commitment="2026-01-14T14:30:00Z"),
    _day("13:00", "fm-north", "work-order.attended", LOCK),
    _day("13:05", "fm-south", "work-order.completed", ALARM, happened="07:45", id=LOST_REPORT),
    _day("13:20", "fm-north", "work-order.made-safe", LOCK),
    _day("13:50", "fm-north", "work-order.completed", LOCK),
    _day("15:05", "ap-managers", "work-order.completion-rejected", LOCK, defect="latch still sticks in the cold"),
    _day("16:20", "fm-north", "work-order.prioritised", LOCK, priority="P1"),
)  # fmt: skip
"""The story, in the order in which it becomes known."""


def heartbeats() -> list[Scene]:
    """Signs of life of the sources that are expected to give them; one provider falls silent for a morning."""
    silent = (at(DAY, "08:50"), at(DAY, "12:55"))
    plan = (("fm-north", 50), ("fm-south", 50), ("agency-north", 300), ("agency-south", 300))
    found = []
    for source, minutes in plan:
        moment = BEGINS
        while moment < ENDS:
            if source != "fm-south" or not silent[0] <= moment <= silent[1]:
                unit = f"source:{source}"
                found.append(Scene(moment, source, HEARTBEAT, unit, unit))
            moment += timedelta(minutes=minutes)
        found.append(Scene(ENDS, source, HEARTBEAT, f"source:{source}", f"source:{source}"))
    return found
