"""The headers of every route are as they were looked at last: whatever weakens one shows as a difference."""

import json

from desk.pages.dressing import HEADERS
from tests.pages.conftest import Pages
from tests.pages.headers import COMMAND, SNAPSHOT, addresses, seen, written


async def test_the_headers_of_every_route_are_those_of_the_snapshot(pages: Pages) -> None:
    found, kept = written(await seen(pages)), SNAPSHOT.read_text(encoding="utf-8")
    now, then = json.loads(found), json.loads(kept)
    differs = sorted(key for key in {*now, *then} if now.get(key) != then.get(key))
    assert differs == [], f"look at each of these; if it is right, {COMMAND} writes the snapshot anew"


def test_the_snapshot_has_each_route_for_somebody_signed_in_and_for_nobody() -> None:
    kept = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    named = {f"{method} {path}, {who}" for method, path in addresses() for who in ("nobody", "signed in")}
    assert named == {*kept} - {"every answer"}


def test_what_protects_every_answer_is_on_every_answer() -> None:
    kept = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert {name.lower(): value for name, value in HEADERS.items()}.items() <= kept["every answer"].items()


def test_no_answer_for_a_person_is_kept_by_a_browser_and_no_cookie_is_seen_by_a_script() -> None:
    kept = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    everywhere = kept.pop("every answer")
    for key, told in kept.items():
        if "/assets/" not in key:
            assert (told | everywhere)["cache-control"] == "no-store", key
        for cookie in told.get("set-cookie", "").splitlines():
            assert {"HttpOnly", "SameSite=Lax"} <= {*cookie.split("; ")}, key
