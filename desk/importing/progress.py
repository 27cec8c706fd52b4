"""How far an import is, on stderr while somebody looks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from desk.printing import new_console

Tell = Callable[[int, int, int], None]
"""Tells the bytes read so far, the rows read and the events taken."""


@contextmanager
def shown(name: str, length: int, seconds: Callable[[], float]) -> Iterator[Tell]:
    """A bar over the bytes of the file, with rows and events a second; nothing where nobody looks."""
    console = new_console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TextColumn("{task.fields[rate]:,.0f} events/s"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    with bar:
        task = bar.add_task(name, total=length or None, rows=0, rate=0.0)
        began = seconds()

        def tell(read: int, rows: int, events: int) -> None:
            elapsed = seconds() - began
            bar.update(task, completed=read, rows=rows, rate=events / elapsed if elapsed else 0.0)

        yield tell
