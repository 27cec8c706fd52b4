"""Print the escalations that stand now; needs aiokafka and nothing of workorders.

    python standing.py localhost:9092            goes on until Ctrl-C, and prints them again whenever one has changed
    python standing.py localhost:9092 --once     prints what stands by now, and ends

What was read and how far is kept in one file, in one transaction. So it may be killed at any moment, started again, and
told everything twice: it says the same.
"""

import argparse
import asyncio
import json
import sqlite3
from typing import Any

from aiokafka import AIOKafkaConsumer

TABLES = """
CREATE TABLE IF NOT EXISTS said (escalation PRIMARY KEY, n INTEGER, type, premises, subject, role, due_at, reason);
CREATE TABLE IF NOT EXISTS place (partition INTEGER PRIMARY KEY, next INTEGER);
"""
BELIEVE = """
INSERT INTO said VALUES (:escalation_id, :n, :type, :premises, :subject, :role, :due_at, :reason)
ON CONFLICT (escalation) DO UPDATE SET n = excluded.n, type = excluded.type, premises = excluded.premises,
subject = excluded.subject, role = excluded.role, due_at = excluded.due_at, reason = excluded.reason
WHERE excluded.n > said.n
"""  # the highest number is believed, so a duplicate or an older statement changes nothing
STAND = """
SELECT due_at, premises, subject, role, reason FROM said
WHERE type NOT LIKE '%.withdrawn' AND type NOT LIKE '%.closed' ORDER BY due_at, escalation
"""


def take(book: sqlite3.Connection, record: Any) -> None:  # noqa: ANN401 - aiokafka ships no types
    """Believe one statement, and remember that it was read."""
    event = json.loads(record.value)
    if event["type"].startswith("facilities.escalation."):
        book.execute(BELIEVE, {**event["data"], "type": event["type"], "subject": event["subject"]})
    book.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", (record.partition, record.offset + 1))


def show(book: sqlite3.Connection) -> None:
    """One line for each escalation that stands."""
    lines = ["  ".join(row) for row in book.execute(STAND)]
    print(f"{len(lines)} stand", *lines, sep="\n", flush=True)


async def follow(broker: str, topic: str, file: str, *, once: bool) -> None:
    """Read on from where the file ends."""
    book = sqlite3.connect(file)
    book.executescript(TABLES)
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = dict(book.execute("SELECT partition, next FROM place"))
        for partition in consumer.assignment():
            consumer.seek(partition, places.get(partition.partition, 0))
        ends = await consumer.end_offsets(consumer.assignment())
        while not once or any([await consumer.position(one) < end for one, end in ends.items()]):
            if batches := await consumer.getmany(timeout_ms=1_000, max_records=500):
                with book:
                    for record in (record for batch in batches.values() for record in batch):
                        take(book, record)
                if not once:
                    show(book)
        show(book)
    finally:
        await consumer.stop()
        book.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print the escalations that stand now.")
    parser.add_argument("broker", help="host:port")
    parser.add_argument("--topic", default="escalations")
    parser.add_argument("--file", default="standing.db", help="where it keeps what it has read")
    parser.add_argument("--once", action="store_true", help="end when everything that is there by now is read")
    given = parser.parse_args()
    asyncio.run(follow(given.broker, given.topic, given.file, once=given.once))
