"""Does the ledger hold what it promises? Reads everything again and says in sentences what does not fit.

``verify`` looks at one unchanging view, so it may run beside the workers.
"""

from dataclasses import dataclass, field
from datetime import datetime

from streams.ledger.engine import Database
from streams.ledger.verify import chains, records, standing, words
from streams.ledger.verify.finding import Finding
from workorders.policy import World

__all__ = ["Finding", "Report", "verify"]


@dataclass(slots=True)
class Report:
    """What was looked at (how many of each), and everything that does not fit."""

    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything fits."""
        return not self.findings


async def verify(database: Database, world: World, since: datetime, *, every: int = 1) -> Report:
    """Check offsets, statements, messages, audit chains and states; of the states one in ``every``, 1 for all.

    ``since`` is when the ledger began.
    """
    report = Report()
    async with database.reading() as connection:
        for check in (records.streams, records.rejections, words.statements, words.messages, chains.links):
            report.counts[check.__name__], found = await check(connection)
            report.findings += found
        report.counts["events"], found = await chains.events(connection)
        report.findings += found
        report.counts["subjects"], found = await standing.states(connection, world, since, every)
        report.findings += found
    return report
