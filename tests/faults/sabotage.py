"""Sabotage of a site's PostgreSQL: transactions that fail, sessions that are ended, rows that somebody holds.

Errors come from a trigger; a sequence, which no rollback takes back, counts how often.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, LiteralString

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from tests.faults.reading import reading
from tests.faults.site import Site

CODES: Final = {
    "disk full": "53100",
    "out of memory": "53200",
    "I/O error": "58030",
    "serialisation failure": "40001",
    "deadlock": "40P01",
    "lock not available": "55P03",
    "internal error": "XX000",
}
TABLES: Final = ("event", "audit", "outbox", "work_order", "escalation", "statement", "unit", "offset_state")
MARK: Final = "made to fail"
_TRIGGER: Final = """
CREATE SEQUENCE failures;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF nextval('failures') <= {times} THEN RAISE EXCEPTION {mark} USING ERRCODE = {code}; END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER fail AFTER INSERT OR UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION fail()"""
_MENDED: Final = "DROP FUNCTION fail CASCADE; DROP SEQUENCE failures"


@contextmanager
def session(site: Site, *, autocommit: bool = True) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """A session of our own on the site's database."""
    with psycopg.connect(site.ledger.replace("+psycopg", ""), autocommit=autocommit) as connection:
        yield connection


def fail(site: Site, table: str, code: str, times: int) -> None:
    """From now on what is written to the table fails with this code, so many times in all."""
    given = {"times": Literal(times), "mark": Literal(MARK), "code": Literal(code), "table": Identifier(table)}
    _alone(site, SQL(_TRIGGER).format(**given))


def mend(site: Site) -> None:
    """Nothing fails any more."""
    _alone(site, SQL(_MENDED))


def end_sessions(site: Site) -> int:
    """End every session of others on the database; how many there were."""
    ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    with session(site) as connection:
        return len(connection.execute(SQL(ours + " AND pid <> pg_backend_pid()")).fetchall())


def offsets(site: Site) -> dict[tuple[Any, ...], int]:
    """How far each stream was read, by the ledger."""
    query: LiteralString = "SELECT topic, topic_partition, next_offset FROM offset_state"
    with reading(site.place) as database:
        return {(row["topic"], row["topic_partition"]): row["next_offset"] for row in database.rows(query)}


def _alone(site: Site, statements: SQL | Composed) -> None:
    """Do it when no writer is in the way, and again if one was."""
    with session(site) as connection:
        while True:
            try:
                connection.execute(statements)
            except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
                continue
            return
