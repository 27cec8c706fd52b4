"""A ledger with as many open orders as are wanted: a pattern that was lived through, copied to ten thousand premises.

A hundred premises live through weeks by the real path: orders are raised, attended and fall due, and the sweep decides
them. Inside the database each premises of a large estate then gets a copy of one of them, or of one order of it. The
rows are what the path would have written as far as any decision can tell: ids that derive from a name derive from the
copy's own. What differs: no audit chain stands behind a copy, so ``verify`` has nothing to say about it; its messages
are as after an erasure, without what they said; its events bear the digests of the pattern's.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from random import Random
from typing import Any, Final
from uuid import UUID, uuid5

import orjson
from sqlalchemy import Connection, create_engine, event, text

from models.ids import NAMESPACE
from models.tables import METADATA
from streams.ledger.engine import database_url
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from streams.ledger.outstanding import row_of
from workorders.policy import World, default_policy
from workorders.policy.load import DEFAULT_ESTATE, world_of
from workorders.policy.read import estate_from_toml

SITES: Final = 10_000
PATTERNS: Final = 100
ORDERS: Final = 100
"""How many orders are outstanding at each pattern."""
DAYS: Final = 20
SOURCE: Final = "estates-desk"
JOBS: Final = (
    ("decoration", "unsightly", (), 30),
    ("furniture", "damaged", (), 25),
    ("grounds", "damaged", (), 15),
    ("internal-door", "damaged", (), 12),
    ("lighting", "total-loss", (), 8),
    ("sanitary-fitting", "leaking", ("health",), 6),
    ("floor", "damaged", ("health",), 3),
    ("entry-lock", "damaged", ("site-security",), 1),
)
"""What is broken, whom it endangers, and how often."""
_SEPARATOR: Final = "\x1f"
_LIMIT: Final = 500


@dataclass(frozen=True, slots=True)
class Job:
    """One order of a pattern: when it was raised, whether anybody came, and what it is about."""

    subject: str
    unit: str
    raised: datetime
    attended: datetime | None
    facts: dict[str, Any]

    def told(self) -> Iterator[dict[str, Any]]:
        """Its events; every id bears the name of the premises, so that a copy bears the copy's."""
        yield event_of("raised", self.subject, self.unit, self.raised, self.facts)
        if self.attended is not None:
            yield event_of("attended", self.subject, self.unit, self.attended, {})


def sites() -> list[str]:
    """The premises of the large estate that hold the copies."""
    return [f"site-{n:05}" for n in range(SITES)]


def patterns() -> list[str]:
    """The premises that are copied; afterwards nothing is left of them."""
    return [f"copy-{n:05}" for n in range(PATTERNS)]  # as long as the name of a site


def large_world() -> World:
    """The packaged policy, and the packaged estate with so many more offices."""
    packaged = (files("workorders.policy") / DEFAULT_ESTATE).read_text(encoding="utf-8")
    units = ("north-coast", "north-hills", "west", "valleys", "south-east")
    more = [
        f'[[premises]]\nid = "{name}"\nname = "Office {name}"\nkind = "office"\nldu = "{units[n % len(units)]}"\n'
        for n, name in enumerate([*sites(), *patterns()])
    ]
    whole = "\n".join([packaged, *more])
    return world_of(default_policy(), estate_from_toml(whole.encode(), "large.toml"), "large.toml")


def event_of(kind: str, subject: str, unit: str, at: datetime, facts: dict[str, Any]) -> dict[str, Any]:
    """One event about an order as a CloudEvent."""
    return {
        "specversion": "1.0",
        "id": f"{kind}-{subject}-{unit}",
        "source": SOURCE,
        "type": f"facilities.work-order.{kind}",
        "subject": subject,
        "time": at.isoformat(),
        "data": {"premises": unit, **facts},
    }


def facts_of(chance: Random) -> dict[str, Any]:
    """What an order is about."""
    asset, fault, impacts, _ = chance.choices(JOBS, [job[3] for job in JOBS])[0]
    return {"asset": asset, "fault": fault, "impacts": list(impacts), "alternative_available": True}


