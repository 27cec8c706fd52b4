"""The proof at the end: everything sent is accounted for, and what the ledger says was said is on the topic."""

from dataclasses import dataclass
from uuid import UUID

from aiokafka import TopicPartition
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.demo.posting import Posted
from desk.demo.tally import Account, read_account
from models.tables import InboxRow, StatementRow
from streams.kafka_client import make_consumer, running
from streams.parts import Parts
from streams.topics import EMBEDDED_PARTITIONS, ESCALATIONS
from streams.watch import message_ids


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold, with the figures that show whether it does."""

    holds: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Every check, and the account that they are about."""

    holds: bool
    account: Account
    checks: tuple[Check, ...]


async def prove(parts: Parts, posted: Posted) -> Proof:
    """Read ledger and topic once more and compare them with what the doors accepted."""
    async with parts.ledger.reading() as connection:
        account = await read_account(connection)
        said = await _said(connection)
        visitors = set((await connection.execute(select(col(InboxRow.receipt)))).scalars()) - posted.receipts
    on_topic = await _on_topic(parts)
    checks = (
        _sent_is_accounted_for(posted, account, len(visitors)),
        _every_record_is_somewhere(account),
        _said_is_sent(said, on_topic),
    )
    return Proof(all(check.holds for check in checks), account, checks)


def _sent_is_accounted_for(posted: Posted, account: Account, visitors: int = 0) -> Check:
    """``visitors``: how many events came from people at the desk, who may join in while the story is told."""
    sent = posted.events + visitors
    figures = f"{account.recorded:,} recorded + {account.sent_twice:,} duplicate + {account.rejected:,} rejected"
    holds = sent == account.recorded + account.sent_twice + account.rejected
    own = f" ({visitors:,} of them at the desk)" if visitors else ""
    return Check(holds, f"{sent:,} events sent{own} {'=' if holds else '≠'} {figures}")


def _every_record_is_somewhere(account: Account) -> Check:
    came = f"{account.consumed:,} records read from the topics + {account.from_inbox:,} taken from the inbox"
    went = f"{account.recorded:,} recorded + {account.duplicates:,} duplicate + {account.rejected:,} rejected"
    copies = f" ({account.copies:,} of the duplicates are the broker's own copies of what was taken from the inbox)"
    return Check(account.adds_up, f"{came} {'=' if account.adds_up else '≠'} {went}{copies if account.copies else ''}")


def _said_is_sent(said: set[UUID], on_topic: list[UUID]) -> Check:
    found = set(on_topic)
    holds = said == found
    again = len(on_topic) - len(found)
    repeated = f", {again} sent more than once" if again else ", each once"
    return Check(
        holds, f"{len(said):,} statements in the ledger {'=' if holds else '≠'} {len(found):,} on the topic{repeated}"
    )


async def _said(connection: AsyncConnection) -> set[UUID]:
    return set((await connection.execute(select(col(StatementRow.message_id)))).scalars())


async def _on_topic(parts: Parts) -> list[UUID]:
    """The message ids of everything on the escalations topic, read from its beginning by a consumer of its own."""
    name = parts.topic(ESCALATIONS.name)
    consumer = make_consumer(parts.settings, parts.cluster.bootstrap, group=None, without_offset="earliest")
    found: list[UUID] = []
    async with running(consumer, parts.settings):
        partitions = [TopicPartition(name, n) for n in range(ESCALATIONS.partitions(EMBEDDED_PARTITIONS))]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            batch = await consumer.getmany(timeout_ms=500)
            found += message_ids(record.value for records in batch.values() for record in records)
    return found
