"""The headers of every route, signed in and not: ``python -m tests.pages.headers`` writes them anew to the snapshot."""

import asyncio
import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

import httpx2

from desk.pages.app import routes
from desk.pages.assets import address
from desk.pages.cookies import SESSION
from tests.desk.small_ledger import built
from tests.pages.conftest import ESTATES, HERE, Pages, pages_over

SNAPSHOT: Final = Path(__file__).with_name("headers.json")
COMMAND: Final = "python -m tests.pages.headers"
_LATER: Final = frozenset({"date", "content-length", "etag", "last-modified", "request-id"})
"""What says nothing of how a page is protected, and differs with what it shows."""
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded", "Origin": HERE}
_ASSET: Final = address("desk.css")
_SECRET: Final = re.compile(r"^(workorders[a-z-]*)=[^;]+")

Headers = dict[str, str]
"""By name; where one is there several times, a line for each."""


def addresses() -> list[tuple[str, str]]:
    """Every method and path of the pages; a part of a path that varies stands as it is declared."""
    return sorted(
        {(method, route.path) for route in routes() for method in (route.methods or {"GET"}) if method != "HEAD"}
    )


async def seen(pages: Pages) -> dict[str, Headers]:
    """The status and headers of each route, for somebody who is signed in and for somebody who is not."""
    secret = (await pages.as_role(ESTATES)).client.cookies[SESSION]
    found = {}
    for who, bears in (("nobody", {}), ("signed in", {"Cookie": f"{SESSION}={secret}"})):
        for method, path in addresses():
            somewhere = _ASSET if path.startswith("/assets/") else re.sub(r"\{[^}]*\}", "x", path)
            found[f"{method} {path}, {who}"] = await _asked(pages.browser(**bears).client, method, somewhere)
    return found


async def _asked(client: httpx2.AsyncClient, method: str, path: str) -> Headers:
    request = client.build_request(method, path, headers=_FORM if method == "POST" else {})
    answer = await client.send(request, stream=True)
    try:
        return {"status": str(answer.status_code), **_told(answer.headers.multi_items())}
    finally:
        await answer.aclose()


def _told(headers: list[tuple[str, str]]) -> Headers:
    told: Headers = {}
    for name, value in sorted(headers):
        if name.lower() not in _LATER:
            said = _SECRET.sub(r"\1=(a secret)", value)
            told[name.lower()] = f"{told[name.lower()]}\n{said}" if name.lower() in told else said
    return told


def written(found: dict[str, Headers]) -> str:
    """The snapshot: what all answers share stands once, then each with what it has beside or instead."""
    shared = {
        name: value
        for name, value in next(iter(found.values())).items()
        if all(one.get(name) == value for one in found.values())
    }
    own = {key: {name: value for name, value in one.items() if name not in shared} for key, one in found.items()}
    return json.dumps({"every answer": shared, **own}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


async def _write() -> None:
    folder = Path(tempfile.mkdtemp(prefix="headers-"))
    try:
        async with pages_over(await asyncio.to_thread(built, folder)) as pages:
            SNAPSHOT.write_text(written(await seen(pages)), encoding="utf-8")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    asyncio.run(_write())
