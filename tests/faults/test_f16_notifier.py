"""F16, slow or dead notifier: a receiver hangs, fails, asks to be left alone, takes a notice and drops the reply.

Beside it stands one that is well, by another kind of channel: nothing that the first does may hold that one up.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from aiohttp import web

from models.premises import Channel
from streams.clock import monotonic
from streams.notices.telling import SAID_AGAIN
from tests.faults.evidence import Trial, fault
from tests.faults.grounds import no_servers
from tests.faults.patience import patience
from tests.faults.reading import Row, reading
from tests.faults.reporting import reporting
from tests.faults.site import Site, site_on_servers
from tests.faults.verdict import verdict
from workorders.policy import Estate, World, default_estate, default_policy
from workorders.policy.load import world_of

HOWS: Final = ("hang", "hang", "500", "503", "429", "drop", "well")
HANGS_S: Final = 30.0
FAULTY_S: Final = 14.0
KILLED_AT_S: Final = (5.0, 9.0)
HEALED_WITHIN_S: Final = 60.0
LEAST: Final = 5
"""Fewer notices, or faults, make no trial."""
ON_TIME_S: Final = 15.0
"""How long a notice by the healthy channel may take, from its statement to its acceptance."""
SECRET: Final = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CALLS: Final = "/calls"


@dataclass
class Receiver:
    """A web server that takes notices, badly while it is ``faulty``; calls it always takes well.

    ``taken`` has for each key what it told of, as often as it was taken; ``hows`` how often each fault happened.
    """

    rng: Random
    faulty: bool = True
    port: int = 0
    taken: dict[str, list[tuple[str, int, str]]] = field(default_factory=dict)
    hows: dict[str, int] = field(default_factory=dict)

    async def receive(self, request: web.Request) -> web.Response:
        """Do to one request whatever chance says."""
        body = await request.json()
        how = self.rng.choice(HOWS) if self.faulty and request.path != CALLS else "well"
        self.hows[how] = self.hows.get(how, 0) + 1
        if how == "hang":
            await asyncio.sleep(HANGS_S)
        if how in {"500", "503", "429"}:
            return web.Response(status=int(how), headers={"Retry-After": "1"} if how == "429" else {})
        self._take(request.headers["webhook-id"], body)
        if how == "drop" and request.transport is not None:
            request.transport.abort()
        return web.Response(status=204)

    def _take(self, key: str, body: dict[str, Any]) -> None:
        told = [
            (one["escalation_id"], one["n"], body["data"].get("to", ""))
            for one in body["data"]["notice"]["escalations"]
        ]
        self.taken.setdefault(key, []).extend(told)


@asynccontextmanager
async def receiving(rng: Random) -> AsyncIterator[Receiver]:
    """The receiver, answering."""
    receiver = Receiver(rng)
    app = web.Application()
    app.router.add_post("/{tail:.*}", receiver.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()


def world_by_web(port: int) -> World:
    """The default estate, in which every role is told by the bad receiver and by the good one."""
    ways = (
        Channel(kind="webhook", address=f"http://127.0.0.1:{port}/notices"),
        Channel(kind="call", address="+44 7700 900123"),
    )
    spec = default_estate().spec
    routes = tuple(route.model_copy(update={"channels": ways, "hours": None}) for route in spec.routes)
    return world_of(default_policy(), Estate(spec.model_copy(update={"routes": routes})), "F16")


def by_web(port: int) -> dict[str, str]:
    """The settings of workers that tell by it, with pauses that fit a short trial."""
    given = {
        "WEBHOOK_SECRETS": f"127.0.0.1:{port} {SECRET}", "INSIDE": f"127.0.0.1:{port}",
        "CALL_URL": f"http://127.0.0.1:{port}{CALLS}", "CHANNEL_WITHIN_S": "1.5", "SEND_WITHIN_S": "3",
        "FIRST_PAUSE_S": "0.2", "LONGEST_PAUSE_S": "2", "TRIES": "100", "FLOOD_OVER": "1000",
    }  # fmt: skip
    return {f"WORKORDERS_NOTICES_{name}": value for name, value in given.items()}


@fault(
    "F16",
    what="a slow or dead notifier",
    promises=(3, 9),
    how=f"of two receivers one hangs for {HANGS_S:g} s, answers 500, 503 or 429, or takes a notice and drops the reply "
    "by chance; workers are killed (-9) twice meanwhile. Each notice arrives under one key, the other receiver is told "
    f"within {ON_TIME_S:g} s, and no ladder climbs for a failure that passes",
    unit="notices",
    full_n=500,
    small_n=25,
    missing=no_servers,
)
async def notifier(seed: int, folder: Path) -> Trial:
    """Tell of everything that becomes due in some seconds, while one of two receivers is bad."""
    async with (
        receiving(Random(seed)) as receiver,
        site_on_servers(folder, seed, world=world_by_web(receiver.port)) as site,
    ):
        environment = by_web(receiver.port)
        pair = await site.up(2, **environment)
        async with reporting(site, pause_s=(0.05, 0.2)):
            began = monotonic()
            for at in KILLED_AT_S:
                await asyncio.sleep(max(0.0, began + at - monotonic()))
                await pair[0].kill()
                pair = [pair[1], await site.begin(**environment)]
            await asyncio.sleep(max(0.0, began + FAULTY_S - monotonic()))
        receiver.faulty = False
        found = await until_told(site)
        told = notices(site)
        found += [*missed(told, receiver), *doubled(receiver), *late(site), *climbed(site), *unended(site, receiver)]
        if len(told) < LEAST or sum(n for how, n in receiver.hows.items() if how != "well") < LEAST:
            found.append(f"no trial: {len(told)} notices, and these faults: {receiver.hows}")
        return await verdict(site, found=found, count=len(told), notes=f"{receiver.hows}")


async def until_told(site: Site) -> list[str]:
    """Wait until nothing waits to be told; a sentence if it does not come to that."""
    ends = monotonic() + patience(HEALED_WITHIN_S)
    left = 1
    while left and monotonic() < ends:
        await asyncio.sleep(0.5)
        with reading(site.place) as database:
            (row,) = database.rows(
                "SELECT (SELECT count(*) FROM notice_due) + "
                "(SELECT count(*) FROM notice WHERE next_at IS NOT NULL) AS n"
            )
            left = row["n"]
    return [f"no progress: {left} notices still wait long after the receiver is well"] if left else []


def notices(site: Site) -> list[Row]:
    """Every notice that somebody was to get in the end."""
    with reading(site.place) as database:
        return list(database.rows("SELECT id, kind, what, outcome FROM notice WHERE outcome <> 'overtaken'"))


def missed(told: Sequence[Row], receiver: Receiver) -> Iterator[str]:
    """What was given up although its receiver is well again, and what counts as taken and never was."""
    for one in told:
        if one["outcome"] == "accepted" and str(one["id"]) not in receiver.taken:
            yield f"lost: notice {one['id']} counts as accepted, and nobody got it"
        # What was over while its outcome was not known is not sent again: who may know was told that it is over.
        if one["outcome"] == "failed" and one["kind"] == "call":
            yield f"lost: notice {one['id']} by the good receiver failed"


def doubled(receiver: Receiver) -> Iterator[str]:
    """What reached the receiver under two keys, so that it could not tell a repetition."""
    keys: dict[tuple[str, int, str], set[str]] = {}
    for key, told in receiver.taken.items():
        for one in told:
            keys.setdefault(one, set()).add(key)
    for (escalation, n, to), known in keys.items():
        if len(known) > 1:
            yield f"doubled: statement {n} of {escalation} came to {to or 'the receiver'} under {len(known)} keys"


def late(site: Site) -> Iterator[str]:
    """Notices by the healthy channel that came late though no worker died with them in hand."""
    query = """SELECT o.id, o.planned_at, s.said_at, min(CASE WHEN a.outcome = 'accepted' THEN a.at END) AS got,
    count(CASE WHEN a.took_ms IS NULL THEN 1 END) AS died FROM notice o JOIN notice_attempt a ON a.notice = o.id
    JOIN statement s ON s.escalation_id = o.escalation_id AND s.n = o.n
    WHERE o.kind = 'call' GROUP BY o.id, o.planned_at, s.said_at"""
    with reading(site.place) as database:
        for row in database.rows(query):
            took = _seconds(row["said_at"], row["got"])
            if not row["died"] and took > patience(ON_TIME_S):
                yield f"late: notice {row['id']} reached the good receiver only after {took:.1f} s"


def unended(site: Site, receiver: Receiver) -> Iterator[str]:
    """What reached a receiver as its turn, is over, and was never told there to be over."""
    over = """SELECT s.escalation_id FROM statement s WHERE s.statement IN ('withdrawn', 'closed')
    AND s.reason <> ? AND s.n = (SELECT max(o.n) FROM statement o WHERE o.escalation_id = s.escalation_id)"""
    with reading(site.place) as database:
        ended = {row["escalation_id"] for row in database.rows(over, SAID_AGAIN)}
        told = [
            row for row in database.rows("SELECT id, escalation_id, n, what, kind, address FROM notice ORDER BY n")
            if row["escalation_id"] in ended and str(row["id"]) in receiver.taken
        ]  # fmt: skip
    last = {(row["escalation_id"], row["kind"], row["address"]): row for row in told}
    for row in last.values():
        if row["what"] not in {"withdrawn", "closed"}:
            yield f"lost: notice {row['id']} arrived, and that {row['escalation_id']} is over did not"


def _seconds(since: object, until: object) -> float:
    if until is None:
        return float("inf")
    ends = [one if isinstance(one, datetime) else datetime.fromisoformat(str(one)) for one in (since, until)]
    return (ends[1] - ends[0]).total_seconds()


def climbed(site: Site) -> Iterator[str]:
    """Ladders that climbed, or alarms that were raised, for a failure that passed."""
    with reading(site.place) as database:
        for row in database.rows("SELECT escalation_id, n, said FROM notice_lost"):
            yield f"wrong: statement {row['n']} of {row['escalation_id']} was given up: {row['said']}"


@pytest.mark.faults
@pytest.mark.long_fault
def test_a_receiver_that_hangs_fails_or_drops_replies_costs_nothing_but_time(tmp_path: Path) -> None:
    trial = notifier.trial(1804, tmp_path)
    assert trial.findings == ()
    assert trial.count >= LEAST
