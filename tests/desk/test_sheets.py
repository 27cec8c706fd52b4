"""Pages on narrow terminals: nothing is left out, and no id, time or figure is broken."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from desk.printing import THEME
from desk.sheets import Sheet, shared_out
from tests.desk.conftest import Workorders

WIDTHS = (50, 60, 79, 80, 100, 115, 116, 140)
PAGES = (
    *(("board",), ("nights",), ("escalations",), ("disputes",), ("orphans",), ("cover-ledger",), ("rejected", "list")),
    *(
        ("show", "WO-1"),
        ("explain", "WO-1"),
        ("show", "ap-ty-derwen/2026-01-13"),
        ("estate", "show"),
        ("policy", "show"),
    ),
)
WORDS = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8}\b|WO-\d+|\b[a-z]+(?:-[a-z]+)+\b|\d\d:\d\d|£[\d.]+")
"""Escalations' ids, orders, premises, codes and times of day."""


def drawn(sheet: Sheet, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, theme=THEME).print(sheet)
    return out.getvalue()


def sheet() -> Sheet:
    made = Sheet(lead=2)
    for head in ("id", "", "what", "n"):
        made.add_column(head, justify="right" if head == "n" else "left")
    made.add_row("0131ea50", "P1", "the front door of the approved premises does not latch at all", "12,345")
    made.add_row("17de513b", "P2", "·", "")
    return made


@pytest.mark.parametrize("width", range(20, 121, 5))
def test_a_sheet_breaks_no_word_and_loses_none(width: int) -> None:
    page = drawn(sheet(), width)
    assert max(map(len, page.splitlines())) <= width
    assert set(page.split()) >= {"0131ea50", "17de513b", "approved", "premises", "latch", "12,345", "P1", "P2"}


def test_a_sheet_without_room_for_its_words_is_drawn_row_under_row() -> None:
    assert drawn(sheet(), 40).startswith("0131ea50  P1\n    what the front door")
    assert drawn(sheet(), 100).startswith("id")


def test_what_is_left_of_the_width_goes_first_to_those_that_need_little() -> None:
    assert shared_out([(5, 5), (10, 12), (10, 100)], 40) == [5, 12, 23]
    assert shared_out([(5, 5), (10, 12)], 100) == [5, 12]
    assert shared_out([(5, 5), (10, 12)], 14) is None


@pytest.mark.parametrize("page", PAGES, ids=" ".join)
def test_no_page_loses_or_breaks_an_id_a_code_or_a_time_on_a_narrow_terminal(
    page: tuple[str, ...], ledger: Path, workorders: Workorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for width in (60, 80, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        out = workorders(*page).out
        assert max(map(len, out.splitlines())) <= width
        found[width] = set(WORDS.findall(out))
    assert found[60] >= found[200]
    assert found[80] >= found[200]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_board_shows_every_figure_at_every_width(
    width: int, ledger: Path, workorders: Workorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = workorders("board", "--json").json["board"]["total"]
    monkeypatch.setenv("COLUMNS", str(width))
    page = workorders("board").out
    assert max(map(len, page.splitlines())) <= width
    end = page[page.rindex("\nAll") :].partition("Ages are")[0]
    figures = [*total["by_priority"].values(), *total["by_age"].values()]
    figures += [total[name] for name in ("breached", "standing", "disputed", "nights_short")]
    shown = [int(n) for n in re.findall(r"(?<![P<>\d-])\b(\d+)\b(?![-\d]* d\b)", end.replace("+", ""))]
    assert sorted(shown) == sorted([total["outstanding"], *(n for n in figures if n)])
    assert "Bryn Awel" in " ".join(page.split())
