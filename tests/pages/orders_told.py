"""What the tests of an order's pages have the ledger hear, beside what the small ledger holds."""

from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.tables import EventRow
from streams.ledger.incoming import Incoming
from tests.desk.small_ledger import event
from tests.pages.conftest import Pages

LOCK = "/orders/ap-bryn-awel/WO-1"
"""The lock of Bryn Awel: P1, disputed, two of its clocks missed."""
ALARM = "/orders/ap-ty-derwen/WO-3"
"""The alarm of Tŷ Derwen: a report that was heard late says that it is done."""
AP_MANAGER = "ap-manager:premises:ap-bryn-awel"
HELPDESK = "provider-helpdesk"
HOSTILE = "<script>alert(1)</script> <b>bold</b> \u202e\u05d0\u05d1"
_n = count(1)


async def hears(pages: Pages, kind: str, address: str, data: dict[str, Any], source: str, time: datetime) -> None:
    """The ledger hears an event of a source about the order at that address, now."""
    _empty, _orders, premises, subject = address.split("/")
    raw = event(source, f"work-order.{kind}", subject, premises, data, time.isoformat(), f"told-{next(_n)}")
    incoming = Incoming("work-orders", premises.encode(), raw)
    now = pages.clock.now()
    await pages.place.ledger.submit([incoming], now, pages.place.world)
    await pages.place.ledger.take([incoming], now, pages.place.world)


async def told(pages: Pages, address: str, kind: str) -> list[str]:
    """The bodies of the events of a type about the order at that address."""
    subject = address.rpartition("/")[2]
    query = select(col(EventRow.body)).where(col(EventRow.subject) == subject)
    async with pages.place.ledger.reading() as connection:
        rows = await connection.execute(query.where(col(EventRow.type) == f"facilities.work-order.{kind}"))
        return list(rows.scalars())
