"""Live pages: what is sent is the page's own part, to nobody more than the page shows them, once for all who see it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from desk.access.rights import Holder
from desk.api.following import FOLLOWERS_PER_KEY
from desk.api.serving import served
from desk.pages import board, escalations, live, live_views, sessions
from desk.pages.cookies import SESSION as COOKIE
from desk.pages.live_changes import Changes
from desk.pages.live_sights import Sight, sight_of
from desk.pages.live_views import LOOK_EVERY_S, Live, View
from desk.pages.visitors import Visit
from models.tables import DeskSessionRow, UnitRow
from streams.ledger.ledger import Ledger
from tests.desk.places import place_over
from tests.desk.small_ledger import ENDS
from tests.pages.conftest import ESTATES, MANAGER, Browser, Pages
from tests.pages.happening import raised, rejected

AGENCY = "agency-account-manager:provider:agency-south"
TASKFORCE = "national-taskforce:division:division"
EVENTS = {"Accept": live.MEDIA_TYPE}
SESSION = DeskSessionRow.__table__  # type: ignore[attr-defined]
Following = AsyncIterator[tuple[str, str]]


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[tuple[Pages, str]]:
    """The desk on a real socket, for streams that have no end."""
    async with place_over(path, api_port=0) as place, served(place) as door:
        assert door is not None
        pages = Pages(place, FastAPI())  # what is served has an application of its own
        yield pages, door.address
        for client in pages.clients:
            await client.aclose()


async def signed_in(pages: Pages, address: str, voice: str) -> Browser:
    client = httpx2.AsyncClient(base_url=address, timeout=20)
    pages.clients.append(client)
    browser = Browser(client)
    form = (await browser.get("/sign-in")).form("/sign-in")
    await browser.post(form.action, [*form.fields, ("voice", voice)], Origin=address)
    assert browser.status == 200
    return browser


async def events(answer: httpx2.Response) -> Following:
    """The events of a stream as they come: name and data."""
    name, data = "", list[str]()
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data:"):
            data.append(line[6:])
        elif not line and name:
            yield name, "\n".join(data)
            name, data = "", []


async def next_of(stream: Following, wanted: str) -> str:
    """The data of the next event of that name."""
    async with asyncio.timeout(10):
        async for name, data in stream:
            if name == wanted:
                return data
    raise AssertionError(f"the stream ended without {wanted}")


def live_of(pages: Pages) -> Live:
    [end] = pages.app.state.following.others
    found = end.__self__
    assert isinstance(found, Live)
    return found


async def visit_of(pages: Pages, voice: str) -> sessions.Session:
    """The session of somebody who has just signed in."""
    browser = await pages.as_role(voice)
    secret = browser.client.cookies[COOKIE]
    async with pages.place.ledger.reading() as connection:
        found = await sessions.opened_by(connection, secret, ENDS)
    assert found is not None
    return found


def sight(session: sessions.Session, path: str, query: str = "") -> Sight:
    part = next(one for one in live.PARTS if one.path == path)
    return sight_of(part, query, session.voice, "en")


async def test_a_page_that_nobody_uses_does_not_keep_its_session_open(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    await pages.clock.advance(40 * 60)
    assert "outstanding" in (await browser.client.get("/live/board")).text
    await pages.clock.advance(40 * 60)
    answer = await browser.client.get("/live/board")
    assert "outstanding" not in answer.text
    assert answer.status_code != 200


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize("path", [
    "/board", "/board?ldu=valleys", "/escalations", "/escalations?show=all", "/escalations/cases", "/orders", "/nights",
])  # fmt: skip
async def test_what_is_sent_is_what_the_page_itself_holds(path: str, language: str, pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    await browser.get(f"/?lang={language}")
    page = (await browser.client.get(path)).text
    part = (await browser.client.get(f"/live{path}")).text
    assert len(part) > 100
    assert part.strip() in page


async def test_a_page_that_was_opened_in_one_language_stays_in_it(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES, **{"Accept-Language": "cy"})
    assert "As at" in (await browser.client.get("/live/board?in=en")).text
    assert "As at" not in (await browser.client.get("/live/board?in=xx")).text


async def test_nobody_is_sent_what_their_page_does_not_show(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    for path in ("/live/board", "/live/escalations?show=all", "/live/escalations/cases", "/live/orders"):
        text = (await browser.client.get(path)).text
        assert "Bryn Awel" in text
        assert "Derwen" not in text, path
    theirs, nowhere = [
        await browser.client.get(f"/live/board?premises={one}") for one in ("ap-ty-derwen", "ap-nowhere")
    ]
    assert (theirs.status_code, theirs.text) == (nowhere.status_code, nowhere.text.replace("nowhere", "ty-derwen"))
    assert (await browser.client.get("/live/nights")).status_code == 403


async def test_whoever_is_not_signed_in_is_told_that_and_nothing_else(pages: Pages) -> None:
    answer = await pages.browser().client.get("/live/board", headers=EVENTS)
    assert answer.text == "event: over\ndata: \n\n"
    assert (await pages.browser().client.get("/live/board")).status_code != 200


async def test_what_happens_is_sent_and_only_to_whom_it_concerns(copy_of_ledger: Path) -> None:
    async with running(copy_of_ledger) as (pages, address):
        north, all_ = await signed_in(pages, address, MANAGER), await signed_in(pages, address, TASKFORCE)
        async with (
            north.client.stream("GET", "/live/orders", headers=EVENTS) as theirs,
            all_.client.stream("GET", "/live/orders", headers=EVENTS) as ours,
        ):
            assert (theirs.headers["content-type"], theirs.headers["cache-control"]) == (
                "text/event-stream; charset=utf-8",
                "no-store",
            )
            here, there = events(theirs), events(ours)
            before = await next_of(here, "part")
            assert "WO-3" not in await next_of(there, "part")
            await rejected(pages.place)
            assert "WO-3" in await next_of(there, "part")
            await raised(pages.place, "WO-60")
            after = await next_of(here, "part")
            assert "WO-3" not in after
            assert ("WO-60" in before, "WO-60" in after) == (False, True)


async def test_a_session_that_is_ended_is_sent_nothing_more(copy_of_ledger: Path) -> None:
    async with running(copy_of_ledger) as (pages, address):
        browser = await signed_in(pages, address, TASKFORCE)
        async with browser.client.stream("GET", "/live/orders", headers=EVENTS) as answer:
            stream = events(answer)
            await next_of(stream, "part")
            async with pages.place.ledger.database.writing() as connection:
                await connection.execute(SESSION.update().values(ended_at=ENDS))
            assert await next_of(stream, "over") == ""
            await rejected(pages.place)
            assert [one async for one in stream] == []


async def test_while_the_ledger_cannot_be_asked_nothing_is_called_live(
    copy_of_ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Changes.look
    async with running(copy_of_ledger) as (pages, address):
        browser = await signed_in(pages, address, TASKFORCE)
        async with browser.client.stream("GET", "/live/orders", headers=EVENTS) as answer:
            stream = events(answer)
            await next_of(stream, "part")

            async def fails(*_: object) -> None:
                raise OperationalError("look", {}, Exception("gone"))

            monkeypatch.setattr(Changes, "look", fails)
            await next_of(stream, "off")
            await rejected(pages.place)
            monkeypatch.setattr(Changes, "look", whole)
            assert "WO-3" in await next_of(stream, "part")


async def test_a_server_that_ends_lets_go_of_whoever_follows(copy_of_ledger: Path) -> None:
    async with running(copy_of_ledger) as (pages, address):
        browser = await signed_in(pages, address, TASKFORCE)
        context = browser.client.stream("GET", "/live/board", headers=EVENTS)
        answer = await context.__aenter__()
        await next_of(events(answer), "part")
    with suppress(httpx2.HTTPError):
        await context.__aexit__(None, None, None)


def counting(monkeypatch: pytest.MonkeyPatch, module: Any, path: str) -> Counter[str]:  # noqa: ANN401
    """Counts how often the part of a page is drawn."""
    drawn: Counter[str] = Counter()
    whole: Callable[[Visit], Awaitable[dict[str, Any]]] = module.content

    async def counted(visit: Visit) -> dict[str, Any]:
        drawn[visit.session.voice.role] += 1
        return await whole(visit)

    parts = tuple(replace(one, content=counted) if one.path == path else one for one in live.PARTS)
    monkeypatch.setattr(live, "PARTS", parts)
    return drawn


async def test_what_many_see_is_drawn_once_and_at_most_once_a_second(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, following = counting(monkeypatch, board, "/board"), live_of(pages)
    people = [await visit_of(pages, ESTATES) for _ in range(5)]
    views = [await following.join(sight(one, "/board"), one) for one in people for _ in range(4)]
    assert len({id(one) for one in views}) == 1
    assert drawn["estates-desk"] == 1
    for n in range(20):
        await raised(pages.place, f"WO-{100 + n}")
        await asyncio.sleep(0.08)
    await asyncio.sleep(1.6)
    assert 2 <= drawn["estates-desk"] <= 6
    assert "WO-119" in (await (await pages.as_role(ESTATES)).client.get("/orders")).text
    for view, one in zip(views, [one for one in people for _ in range(4)], strict=True):
        following.leave(view, one)
    assert following.viewers_of(people[0]) == 0


async def test_what_happens_beyond_somebody_s_reach_draws_nothing_for_them(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, following = counting(monkeypatch, escalations, "/escalations"), live_of(pages)
    session = await visit_of(pages, MANAGER)
    view = await following.join(sight(session, "/escalations"), session)
    await asyncio.sleep(0.8)
    before = drawn["provider-account-manager"]
    await rejected(pages.place)
    await asyncio.sleep(1.2)
    assert drawn["provider-account-manager"] == before
    await raised(pages.place, "WO-61")
    await asyncio.sleep(1.7)
    assert drawn["provider-account-manager"] > before
    following.leave(view, session)


async def test_a_view_that_cannot_be_drawn_any_more_is_let_go_and_the_others_live_on(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    following, session = live_of(pages), await visit_of(pages, ESTATES)
    lost = await following.join(sight(session, "/board"), session)
    kept = await following.join(sight(session, "/orders"), session)
    whole = Live._drawn

    async def breaks(self: Live, view: View) -> str:
        if view is lost:
            raise RuntimeError("no")
        return await whole(self, view)

    monkeypatch.setattr(Live, "_drawn", breaks)
    await raised(pages.place, "WO-62")
    await following.moves(kept, kept.n, session, 5)
    assert (lost.lost, kept.lost) == (True, False)
    assert "WO-62" in kept.html
    following.leave(lost, session)
    following.leave(kept, session)


async def test_one_session_follows_only_so_many_pages(pages: Pages) -> None:
    browser, session = await pages.as_role(ESTATES), await visit_of(pages, ESTATES)
    following = live_of(pages)
    async with pages.place.ledger.reading() as connection:
        secret = browser.client.cookies[COOKIE]
        mine = await sessions.opened_by(connection, secret, ENDS)
    assert mine is not None
    for _ in range(FOLLOWERS_PER_KEY):
        await following.join(sight(mine, "/board"), mine)
    assert (await browser.client.get("/live/board")).status_code == 429
    assert following.viewers_of(session) == 0


async def test_a_key_that_is_revoked_ends_what_is_followed_by_it(on_servers: Pages) -> None:
    secret = await on_servers.key(Holder.DIVISION, "division")
    browser = on_servers.browser()
    await browser.get("/sign-in")
    await browser.submit("/sign-in", key=secret)
    assert (await browser.client.get("/live/board")).status_code == 200
    async with on_servers.place.ledger.database.writing() as connection:
        [id_] = (await connection.execute(SESSION.select().with_only_columns(SESSION.c.id))).scalars()
        assert await sessions.still_open(connection, [id_], ENDS) == {id_}
        await connection.execute(SESSION.update().values(ended_at=ENDS))
        assert await sessions.still_open(connection, [id_], ENDS) == set()


async def changed_after(ledger: Ledger, changes: Changes, new: dict[str, int]) -> frozenset[str] | None:
    table = UnitRow.__table__  # type: ignore[attr-defined]
    async with ledger.database.writing() as connection:
        for unit, version in new.items():
            await connection.execute(table.update().where(table.c.id == unit).values(version=version))
    async with ledger.reading() as connection:
        return await changes.look(connection)


async def test_a_premises_has_changed_whenever_its_version_has(pages: Pages) -> None:
    changes, ledger = Changes(), pages.place.ledger
    assert await changed_after(ledger, changes, {}) is None
    assert await changed_after(ledger, changes, {}) == frozenset()
    assert await changed_after(ledger, changes, {"ap-bryn-awel": 90}) == frozenset({"ap-bryn-awel"})
    assert await changed_after(ledger, changes, {"ap-bryn-awel": 91, "ap-ty-derwen": 92}) == frozenset(
        {"ap-bryn-awel", "ap-ty-derwen"}
    )
    assert await changed_after(ledger, changes, {}) == frozenset()


async def test_a_look_that_fails_half_way_has_seen_nothing(pages: Pages) -> None:
    changes, ledger = Changes(), pages.place.ledger
    await changed_after(ledger, changes, {})
    async with ledger.database.writing() as connection:
        table = UnitRow.__table__  # type: ignore[attr-defined]
        await connection.execute(table.update().where(table.c.id == "ap-bryn-awel").values(version=90))
    async with ledger.reading() as connection:
        sums = await connection.execute(select(func.count(), func.sum(col(UnitRow.version))))
        half = SimpleNamespace(execute=AsyncMock(side_effect=[sums, OSError("gone")]))
        with suppress(OSError):
            await changes.look(cast("AsyncConnection", half))
    assert await changed_after(ledger, changes, {}) == frozenset({"ap-bryn-awel"})


async def test_what_changes_while_sessions_cannot_be_asked_about_is_drawn_once_they_can(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    following, session = live_of(pages), await visit_of(pages, ESTATES)
    view = await following.join(sight(session, "/board"), session)
    failed, before = asyncio.Event(), view.n

    async def fails(*_: object) -> set[str]:
        monkeypatch.setattr(live_views, "still_open", sessions.still_open)
        failed.set()
        raise OSError("gone")

    await asyncio.sleep(live_views.CHECKED_EVERY_S)
    monkeypatch.setattr(live_views, "still_open", fails)
    await raised(pages.place, "WO-63")
    await following.moves(view, before, session, 10)
    assert failed.is_set()
    assert view.n == before + 1
    following.leave(view, session)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_whoever_comes_while_sessions_are_asked_about_is_not_taken_for_signed_out(
    when: str, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    following, first = live_of(pages), await visit_of(pages, ESTATES)
    held = await following.join(sight(first, "/board"), first)
    whole, asking, go_on = sessions.still_open, asyncio.Event(), asyncio.Event()

    async def slowly(connection: AsyncConnection, ids: Sequence[str], now: datetime) -> set[str]:
        found = await whole(connection, ids, now) if when == "after" else None
        if not asking.is_set():
            asking.set()
            await go_on.wait()
        return await whole(connection, ids, now) if found is None else found

    await asyncio.sleep(live_views.CHECKED_EVERY_S)
    monkeypatch.setattr(live_views, "still_open", slowly)
    await asyncio.wait_for(asking.wait(), 10)
    second = await visit_of(pages, MANAGER)
    joining = asyncio.create_task(following.join(sight(second, "/orders"), second))
    await asyncio.sleep(0.1)
    assert following.viewers_of(second) == 1
    go_on.set()
    view = await asyncio.wait_for(joining, 10)
    assert not following.is_over(second)
    assert not following.is_over(first)
    following.leave(view, second)
    following.leave(held, first)


async def test_an_older_drawing_never_comes_after_a_newer_one(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    following, session = live_of(pages), await visit_of(pages, ESTATES)
    view = await following.join(sight(session, "/orders"), session)
    whole, go_on, old = Live._drawn, asyncio.Event(), asyncio.Event()

    async def slow_at_first(self: Live, one: View) -> str:
        html = await whole(self, one)
        if not old.is_set():
            old.set()
            await go_on.wait()
        return html

    monkeypatch.setattr(Live, "_drawn", slow_at_first)
    await raised(pages.place, "WO-64")
    await asyncio.wait_for(old.wait(), 10)
    await raised(pages.place, "WO-65")
    await asyncio.sleep(LOOK_EVERY_S / 5)
    joining = asyncio.create_task(following.join(sight(session, "/orders"), session))
    await asyncio.sleep(0.2)
    go_on.set()
    await asyncio.wait_for(joining, 10)
    assert "WO-65" in view.html
    await asyncio.sleep(0.2)
    assert "WO-65" in view.html
    for _ in range(2):
        following.leave(view, session)
