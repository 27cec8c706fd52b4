"""The demo's screen: the story scrolls above, the counts stand below; where nobody looks it is plain lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from desk.demo.spoken import Line
from desk.demo.tally import Account, Tally
from desk.printing import counted, new_console, priority
from desk.seeing.nights import WORDS
from workorders.policy import World

MARKS: Final = {
    "heard": ("•", "head"),
    "decided": ("=", "p3"),
    "refused": ("x", "doubt"),
    "duplicate": ('"', "doubt"),
    "routine": ("…", "quiet"),
    "warned": ("?", "p2"),
    "raised": ("!", "bad"),
    "reinstated": ("!", "bad"),
    "amended": ("~", "p2"),
    "acknowledged": ("+", "p3"),
    "withdrawn": ("-", "good"),
    "closed": ("-", "good"),
}
"""What stands before each line of the story, and its style."""
SPOKEN: Final = {
    "warned": "Warned:",
    "raised": "ESCALATED to",
    "reinstated": "ESCALATED AGAIN to",
    "amended": "Amended for",
    "acknowledged": "Answered:",
    "withdrawn": "Withdrawn:",
    "closed": "Closed:",
}
"""How what a statement says begins its line."""
_STATUS_EVERY: Final = timedelta(hours=3)


class Screen:
    """Shows the lines of the story as they come, and under them the latest counts."""

    def __init__(self, world: World, begins: datetime, ends: datetime, *, plain: bool, silent: bool) -> None:
        self.console: Console = new_console(quiet=silent)
        self._world, self._begins, self._ends = world, begins, ends
        self._live = None if plain or silent or not self.console.is_terminal else _live(self.console)
        self._day = ""
        self._status_at = begins

    def open(self, seconds: float) -> None:
        """Say what is about to be shown; the parts take a moment to start."""
        self.console.print(Text("A winter night and day over the estate of Wales (invented names)", style="head"))
        self.console.print(
            Text(f"in about {seconds:.0f} seconds, on this machine alone. Nothing leaves it.", style="quiet")
        )

    def say_where(self, address: str) -> None:
        """Say where the desk is, and what is worth a look while the story is told."""
        self.console.print(Text.assemble(("Look at it in a browser meanwhile: ", "head"), f"{address}/"))
        self.console.print(
            Text(
                "Choose 'Provider's account manager' to be told of breaches and take them on, 'AP manager' to report "
                "missing cover, 'National taskforce' for the board.",
                style="quiet",
            )
        )

    @contextmanager
    def shown(self) -> Iterator[None]:
        """The screen for as long as the story lasts; the counts vanish with it, the story stays."""
        if self._live is None:
            yield
            return
        with self._live:
            yield

    def tell(self, lines: list[Line]) -> None:
        """Add lines to the story."""
        zone = self._world.policies.at(self._begins).zone
        for line in lines:
            local = line.at.astimezone(zone)
            if (day := f"{local:%A %d %B %Y}") != self._day:
                self._day = day
                self.console.print(Rule(Text(day, style="head"), align="left", style="quiet"))
            self.console.print(story_line(f"{local:%H:%M}", line))

    def count(self, tally: Tally, now: datetime) -> None:
        """Show the latest counts."""
        if self._live is not None:
            self._live.update(self._panel(tally, now), refresh=True)
        elif now - self._status_at >= _STATUS_EVERY:
            self._status_at = now
            self.console.print(_status(tally))

    def _panel(self, tally: Tally, now: datetime) -> RenderableType:
        zone = self._world.policies.at(now).zone
        total = (self._ends - self._begins).total_seconds()
        done = max(0.0, min(total, (now - self._begins).total_seconds()))
        top = Table.grid(expand=True, padding=(0, 2, 0, 0))
        top.add_column(no_wrap=True)
        top.add_column(ratio=1)
        top.add_row(
            Text(f"{now.astimezone(zone):%a %d %b %H:%M}", style="head"), ProgressBar(total=total, completed=done)
        )
        rows = Table.grid(padding=(0, 2, 0, 0))
        rows.add_row(Text("events in", style="quiet"), account_text(tally.account))
        rows.add_row(Text("outstanding", style="quiet"), _outstanding(tally))
        rows.add_row(Text("standing with", style="quiet"), self._standing(tally))
        rows.add_row(Text("tonight", style="quiet"), _nights(tally))
        return Group(Rule(style="quiet"), top, rows)

    def _standing(self, tally: Tally) -> Text:
        estate = self._world.estates.at(self._begins)
        names = {role: known.name if (known := estate.role(role)) else role for role in tally.standing}
        return Text(
            ", ".join(f"{names[role]} {n}" for role, n in sorted(tally.standing.items(), key=lambda one: -one[1]))
        )


def story_line(clock: str, line: Line) -> RenderableType:
    """One line: the time, a mark, and the sentence, indented where it wraps."""
    mark, style = MARKS[line.tone]
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(no_wrap=True, width=5)
    row.add_column(no_wrap=True, width=1)
    row.add_column()
    spoken = SPOKEN.get(line.tone)
    text = (
        Text.assemble((f"{spoken} ", style), line.text)
        if spoken
        else Text(line.text, style="quiet" if line.tone == "routine" else "")
    )
    row.add_row(Text(clock, style="quiet"), Text(mark, style=style), text)
    return row


def account_text(account: Account) -> Text:
    """What became of everything that came in, in one line."""
    total = account.recorded + account.sent_twice + account.rejected
    return Text.assemble(
        (f"{total:,}", "head"),
        f" = {account.recorded:,} recorded + ",
        (f"{account.sent_twice:,} duplicate", "doubt" if account.sent_twice else ""),
        " + ",
        (f"{account.rejected:,} rejected", "doubt" if account.rejected else ""),
    )


def _live(console: Console) -> Live:
    return Live(console=console, refresh_per_second=8, transient=True)


def _outstanding(tally: Tally) -> Text:
    parts: list[Text | str] = [Text(f"{sum(tally.outstanding.values()):,}  ", style="head")]
    for level, n in sorted(tally.outstanding.items()):
        parts += [priority(level), f" {n}  "]
    return Text.assemble(*parts)


def _nights(tally: Tally) -> Text:
    parts: list[Text | str] = []
    for night in tally.nights:
        word, style = WORDS[night.status]
        parts += [f"{night.name} ", Text(word, style=style), "   "]
    return Text.assemble(*parts)


def _status(tally: Tally) -> Text:
    stand = counted(sum(tally.standing.values()), "escalation")
    levels = ", ".join(f"{n} {level}" for level, n in sorted(tally.outstanding.items()))
    return Text.assemble("      events in ", account_text(tally.account), f"; outstanding {levels}; {stand} standing")
