"""The one table of who may do what through the HTTP API. Nowhere else is a right decided.

A key says which of these holders it is for. What an action then says to the ledger is judged once more, by the estate:
the key's source must be registered for it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from models.premises import Party


class Holder(StrEnum):
    """Whom a key is for."""

    DIVISION = "division"
    ESTATES = "estates"
    MANAGER = "manager"
    """Of an approved premises, an office or a court."""
    PROVIDER = "provider"
    AGENCY = "agency"
    MONITOR = "monitor"
    """A program that looks and says nothing."""


class Action(StrEnum):
    """Everything that can be done through the API."""

    READ_ORDERS = "read-orders"
    READ_NIGHTS = "read-nights"
    READ_ESCALATIONS = "read-escalations"
    READ_BOARD = "read-board"
    READ_DISPUTES = "read-disputes"
    READ_REJECTED = "read-rejected"
    READ_SOURCES = "read-sources"
    READ_RECEIPT = "read-receipt"
    RAISE_ORDER = "raise-order"
    AMEND_ORDER = "amend-order"
    COMPLETE_ORDER = "complete-order"
    REJECT_COMPLETION = "reject-completion"
    CANCEL_ORDER = "cancel-order"
    REPORT_MISSING = "report-missing"
    CONFIRM_COVER = "confirm-cover"
    WITHDRAW_COVER = "withdraw-cover"
    ARRANGE_CONTINGENCY = "arrange-contingency"
    CHECK_IN_COVER = "check-in-cover"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    DECLINE = "decline"


_D, _E, _M, _P, _A, _W = Holder
_ALL: Final = frozenset(Holder)
_SPEAKING: Final = _ALL - {_W}

ALLOWED: Final[Mapping[Action, frozenset[Holder]]] = {
    Action.READ_ORDERS: _ALL - {_A},
    Action.READ_NIGHTS: _ALL - {_P},
    Action.READ_ESCALATIONS: _ALL,
    Action.READ_BOARD: _ALL - {_A},
    Action.READ_DISPUTES: _ALL - {_A},
    Action.READ_REJECTED: _ALL,
    Action.READ_SOURCES: frozenset({_D, _E, _W}),
    Action.READ_RECEIPT: _SPEAKING,
    Action.RAISE_ORDER: frozenset({_D, _E, _M}),
    Action.AMEND_ORDER: frozenset({_D, _E, _M}),
    Action.COMPLETE_ORDER: frozenset({_D, _E, _P}),
    Action.REJECT_COMPLETION: frozenset({_D, _E, _M}),
    Action.CANCEL_ORDER: frozenset({_D, _E, _M}),
    Action.REPORT_MISSING: frozenset({_D, _M}),
    Action.CONFIRM_COVER: frozenset({_D, _M, _A}),
    Action.WITHDRAW_COVER: frozenset({_D, _M, _A}),
    Action.ARRANGE_CONTINGENCY: frozenset({_D, _M}),
    Action.CHECK_IN_COVER: frozenset({_D, _M}),
    Action.ACKNOWLEDGE: _SPEAKING,
    Action.RESOLVE: _SPEAKING,
    Action.DECLINE: _SPEAKING,
}
"""For each action who may do it. What is rejected is shown to a key without the whole division only as far as its own
source sent it; everything else only as far as the key's scope reaches."""

PARTIES: Final[Mapping[Holder, frozenset[Party]]] = {
    _D: frozenset({Party.DIVISION}),
    _E: frozenset({Party.CLIENT, Party.DIVISION}),
    _M: frozenset({Party.CLIENT, Party.DIVISION}),
    _P: frozenset({Party.PROVIDER}),
    _A: frozenset({Party.AGENCY}),
    _W: frozenset(Party),
}
"""On which side of the contract the role of a key's source must stand."""


def may(holder: Holder, action: Action) -> bool:
    """Whether whoever holds such a key may do this."""
    return holder in ALLOWED[action]
