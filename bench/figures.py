"""The figures that we publish: gathered from what was measured into one file, and from that into README and SCALE.

``python -m bench.figures`` reads ``bench/results/*.json``, writes ``bench/results.json`` and the tables between the
markers of README.md and docs/SCALE.md. A figure that was not measured says so: nothing is carried over by hand.
"""

import json
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from typing import Any, Final

from bench import scale

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "bench" / "results"
SUMMARY: Final = ROOT / "bench" / "results.json"
README: Final = ROOT / "README.md"
SCALE: Final = ROOT / "docs" / "SCALE.md"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its goal, and where its rounds are (the file, and the way to them in it; None: not measured).

    ``most`` is a goal that must not be exceeded, ``least`` one that must be reached.
    """

    id: str
    what: str
    unit: str
    file: str | None
    path: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    @property
    def goal(self) -> str:
        """The goal in words; empty where there is none."""
        if self.least is not None:
            return f"at least {self.least:,g}"
        return f"at most {self.most:,g}" if self.most is not None else ""

    def found(self) -> Mapping[str, Any] | None:
        """Least, middle and most of its rounds, and how many there were; None if it was not measured."""
        if self.file is None or not (FOLDER / self.file).exists():
            return None
        found = json.loads((FOLDER / self.file).read_text())
        for name in self.path:
            found = found.get(name, {})
        return found if "median" in found else None

    def is_met(self, found: Mapping[str, Any]) -> bool | None:
        """Whether the middle round meets the goal; None without one."""
        if self.least is not None:
            return bool(found["median"] >= self.least)
        return bool(found["median"] <= self.most) if self.most is not None else None


_RACE: Final = "race.json"
FIGURES: Final = (
    Figure("P1a", "whole job: ours against the best of FastStream and Quix Streams in batches, with our ledger and our"
           " decisions in all of them", "ratio", _RACE, ("against_batched",), least=1),
    Figure("P1b", "whole job: ours against the best of them and a stock Faust agent, one message and one session at a"
           " time", "ratio", _RACE, ("against_naive",), least=5),
    Figure("P1c", "whole job: ours against the same SQL and messages with nothing reckoned", "ratio", _RACE,
           ("against_floor",), least=0.7),
    Figure("P1", "whole job, Kafka to PostgreSQL to Kafka, one worker", "events/s", _RACE, ("rates", "ours")),
    Figure("P2", "due to on the topic, 99 of 100, with a million open orders and 500 events a second", "s",
           "latency.json", ("p99_s",), most=1),
    Figure("P3", "orders due at once: messages sent", "messages/s", "due_at_once.json", ("messages_a_second",),
           least=5_000),
    Figure("P4", "from ten thousand to a million open orders: rate kept", "ratio", "growth.json", ("rate_kept",),
           least=0.8),
    Figure("P4m", "from ten thousand to a million open orders: memory of the worker", "ratio", "growth.json",
           ("memory_grown",), most=1.2),
    Figure("P5", "the total of the division with a million open orders, 99 of 100", "ms", "totals.json",
           ("total_p99_ms",), most=10),
    Figure("P6", "from a kill (-9) until the other worker has gone on with every partition", "s", "takeover.json",
           ("seconds",), most=10),
    Figure("P7", "decided on one core, the simulator's mix", "events/s", "decide.json", least=50_000),
    Figure("P8", "two workers against one, each held to a quarter of a core", "ratio", "two_workers.json", ("ratio",),
           least=1.7),
    Figure("A1", "a report by HTTP until it is durable, 200 a second with Idempotency-Key, 99 of 100", "ms", "api.json",
           ("named", "p99_ms"), most=50),
    Figure("A1p", "the same without Idempotency-Key", "ms", "api.json", ("plain", "p99_ms"), most=50),
    Figure("A1b", "that against a service that keeps one row for each and does nothing else", "ratio", "api.json",
           ("against_bare", "p99")),
    Figure("E1", "recorded and decided in SQLite, the simulator's mix", "events/s", "ledger.json",
           ("mix, SQLite", "events_a_second")),
    Figure("E3", "all in one process with SQLite, ten thousand open orders", "events/s", "embedded.json",
           ("events_a_second", "small")),
    Figure("E4", "all in one process with SQLite: rate kept from ten thousand to a million open orders", "ratio",
           "embedded.json", ("rate_kept",), least=0.8),
    Figure("W1", "a list on a page, the slowest of eight, a million open orders, 95 of 100", "ms", "pages.json",
           ("slowest_list_p95_ms",), most=100),
    Figure("W1b", "the board of the division, the same", "ms", "pages.json", ("p95_ms", "board"), most=100),
    Figure("W1u", "the board of a delivery unit, the same", "ms", "pages.json", ("p95_ms", "board of a delivery unit"),
           most=100),
    Figure("W1o", "the page of one order, the same", "ms", "pages.json", ("p95_ms", "one order")),
    Figure("L1", "all in one process: rate kept while 200 people watch live pages", "ratio", "live.json",
           ("rate_kept",), least=0.9),
    Figure("E2", "parsed and validated on one core", "events/s", "parse.json", ("rates", "parse, structured"),
           least=100_000),
)  # fmt: skip


def summary() -> dict[str, Any]:
    """Everything that was measured, as ``bench/results.json`` keeps it."""
    machine = f"{platform.machine()}, {cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return {"machine": machine, "figures": [_entry(figure) for figure in FIGURES]}


def _entry(figure: Figure) -> dict[str, Any]:
    told = {"id": figure.id, "what": figure.what, "unit": figure.unit, "goal": figure.goal}
    found = figure.found()
    if found is None:
        return {**told, "value": None, "why": "not measured"}
    rounds = found["rounds"]
    return {
        **told,
        "value": found["median"],
        "min": found["min"],
        "median": found["median"],
        "max": found["max"],
        "rounds": len(rounds) if isinstance(rounds, list) else rounds,
        "met": figure.is_met(found),
    }


def table(entries: list[dict[str, Any]]) -> str:
    """The figures as the README shows them."""
    rows: list[tuple[str, ...]] = [("", "what", "middle", "least to most", "rounds", "goal"), ("---",) * 6]
    rows += [_row(one) for one in entries]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    if one["value"] is None:
        return one["id"], one["what"], "not measured", "", "", one["goal"]
    goal = {True: f"{one['goal']}: met", False: f"{one['goal']}: **missed**", None: ""}[one["met"]]
    span = f"{one['min']:,g} to {one['max']:,g}"
    return one["id"], one["what"], f"{one['median']:,g} {one['unit']}", span, str(one["rounds"]), goal


def insert(path: Path, name: str, told: str) -> None:
    """Put text between a page's markers; raises ``SystemExit`` if it has no such pair, or several."""
    begin, end = f"<!-- {name}: made by python -m bench.figures -->", f"<!-- /{name} -->"
    page, times = re.subn(
        f"{re.escape(begin)}.*?{re.escape(end)}",
        lambda _: f"{begin}\n{told}\n{end}",
        path.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    if times != 1:
        raise SystemExit(f"{path.name} must have one pair of markers, {begin} and {end}; it has {times}")
    path.write_text(page, encoding="utf-8")


def main() -> int:
    """Write the file and the tables."""
    found = summary()
    SUMMARY.write_text(json.dumps(found, indent=2) + "\n")
    origin = f"Measured on {found['machine']}, with all servers on the same machine."
    insert(README, "figures", f"{table(found['figures'])}\n\n{origin}")
    insert(SCALE, "scale", scale.table())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
