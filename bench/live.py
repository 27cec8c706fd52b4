"""What two hundred people who watch live pages cost the intake: one process with SQLite, the broker and the desk (L1).

The same traffic goes to a fresh process with nobody at the desk and with two hundred, in turn. They sign in as ten
roles, in both languages, and each has a page open that keeps itself true; another process holds their connections and
counts what they are sent.
Run ``python -m bench.live``; it writes ``bench/results/live.json``.
"""

import argparse
import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
import uvloop
from rich.console import Console

from bench.big import event_of
from bench.embedded import PATIENCE_S
from bench.ledger import FACETS
from bench.race.referee import ROOT, figure, publish
from bench.race.site import Site
from bench.race.workload import Line, produce
from bench.worker import line_of
from desk.api.place import Place
from desk.api.serving import served
from streams.clock import SystemClock, monotonic
from streams.parts import Parts
from streams.settings import Settings
from streams.system import open_parts, run_parts
from workorders.policy import default_world

RESULTS: Final = ROOT / "bench" / "results" / "live.json"
VIEWERS: Final = 200
EACH: Final = 20
"""How many pages one session follows."""
GOAL: Final = 0.9
PAGES: Final = ("/board", "/escalations", "/escalations?show=all", "/orders", "/nights")
_VOICE: Final = re.compile(r'name="voice" type="radio" value="([^"]+)"')
_TOKEN: Final = re.compile(r'name="token" value="([^"]+)"')


def traffic(count: int, seed: str) -> Iterator[Line]:
    """So many records about orders at the packaged premises: new ones, and ends of earlier ones."""
    now, chance = SystemClock().now(), Random(seed)
    units = [one.id for one in default_world().estates.at(now).spec.premises]
    raised: list[tuple[str, str]] = []
    for n in range(count):
        if chance.random() < 0.6 or not raised:
            raised.append((f"{seed}-{n}", units[n % len(units)]))
            at = now - timedelta(seconds=chance.randrange(60, 86_400))
            yield line_of(event_of("raised", *raised[-1], at, dict(FACETS[n % len(FACETS)])), now)
        else:
            subject, unit = raised.pop(chance.randrange(len(raised)))
            yield line_of(event_of("completed", subject, unit, now, {}), now)


