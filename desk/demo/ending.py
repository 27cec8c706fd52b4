"""The end of the demo: the board, the nights, the proof, in which mode it ran, and what to try next."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from rich.console import RenderableType
from rich.rule import Rule
from rich.text import Text

from desk.demo.proof import Proof
from desk.demo.scenario import ALARM, DAY, EVENING, LOCK, LOST_REPORT, PHONE, WITHDRAWN_NIGHT
from desk.demo.spoken import Line
from desk.environment import LEDGER_FILE, reading_settings
from desk.opening import Desk, open_view
from desk.options import Running
from desk.printing import console, print_json
from desk.seeing.board import draw_board
from desk.seeing.nights import draw_nights
from desk.views.board import BoardView, read_board
from desk.views.escalations import EscalationLine, read_escalations
from desk.views.nights import NightLine, read_nights
from streams.settings import EMBEDDED

MODE: Final = (
    "everything in one process: embedded broker (librdkafka's mock cluster, real Kafka protocol), SQLite ledger"
)


def tell_ending(story: Sequence[Line], proof: Proof, took_s: float, directory: Path, *, as_json: bool) -> None:
    """Read the ledger that the demo has left, as any command would, and show it."""
    desk, board, nights, gravest = asyncio.run(_read(directory))
    if as_json:
        print_json(
            {
                "as_at": desk.now, "time": desk.time_kind, "mode": MODE, "ledger": desk.url, "took_s": round(took_s, 1),
                "story": story, "board": board, "nights": nights, "proof": proof,
            }
        )  # fmt: skip
        return
    page = console()
    for part in _parts(desk, board, nights, proof):
        page.print(part)
    page.print(Rule(Text("Ran as", style="head"), align="left", style="quiet"))
    page.print(f"{MODE}, in {took_s:.0f} s. The ledger stays: {directory / LEDGER_FILE}", soft_wrap=True)
    page.print(Rule(Text("Try next", style="head"), align="left", style="quiet"))
    for command, why in _next(directory, gravest):
        page.print(Text.assemble((f"  {command}", "p3"), (f"  {why}", "quiet")), soft_wrap=True)


async def _read(directory: Path) -> tuple[Desk, BoardView, list[NightLine], Sequence[EscalationLine]]:
    async with open_view(str(directory / LEDGER_FILE)) as (desk, connection):
        board = await read_board(connection, desk.world, desk.now)
        nights = await read_nights(connection, desk.world, desk.now, EVENING, DAY)
        gravest = await read_escalations(connection, everything=False, limit=1)
        return desk, board, nights, gravest.lines


def _parts(desk: Desk, board: BoardView, nights: list[NightLine], proof: Proof) -> Iterable[RenderableType]:
    yield Rule(Text("The board", style="head"), align="left", style="quiet")
    yield from draw_board(board, desk, brief=True)
    yield Rule(Text("The nights", style="head"), align="left", style="quiet")
    yield from draw_nights(nights, desk)
    yield Rule(Text("The proof", style="head"), align="left", style="quiet")
    for check in proof.checks:
        mark, style = ("holds", "good") if check.holds else ("DOES NOT HOLD", "bad")
        yield Text.assemble((mark, style), f"  {check.sentence}")


def _next(directory: Path, gravest: Sequence[EscalationLine]) -> Iterable[tuple[str, str]]:
    if not _is_found(directory):
        yield f"export WORKORDERS_DATA_DIR={directory.absolute()}", "so that the commands below find this ledger"
    yield "workorders board", "what is outstanding, and where that is not known"
    yield f"workorders show {LOCK}", "the lock: its clocks, its ladder, everything heard and said"
    yield f"workorders explain {PHONE}", "why a duty phone counted as P1 while the night was short of people"
    yield f"workorders show {WITHDRAWN_NIGHT}", "the night whose agency withdrew"
    for one in gravest:
        yield f"workorders ack {str(one.id)[:8]} --commitment +2h", "take on what stands gravest"
    yield f"workorders confirm-report {ALARM} {LOST_REPORT}", "settle the breach that only a late report contests"
    yield "workorders raise ap-cae-glas --asset cctv --fault total-loss --impact site-security", "raise one of your own"
    yield f"workorders desk --broker {EMBEDDED} --ledger {directory / LEDGER_FILE}", "the desk again, in a browser"
    yield "workorders verify", "check every promise of the ledger again"


def stay(directory: Path) -> None:
    """Let people look around at the desk, at the time at which the story has ended, until they have seen enough."""
    from desk.api.command import run_desk  # noqa: PLC0415 - it takes long to load, and the story is told without

    page = console()
    page.print(Rule(Text("The desk, in a browser", style="head"), align="left", style="quiet"))
    page.print(
        Text("Choose a role: see what it was told, take it on, look at the board. Ctrl-C ends it.", style="quiet")
    )
    run_desk(Running(broker=EMBEDDED, ledger=str(directory / LEDGER_FILE)))


def _is_found(directory: Path) -> bool:
    """Whether commands find this ledger by themselves."""
    settings, _ = reading_settings(None)
    return settings.ledger_url.endswith(f"{(directory / LEDGER_FILE).absolute()}")
