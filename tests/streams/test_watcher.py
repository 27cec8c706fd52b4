"""The watcher: silence of the sweeper, the relay or all workers is heard from outside, and so is the return of life."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from streams import duty
from streams.clock import SystemClock
from streams.ledger import pulses
from streams.ledger.engine import Database
from streams.ledger.ledger import Ledger
from streams.settings import Settings
from streams.system import open_parts, run_parts
from streams.watcher import Lookout, News, shows_life, watch_over
from streams.watcher_judging import WATCHED, Sight, Watch
from streams.watcher_news import Delivery
from tests.servers.fixtures import own_topics
from tests.servers.kafka import KafkaAddress
from workorders.policy import default_world

AT = datetime(2026, 1, 13, 2, 10, tzinfo=UTC)
EVERYBODY = {(part, "w"): 1 for part in WATCHED}


def sight(n: int, *silent: str, **more: Any) -> Sight:  # noqa: ANN401 - anything a look may see
    """The n-th look, at which every part but the silent ones has shown one more pulse."""
    told = {(part, "w"): 1 if part in silent else n for part in WATCHED}
    return Sight(**{"pulses": told, "at": AT, "on_topic": n, **more})


def watched(*sights: Sight, every: float = 10.0, has_broker: bool = True) -> list[str]:
    """What is wrong after these looks, ten seconds apart, with a minute's patience."""
    watch = Watch(60.0, has_broker)
    for n, one in enumerate(sights):
        watch.note(one, n * every)
    return watch.wrong((len(sights) - 1) * every)


class TestJudging:
    def test_while_pulses_go_on_all_is_well(self) -> None:
        assert watched(*(sight(n) for n in range(20))) == []

    @pytest.mark.parametrize("part", WATCHED)
    def test_a_part_that_falls_silent_is_named_after_a_minute_and_not_before(self, part: str) -> None:
        assert watched(*(sight(n, part) for n in range(7))) == []
        assert watched(*(sight(n, part) for n in range(8))) == [f"the {part} has shown no sign of life for 70 s"]

    def test_when_all_are_silent_one_sentence_says_so(self) -> None:
        assert watched(*(sight(n, *WATCHED, on_topic=5) for n in range(8))) == [
            "no worker has shown any sign of life for 70 s"
        ]

    def test_one_living_worker_is_enough_for_a_part(self) -> None:
        one_lives = [sight(n, pulses={**EVERYBODY, **{(part, "other"): n for part in WATCHED}}) for n in range(20)]
        assert watched(*one_lives) == []

    def test_pulses_that_only_the_ledger_shows_are_not_enough_where_there_is_a_broker(self) -> None:
        assert watched(*(sight(n, on_topic=5) for n in range(8))) == [
            "no sign of life has come through the broker for 70 s"
        ]
        assert watched(*(sight(n, on_topic=5) for n in range(8)), has_broker=False) == []

    def test_a_side_that_does_not_answer_is_named_and_hides_what_cannot_be_known(self) -> None:
        frozen = [Sight(on_topic=min(n, 2)) for n in range(1, 30)]
        assert watched(sight(0), *frozen) == [
            "the ledger could not be reached for 290 s, and what the workers do cannot be seen meanwhile"
        ]
        assert watched(sight(0), *frozen[:5]) == [], "and before that nothing is said of anybody"
        assert watched(*(sight(n, on_topic=None if n else 0) for n in range(8))) == [
            "the broker could not be reached for 70 s"
        ]

    def test_once_the_ledger_answers_again_silence_counts_only_as_far_as_it_was_seen(self) -> None:
        before = [sight(n) for n in range(3)]
        unseen = [Sight(on_topic=2) for _ in range(20)]
        back = [sight(2, on_topic=2) for _ in range(8)]
        assert watched(*before, *unseen, *back[:6]) == []
        assert watched(*before, *unseen, *back) == ["no worker has shown any sign of life for 80 s"]
        lives = [sight(3 + n, on_topic=2) for n in range(8)]
        assert watched(*before, *unseen, *lives[:6]) == []
        assert watched(*before, *unseen, *lives) == ["no sign of life has come through the broker for 80 s"]
        unheard = [Sight(on_topic=n) for n in range(20)]
        assert watched(*unheard, *back[:6]) == [], "and what was never seen before begins when it is"

    def test_records_that_nobody_takes_are_named_and_a_queue_that_moves_is_not(self) -> None:
        assert watched(*(sight(n, lag=9, read=n) for n in range(20))) == []
        assert watched(*(sight(n, lag=9, read=4) for n in range(8))) == ["9 records wait, and none was taken for 70 s"]
        assert watched(*(sight(n, lag=0, read=4) for n in range(20))) == []

    def test_what_is_overdue_by_the_databases_own_clock_is_named(self) -> None:
        old = {"oldest_due": AT - timedelta(seconds=61), "unsent": 2, "unsent_since": AT - timedelta(seconds=90)}
        assert watched(sight(0, waiting=old)) == [
            "a decision has been due for 61 s",
            "2 messages wait to be sent, the oldest for 90 s",
        ]
        assert watched(sight(0, waiting={"oldest_due": AT - timedelta(seconds=59), "unsent_since": None})) == []


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    """A ledger of a system that runs in one process, and its settings."""
    found = Settings(data_dir=tmp_path)
    ledger = await Ledger.open(found.ledger_url, time_kind="real", now=SystemClock().now())
    await ledger.close()
    return found


