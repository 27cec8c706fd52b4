"""Coverage: what became of each single offset of each stream, in one bit an offset."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

_PAGE: Final = 1 << 16
"""How many offsets share one piece of memory, which is there only if one of them was seen."""
_SHOWN: Final = 5


@dataclass(slots=True)
class Coverage:
    """The offsets of one stream that are accounted for, and how many of them in which way.

    ``gaps`` are the stretches that somebody decided to go past, each up to an offset that is not in it. ``twice`` are
    the offsets that are accounted for more than once.
    """

    gaps: Sequence[tuple[int, int]] = ()
    recorded: int = 0
    duplicates: int = 0
    rejected: int = 0
    twice: list[int] = field(default_factory=list)
    _pages: dict[int, bytearray] = field(default_factory=dict)
    _n: int = 0

    @property
    def skipped(self) -> int:
        """How many offsets lie in gaps."""
        return sum(until - since for since, until in self.gaps)

    def mark(self, offset: int) -> None:
        """This offset is accounted for."""
        page = self._pages.setdefault(offset // _PAGE, bytearray(_PAGE // 8))
        at, bit = divmod(offset % _PAGE, 8)
        if page[at] >> bit & 1 or self._in_gap(offset):
            self.twice.append(offset)
        else:
            page[at] |= 1 << bit
            self._n += 1

    def outside(self, first: int, end: int) -> list[int]:
        """Some of the offsets that are accounted for and lie before the first, or at the end or beyond."""
        return _some(self._outside(first, end))

    def missing(self, first: int, end: int) -> tuple[int, list[int]]:
        """How many offsets from the first up to the end are not accounted for, and some of them."""
        lacking = end - first - self.skipped - (self._n - sum(1 for _ in self._outside(first, end)))
        found = (offset for offset in range(first, end) if not self._has(offset))
        return lacking, _some(found) if lacking > 0 else []

    def _outside(self, first: int, end: int) -> Iterator[int]:
        inner = range(-(-first // _PAGE), end // _PAGE)
        edges = ((number, page) for number, page in self._pages.items() if number not in inner)
        return (offset for number, page in edges for offset in _set(number, page) if not first <= offset < end)

    def _has(self, offset: int) -> bool:
        page = self._pages.get(offset // _PAGE)
        at, bit = divmod(offset % _PAGE, 8)
        return (page is not None and bool(page[at] >> bit & 1)) or self._in_gap(offset)

    def _in_gap(self, offset: int) -> bool:
        return any(since <= offset < until for since, until in self.gaps)


def _set(number: int, page: bytearray) -> Iterator[int]:
    for at, byte in enumerate(page):
        if byte:
            yield from (number * _PAGE + at * 8 + bit for bit in range(8) if byte >> bit & 1)


def _some(offsets: Iterable[int]) -> list[int]:
    return list(islice(offsets, _SHOWN))