def _jobs(now: datetime) -> Iterator[Job]:
    chance = Random("big")
    for unit in patterns():
        for n in range(ORDERS):
            raised = now - timedelta(minutes=chance.randrange(60, DAYS * 24 * 60))
            came = raised + timedelta(minutes=chance.randrange(10, 180))
            attended = came if came < now and chance.random() < 0.9 else None
            yield Job(f"WO-{n}", unit, raised, attended, facts_of(chance))


async def live_through(url: str, world: World, now: datetime) -> None:
    """Let the patterns live through their weeks, by the ledger's own path."""
    start = now - timedelta(days=DAYS + 1)
    ledger = await Ledger.open(url, time_kind="real", now=start)
    try:
        await ledger.world(world, start)
        told = sorted((event for job in _jobs(now) for event in job.told()), key=lambda one: str(one["time"]))
        at = 0
        while at < len(told):
            some = told[at : at + _LIMIT]
            at += len(some)
            heard = datetime.fromisoformat(some[-1]["time"])
            outcome = await ledger.take([_incoming(one, heard) for one in some], heard, world)
            assert outcome.recorded == len(some), outcome.rejections[:1]
            await _sweep(ledger, heard + timedelta(seconds=30), world)
        await _sweep(ledger, now, world)
    finally:
        await ledger.close()


async def _sweep(ledger: Ledger, now: datetime, world: World) -> None:
    while (await ledger.sweep(now, _LIMIT, world)).more:
        pass


def _incoming(told: dict[str, Any], heard: datetime) -> Incoming:
    return Incoming("work-orders", told["data"]["premises"].encode(), orjson.dumps(told), heard=heard)


def make(url: str, each: int, now: datetime) -> None:
    """Fill an empty database: ``each`` of 1 to ``ORDERS`` open orders at every site, as at now."""
    world = large_world()
    asyncio.run(live_through(url, world, now))
    with _connected(url) as connection:
        _name_copies(connection, each)
        for statement in _copying(connection.dialect.name):
            connection.exec_driver_sql(statement)
        if each < ORDERS:
            _count_again(connection)
        for statement in _clearing():
            connection.exec_driver_sql(statement)
    with _connected(url) as connection:
        connection.exec_driver_sql("ANALYZE")


def _name_copies(connection: Connection, each: int) -> None:
    """Say which site is a copy of which pattern, and which of its orders it has (all where none is named)."""
    connection.exec_driver_sql("CREATE TEMPORARY TABLE copied (pattern TEXT, site TEXT, subject TEXT)")
    chosen = [None] if each == ORDERS else range(each)
    rows = [
        {"pattern": name, "site": site, "subject": None if n is None else f"WO-{(k + n) % ORDERS}"}
        for k, site in enumerate(sites())
        for name in [patterns()[k % PATTERNS]]
        for n in chosen
    ]
    connection.execute(text("INSERT INTO copied VALUES (:pattern, :site, :subject)"), rows)
    connection.exec_driver_sql("ANALYZE copied" if connection.dialect.name == "postgresql" else "SELECT 1")


