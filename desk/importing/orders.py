"""From a row to one order's history: what was raised, promised and ended, or the first reason why the row says none."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from desk.importing.mapping import Choice, Ending, Kind, Mapping, MeaningT
from desk.importing.remarks import Remark, RowRefusedError, Why
from desk.importing.rows import Row
from desk.importing.wall_times import Unreadable, WallTimes
from models.refusal import quote


@dataclass(frozen=True, slots=True)
class Facts:
    """What a row says of an order from its beginning: all of it stands in the raised event."""

    premises: str
    raised: datetime
    promised: datetime | None
    kind: Kind
    contractor_reference: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """When an order ended, and how."""

    at: datetime
    how: Ending


@dataclass(frozen=True, slots=True)
class Order:
    """One row read: the order's id, its facts, its end if it ended by the instant of the import, and what to flag."""

    row: int
    reference: str
    facts: Facts
    ended: Ended | None
    flags: tuple[Remark, ...]


class Orders:
    """Reads rows by one mapping, as at one instant: what comes after it has not happened yet."""

    def __init__(self, mapping: Mapping, as_of: datetime) -> None:
        self._mapping = mapping
        self._as_of = as_of
        self._times = WallTimes(mapping.times)

    def read(self, row: Row) -> Order | Remark:
        """The order that a row is about, or why it is none."""
        reference = row.cells[self._mapping.columns.order]
        try:
            return self._order(row, reference)
        except RowRefusedError as refused:
            return refused.about(row.number, reference)

    def _order(self, row: Row, reference: str) -> Order:
        reading = _Reading(row, reference)
        columns = self._mapping.columns
        reading.filled(columns.order)
        raised = self._time(reading, reading.filled(columns.raised))
        if raised > self._as_of:
            sentence = (
                f"{columns.raised} is {self._local(raised)}, after the instant of this import: it has not happened yet."
            )
            raise RowRefusedError(columns.raised, Why.RAISED_AFTER_AS_OF, sentence)
        facts = Facts(
            self._chosen(reading, "premises", self._mapping.premises),
            raised,
            self._promised(reading, raised),
            self._chosen(reading, "kinds", self._mapping.kinds),
            reading.optional(columns.contractor_reference),
        )
        ended = self._ended(reading, raised)
        return Order(row.number, reference, facts, ended, tuple(reading.flags))

    def _promised(self, reading: "_Reading", raised: datetime) -> datetime | None:
        column = self._mapping.columns.promised
        if column is None or not reading.row.cells[column]:
            return None
        promised = self._time(reading, column)
        if promised < raised:
            reading.flag(column, Why.PROMISED_BEFORE_RAISED, f"{column} is before the order was raised.")
        return promised

    def _ended(self, reading: "_Reading", raised: datetime) -> Ended | None:
        column, endings = self._mapping.columns.ended, self._mapping.endings
        if column is None or endings is None:
            return None
        is_ended = bool(reading.row.cells[column])
        self._check_status(reading, column, is_ended)
        if not is_ended:
            return None
        at = self._time(reading, column)
        if at < raised:
            sentence = f"{column} is {self._local(at)}, before the order was raised, {self._local(raised)}."
            raise RowRefusedError(column, Why.ENDED_BEFORE_RAISED, sentence)
        if at > self._as_of:
            sentence = f"{column} is {self._local(at)}, after the instant of this import: the order is taken as open."
            reading.flag(column, Why.ENDED_AFTER_AS_OF, sentence)
            return None
        return Ended(at, self._chosen(reading, "endings", endings))

    def _check_status(self, reading: "_Reading", ended: str, is_ended: bool) -> None:
        status = self._mapping.status
        if status is None:
            return
        said = reading.row.cells[status.column]
        if said not in (*status.open, *status.ended):
            raise _unmapped("status", status.column, said)
        if (said in status.ended) != is_ended:
            what = f"{ended} is {'given' if is_ended else 'empty'}"
            sentence = (
                f"{status.column} is {quote(said)}, but {what}: when the order ended, if it did, would be a guess."
            )
            raise RowRefusedError(status.column, Why.STATUS_AT_ODDS, sentence)

    def _time(self, reading: "_Reading", column: str) -> datetime:
        found = self._times.read(reading.row.cells[column])
        if isinstance(found, Unreadable):
            raise RowRefusedError(column, found.code, f"{column} {found.why}.")
        if found.flag is not None:
            cell = quote(reading.row.cells[column])
            reading.flag(column, found.flag, f"{column} is {cell}, {_ODDITIES[found.flag]} {self._local(found.at)}.")
        return found.at

    def _local(self, at: datetime) -> str:
        return at.astimezone(self._times.zone).isoformat()

    def _chosen(self, reading: "_Reading", key: str, choice: Choice[MeaningT]) -> MeaningT:
        cell = reading.row.cells[choice.column] if choice.column is not None else ""
        found = choice.meaning(cell)
        if found is None:
            raise _unmapped(key, choice.column or "", cell)
        if found.by_otherwise:
            sentence = f"{choice.column} is {quote(cell)}, read as {key}.otherwise of the mapping says."
            reading.flag(choice.column or "", Why.BY_OTHERWISE, sentence)
        return found.is_


_ODDITIES: Final = {
    Why.REPEATED_HOUR: "which the clock showed twice; it is taken as the first,",
    Why.SKIPPED_HOUR: "which the clock never showed; it is taken as the end of the gap,",
}


class _Reading:
    """A row on its way to an order, with what must be flagged about it."""

    def __init__(self, row: Row, reference: str) -> None:
        self.row = row
        self.reference = reference
        self.flags: list[Remark] = []

    def flag(self, column: str, code: Why, sentence: str) -> None:
        self.flags.append(Remark(self.row.number, self.reference, column, code, sentence))

    def filled(self, column: str) -> str:
        """The column itself, if its cell is not empty."""
        if not self.row.cells[column]:
            raise RowRefusedError(column, Why.EMPTY_CELL, f"{column} is empty.")
        return column

    def optional(self, column: str | None) -> str | None:
        return self.row.cells[column] or None if column is not None else None


def _unmapped(key: str, column: str, cell: str) -> RowRefusedError:
    sentence = f"{column} is {quote(cell)}, which {key} of the mapping does not name."
    return RowRefusedError(column, Why.NOT_IN_MAPPING, sentence)
