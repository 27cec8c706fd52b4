"""What can go wrong with the ledger, in sentences that a person on duty can act on."""

from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_PASSING: Final = (OperationalError, InterfaceError, InternalError, PoolTimeoutError)


class LedgerError(Exception):
    """The ledger refused or failed; nothing of the work in hand was recorded."""


class LedgerUnavailable(LedgerError):  # noqa: N818 - it reads as a sentence where it is raised
    """The database could not be used after bounded retries; whether the last attempt was recorded is not known."""


class LedgerConflict(LedgerError):  # noqa: N818 - it reads as a sentence where it is raised
    """Another writer has gone further: drop the batch in hand and read the positions anew."""


class OffsetGap(LedgerError):  # noqa: N818 - it reads as a sentence where it is raised
    """Records are missing before the batch; nothing is skipped until somebody accepts the gap with a reason."""

    def __init__(self, topic: str, partition: int, expected: int, found: int) -> None:
        super().__init__(
            f"partition {partition} of {topic} goes on at offset {found}, but the ledger expects {expected}: "
            f"{found - expected} records are missing"
        )
        self.topic, self.partition, self.expected, self.found = topic, partition, expected, found


class WrongTime(LedgerError):  # noqa: N818 - it reads as a sentence where it is raised
    """Real and simulated time would be mixed in one ledger."""


class TimelinesDiffer(LedgerError):  # noqa: N818 - it reads as a sentence where it is raised
    """Other policies or estates were published than the ledger holds: one of the two is not what it is taken for."""


class TakenBack(LedgerError):  # noqa: N818 - it reads as a sentence where it is raised
    """The topics bear what this ledger has not said: it would use numbers and message ids for a second content."""


def is_passing(error: BaseException) -> bool:
    """Whether trying the same again may succeed: the database was away, busy, full, or another writer was first."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, (*_PASSING, IntegrityError))


def is_outage(error: BaseException) -> bool:
    """Whether the database itself failed, so that the data in hand cannot be blamed."""
    return is_passing(error) and not isinstance(error, IntegrityError)
