"""The tables of the ledger, one definition for SQLite and PostgreSQL; they hold what the other nouns say."""

from models.tables.access import ApiAccessRow, ApiKeyRow, ApiRequestRow, DeskSessionRow, DeskSignInRow
from models.tables.alive import PulseRow
from models.tables.base import METADATA
from models.tables.kept import AuditRow, EstateVersionRow, MetaRow, PolicyVersionRow
from models.tables.known import ExposureRow, NightRow, OutstandingRow, SourceStateRow, UnitRow, WorkOrderRow
from models.tables.received import (
    EventNoteRow,
    EventRow,
    InboxRow,
    OffsetGapRow,
    OffsetStateRow,
    QuarantineRow,
    RejectedRow,
)
from models.tables.said import EscalationRow, OutboxRow, StatementRow
from models.tables.told import NoticeAttemptRow, NoticeDueRow, NoticeLostRow, NoticeRow, RehearsalRow

__all__ = [
    "METADATA",
    "ApiAccessRow",
    "ApiKeyRow",
    "ApiRequestRow",
    "AuditRow",
    "DeskSessionRow",
    "DeskSignInRow",
    "EscalationRow",
    "EstateVersionRow",
    "EventNoteRow",
    "EventRow",
    "ExposureRow",
    "InboxRow",
    "MetaRow",
    "NightRow",
    "NoticeAttemptRow",
    "NoticeDueRow",
    "NoticeLostRow",
    "NoticeRow",
    "OffsetGapRow",
    "OffsetStateRow",
    "OutboxRow",
    "OutstandingRow",
    "PolicyVersionRow",
    "PulseRow",
    "QuarantineRow",
    "RehearsalRow",
    "RejectedRow",
    "SourceStateRow",
    "StatementRow",
    "UnitRow",
    "WorkOrderRow",
]
