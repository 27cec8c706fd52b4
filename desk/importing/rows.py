"""Reading a file row by row, however long it is: each row comes out whole, or with the reason why it cannot.

Only the row in hand is in memory. A line, a cell and a row have an upper length, so that a quote that nobody closed
spoils the rows that it swallows and no more.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from os import fstat
from typing import BinaryIO, Final

from desk.importing.mapping import Dialect
from desk.importing.mapping import Mapping as FileMapping
from desk.importing.remarks import FileRefused, Remark, Why
from models.refusal import quote

LONGEST_LINE: Final = 1 << 20
"""In bytes; what is longer is cut, so its row has a cell that is too long or too few cells."""
_BOM: Final = "\ufeff".encode()


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number (1 is the header) and what it has in the columns that the mapping reads, without blanks."""

    number: int
    cells: Mapping[str, str]


class Rows:
    """The rows of one open file. ``FileRefused`` if it is empty, or if its header lacks a column of the mapping."""

    def __init__(self, file: BinaryIO, name: str, mapping: FileMapping) -> None:
        self.name = name
        self.length = fstat(file.fileno()).st_size
        """In bytes; nothing for what is no plain file."""
        self.bytes_read = 0
        self._reader = csv.reader(
            self._lines(file, mapping.file.encoding),
            delimiter=mapping.file.delimiter,
            quotechar=mapping.file.quote,
            strict=True,
        )
        self.blank = 0
        """Rows without any cell: they say nothing and are only counted."""
        self._header = self._read_header(mapping.file)
        self._order = mapping.columns.order
        self._wanted = [(column, self._place_of(key, column)) for key, column in mapping.columns_read()]

    def __iter__(self) -> Iterator[Row | Remark]:
        number = 1
        while True:
            number += 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Remark(
                    number, "", "", Why.MALFORMED_ROW, f"The row is not CSV as the mapping describes it: {error}."
                )
                continue
            if cells:
                yield self._row(number, cells)
            else:
                self.blank += 1

    def _row(self, number: int, cells: Sequence[str]) -> Row | Remark:
        if len(cells) != len(self._header):
            sentence = f"The row has {len(cells)} cells, but the header names {len(self._header)} columns."
            return Remark(number, "", "", Why.WRONG_NUMBER_OF_CELLS, sentence)
        found = {column: cells[place].strip() for column, place in self._wanted}
        for column, cell in found.items():
            if not _is_text(cell):
                sentence = f"{column} has bytes that the mapping's encoding does not know: {quote(cell)}."
                return Remark(number, found[self._order], column, Why.WRONG_ENCODING, sentence)
        return Row(number, found)

    def _lines(self, file: BinaryIO, encoding: str) -> Iterator[str]:
        """The lines, each with its end; what the encoding does not know stands there as lone surrogates."""
        first = True
        while line := file.readline(LONGEST_LINE):
            cut = len(line) == LONGEST_LINE and not line.endswith(b"\n")
            while cut and (rest := file.readline(LONGEST_LINE)):
                self.bytes_read += len(rest)
                cut = not rest.endswith(b"\n")
            if first:
                line, first = line.removeprefix(_BOM), False
            self.bytes_read += len(line)
            yield line.decode(encoding, "surrogateescape")

    def _read_header(self, dialect: Dialect) -> list[str]:
        try:
            header = next(self._reader)
        except StopIteration:
            raise FileRefused(f"{self.name} is empty: its first row must name the columns.") from None
        except csv.Error as error:
            raise FileRefused(f"{self.name}: its first row is not CSV as the mapping describes it: {error}.") from None
        if not _is_text("".join(header)):
            raise FileRefused(f"{self.name} is not in {dialect.encoding}, as file.encoding of the mapping says.")
        return [column.strip() for column in header]

    def _place_of(self, key: str, column: str) -> int:
        found = [place for place, name in enumerate(self._header) if name == column]
        if len(found) == 1:
            return found[0]
        named = f"{self.name}: the column {quote(column)}, which {key} of the mapping names, is"
        if found:
            raise FileRefused(f"{named} there {len(found)} times.")
        alike = get_close_matches(column, self._header, n=1)
        raise FileRefused(f"{named} missing{f'; did you mean {quote(alike[0])}' if alike else ''}.")


def _is_text(cell: str) -> bool:
    """Whether every byte of it was one of its encoding."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True
