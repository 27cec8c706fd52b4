"""Tables that break no word: what is too wide for the page is drawn row under row instead.

Ids, times and figures are what people copy and compare, so a column is never narrower than its longest word. Where
that leaves no room for all columns, each row becomes a heading with everything else below it, and nothing is left out.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

PROSE: Final = 40
"""From how many columns on a cell is prose, which nobody can read in a narrow column."""
READABLE: Final = 24
"""How narrow a column of prose may be at the least."""
SHORT: Final = 16
"""How narrow any other column of several words may be: ``Wed 14 Jan 02:10`` stays in one line."""
NOTHING: Final = "·"
"""What stands in a cell where there is nothing to say."""
_PADDING: Final = 2


class Sheet(Table):
    """A table without a frame. Where it is drawn row under row, the first ``lead`` cells are the heading."""

    def __init__(self, *, title: str | None = None, lead: int = 1, padding: int = _PADDING) -> None:
        super().__init__(
            title=title,
            box=None,
            title_justify="left",
            title_style="head",
            header_style="quiet",
            pad_edge=False,
            padding=(0, padding, 0, 0),
        )
        self._lead = lead
        self._between = padding

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table if every column has room for its words, else row under row."""
        ranges = [self._range(column, console, options) for column in self.columns]
        widths = shared_out(ranges, options.max_width - self._between * len(self.columns))
        if widths is None:
            yield from self._stacked(console)
            return
        for column, width in zip(self.columns, widths, strict=True):
            column.width = width
        yield from super().__rich_console__(console, options)

    def _range(self, column: Column, console: Console, options: ConsoleOptions) -> tuple[int, int]:
        """The least and the greatest width that a column can use."""
        free = options.update(width=10_000)
        cells = [Measurement.get(console, free, cell) for cell in column.cells]
        head = Measurement.get(console, free, column.header if self.show_header else "")
        widest = max((one.maximum for one in cells), default=0)
        most = max(widest, head.maximum)
        if column.no_wrap:
            return most, most
        longest_word = max([head.minimum, *(one.minimum for one in cells)])
        return max(longest_word, READABLE if widest > PROSE else min(widest, SHORT)), most

    def _stacked(self, console: Console) -> Iterator[RenderableType]:
        if self.title:
            yield Text(str(self.title), style="head")
        heads = [_text(column.header, console) if self.show_header else Text("") for column in self.columns]
        rows = zip(*(column.cells for column in self.columns), strict=True)
        for cells, row in zip(rows, self.rows, strict=True):
            texts = [_text(cell, console) for cell in cells]
            heading = Text("  ").join(text for text in texts[: self._lead] if text.plain.strip())
            heading.stylize(row.style or "")
            if heading.plain:
                yield heading
            rest = [_named(head, text) for head, text in zip(heads, texts, strict=True)][self._lead :]
            said = Text(" · ").join(text for text in rest if text.plain)
            if said.plain:
                yield Padding(said, (0, 0, 0, 4))


def shared_out(ranges: Sequence[tuple[int, int]], room: int) -> list[int] | None:
    """How wide each column is, from the least and the greatest that it can use; None if there is too little room.

    Columns that need little more than their least get all they need before those that could use a lot.
    """
    widths = [least for least, _ in ranges]
    left = room - sum(widths)
    if left < 0:
        return None
    by_need = sorted(range(len(ranges)), key=lambda n: ranges[n][1] - ranges[n][0])
    for place, n in enumerate(by_need):
        least, most = ranges[n]
        more = min(most - least, left // (len(by_need) - place))
        widths[n] += more
        left -= more
    return widths


def _text(cell: RenderableType, console: Console) -> Text:
    found = cell.copy() if isinstance(cell, Text) else console.render_str(str(cell))
    return Text("; ").join(found.split("\n"))


def _named(head: Text, cell: Text) -> Text:
    if cell.plain.strip() in {"", NOTHING}:
        return Text("")
    return Text.assemble((f"{head.plain.strip()} ", "quiet"), cell) if head.plain.strip() else cell
