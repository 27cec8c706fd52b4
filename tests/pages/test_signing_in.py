"""Signing in and out: by a role that is chosen where only this machine can, else by a key; and how sessions end."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk.access import keys
from desk.access.rights import Holder
from desk.pages import sessions
from desk.pages.cookies import SESSION
from models.tables import ApiAccessRow, DeskSessionRow
from tests.pages.conftest import ESTATES, MANAGER, ON_SERVERS, Pages, pages_over


async def test_with_the_broker_inside_a_role_is_chosen_and_a_banner_says_that_it_is(pages: Pages) -> None:
    browser = pages.browser()
    page = await browser.get("/")
    assert page.heading == "Choose a role"
    assert "Nobody proves here who they are" in page.text
    offered = page.form().choices["voice"]
    assert {MANAGER, ESTATES, "ap-manager:premises:ap-bryn-awel", "ldu-head:ldu:west"} <= {*offered}
    assert not [one for one in offered if "eryl-estates" in one], "its contract has ended"
    page = await browser.submit(voice=MANAGER)
    assert (page.heading, browser.status) == ("My escalations", 200)
    assert "Chosen, not proven." in page.text
    assert "You act as Provider's account manager, Northmoor Facilities." in page.text


async def test_a_role_that_is_not_offered_is_refused_in_a_sentence(pages: Pages) -> None:
    browser = pages.browser()
    await browser.get("/sign-in")
    for voice in ("", "emperor:division:division"):
        page = await browser.submit(voice=voice)
        assert (browser.status, page.heading) == (422, "Choose a role")
        assert "Choose the role as which you want to act" in page.text
    assert (await browser.get("/escalations")).heading == "Choose a role"


async def test_on_servers_a_key_is_asked_for_and_no_role_can_be_chosen(on_servers: Pages) -> None:
    browser = on_servers.browser()
    page = await browser.get("/")
    assert page.heading == "Sign in"
    assert page.form().choices == {}
    await browser.submit(voice=MANAGER)
    assert browser.status == 422
    page = await browser.submit(key="wo_0000000000_nothing")
    assert "That is no key, or one that opens nothing any more" in page.text
    key = await on_servers.key(Holder.PROVIDER, "fm-north", "region:north")
    page = await browser.submit(key=f"  {key} ")
    assert page.heading == "My escalations"
    assert "Chosen, not proven." not in page.text
    assert key not in page.source


async def test_a_key_that_is_revoked_ends_the_sessions_that_began_by_it(on_servers: Pages) -> None:
    key = await on_servers.key(Holder.ESTATES, "estates-desk")
    browser = on_servers.browser()
    await browser.get("/sign-in")
    await browser.submit(key=key)
    assert (await browser.get("/escalations")).heading == "My escalations"
    async with on_servers.place.ledger.database.writing() as connection:
        await keys.revoke(connection, key.split("_")[1], on_servers.clock.now())
    assert (await browser.get("/escalations")).heading == "Sign in"


async def test_the_cookie_is_for_no_script_and_no_other_site_and_the_ledger_keeps_only_its_hash(pages: Pages) -> None:
    browser = pages.browser()
    await browser.get("/sign-in")
    form = browser.page.form()
    answer = await browser.send("/sign-in", [*form.fields, ("voice", MANAGER)])
    assert answer.status_code == 303
    [cookie] = [one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{SESSION}=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "Max-Age" not in cookie
    secret = cookie.partition("=")[2].partition(";")[0]
    async with pages.place.ledger.reading() as connection:
        [row] = (await connection.execute(select(DeskSessionRow.__table__))).all()  # type: ignore[attr-defined]
    assert len(secret) >= 43
    assert secret not in [str(one) for one in row]


async def test_under_https_the_cookie_never_goes_unencrypted(pages: Pages) -> None:
    browser = pages.browser()
    answer = await browser.client.get("https://127.0.0.1/sign-in")
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_a_session_ends_when_it_is_not_used_and_after_a_shift_however_much_it_is(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    for _ in range(int(sessions.LONGEST / sessions.IDLE) * 2 - 1):
        await pages.clock.advance(sessions.IDLE.total_seconds() / 2)
        assert (await browser.get("/escalations")).heading == "My escalations"
    await pages.clock.advance(sessions.IDLE.total_seconds() / 2)
    assert (await browser.get("/escalations")).heading == "Choose a role"
    idle = await pages.as_role(MANAGER)
    await pages.clock.advance((sessions.IDLE + timedelta(minutes=1)).total_seconds())
    assert (await idle.get("/escalations")).heading == "Choose a role"


async def test_whoever_signs_out_is_out_in_every_copy_of_the_cookie(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    page = await browser.get("/escalations")
    secret = browser.client.cookies[SESSION]
    await browser.submit("/sign-out")
    stolen = pages.browser(Cookie=f"{SESSION}={secret}")
    assert (await stolen.get("/escalations")).heading == "Choose a role"
    assert page.heading == "My escalations"


@pytest.mark.parametrize("secret", ["", "x", "x" * 43, "x" * 5_000, "x%C3%A9", "' OR 1=1 --"])
async def test_a_cookie_that_was_made_up_opens_nothing(secret: str, pages: Pages) -> None:
    browser = pages.browser(Cookie=f"{SESSION}={secret}")
    assert (await browser.get("/escalations")).heading == "Choose a role"


async def test_choosing_another_role_ends_the_session_before(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    before = browser.client.cookies[SESSION]
    await browser.get("/sign-in")
    await browser.submit("/sign-in", voice=ESTATES)
    async with pages.place.ledger.reading() as connection:
        assert await sessions.opened_by(connection, before, pages.clock.now()) is None
        roles = await connection.execute(select(col(DeskSessionRow.role)).where(col(DeskSessionRow.ended_at).is_(None)))
        assert list(roles.scalars()) == ["estates-desk"]


async def test_whatever_else_comes_from_an_address_a_good_key_signs_in(on_servers: Pages) -> None:
    key = await on_servers.key(Holder.ESTATES, "estates-desk")
    browser = on_servers.browser()
    for _ in range(61):
        await browser.client.get("/a/guess")
        await browser.client.get("/v1/orders")
    await browser.get("/sign-in")
    for _ in range(61):
        await browser.submit("/sign-in", key="wo_0000000000_nothing")
        if browser.status == 429:
            break
    assert browser.status == 429, "signing in fails only so often"
    await browser.get("/sign-in")
    await browser.submit("/sign-in", key=key)
    assert (browser.status, browser.page.heading) == (200, "My escalations")


async def test_signing_in_is_on_record_with_the_key_or_the_role_and_the_session_that_began(
    on_servers: Pages, copy_of_ledger: Path
) -> None:
    key = await on_servers.key(Holder.ESTATES, "estates-desk")
    browser = on_servers.browser()
    await browser.get("/sign-in")
    await browser.submit("/sign-in", key=key)
    async with pages_over(copy_of_ledger) as inside:
        await inside.as_role(MANAGER)
        query = select(col(ApiAccessRow.key), col(ApiAccessRow.about)).where(col(ApiAccessRow.action) == "sign-in")
        async with inside.place.ledger.reading() as connection:
            rows = [tuple(row) for row in await connection.execute(query.order_by(col(ApiAccessRow.seq)))]
            began = {f"session:{one}" for one in (await connection.execute(select(col(DeskSessionRow.id)))).scalars()}
    assert [by for by, _ in rows] == [key.split("_")[1], f"chosen:{MANAGER}"]
    assert {about for _, about in rows} == began


ELSEWHERE = ["https://evil.example/", "//evil.example", "/\\evil.example", "/sign-out", "x", "/a\r\nb"]


@pytest.mark.parametrize("onward", ELSEWHERE)
async def test_signing_in_leads_to_no_other_site(onward: str, pages: Pages) -> None:
    browser = pages.browser()
    await browser.client.get("/sign-in", params={"next": onward})
    await browser.get("/sign-in")
    fields = [(name, value) for name, value in browser.page.form().fields if name != "next"]
    answer = await browser.send("/sign-in", [*fields, ("next", onward), ("voice", MANAGER)])
    assert (answer.status_code, answer.headers["location"]) == (303, "/escalations")


async def test_signing_in_leads_back_to_where_one_wanted_to_be(pages: Pages) -> None:
    browser = pages.browser()
    page = await browser.get("/escalations?show=all&lang=cy")
    assert page.language == "cy"
    fields = [*page.form().fields, ("voice", MANAGER)]
    answer = await browser.send("/sign-in", fields)
    assert answer.headers["location"] == "/escalations?show=all&lang=cy"


async def test_a_form_for_signing_in_that_was_made_for_somebody_else_is_refused(pages: Pages) -> None:
    victim, attacker = pages.browser(), pages.browser()
    await victim.get("/sign-in")
    await attacker.get("/sign-in")
    fields = [*attacker.page.form().fields, ("voice", MANAGER)]
    assert (await victim.send("/sign-in", fields)).status_code == 403
    nobody = pages.browser()
    assert (await nobody.send("/sign-in", fields)).status_code == 403


async def test_with_the_broker_inside_no_other_name_of_this_machine_is_answered(pages: Pages) -> None:
    for host in ("desk.example", "127.0.0.1.evil.example", "evil.example:8475"):
        answer = await pages.browser(Host=host).client.get("/sign-in")
        assert answer.status_code == 421
    for host in ("localhost:8475", "127.0.0.1", "[::1]:8475"):
        assert (await pages.browser(Host=host).client.get("/sign-in")).status_code == 200


@pytest.mark.parametrize("host", ["[", "[::1", "", "a b", "]:x"])
async def test_a_name_that_is_none_is_refused_plainly(host: str, on_servers: Pages) -> None:
    answer = await on_servers.browser(Host=host).client.get("/sign-in")
    assert answer.status_code in {200, 400}
    assert answer.headers["x-frame-options"] == "DENY"


async def test_a_role_that_was_chosen_is_worth_nothing_once_the_desk_runs_on_servers(copy_of_ledger: Path) -> None:
    async with pages_over(copy_of_ledger) as inside:
        browser = await inside.as_role(MANAGER)
        secret = browser.client.cookies[SESSION]
    async with pages_over(copy_of_ledger, **ON_SERVERS) as outside:
        assert (await outside.browser(Cookie=f"{SESSION}={secret}").get("/escalations")).heading == "Sign in"


async def test_on_servers_every_name_is_answered(on_servers: Pages) -> None:
    assert (await on_servers.browser(Host="desk.example").client.get("/sign-in")).status_code == 200
