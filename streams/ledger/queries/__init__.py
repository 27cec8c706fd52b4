"""Questions to the ledger: each reads one unchanging view and answers in plain values, ready for JSON.

Every function takes the connection of ``Ledger.reading()``. Instants are aware and in UTC; lengths are whole minutes;
money is in pence. Lists are paged by ``limit`` and ``after``, the last key of the page before.
"""

from streams.ledger.queries.audits import audit, find_hash
from streams.ledger.queries.board import Board, board
from streams.ledger.queries.escalations import escalations, escalations_held, statements
from streams.ledger.queries.nights import CoverLine, cover_ledger, night_at, nights
from streams.ledger.queries.orders import disputes, orders, orphans
from streams.ledger.queries.proof import StreamProof, proof, received
from streams.ledger.queries.refused import rejected, rejected_one, rejected_with_bytes
from streams.ledger.queries.subjects import show
from streams.ledger.queries.total import Total, total

__all__ = [
    "Board",
    "CoverLine",
    "StreamProof",
    "Total",
    "audit",
    "board",
    "cover_ledger",
    "disputes",
    "escalations",
    "escalations_held",
    "find_hash",
    "night_at",
    "nights",
    "orders",
    "orphans",
    "proof",
    "received",
    "rejected",
    "rejected_one",
    "rejected_with_bytes",
    "show",
    "statements",
    "total",
]
