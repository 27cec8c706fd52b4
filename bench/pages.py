"""How long the desk takes over a page with a million open orders at ten thousand premises, on PostgreSQL (W1).

``workorders desk`` as it is shipped, beside a worker that has caught up. Somebody of the division is signed in and asks
for one page after another, over one connection, until the answer is read whole; a round asks for each so many times.
The first page as a browser gets it, with its style and scripts, is counted in bytes (W2).
Run ``python -m bench.pages``; it writes ``bench/results/pages.json``.
"""

import argparse
import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx2
from rich.console import Console

from bench import big
from bench.api import Door, desk
from bench.growth import Place, place
from bench.race.referee import ROOT, figure, publish
from bench.race.workload import drop_topics, make_topics
from bench.totals import caught_up, percentile
from bench.worker import wait, worker
from streams.clock import monotonic

RESULTS: Final = ROOT / "bench" / "results" / "pages.json"
GOAL_MS: Final = 100.0
GOAL_KB: Final = 150.0
UNIT: Final = big.sites()[big.SITES // 2]
PAGES: Final[Mapping[str, str]] = {
    "board": "/board",
    "board of a delivery unit": "/board?ldu=west",
    "orders": "/orders",
    "orders, P1": "/orders?priority=P1",
    "orders, over 28 days": "/orders?age=over-28-days",
    "orders, overdue": "/orders?overdue=yes",
    "orders of one premises": f"/orders?premises={UNIT}",
    "my escalations": "/escalations",
    "all escalations": "/escalations?show=all",
    "nights": "/nights",
    "one order": f"/orders/{UNIT}/WO-1",
}
BOARDS: Final = ("board", "board of a delivery unit")
LISTS: Final = tuple(name for name in PAGES if name not in {*BOARDS, "one order"})
_TOKEN: Final = re.compile(r'name="token" value="([^"]+)"')
_ASSET: Final = re.compile(r'(?:src|href)="(/assets/[^"]+)"')


def signed_in(door: Door) -> httpx2.Client:
    """Somebody of the division at the desk."""
    client = httpx2.Client(base_url=door.address, timeout=60)
    asked = _TOKEN.search(client.get("/sign-in").text)
    assert asked is not None
    answer = client.post("/sign-in", data={"token": asked[1], "key": door.key, "next": "/board"})
    assert answer.status_code == 303, answer.text
    return client


def timed(client: httpx2.Client, path: str) -> float:
    """How long one page took, in milliseconds."""
    began = monotonic()
    answer = client.get(path)
    took = 1_000 * (monotonic() - began)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return took


def first_page_kb(door: Door) -> float:
    """The first page and all that it asks for, over the wire, in thousands of bytes."""
    with httpx2.Client(base_url=door.address, headers={"Accept-Encoding": "gzip"}) as client:
        page = client.get("/sign-in")
        every = ["/sign-in", *dict.fromkeys(_ASSET.findall(page.text))]
        return sum(_on_the_wire(client, path) for path in every) / 1_000


def _on_the_wire(client: httpx2.Client, path: str) -> int:
    with client.stream("GET", path) as answer:
        answer.read()
        return answer.num_bytes_downloaded + sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)


def measured(where: Place, number: int, times: int) -> tuple[dict[str, list[float]], float]:
    """The 95th percentile of each round by page, and the size of the first page."""
    found: dict[str, list[float]] = {name: [] for name in PAGES}
    console, site = Console(stderr=True), where.site("large", "w")
    asyncio.run(make_topics(site))
    try:
        with worker(site), TemporaryDirectory(prefix="workorders-pages-") as folder:
            wait(lambda: caught_up(site.ledger))
            with desk(Path(folder), site.ledger) as door, closing(signed_in(door)) as client:
                for n in range(number + 1):
                    for name, path in PAGES.items():
                        p95 = percentile([timed(client, path) for _ in range(times)], 0.95)
                        if n:  # the first round warms everything up
                            found[name].append(p95)
                    console.print(f"round {n}: { ({name: round(of[-1]) for name, of in found.items() if of}) }")
                return found, first_page_kb(door)
    finally:
        drop_topics(site)


def _slowest(found: Mapping[str, Sequence[float]], names: Collection[str]) -> list[float]:
    """Of each round the time of the slowest of these pages."""
    return [max(at) for at in zip(*(found[name] for name in names), strict=True)]


def main(arguments: Sequence[str] | None = None, where: Place | None = None) -> int:
    """Measure and write the result; the exit code is 1 if the slowest page misses the goal."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=200)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args(arguments)
    with place("large") if where is None else nullcontext(where) as there:
        found, first = measured(there, given.rounds, given.times)
    result = {
        "open_orders": big.ORDERS * big.SITES,
        "premises": big.SITES,
        "times_a_round": given.times,
        "p95_ms": {name: figure(of, 1) for name, of in found.items()},
        "slowest_list_p95_ms": figure(_slowest(found, LISTS), 1),
        "slowest_p95_ms": figure(_slowest(found, PAGES), 1),
        "first_page_kb": round(first, 1),
        "goal_ms": GOAL_MS,
    }
    publish(RESULTS, result)
    return int(figure(_slowest(found, [*LISTS, *BOARDS]))["median"] > GOAL_MS or first > GOAL_KB)


if __name__ == "__main__":
    raise SystemExit(main())