def _copying(dialect: str) -> Iterator[str]:
    """The statements that copy each table."""
    number = "TEXT" if dialect == "sqlite" else "text"
    renamed = (
        f"derived('{NAMESPACE}', 'escalation{_SEPARATOR}' || c.site || '/' || e.subject || '{_SEPARATOR}' || e.kind || "
        f"'{_SEPARATOR}' || e.clock || '{_SEPARATOR}' || e.rung || '{_SEPARATOR}' || e.spell || '{_SEPARATOR}' || "
        f"CAST(e.repeat AS {number}))"
    )
    subject = "(c.subject IS NULL OR c.subject = t.subject)"
    named = {"unit": "c.site"}
    once = "(SELECT DISTINCT pattern, site FROM copied) c"
    joined = f"copied c JOIN {{table}} t ON t.unit = c.pattern AND {subject}"
    new = {"id": "c.site", "version": "0", "audit_n": "0", "audit_head": "''"}
    yield _insert("unit", new, f"{once} JOIN unit t ON t.id = c.pattern")
    yield _insert("outstanding", named, f"{once} JOIN outstanding t ON t.unit = c.pattern")
    own = {name: f"replace(t.{name}, c.pattern, c.site)" for name in ("id", "body", "state", "said_classification")}
    about = {"stream": "NULL", "topic_offset": "NULL"}
    yield _insert("event", {**named, **about, "id": own["id"], "body": own["body"]}, joined.format(table="event"))
    orders = {**named, "state": own["state"], "said_classification": own["said_classification"]}
    yield _insert("work_order", orders, joined.format(table="work_order"))
    yield _insert("exposure", named, joined.format(table="exposure"))
    content = f"replace(replace(t.content, c.pattern, c.site), dashed(e.id), dashed({renamed}))"
    escalated = joined.format(table="escalation").replace(" t ", " e ").replace("t.", "e.")
    same = "JOIN escalation t ON t.id = e.id"
    yield _insert("escalation", {**named, "id": renamed, "content": content}, f"{escalated} {same}")
    said = {
        **named,
        "escalation_id": renamed,
        "message_id": f"derived({renamed}, CAST(t.n AS {number}))",
        "content": content,
    }
    yield _insert("statement", said, f"{escalated} JOIN statement t ON t.escalation_id = e.id")
    sent = {
        "message_id": "derived(t.message_id, c.site)",
        "key": "c.site",
        "value": "''",
        "sent_at": "t.created_at",
        "confirmed_at": "t.created_at",
        "confirmations": "1",
        "erased_at": "t.created_at",
    }
    mine = "(c.subject IS NULL OR t.value <> replace(t.value, '\"subject\":\"' || c.subject || '\"', ''))"
    yield _insert("outbox", sent, f"copied c JOIN outbox t ON t.key = c.pattern AND {mine}", leave=("seq",))


def _insert(table: str, changed: dict[str, str], source: str, leave: Sequence[str] = ()) -> str:
    names = [column.name for column in METADATA.tables[table].columns if column.name not in leave]
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(changed.get(name, f't."{name}"') for name in names)
    return f"INSERT INTO {table} ({columns}) SELECT {values} FROM {source}"  # noqa: S608 - our own names


def _count_again(connection: Connection) -> None:
    """Of a part of a pattern the count is another than of the whole."""
    orders: dict[str, list[Any]] = {}
    found = connection.execute(METADATA.tables["work_order"].select().where(text("is_open AND unit LIKE 'site-%'")))
    for row in found:
        orders.setdefault(row.unit, []).append(((row.effective, row.raised_at), 1))
    table = METADATA.tables["outstanding"]
    as_at = {row.unit: row.as_at for row in connection.execute(table.select())}
    connection.execute(table.delete().where(table.c.unit.in_(sites())))
    connection.execute(table.insert(), [row_of(unit, as_at[unit], some) for unit, some in sorted(orders.items())])


def _clearing() -> Iterator[str]:
    """The statements that leave nothing of the patterns."""
    for table in ("exposure", "statement", "escalation", "work_order", "outstanding", "event"):
        yield f"DELETE FROM {table} WHERE unit LIKE 'copy-%%'"  # noqa: S608
    yield "DELETE FROM outbox WHERE key LIKE 'copy-%%'"
    yield "DELETE FROM audit WHERE chain LIKE 'copy-%%'"
    yield "DELETE FROM unit WHERE id LIKE 'copy-%%'"


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        parsed = parsed.set(drivername="sqlite")
    engine = create_engine(parsed)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _: _teach(connection))
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                for statement in _LESSONS:
                    connection.exec_driver_sql(statement)
            yield connection
    finally:
        engine.dispose()


_LESSONS: Final = (
    'CREATE EXTENSION IF NOT EXISTS "uuid-ossp"',
    "CREATE OR REPLACE FUNCTION derived(uuid, text) RETURNS uuid LANGUAGE sql AS 'SELECT uuid_generate_v5($1, $2)'",
    "CREATE OR REPLACE FUNCTION dashed(uuid) RETURNS text LANGUAGE sql AS 'SELECT $1::text'",
)
"""How ids derive from names, and are written; in the words of PostgreSQL."""


def _teach(connection: Any) -> None:  # noqa: ANN401 - the driver's own class
    """The same for SQLite."""
    connection.create_function("derived", 2, lambda space, name: uuid5(UUID(space), name).hex, deterministic=True)
    connection.create_function("dashed", 1, lambda found: str(UUID(found)), deterministic=True)