async def serve(folder: str, records: int, seed: str) -> dict[str, float]:
    """Everything in this process; events a second from the word to begin until nothing waits."""
    given = {"ledger": f"sqlite:///{folder}/ledger.db", "data_dir": folder, "health_port": "off", "api_port": 0}
    settings = Settings.model_validate({**given, "api_per_minute": 1_000_000})
    async with (
        open_parts(settings, SystemClock(), default_world()) as parts,
        served(Place(parts.settings, parts.ledger, parts.clock, parts.world)) as door,
    ):
        assert door is not None
        stop = asyncio.Event()
        running = asyncio.create_task(run_parts(parts, stop))
        await asyncio.sleep(2.0)
        lines = list(traffic(records, seed))
        print(door.address, flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        began = monotonic()
        await produce(Site(parts.cluster.bootstrap, settings.ledger_url, "", records, parts.clock.now()), lines)
        await _until_done(parts, records)
        seconds = monotonic() - began
        stop.set()
        await running
        return {"rate": records / seconds, "seconds": seconds}


async def _until_done(parts: Parts, records: int) -> None:
    progress, ends = parts.progress, monotonic() + PATIENCE_S
    while progress.recorded + progress.duplicates < records:
        assert monotonic() < ends, "it was not done in time"
        assert not progress.rejected, "some of it was refused"
        await asyncio.sleep(0.02)


async def watch(address: str, viewers: int) -> dict[str, float]:
    """Have so many pages open until told to stop; how many parts each was sent, and in how long."""
    sent = [0] * viewers
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(_person(address)) for _ in range(-(-viewers // EACH))]
        for n, person in enumerate(people):
            await _sign_in(person, n)
        follows = [
            asyncio.create_task(_follow(people[n // EACH], PAGES[n % len(PAGES)], "cy" if n % 2 else "en", n, sent))
            for n in range(viewers)
        ]
        while not all(sent):
            for one in follows:
                assert not one.done(), one.exception() if one.done() else ""
            await asyncio.sleep(0.05)
        print("ready", flush=True)
        first, began = sum(sent), monotonic()
        await asyncio.to_thread(sys.stdin.readline)
        for one in follows:
            one.cancel()
        await asyncio.gather(*follows, return_exceptions=True)
        return {"parts_a_viewer": (sum(sent) - first) / viewers, "seconds": monotonic() - began}


def _person(address: str) -> aiohttp.ClientSession:
    jar = aiohttp.CookieJar(unsafe=True)  # the desk is at an address of this machine, which has no name
    connector, patience = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None)
    return aiohttp.ClientSession(address, cookie_jar=jar, connector=connector, timeout=patience)


async def _sign_in(person: aiohttp.ClientSession, n: int) -> None:
    async with person.get("/sign-in") as answered:
        page = await answered.text()
    voices, token = _VOICE.findall(page), _TOKEN.search(page)
    assert voices, "no role is offered"
    assert token is not None
    able = [one for one in voices if one.endswith(":division") or one.startswith("estates")] or voices
    fields = {"token": token[1], "voice": able[n % len(able)]}
    async with person.post("/sign-in", data=fields, headers={"Origin": str(person._base_url).rstrip("/")}) as answered:  # noqa: SLF001
        assert answered.status == 200, await answered.text()


async def _follow(person: aiohttp.ClientSession, page: str, language: str, n: int, sent: list[int]) -> None:
    query = f"{'&' if '?' in page else '?'}in={language}"
    while True:  # as a browser does: a stream that could not be kept true ends, and is asked for again
        async with person.get(f"/live{page}{query}", headers={"Accept": "text/event-stream"}) as answered:
            assert answered.status == 200, f"{page}: {answered.status}"
            async for chunk in answered.content.iter_any():
                sent[n] += chunk.count(b"event: part")
        await asyncio.sleep(1.0)


@contextmanager
def _process(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "bench.live", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True) as process:  # noqa: S603 - our own
        try:
            yield process
        finally:
            process.kill()


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    told = process.stdout.readline().strip()
    assert told, "a process ended before it was done"
    return told


def _go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def one_round(name: str, records: int, viewers: int) -> dict[str, float]:
    """One fresh process, with so many at its desk."""
    with (
        TemporaryDirectory(prefix="workorders-live-") as folder,
        _process("--serve", folder, "--records", str(records), "--name", name) as server,
    ):
        address = _line(server)
        if not viewers:
            _go(server)
            return dict(json.loads(_line(server)))
        with _process("--watch", address, "--viewers", str(viewers)) as watchers:
            assert _line(watchers) == "ready"
            _go(server)
            found: dict[str, float] = json.loads(_line(server))
            _go(watchers)
            seen = json.loads(_line(watchers))
        return {**found, "parts_a_viewer_a_second": seen["parts_a_viewer"] / seen["seconds"]}


def rounds(number: int, records: int, viewers: int) -> list[dict[str, dict[str, float]]]:
    """So many rounds; which of the two is first changes each time."""
    console, found = Console(stderr=True), []
    for n in range(number):
        kinds = {"alone": 0, "watched": viewers}
        order = [*kinds] if n % 2 else [*reversed(kinds)]
        found.append({kind: one_round(f"round-{n}", records, kinds[kind]) for kind in order})
        console.print(f"round {n + 1}: {found[-1]}")
    return found


def summary(found: Sequence[dict[str, dict[str, float]]], records: int, viewers: int) -> dict[str, Any]:
    """What the rounds show."""
    return {
        "records": records,
        "viewers": viewers,
        "alone": figure([one["alone"]["rate"] for one in found], 0),
        "watched": figure([one["watched"]["rate"] for one in found], 0),
        "parts_a_viewer_a_second": figure([one["watched"]["parts_a_viewer_a_second"] for one in found]),
        "rate_kept": figure([one["watched"]["rate"] / one["alone"]["rate"] for one in found]),
        "goal": GOAL,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the result; the exit code is 1 if the median misses the goal."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--viewers", type=int, default=VIEWERS)
    options.add_argument("--results", type=Path, default=RESULTS)
    options.add_argument("--serve", default=None, help="be the one process, in this folder")
    options.add_argument("--watch", default=None, help="be everybody at the desk at this address")
    options.add_argument("--name", default="once")
    given = options.parse_args(arguments)
    if given.serve is not None:
        print(json.dumps(uvloop.run(serve(given.serve, given.records, given.name))), flush=True)
        return 0
    if given.watch is not None:
        print(json.dumps(uvloop.run(watch(given.watch, given.viewers))), flush=True)
        return 0
    found = rounds(given.rounds, given.records, given.viewers)
    result = summary(found, given.records, given.viewers)
    publish(given.results, result)
    return int(result["rate_kept"]["median"] < GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