async def beating(settings: Settings, silent: set[str]) -> None:
    """Pulses of every part that is not silent, for ever."""
    database = Database(settings.ledger_url)
    try:
        while True:
            for part in WATCHED:
                if part not in silent:
                    await pulses.beat(database, part, "w", SystemClock().now())
            await asyncio.sleep(0.05)
    finally:
        await database.close()


@pytest.fixture
async def silent(settings: Settings) -> AsyncIterator[set[str]]:
    """Which parts are silent now; a test changes it."""
    found: set[str] = set()
    task = asyncio.create_task(beating(settings, found))
    yield found
    task.cancel()
    await asyncio.wait({task})


async def test_it_shouts_when_a_part_falls_silent_and_says_when_it_is_well_again(
    settings: Settings, silent: set[str]
) -> None:
    times: dict[str, Any] = {"silent_after_s": 0.6, "every_s": 0.1, "again_s": 60.0}
    async with aclosing(watch_over(settings, SystemClock(), **times)) as news:
        silent.add("sweeper")
        first = await asyncio.wait_for(anext(news), 10)
        assert first.state == "silent"
        assert first.wrong[0].startswith("the sweeper has shown no sign of life for ")
        silent.clear()
        second = await asyncio.wait_for(anext(news), 10)
        assert (second.state, second.wrong) == ("well", ())
        silent.update(WATCHED)
        third = await asyncio.wait_for(anext(news), 10)
        while len(third.wrong) != 1 or not third.wrong[0].startswith("no worker"):
            third = await asyncio.wait_for(anext(news), 10)


async def test_what_stays_wrong_is_said_again(settings: Settings, silent: set[str]) -> None:
    silent.add("relay")
    times: dict[str, Any] = {"silent_after_s": 0.2, "every_s": 0.05, "again_s": 0.3}
    async with aclosing(watch_over(settings, SystemClock(), **times)) as news:
        for _ in range(3):
            assert "relay" in (await asyncio.wait_for(anext(news), 10)).text


async def test_asked_once_it_says_who_shows_no_sign_of_life(settings: Settings, silent: set[str]) -> None:
    assert await shows_life(settings, SystemClock(), within_s=5, every_s=0.1) == []
    silent.add("intake")
    assert await shows_life(settings, SystemClock(), within_s=0.5, every_s=0.1) == ["the intake showed no sign of life"]


async def test_asked_once_it_accuses_nobody_of_what_it_could_not_see(monkeypatch: pytest.MonkeyPatch) -> None:
    sights = [Sight()]

    async def look(_: Lookout) -> Sight:
        return sights[-1]

    monkeypatch.setattr(Lookout, "look", look)
    settings = Settings(broker="127.0.0.1:1", ledger=SecretStr("postgresql://nobody@127.0.0.1:1/nothing"))
    times = {"within_s": 0.1, "every_s": 0.05}
    unseen = "the ledger could not be reached, and what the workers do cannot be seen meanwhile"
    assert await shows_life(settings, SystemClock(), **times) == [unseen, "the broker could not be reached"]
    sights.append(Sight(on_topic=3))
    assert await shows_life(settings, SystemClock(), **times) == [unseen, "no sign of life came through the broker"]


