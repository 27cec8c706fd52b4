"""The tables of the ledger, one definition for SQLite and PostgreSQL; they hold what the other nouns say."""

from models.tables.access import ApiAccessRow, ApiKeyRow, ApiRequestRow
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

__all__ = [
    "METADATA",
    "ApiAccessRow",
    "ApiKeyRow",
    "ApiRequestRow",
    "AuditRow",
    "EscalationRow",
    "EstateVersionRow",
    "EventNoteRow",
    "EventRow",
    "ExposureRow",
    "InboxRow",
    "MetaRow",
    "NightRow",
    "OffsetGapRow",
    "OffsetStateRow",
    "OutboxRow",
    "OutstandingRow",
    "PolicyVersionRow",
    "PulseRow",
    "QuarantineRow",
    "RejectedRow",
    "SourceStateRow",
    "StatementRow",
    "UnitRow",
    "WorkOrderRow",
]
