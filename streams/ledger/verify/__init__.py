"""Does the ledger hold what it promises? Reads everything again and says in sentences what does not fit.

``verify`` looks at one unchanging view, so it may run beside the workers. What cannot be read is a finding like any
other. It needs the memory of the largest unit's seals and one bit for each offset, not that of the ledger.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError

from streams.ledger import quarantine
from streams.ledger.deciding import in_words
from streams.ledger.engine import Database
from streams.ledger.quarantine import HeldRow
from streams.ledger.verify import acts, anchor, chains, kept, outstanding, records, standing, unsealed, words
from streams.ledger.verify.acts import Acts
from streams.ledger.verify.anchor import Anchor
from streams.ledger.verify.finding import Checked, Finding, Tell, untold
from streams.ledger.verify.known_then import KnownThen
from streams.ledger.verify.walked import Walked
from workorders.policy import World

__all__ = ["Anchor", "Finding", "Report", "verify"]

T = TypeVar("T")

_COUNTED: Final = ("links", "events", "messages", "statements", "rejections", "submissions")


@dataclass(slots=True)
class Report:
    """What was looked at (how many of each), everything that does not fit, and what is held in quarantine.

    ``heads`` are the ends of the chains, for an anchor that is kept elsewhere.
    """

    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    held: list[HeldRow] = field(default_factory=list)
    heads: Anchor | None = None

    @property
    def holds(self) -> bool:
        """Whether everything fits; what is held is kept as it should be, but it is not decided."""
        return not self.findings


async def verify(
    database: Database,
    world: World | None,
    since: datetime | None,
    *,
    every: int = 1,
    against: Anchor | None = None,
    tell: Tell = untold,
) -> Report:
    """Check chains, offsets, rows, statements and states; of the states one in ``every``, 1 for all.

    ``since`` is when the ledger began, if its chain does not say. Without a ``world`` no state can be decided again,
    which is a finding.
    ``against`` is what an earlier report gave as its heads.
    """
    report = Report(counts=dict.fromkeys(_COUNTED, 0))
    async with database.reading() as connection:
        done = await _whole(report, "audit", acts.read(connection)) or Acts()
        walked = await _whole(report, "audit", chains.walk(connection, done, tell)) or Walked(done)
        report.findings += walked.findings
        report.counts |= walked.counts
        report.findings += await _whole(report, "audit", unsealed.check(connection, walked)) or []
        await _add(report, "streams", "offset_state", records.streams(connection, done, walked.coverage))
        await _add(report, "versions", "policy_version, estate_version or offset_gap", kept.check(connection, done))
        await _add(report, "escalations", "escalation or statement", words.escalations(connection, tell))
        await _add(report, "premises", "outstanding", outstanding.check(connection))
        began = done.began["created_at"] if done.began is not None else None
        since = since if began is None else datetime.fromisoformat(began)
        if world is None or since is None:
            report.findings.append(
                Finding("policy_version", "", "the rules cannot be read, so nothing is decided again")
            )
        else:
            again = standing.states(connection, KnownThen(world, done), since, every, tell)
            await _add(report, "subjects", "work_order, night or source_state", again)
        report.held = await _whole(report, "quarantine", quarantine.held(connection)) or []
        report.heads = await _whole(report, "unit", anchor.heads(connection))
        if against is not None:
            report.findings += await _whole(report, "audit", anchor.check(connection, against)) or []
    return report


async def _add(report: Report, name: str, tables: str, check: Awaitable[Checked]) -> None:
    report.counts[name], found = await _whole(report, tables, check) or (0, [])
    report.findings += found


async def _whole(report: Report, name: str, check: Awaitable[T]) -> T | None:
    """What a check found; if it breaks over what it reads, that is a finding, and the others go on."""
    try:
        return await check
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 - an edit may leave anything behind, and must not hide the rest
        report.findings.append(Finding(name, "", f"it cannot be read to its end: {in_words(error)}"))
        return None
