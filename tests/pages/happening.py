"""What happens while somebody looks at a page: events that are heard and decided beside them."""

from itertools import count
from typing import Any

from desk.api.place import Place
from streams.ledger.incoming import Incoming
from tests.desk.small_ledger import event

LOCK: dict[str, Any] = {
    "asset": "entry-lock",
    "fault": "will-not-secure",
    "impacts": ["site-security"],
    "alternative_available": False,
}
_NUMBER = count(1)


async def happens(place: Place, source: str, kind: str, subject: str, premises: str, **data: Any) -> None:  # noqa: ANN401
    """One event is heard and decided now."""
    now = place.clock.now()
    id_ = f"happening-{next(_NUMBER)}"
    topic = {"work-order": "work-orders", "shift-cover": "shift-cover"}[kind.partition(".")[0]]
    body = event(source, kind, subject, premises, data, now.isoformat(), id_)
    outcome = await place.ledger.take([Incoming(topic, premises.encode(), body, heard=now)], now, place.world)
    assert not outcome.rejections, outcome.rejections


async def rejected(place: Place) -> None:
    """The work on the alarm of Tŷ Derwen is rejected: that is escalated at once, and the order is outstanding again."""
    await happens(place, "ap-managers", "work-order.completion-rejected", "WO-3", "ap-ty-derwen", defect="it beeps")


async def raised(place: Place, subject: str, premises: str = "ap-bryn-awel") -> None:
    """A repair is asked for."""
    await happens(place, "ap-managers", "work-order.raised", subject, premises, **LOCK)
