"""What larger estates need, reckoned from the figures: the table of docs/SCALE.md.

One estate is that of Wales: 43 premises, and orders as a city of its size reports them. Nothing here is measured; what
is reckoned from names the file that it comes from, and says so where that was not measured.
"""

import json
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "results"
SCALES: Final = (1, 100, 10_000)
PREMISES: Final = 43
ORDERS_A_YEAR: Final = 14_000
EVENTS_AN_ORDER: Final = 6
BUSIEST: Final = 20
"""How many times as much as in the mean second comes in the busiest."""
OPEN_WEEKS: Final = 8
SECONDS_A_YEAR: Final = 365 * 24 * 3600
LARGE_PREMISES: Final = 10_000
"""Of the estate that was measured."""

Row = tuple[str, Callable[[int], str], str]


def measured(file: str, *way: str) -> float | None:
    """The middle round of a figure, or a figure that has no rounds; None if it was not measured."""
    path = FOLDER / file
    found = json.loads(path.read_text()) if path.exists() else {}
    for name in way:
        found = found.get(name, {})
    value = found.get("median") if isinstance(found, dict) else found
    return None if value is None else float(value)


def mean_rate(times: int) -> float:
    """Events in the mean second."""
    return times * ORDERS_A_YEAR * EVENTS_AN_ORDER / SECONDS_A_YEAR


def table() -> str:
    """The needs of each scale as a table, with where the figures come from."""
    head = ["", *(f"{times:,} x" if times > 1 else "this estate" for times in SCALES), "from"]
    lines = [head, ["---"] * len(head)]
    lines += [[what, *(say(times) for times in SCALES), origin] for what, say, origin in _rows()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rows() -> tuple[Row, ...]:
    year = f"{EVENTS_AN_ORDER} events an order"
    return (
        ("premises", lambda times: f"{times * PREMISES:,}", ""),
        ("orders a year", lambda times: f"{times * ORDERS_A_YEAR:,}", "Boston 311, one city"),
        ("open at once", _open, f"{OPEN_WEEKS} weeks each"),
        ("events/s, mean", lambda times: f"{mean_rate(times):,.3g}", year),
        ("events/s, busiest", lambda times: f"{BUSIEST * mean_rate(times):,.3g}", f"{BUSIEST} times the mean"),
        ("workers that must be up", _workers, "`growth.json`, a million open orders"),
        ("database, a year", _database, "`totals.json`, bytes an order"),
        ("the total of all", _total, "`totals.json`, by premises"),
        ("reading the estate's file", _estate, "`totals.json`, by premises"),
    )


def _open(times: int) -> str:
    return f"{round(times * ORDERS_A_YEAR * OPEN_WEEKS / 52):,}"


def _workers(times: int) -> str:
    rate = measured("growth.json", "events_a_second", "large")
    return "not measured" if rate is None else str(ceil(BUSIEST * mean_rate(times) / rate))


def _database(times: int) -> str:
    size = measured("totals.json", "bytes_an_order")
    if size is None:
        return "not measured"
    gb = times * ORDERS_A_YEAR * size / 1e9
    return f"{_two_figures(gb)} GB" if gb < 1_000 else f"{_two_figures(gb / 1_000)} TB"


def _total(times: int) -> str:
    return _by_premises(measured("totals.json", "total_p99_ms"), times, "ms")


def _estate(times: int) -> str:
    return _by_premises(measured("totals.json", "estate_s"), times, "s")


def _by_premises(value: float | None, times: int, unit: str) -> str:
    """What grows with the number of premises; never said to be less than a hundredth of what was measured."""
    if value is None:
        return "not measured"
    return f"{_two_figures(value * max(0.01, times * PREMISES / LARGE_PREMISES))} {unit}"


def _two_figures(value: float) -> str:
    """The value as exactly as it is known, written out."""
    return f"{float(f'{value:.2g}'):,g}"
