"""How the nights of an AP are invented: offered, withdrawn, refused, come late, gone early, made good."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulation.invention import MINUTE, Pen


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


class Night:
    """One night that is being invented."""

    def __init__(self, pen: Pen, premises: str, day: date) -> None:
        rules = pen.setting.policy["nights"]
        zone = ZoneInfo(rules["zone"])
        starts, ends = (_time(rules[key]) for key in ("starts", "ends"))
        last = day if ends > starts else day + timedelta(days=1)
        self.starts = datetime.combine(day, starts, zone).astimezone(UTC)
        self.ends = datetime.combine(last, ends, zone).astimezone(UTC)
        self.pen, self.premises, self.subject = pen, premises, f"{premises}/{day}"
        self.refs = 0

    def say(self, name: str, at: datetime, party: str, **data: object) -> None:
        """One event about the night."""
        self.pen.write(f"shift-cover.{name}", self.subject, self.premises, at, party=party, **data)

    def ref(self) -> str:
        """A new place."""
        self.refs += 1
        return f"C-{self.refs}"

    def confirm(self, supplier: str, at: datetime, first: datetime, last: datetime) -> str:
        """Somebody is named for a stretch."""
        ref, party = self.ref(), "agency" if supplier == "agency" else "client"
        stretch = {"from": _text(first), "until": _text(last)}
        self.say("confirmed", at, party, cover_ref=ref, supplier=supplier, **stretch)
        return ref

    def come(self, ref: str, first: datetime) -> None:
        """The person comes, mostly in time, and mostly stays."""
        pen = self.pen
        if pen.rng.random() < 0.07:
            if pen.rng.random() < 0.6:
                self.say("not-attended", first + MINUTE * pen.rng.randint(0, 90), "client", cover_ref=ref)
            return
        came = first + MINUTE * pen.rng.choice((-30, -10, -5, 0, 5, 14, 15, 16, 40))
        self.say("checked-in", came, "client", cover_ref=ref)
        if pen.rng.random() < 0.08:
            gone = first + pen.minutes(0.5, 10)
            self.say(pen.rng.choice(("left-early", "stood-down")), gone, "client", cover_ref=ref)
            if pen.rng.random() < 0.4:
                self.say("checked-in", gone + MINUTE * pen.rng.randint(0, 60), "client", cover_ref=ref)

    def fail(self, ref: str, first: datetime) -> None:
        """The agency takes the person back, or the AP does not accept them; sometimes it is made good."""
        pen = self.pen
        at = first - pen.minutes(-1, pen.rng.choice((4, 30, 70)))
        if pen.rng.random() < 0.6:
            self.say("withdrawn", at, "agency", cover_ref=ref)
        else:
            reason = pen.rng.choice(("unsuitable", "not-vetted"))
            self.say("refused", at, "client", cover_ref=ref, reason=reason)
        if pen.rng.random() < 0.35:
            self.say("confirmed", at + pen.minutes(0, 5), "agency", **self._same(ref))
        elif pen.rng.random() < 0.6:
            self.make_good(at + pen.minutes(0, 6), first, self.ends)

    def _same(self, ref: str) -> dict[str, Any]:
        return {"cover_ref": ref, "supplier": "agency", "from": _text(self.starts), "until": _text(self.ends)}

    def make_good(self, at: datetime, first: datetime, last: datetime) -> None:
        """The division puts somebody in at its own expense."""
        if max(at, first) >= last:
            return
        ref = self.ref()
        replaces = self.pen.rng.choice(("agency", "agency", "own"))
        stretch = {"from": _text(max(at, first)), "until": _text(last)}
        cost = self.pen.rng.randint(100, 400) * 100
        self.say("contingency-arranged", at, "division", cover_ref=ref, replaces=replaces, cost_pence=cost, **stretch)
        self.come(ref, max(at, first))


def _time(value: str | time) -> time:
    return time.fromisoformat(value) if isinstance(value, str) else value


def nights_of(pen: Pen, premises: str, start: datetime, days: int) -> None:
    """Invent all nights of an AP; of some of them nobody says anything."""
    for number in range(days):
        night = Night(pen, premises, (start + timedelta(days=number)).date())
        if not pen.happens("silent_night"):
            _own_staff(night)
            _agency(night)
            _odds_and_ends(night)


def _own_staff(night: Night) -> None:
    pen = night.pen
    ref = night.confirm("own", night.starts - pen.minutes(20, 140), night.starts, night.ends)
    night.come(ref, night.starts)


def _agency(night: Night) -> None:
    pen = night.pen
    said = night.starts - pen.minutes(pen.rng.choice((1, 20)), 80)
    first = night.starts - MINUTE * pen.rng.choice((0, 0, 0, 30))
    if pen.rng.random() < 0.15:
        middle = night.starts + pen.minutes(2, 9)
        night.come(night.confirm("agency", said, first, middle), first)
        first, said = middle + MINUTE * pen.rng.choice((0, 0, 20)), said + pen.minutes(0, 3)
    ref = night.confirm("agency", said, first, night.ends + MINUTE * pen.rng.choice((0, 0, 60)))
    if pen.happens("agency_fails"):
        night.fail(ref, first)
    if pen.rng.random() < 0.9:
        night.come(ref, first)


def _odds_and_ends(night: Night) -> None:
    pen = night.pen
    if pen.rng.random() < 0.05:
        required = pen.rng.choice((1, 2, 3))
        at = night.starts + pen.minutes(-40, 10)
        night.say("requirement-changed", at, "division", required=required, own_staff=pen.rng.choice((0, 1, 1)))
    if pen.rng.random() < 0.06:
        at = night.starts + pen.minutes(-3, 10)
        named = (
            {"cover_ref": f"C-{pen.rng.randint(1, 3)}"}
            if pen.rng.random() < 0.5
            else {"missing": pen.rng.choice((1, 2))}
        )
        night.say("missing-reported", at, "client", **named)
        if pen.rng.random() < 0.6:
            night.make_good(at + pen.minutes(0, 3), night.starts, night.ends)
    if pen.rng.random() < 0.03:
        night.say("checked-in", night.starts, "client", cover_ref="C-9")
    if pen.rng.random() < 0.03:
        night.say("withdrawn", night.starts - pen.minutes(0, 20), "agency", cover_ref="C-8")
