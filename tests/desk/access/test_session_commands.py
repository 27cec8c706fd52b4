"""The commands about the sessions of people."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from desk.access.oidc.provider import Proof
from desk.exits import Exit
from desk.pages import sessions
from desk.pages.voices import voices
from streams.clock import SystemClock
from tests.desk.api.conftest import Api
from tests.desk.conftest import Ended, Workorders

ISSUER = "https://sign-in.example"


async def _begun(api: Api) -> list[str]:
    """The secrets of three sessions: two managers of contractors by a service, and the estates desk by choice."""
    place, now = api.place, SystemClock().now()
    offered = voices(place.world, place.clock.now())
    managers = [one for one in offered if one.role == "provider-account-manager"][:2]
    [estates] = [one for one in offered if one.role == "estates-desk"]
    async with place.ledger.database.writing() as connection:
        made = [
            await sessions.begin_proven(
                connection, one, now, ISSUER, Proof(f"person-{n}", None, 0, "a.b.c", {}), now + timedelta(hours=1)
            )
            for n, one in enumerate(managers)
        ]
        return [*made, await sessions.begin(connection, estates, now)]


async def _open(api: Api, secrets: list[str]) -> list[bool]:
    async with api.place.ledger.reading() as connection:
        now = SystemClock().now()
        return [await sessions.opened_by(connection, one, now) is not None for one in secrets]


async def test_sessions_are_listed_without_their_secrets_and_ended_one_by_one_or_by_role(
    copy_of_ledger: Path, api: Api, workorders: Workorders
) -> None:
    def said(*words: str) -> Ended:
        return workorders("session", *words, "--ledger", str(copy_of_ledger))

    secrets = await _begun(api)
    listed = (await asyncio.to_thread(said, "list", "--json")).json["sessions"]
    assert {one["by"] for one in listed} == {"oidc:person-0", "oidc:person-1", "chosen"}
    page = (await asyncio.to_thread(said, "list")).out
    assert "oidc:person-0" in page
    assert not [one for one in secrets if one in page]
    [chosen] = [one["id"] for one in listed if one["by"] == "chosen"]
    assert (await asyncio.to_thread(said, "end", chosen)).code == Exit.OK
    assert await _open(api, secrets) == [True, True, False]
    ended = await asyncio.to_thread(said, "end", "--role", "provider-account-manager", "--json")
    assert len(ended.json["ended"]) == 2
    assert await _open(api, secrets) == [False, False, False]
    told = await asyncio.to_thread(workorders, "key", "record", "--ledger", str(copy_of_ledger), "--json")
    lines = [(one["key"], one["action"]) for one in told.json["record"]]
    assert lines == [("command", "end-session")] * 3
    assert (await asyncio.to_thread(said, "list")).out.startswith("0 sessions")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["0123456789"], Exit.NOT_FOUND),
        (["--role", "emperor"], Exit.NOT_FOUND),
        ([], Exit.USAGE),
        (["0123456789", "--role", "estates-desk"], Exit.USAGE),
    ],
)
def test_what_ends_nothing_is_one_sentence(words: list[str], code: Exit, ledger: Path, workorders: Workorders) -> None:
    ended = workorders("session", "end", *words)
    assert (ended.code, ended.err.count("\n")) == (code, 1)
