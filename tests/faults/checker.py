"""The checker: what must hold in a ledger after any fault, read with plain SQL from the database itself.

It imports nothing of the code that it judges. What should stand it takes from the second reckoning in
``tests.simulation.oracle``, which imports nothing of that code either; what was handed in, from the log of whoever
handed it in.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from tests.faults.reading import Place, Reading, reading
from tests.faults.told import Logbook
from tests.simulation.oracle.facts import Fact
from tests.simulation.oracle.instants import MINUTE, instant
from tests.simulation.oracle.register import Register, Registers
from tests.simulation.oracle.rulebook import Rulebook, Rulebooks
from tests.simulation.oracle.unit import Oracle

POLICY: Final = Path(__file__).parents[2] / "workorders" / "policy" / "default.toml"
ESTATE: Final = POLICY.with_name("wales.toml")

OUTPUTS: Final = ("classifications", "escalations", "disputes", "backlog", "rejected-events", "policies", "estates")
"""The topics on which everything is that the ledger holds as sent, and nothing else."""
PLACE: Final = ("subject", "kind", "clock", "spell", "rung", "repeat")
"""What makes an escalation the one that it is, with its unit."""

Topics = Mapping[str, Sequence[bytes]]
"""The values that are on each output topic, each key's in order."""


def faults_of(ledger: Place, told: Logbook, now: datetime, *, said: Topics | None, records: int | None) -> list[str]:
    """What does not hold, one sentence each; empty if everything does.

    ``said`` is what is on the output topics and ``records`` how many the input topics hold; None where the broker
    has forgotten.
    """
    with reading(ledger) as database:
        return [
            *_events(database, told),
            *_receipts(database, told),
            *_refusals(database, told),
            *_accounts(database, records),
            *_statements(database),
            *_messages(database, said),
            *_standing(database, told, now),
        ]


def is_at_rest(ledger: Place, now: datetime, records: int | None, *, forgetful: bool = False) -> bool:
    """Whether nothing waits in the ledger, nothing is due in it, and it has read as many records as there are."""
    return not unrest(ledger, now, records, forgetful=forgetful)


def unrest(ledger: Place, now: datetime, records: int | None, *, forgetful: bool = False) -> list[str]:
    """What still waits, one phrase each: what was submitted, to be sent, due, unconfirmed, or not read.

    Where the broker is ``forgetful``, what was sent to it may never be confirmed.
    """
    with reading(ledger) as database:
        found = {
            "submissions": database.one(
                "SELECT count(*) FROM inbox WHERE relayed_at IS NULL AND fate <> 'rejected' OR taken_at IS NULL"
            ),
            "messages to send": database.one("SELECT count(*) FROM outbox WHERE sent_at IS NULL"),
            "orders due": database.one("SELECT count(*) FROM work_order WHERE next_due_at <= ?", now),
            "backlogs due": database.one("SELECT count(*) FROM unit WHERE backlog_due_at <= ?", now),
            "unconfirmed messages": 0 if forgetful else database.one(
                "SELECT count(*) FROM outbox WHERE confirmed_at IS NULL"
            ),
        }  # fmt: skip
        if records is not None:
            read = database.one("SELECT coalesce(sum(next_offset - first_offset), 0) FROM offset_state")
            found["records to read"] = records - read
    return [f"{count} {what}" for what, count in found.items() if count]


def judged_as_at(ledger: Place, rested: datetime, now: datetime) -> datetime:
    """The instant as at which to judge a ledger that was at rest some time after ``rested`` and has no worker now.

    What came to be due since is undecided, and rightly so: it is judged as at the moment before the first of it.
    """
    query = "SELECT min(next_due_at) AS first_due_at FROM work_order WHERE next_due_at > ? AND next_due_at <= ?"
    with reading(ledger) as database:
        (row,) = database.rows(query, rested, now)
    return now if row["first_due_at"] is None else row["first_due_at"] - timedelta(microseconds=1)


def _events(database: Reading, told: Logbook) -> Iterator[str]:
    """Nothing is lost, nothing is doubled, nothing is made up."""
    kept = Counter((row["subject"], row["type"].rsplit(".", 1)[1]) for row in database.rows("SELECT * FROM event"))
    for one in told.accepted:
        if kept[one.value] == 0:
            yield f"lost: {' '.join(one.value)} was accepted and is not recorded"
    for value, times in sorted(kept.items()):
        if times > 1:
            yield f"doubled: {' '.join(value)} is recorded {times} times"
    for value in sorted(kept.keys() - {one.value for one in [*told.accepted, *told.unknown]}):
        yield f"made up: nobody has ever handed in {' '.join(value)}"


def _receipts(database: Reading, told: Logbook) -> Iterator[str]:
    fates = {row["receipt"]: row["fate"] for row in database.rows("SELECT receipt, fate FROM inbox")}
    for receipt, one in told.receipts.items():
        if fates.get(receipt) not in {"recorded", "duplicate"}:
            yield f"unkept: the receipt for {' '.join(one.value)} came to {fates.get(receipt)}"