async def test_a_ledger_and_a_broker_that_cannot_be_reached_are_seen_as_such(tmp_path: Path) -> None:
    away = Settings.model_validate({
        "broker": "127.0.0.1:1", "ledger": "postgresql://nobody@127.0.0.1:1/nothing",
        "broker_timeout_s": 1.5, "session_timeout_ms": 1_000, "heartbeat_ms": 300,
    })  # fmt: skip
    lookout = Lookout(away, SystemClock())
    assert await lookout.look() == Sight()
    await lookout.close()


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.timeout(120)
async def test_on_servers_it_hears_both_sides_and_shouts_when_the_workers_have_gone(
    kafka: KafkaAddress, topic_prefix: str, ledger_on_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duty, "PULSE_EVERY_S", 0.3)
    settings = Settings.model_validate({
        "broker": kafka.bootstrap, "ledger": ledger_on_postgres, "data_dir": tmp_path, "topic_prefix": topic_prefix,
        "group": f"{topic_prefix}group", "partitions": 2, "replication": 1, "sweep_every_s": 0.2, "health_port": "off",
    })  # fmt: skip
    async with own_topics(settings), open_parts(settings, SystemClock(), default_world()) as parts:
        stop = asyncio.Event()
        running = asyncio.create_task(run_parts(parts, stop))
        assert await shows_life(settings, SystemClock(), within_s=60, every_s=0.2) == []
        stop.set()
        await running
        times: dict[str, Any] = {"silent_after_s": 2.0, "every_s": 0.2, "again_s": 60.0}
        async with aclosing(watch_over(settings, SystemClock(), **times)) as news:
            said = await asyncio.wait_for(anext(news), 30)
            assert said.wrong[0].startswith("no worker has shown any sign of life for ")


class TestDelivering:
    silence = News(AT, ("the sweeper has shown no sign of life for 61 s",))

    async def test_a_command_gets_the_news_in_its_environment_and_on_its_input(self, tmp_path: Path) -> None:
        program = tmp_path / "tell.py"
        program.write_text(
            "import json, os, pathlib, sys\n"
            "told = {name: os.environ[f'WORKORDERS_WATCHER_{name}'] for name in ('STATE', 'TEXT')}\n"
            "found = [*told.values(), json.load(sys.stdin)]\n"
            f"pathlib.Path({str(tmp_path / 'told')!r}).write_text(json.dumps(found))\n"
        )
        assert await Delivery(run=f"{sys.executable} {program}").deliver(self.silence)
        text = self.silence.wrong[0]
        told = {"at": AT.isoformat(), "state": "silent", "text": text, "wrong": [text]}
        assert json.loads((tmp_path / "told").read_text()) == ["silent", text, told]

    async def test_an_address_is_posted_to(self) -> None:
        told = []

        async def take(request: web.Request) -> web.Response:
            told.append(await request.json())
            return web.Response(status=500 if len(told) == 1 else 204)

        pages = web.Application()
        pages.router.add_post("/news", take)
        runner = web.AppRunner(pages)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            address = f"http://127.0.0.1:{runner.addresses[0][1]}/news"
            assert not await Delivery(post=address).deliver(self.silence)
            assert await Delivery(post=address).deliver(News(AT, ()))
        finally:
            await runner.cleanup()
        assert [one["state"] for one in told] == ["silent", "well"]

    async def test_what_does_not_take_the_news_is_logged_and_stops_nothing(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert not await Delivery(run="false", post="http://127.0.0.1:1/").deliver(self.silence)
        assert not await Delivery(run="/no/such/program").deliver(self.silence)
        assert not await Delivery(post="nonsense").deliver(self.silence)
        assert caplog.text.count("did not take the news") == 4
        assert "it ended with exit code 1" in caplog.text
