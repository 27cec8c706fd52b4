"""How roles answer to escalations: the inventor guesses which were said, and derives their ids by the recipe."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from tests.simulation.invention import Heard, Pen
from tests.simulation.life_of_orders import Order

_NAMESPACE = UUID("6f9b6a1e-7a0c-5d0e-9a53-6d1f2c8b40e7")
_WHEN = {"attend": (0.1, 14), "make-safe": (0.1, 30), "fix": (12, 150), "": (0.1, 60)}
_ORDER_KINDS = ("breach", "breach", "breach", "warning", "contested-breach", "dispute", "rejected-work", "orphan")


def escalation(subject: str, kind: str, clock: str, rung: str, spell: str, repeat: int) -> str:
    """The id of an escalation: version 5 of its parts, joined by the unit separator."""
    return str(uuid5(_NAMESPACE, "\x1f".join(("escalation", subject, kind, clock, rung, spell, str(repeat)))))


def _answer(pen: Pen, subject: str, premises: str, at: datetime, name: str) -> Heard | None:
    data: dict[str, Any] = {"escalation_id": name}
    what = pen.rng.choice(("acknowledged", "acknowledged", "acknowledged", "resolved", "declined"))
    if what == "declined":
        data["reason"] = "not ours"
    else:
        data["covers_subject"] = pen.rng.random() < 0.2
    if what == "acknowledged" and pen.rng.random() < 0.4:
        commitment = at + pen.minutes(-0.5 if pen.rng.random() < 0.1 else 0.1, 12)
        data["commitment"] = commitment.isoformat().replace("+00:00", "Z")
    return pen.write(f"escalation-response.{what}", subject, premises, at, **data)


def answers_to_orders(pen: Pen, order: Order) -> None:
    """Some of what might have been said about the order is answered, often more than once."""
    while pen.happens("answered"):
        kind = pen.rng.choice(_ORDER_KINDS)
        clock = (
            pen.rng.choice(("attend", "make-safe", "fix")) if kind in {"breach", "warning", "contested-breach"} else ""
        )
        rejection = pen.rng.choice(order.rejections) if order.rejections else None
        spell, since = "first", order.raised
        if rejection is not None and (kind == "rejected-work" or pen.rng.random() < 0.4):
            spell = f"{rejection.event['source']}|{rejection.event['id']}"
            since = rejection.time
        rung = pen.rng.choice(pen.setting.rungs(kind))
        at = since + pen.minutes(*_WHEN[clock])
        repeat = _repeat(pen, kind, rung, at - since)
        called = f"{order.premises}/{order.subject}"
        name = escalation(called, kind, clock, rung, spell, repeat)
        if pen.rng.random() < 0.02:
            name = escalation("another", kind, clock, rung, spell, repeat)
        for _ in range(pen.rng.choice((1, 1, 2, 5))):
            _answer(pen, order.subject, order.premises, at, name)
            at += pen.minutes(0, 6)


def answers_to_silence(pen: Pen, source: str, times: list[datetime]) -> None:
    """Now and then somebody answers about a source that may be silent."""
    for at in times:
        if pen.rng.random() < 0.15:
            rung = pen.rng.choice(pen.setting.rungs("silent-source"))
            subject = f"source:{source}"
            name = escalation(subject, "silent-source", "", rung, "first", pen.rng.choice((0, 0, 1)))
            _answer(pen, subject, subject, at + pen.minutes(0, 20), name)


def _repeat(pen: Pen, kind: str, rung: str, elapsed: timedelta) -> int:
    """The number of a repeat that can have been said by then, mostly none."""
    every = pen.setting.repeats(kind).get(rung)
    fits = 0 if every is None else max(0, elapsed // every)
    return pen.rng.choice((0, 0, 0, min(1, fits), min(2, fits)))


def answers_to_nights(pen: Pen) -> None:
    """The AP manager and the agency answer about some of the nights of which something was said."""
    about = [one for one in pen.written if one.topic == "shift-cover"]
    for subject, premises in sorted({(one.event["subject"], one.key) for one in about}):
        evening = datetime.fromisoformat(subject.split("/")[1]).replace(hour=20, tzinfo=UTC)
        while pen.rng.random() < 0.25:
            kind = pen.rng.choice(("uncovered-night", "uncovered-night", "unconfirmed-night", "contested-breach"))
            rung = pen.rng.choice(pen.setting.rungs(kind))
            at = evening + pen.minutes(-24, 12)
            repeat = _repeat(pen, kind, rung, at - evening + timedelta(hours=4))
            _answer(pen, subject, premises, at, escalation(subject, kind, "", rung, "first", repeat))