def _refusals(database: Reading, told: Logbook) -> Iterator[str]:
    kept = Counter(row["sha256"] for row in database.rows("SELECT sha256 FROM rejected"))
    due, perhaps = (Counter(map(_digest, values)) for values in (told.refused, told.doubtful))
    missed, wrongly = (due - kept).total(), (kept - due - perhaps).total()
    if missed or wrongly:
        yield f"refused: of {due.total()} inputs that had to be rejected {missed} were not; {wrongly} others were"


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


def _accounts(database: Reading, records: int | None) -> Iterator[str]:
    """Each record of the topics is an event, a counted duplicate or a rejection."""
    total = 0
    for row in database.rows("SELECT * FROM offset_state"):
        consumed = row["next_offset"] - row["first_offset"] - row["skipped"]
        counted = row["recorded"] + row["duplicates"] + row["rejected"]
        total += counted
        if consumed != counted:
            yield f"uncounted: of {row['topic']}/{row['topic_partition']} {consumed} were read, {counted} accounted for"
    if records is not None and total != records:
        yield f"uncounted: the topics hold {records} records, {total} are accounted for"


def _statements(database: Reading) -> Iterator[str]:
    """Each escalation has the statements 1, 2, ..., each once and each with its message."""
    numbers: dict[UUID, list[int]] = {}
    query = """
        SELECT s.escalation_id, s.n, o.seq FROM statement s LEFT JOIN outbox o ON o.message_id = s.message_id
        ORDER BY s.escalation_id, s.n"""
    for row in database.rows(query):
        numbers.setdefault(row["escalation_id"], []).append(row["n"])
        if row["seq"] is None:
            yield f"unsaid: statement {row['n']} of {row['escalation_id']} has no message"
    for name, found in numbers.items():
        if found != list(range(1, len(found) + 1)):
            yield f"misnumbered: {name} has the statements {found}"
    last = "SELECT id AS escalation_id, last_n FROM escalation"
    known = {row["escalation_id"]: row["last_n"] for row in database.rows(last)}
    if known != {name: found[-1] for name, found in numbers.items()}:
        yield "misnumbered: an escalation does not show the number of its last statement"


def _messages(database: Reading, said: Topics | None) -> Iterator[str]:
    """Each message is on its topic, always with the same words, and nothing else is."""
    kept = {row["message_id"]: row for row in database.rows("SELECT * FROM outbox ORDER BY seq")}
    for row in kept.values():
        if row["sent_at"] is None:
            yield f"unsent: message {row['seq']} still waits"
    if said is None:
        return
    seen: dict[UUID, set[bytes]] = {}
    for value in (value for values in said.values() for value in values):
        seen.setdefault(UUID(orjson.loads(value)["id"]), set()).add(value)
    for name, words in seen.items():
        if name not in kept:
            yield f"made up: message {name} is on a topic and not in the ledger"
        elif words != {kept[name]["value"].encode()}:
            yield f"reworded: message {name} is on its topic in {len(words)} wordings"
    for name in kept.keys() - seen.keys():
        yield f"unsaid: message {kept[name]['seq']} to {kept[name]['topic']} counts as sent and is not on the topic"


def _standing(database: Reading, told: Logbook, now: datetime) -> Iterator[str]:
    """What the ledger says stands about orders is what the second reckoning finds from what was handed in."""
    heard = {
        (row["subject"], row["type"].rsplit(".", 1)[1]): (row["heard"], row)
        for row in database.rows("SELECT subject, type, heard, role, party FROM event")
    }
    units: dict[str, list[tuple[bytes, int, str, str]]] = {}
    for one in [*told.accepted, *told.unknown]:
        if one.value in heard:
            at, row = heard[one.value]
            units.setdefault(one.premises, []).append((orjson.dumps(one.event), _minute(at), row["role"], row["party"]))
    should = {name for unit, facts in units.items() for name in _should_stand(unit, tuple(facts), _minute(now))}
    query = "SELECT * FROM escalation WHERE standing AND subject LIKE 'WO-%'"
    stands = {tuple(row[name] for name in ("unit", *PLACE)) for row in database.rows(query)}
    for place in sorted(should - stands):
        yield f"silent: {' '.join(map(str, place))} should stand and does not"
    for place in sorted(stands - should):
        yield f"false alarm: {' '.join(map(str, place))} stands and should not"


@lru_cache(maxsize=1_000)
def _should_stand(unit: str, facts: tuple[tuple[bytes, int, str, str], ...], now: int) -> frozenset[tuple[Any, ...]]:
    known = [Fact(orjson.loads(event), heard, role, party) for event, heard, role, party in facts]
    steps = _oracle().premises(unit, known, now).standing.values()
    return frozenset((unit, *(getattr(step, name) for name in PLACE)) for step in steps)


@cache
def _oracle() -> Oracle:
    books = Rulebooks(((0, Rulebook.load(POLICY, "default")),))
    return Oracle(books, Registers(((0, Register.load(ESTATE)),)))


def _minute(at: datetime) -> int:
    return instant(at.replace(microsecond=0)) // MINUTE * MINUTE
