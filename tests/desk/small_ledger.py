"""A small ledger in simulated time: one of everything that the pages must show."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import create_engine, text

from models.refusal import Refusal
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from workorders.policy import default_world

BEGINS = datetime(2026, 1, 13, 15, 0, tzinfo=UTC)
ENDS = datetime(2026, 1, 14, 6, 0, tzinfo=UTC)
NOTE = "The door is wedged shut."

_COVER = {"from": "2026-01-13T20:00:00Z", "until": "2026-01-14T08:00:00Z"}
_OWN = {"cover_ref": "own-1", "supplier": "own", **_COVER}
_AGENCY = {"cover_ref": "agency-1", "supplier": "agency", **_COVER}
_HELP = {"cover_ref": "help-1", "replaces": "agency", "cost_pence": 20_000, **_COVER}
_NO_OTHER = {"alternative_available": False}
_LOCK = {"asset": "entry-lock", "fault": "will-not-secure", "impacts": ["site-security"], **_NO_OTHER}
_PHONE = {"asset": "duty-phone", "fault": "partial-loss", "impacts": [], **_NO_OTHER}
_ALARM = {"asset": "staff-alarm", "fault": "total-loss", "impacts": ["staff-safety"], **_NO_OTHER}
_TD, _NIGHT = "ap-ty-derwen", "ap-ty-derwen/2026-01-13"
HEARD: tuple[tuple[str, str, str, str, str, dict[str, Any]], ...] = (
    ("13T15:00", "ap-managers", "work-order.raised", "WO-1", "ap-bryn-awel", {**_LOCK, "note": NOTE}),
    ("13T15:00", "ap-managers", "work-order.raised", "WO-2", "ap-plas-helyg", _PHONE),
    ("13T15:00", "ap-managers", "work-order.raised", "WO-3", _TD, _ALARM),
    ("13T15:05", "fm-north", "work-order.acknowledged", "WO-1", "ap-bryn-awel", {"contractor_reference": "N-1"}),
    ("13T15:10", "fm-north", "work-order.prioritised", "WO-1", "ap-bryn-awel", {"priority": "P3"}),
    ("13T15:20", "fm-south", "work-order.completed", "WO-404", _TD, {}),
    ("13T16:00", "ap-managers", "shift-cover.confirmed", _NIGHT, _TD, _OWN),
    ("13T16:00", "agency-south", "shift-cover.confirmed", _NIGHT, _TD, _AGENCY),
    ("13T19:00", "agency-south", "shift-cover.withdrawn", _NIGHT, _TD, {"cover_ref": "agency-1"}),
    ("13T19:30", "division", "shift-cover.contingency-arranged", _NIGHT, _TD, _HELP),
    ("13T23:30", "fm-south", "work-order.completed", "WO-3", _TD, {"happened": "13T16:30"}),
)
"""When it was heard in January 2026, by whom, what, about which subject, where, and the data."""


async def build(url: str) -> None:
    """Make the ledger in an empty database, and close it."""
    world = default_world()
    ledger = await Ledger.open(url, time_kind="simulated", now=BEGINS)
    await ledger.world(world, BEGINS)
    for n, (heard, source, kind, subject, premises, data) in enumerate(HEARD, start=1):
        now = january(heard)
        await ledger.sweep(now, 500, world)
        time = january(data.get("happened", heard)).isoformat()
        said = {name: value for name, value in data.items() if name != "happened"}
        topic = {"work-order": "work-orders", "shift-cover": "shift-cover"}[kind.partition(".")[0]]
        incoming = Incoming(topic, premises.encode(), event(source, kind, subject, premises, said, time, f"event-{n}"))
        [receipt] = await ledger.submit([incoming], now, world)
        assert not isinstance(receipt, Refusal), receipt
        await ledger.take([incoming], now, world)
    malformed = Incoming("work-orders", b"ap-cae-glas", b'{"not": "an event"}', heard=ENDS, receipt="door-1")
    await ledger.take([malformed], ENDS, world)
    await ledger.sweep(ENDS, 500, world)
    await ledger.close()


def january(moment: str) -> datetime:
    """An instant of January 2026, written ``13T15:00``."""
    return datetime.fromisoformat(f"2026-01-{moment}:00+00:00")


def event(source: str, kind: str, subject: str, premises: str, data: dict[str, Any], time: str, id_: str) -> bytes:
    """One CloudEvent as JSON."""
    attributes = {"specversion": "1.0", "id": id_, "source": source, "type": f"facilities.{kind}", "subject": subject}
    return orjson.dumps({**attributes, "time": time, "data": {"premises": premises, **data}})


def into_one_file(path: Path) -> None:
    """Bring a SQLite ledger into its one file, so that it can be copied."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()


def built(folder: Path) -> Path:
    """The small ledger, built in a folder as one file."""
    path = folder / "ledger.db"
    asyncio.run(build(f"sqlite:///{path}"))
    into_one_file(path)
    return path
