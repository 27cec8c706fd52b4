"""Following the topic of escalations, as any consumer of it would: what was sent, not only what was decided."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Final, NoReturn

from desk.environment import settings_for
from desk.exits import BadInput
from desk.opening import open_view
from desk.options import Reading
from desk.printing import console, remark
from desk.seeing.watch import print_statement
from desk.views.escalations import StatementLine
from models.escalation import StatementData
from models.parse import parse_output
from models.refusal import Refusal
from streams.kafka_client import make_consumer, running
from streams.settings import Settings
from streams.topics import ESCALATIONS

_EMBEDDED: Final = (
    "--topic needs the address of a broker (--broker HOST:PORT); 'workorders run' says its own when it is ready."
)
_PREFIX: Final = "facilities.escalation."


def follow_topic(broker: str | None, reading: Reading) -> NoReturn:
    """Print each statement that is sent from now on, until Ctrl-C; role names and times are those of the ledger."""
    settings = settings_for(ledger=reading.ledger, broker=broker)
    if settings.is_embedded:
        raise BadInput(_EMBEDDED)
    asyncio.run(_follow(settings, reading))


async def _follow(settings: Settings, reading: Reading) -> NoReturn:
    async with open_view(reading.ledger) as (desk, _):
        pass
    page = console()
    async for line in sent(settings, settings.broker):
        print_statement(page, line, desk, reading)
    raise AssertionError("a topic has no end")


async def sent(settings: Settings, bootstrap: str) -> AsyncGenerator[StatementLine]:
    """The statements on the topic from now on, in the order of each partition; what is no statement is remarked."""
    topic = settings.topic_prefix + ESCALATIONS.name
    consumer = make_consumer(settings, bootstrap, group=None, without_offset="latest")
    consumer.subscribe([topic])
    async with running(consumer, settings):
        remark(f"Following {topic} at {bootstrap}.")
        async for record in consumer:
            event = parse_output(record.value)
            if isinstance(event, Refusal) or not isinstance(event.data, StatementData):
                remark(f"A record of {topic} (partition {record.partition}, offset {record.offset}) is no statement.")
                continue
            yield _line(event.type, event.subject, event.time, event.data)


def _line(event_type: str, subject: str, said_at: datetime, data: StatementData) -> StatementLine:
    same = ("escalation_id", "n", "premises", "clock", "rung", "role", "repeat", "due_at", "acknowledged_until")
    return StatementLine(
        **{name: getattr(data, name) for name in (*same, "heard_at", "late_seconds", "reason")},
        subject=subject,
        statement=event_type.removeprefix(_PREFIX),
        kind=data.kind.value,
        priority=data.priority.value if data.priority is not None else None,
        said_at=said_at,
    )
