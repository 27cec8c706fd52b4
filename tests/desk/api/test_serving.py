"""The API as a process: where it listens, whose key lies where, how it ends, and what a kill costs."""

import asyncio
import itertools
import os
import re
import signal
import socket
import stat
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from desk.api.command import door_lines
from desk.api.place import Place, kept
from desk.api.reference import ALPHABET, new_reference, read_reference
from desk.api.serving import Door, served
from desk.exits import Exit
from streams.clock import SystemClock
from streams.ledger.errors import LedgerUnavailable
from streams.ledger.ledger import Ledger
from streams.settings import Settings, SettingsError, load_settings
from tests.desk.api.conftest import FACTS
from tests.desk.conftest import Workorders
from tests.desk.test_running import PATIENCE_S, interrupted, running
from workorders.policy import default_world

KILLED_RECEIPTS = int(os.environ.get("WORKORDERS_TEST_RECEIPTS", "40"))
"""How many receipts are given out before the kill; more where there is time."""


def address_in(log: Path) -> str:
    """Where the API says that it is, once it does."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := re.search(r"API +(http://\S+)/v1", log.read_text())) is None:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return found[1]


def client_of(address: str, key_file: Path) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {key_file.read_text().strip()}"}
    return httpx2.Client(base_url=address, headers=headers, timeout=30)


async def opened(folder: Path, **options: Any) -> tuple[Place, Ledger]:  # noqa: ANN401 - any setting
    clock = SystemClock()
    settings = Settings(data_dir=folder, **{"api_port": 0, **options})
    ledger = await Ledger.open(settings.ledger_url, time_kind="real", now=clock.now())
    return Place(settings, ledger, clock, await ledger.world(default_world(), clock.now())), ledger


async def test_the_key_of_this_machines_user_is_for_its_eyes_only_and_is_made_once(tmp_path: Path) -> None:
    place, ledger = await opened(tmp_path)
    async with served(place) as door:
        assert door is not None
        assert door.key_file == tmp_path / "ledger.key"
        first = door.key_file.read_text()
        assert stat.S_IMODE(door.key_file.stat().st_mode) == 0o600
        async with httpx2.AsyncClient(base_url=door.address) as client:
            assert (await client.get("/v1/board")).status_code == 401
            mine = {"Authorization": f"Bearer {first.strip()}"}
            assert (await client.get("/v1/board", headers=mine)).status_code == 200
    async with served(place) as door:
        assert door is not None
        assert door.key_file is not None
        assert door.key_file.read_text() == first
        door.key_file.write_text("wo_something_else")
    async with served(place) as door:
        assert door is not None
        assert door.key_file is not None
        assert door.key_file.read_text() not in {first, "wo_something_else"}
        assert stat.S_IMODE(door.key_file.stat().st_mode) == 0o600
    await ledger.close()


async def test_on_servers_no_key_is_made(tmp_path: Path) -> None:
    place, ledger = await opened(tmp_path, broker="kafka:9092")
    async with served(place) as door:
        assert door is not None
        assert door.key_file is None
        assert door_lines(door) == [
            f"  desk    {door.address}/ in a browser",
            f"  API     {door.address}/v1, described at {door.address}/openapi.json",
        ]
    assert not (tmp_path / "ledger.key").exists()
    await ledger.close()


async def test_it_can_be_left_closed(tmp_path: Path) -> None:
    place, ledger = await opened(tmp_path, api_port="off")
    async with served(place) as door:
        assert door is None
    assert door_lines(None) == []
    await ledger.close()


async def test_a_port_that_was_set_must_be_free_and_the_default_gives_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        place, ledger = await opened(tmp_path, api_port=port)
        with pytest.raises(SettingsError, match=f"WORKORDERS_API_PORT: .*127.0.0.1:{port}"):
            async with served(place):
                pass
        usual = Settings(data_dir=tmp_path)
        assert "api_port" not in usual.model_fields_set
        place.settings = usual.model_copy(update={"api_port": port})
        monkeypatch.setattr(type(place.settings), "model_fields_set", property(lambda _: {"data_dir"}))
        async with served(place) as door:
            assert door is not None
            assert not door.address.endswith(f":{port}")
    await ledger.close()


def test_with_the_embedded_broker_it_is_for_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKORDERS_API_HOST", "0.0.0.0")  # noqa: S104 - that is what is refused
    with pytest.raises(SettingsError, match=r"WORKORDERS_API_HOST=0\.0\.0\.0 needs a WORKORDERS_BROKER"):
        load_settings()


async def test_who_opens_it_to_other_machines_is_warned(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place, ledger = await opened(tmp_path, broker="kafka:9092", api_host="0.0.0.0")  # noqa: S104
    async with served(place) as door:
        assert door == Door(door.address if door else "", None)
    assert "put TLS in front of it" in caplog.text
    await ledger.close()


async def test_the_rules_are_read_anew_and_while_clocks_differ_nothing_is_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.api.place.REFRESH_EVERY_S", 0.01)
    place, ledger = await opened(tmp_path)
    found: list[timedelta | LedgerUnavailable] = [timedelta(0), timedelta(minutes=5), LedgerUnavailable("away")]
    skews = iter(found)
    seen: list[bool] = []

    async def skew(_: object) -> timedelta:
        seen.append(place.decides)
        one = next(skews, timedelta(0))
        if isinstance(one, Exception):
            raise one
        return one

    monkeypatch.setattr(ledger, "clock_skew", skew)
    async with kept(place):
        await asyncio.sleep(0.5)
    assert seen[:5] == [True, True, False, False, True]
    await ledger.close()


@pytest.mark.timeout(180)
def test_run_answers_the_api_and_stops_when_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKORDERS_DATA_DIR", str(tmp_path / "live"))
    monkeypatch.setenv("WORKORDERS_API_PORT", "0")
    log = tmp_path / "run.log"
    with running("run", log=log) as process, client_of(address_in(log), tmp_path / "live" / "ledger.key") as client:
        told = client.post("/v1/orders", json=FACTS).json()
        assert (told["taken"], told["fate"]) == (True, "recorded")
        with client.stream("GET", "/v1/escalations/stream"):
            assert interrupted(process) == Exit.OK, "who follows holds up no stop"
    assert "Traceback" not in log.read_text()


@pytest.mark.timeout(180)
def test_desk_answers_alone_and_a_kill_loses_no_receipt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workorders: Workorders
) -> None:
    monkeypatch.delenv("WORKORDERS_TEST_RECEIPTS", raising=False)  # it is ours, and no setting
    folder = tmp_path / "alone"
    monkeypatch.setenv("WORKORDERS_DATA_DIR", str(folder))
    monkeypatch.setenv("WORKORDERS_API_PORT", "0")
    assert workorders("db", "upgrade").code == Exit.OK
    log = tmp_path / "desk.log"
    given: list[str] = []
    with running("desk", log=log) as process:
        address = address_in(log)
        threads = [
            threading.Thread(target=report_until_it_dies, args=(address, folder / "ledger.key", given, prefer))
            for prefer in ("wait=10", "respond-async") * 2
        ]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + PATIENCE_S
        while len(given) < KILLED_RECEIPTS:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join(PATIENCE_S)
    again = tmp_path / "again.log"
    with running("desk", log=again) as process, client_of(address_in(again), folder / "ledger.key") as client:
        found = [client.get(f"/v1/receipts/{reference}") for reference in given]
        assert {one.status_code for one in found} == {200}
        assert all(one.json()["receipt"]["fate"] in {"recorded", None} for one in found)
        assert interrupted(process) == Exit.OK
    assert len(set(given)) == len(given) >= KILLED_RECEIPTS
    assert workorders("verify").code == Exit.OK


def report_until_it_dies(address: str, key_file: Path, given: list[str], prefer: str) -> None:
    """Report under names of our own, and keep each receipt that was given."""
    with client_of(address, key_file) as client:
        for n in itertools.count():
            headers = {"Prefer": prefer, "Idempotency-Key": f"{threading.get_ident()}-{n}"}
            try:
                path = "/v1/nights/ap-cae-glas/2030-01-14/missing"
                answered = client.post(path, json={"missing": 1}, headers=headers)
            except httpx2.HTTPError:
                return
            assert answered.status_code == 201, answered.text
            given.append(answered.json()["reference"])


def test_desk_without_a_port_has_nothing_to_do(workorders: Workorders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKORDERS_API_PORT", "off")
    ended = workorders("desk")
    assert (ended.code, ended.err.count("\n")) == (Exit.BAD_INPUT, 1)


def test_a_reference_shows_every_wrong_symbol_and_every_two_that_changed_places() -> None:
    for _ in range(20):
        whole = new_reference().replace("-", "")
        assert read_reference(whole) is not None
        for place, right in enumerate(whole):
            for wrong in ALPHABET:
                if wrong != right:
                    assert read_reference(whole[:place] + wrong + whole[place + 1 :]) is None
        for place in range(len(whole) - 2):
            one, two = whole[place], whole[place + 1]
            if one != two:
                assert read_reference(whole[:place] + two + one + whole[place + 2 :]) is None
