"""Signing in at a sign-in service: the whole way, as whom, where to, and with what was typed."""

import os
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk.access.oidc import pending
from desk.access.oidc.provider import BACK
from desk.access.rights import Holder
from desk.pages import sessions
from desk.pages.cookies import SESSION, SIGN_IN
from models.tables import ApiAccessRow, DeskSessionRow, DeskSignInRow
from tests.pages.conftest import ESTATES, MANAGER, ON_SERVERS, Pages, pages_over
from tests.pages.oidc.service import AP, CLIENT, Person, Service, Wall, environment, pass_by, serving, way_on
from tests.servers.fixtures import wanted

RTL = "\u202e<b>lock</b> broken"


async def test_somebody_signs_in_at_the_service_and_is_who_it_says(desk: Pages, person: Person) -> None:
    page = await person.browser.get("/escalations")
    assert page.heading == "Sign in"
    way = await person.set_out()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(way).query).items()}
    assert asked["response_type"] == "code"
    assert (asked["client_id"], asked["code_challenge_method"], asked["scope"]) == (CLIENT, "S256", "openid")
    assert min(len(asked["state"]), len(asked["nonce"]), len(asked["code_challenge"])) >= 43
    page = await person.come_back(await person.at_the_service(way, "manager"))
    assert (person.browser.status, page.heading) == (200, "My escalations")
    async with desk.place.ledger.reading() as connection:
        [row] = (await connection.execute(select(DeskSessionRow.__table__))).all()  # type: ignore[attr-defined]
        [access] = (await connection.execute(
            select(col(ApiAccessRow.key), col(ApiAccessRow.about)).where(col(ApiAccessRow.action) == "sign-in")
        )).all()  # fmt: skip
        left = (await connection.execute(select(DeskSignInRow.__table__))).all()  # type: ignore[attr-defined]
    assert f"{row.role}:{row.reach}:{row.of}" == MANAGER
    assert tuple(access) == ("oidc:manager", f"session:{row.id}")
    assert left == []
    assert SIGN_IN not in person.browser.client.cookies


async def test_whoever_has_several_roles_is_asked_as_whom(desk: Pages, person: Person) -> None:
    page = await person.sign_in("two", "/board")
    assert page.heading == "As whom do you want to act?"
    assert {*page.form("/sign-in/as").choices["voice"]} == {AP, ESTATES}
    page = await person.browser.submit("/sign-in/as", voice=MANAGER)
    assert (person.browser.status, page.title.startswith("Error")) == (422, True)
    page = await person.browser.submit("/sign-in/as", voice=ESTATES)
    assert page.heading == "What is outstanding"
    assert (await person.browser.get("/sign-in/as")).heading == "Sign in"


async def test_the_choice_of_a_role_cannot_be_made_by_another_browser_or_another_form(
    desk: Pages, person: Person
) -> None:
    await person.sign_in("two")
    fields = [(name, value) for name, value in person.browser.page.form("/sign-in/as").fields]
    stranger = desk.browser()
    assert (await stranger.send("/sign-in/as", [*fields, ("voice", AP)])).status_code == 403
    assert (await person.browser.send("/sign-in/as", [("token", "x"), ("voice", AP)])).status_code == 403


async def test_what_was_typed_before_a_session_ended_is_there_after_the_way_to_the_service_and_back(
    desk: Pages, person: Person
) -> None:
    await person.sign_in("manager")
    [one, *_] = [line for line in await desk.standing() if line.role == "provider-account-manager"]
    page = await person.browser.get(f"/escalations/decline?e={one.id}")
    async with desk.place.ledger.database.writing() as connection:
        await sessions.end_as(connection, "provider-account-manager", desk.place.wall.now())
    page = await person.browser.submit("/escalations/decline", reason=RTL, note="a note\nof two lines")
    assert "What you typed is kept" in page.text
    page = await person.come_back(await person.at_the_service(await person.set_out(), "manager"))
    assert page.heading == "Go on where you were"
    assert RTL.replace("<", "&lt;").replace(">", "&gt;") in page.source
    assert "<b>lock" not in page.source
    again = await person.browser.get("/sign-in/typed")
    assert RTL in again.text, "the page may be loaded anew"
    page = await person.browser.submit("/escalations/decline")
    assert page.heading == "1 answer is saved"


async def test_what_was_typed_is_in_the_ledger_only_sealed(desk: Pages, person: Person) -> None:
    await person.browser.get("/sign-in")
    await person.set_out(**{"kept.note": "a word that nobody else may read", "next": "/escalations/decline"})
    async with desk.place.ledger.reading() as connection:
        [row] = (await connection.execute(select(DeskSignInRow.__table__))).all()  # type: ignore[attr-defined]
    secret = person.browser.client.cookies[SIGN_IN]
    assert b"nobody else" not in row.sealed
    assert secret.encode() not in row.sealed
    assert secret not in row.hash


async def test_what_is_too_long_to_be_kept_is_not_lost_but_said(desk: Pages, person: Person) -> None:
    await person.browser.get("/sign-in")
    long = "x" * (pending.LARGEST + 1)
    page = await person.browser.submit("/sign-in/service", **{"kept.note": long, "next": "/escalations/decline"})
    assert person.browser.status == 422
    assert "too long to be kept" in page.text
    assert long in page.source


@pytest.mark.parametrize(
    "onward", ["https://evil.example/", "//evil.example", "/\\evil.example", "/sign-out", "/signed-out"]
)
async def test_the_way_back_leads_to_no_other_site(onward: str, desk: Pages, person: Person) -> None:
    await person.browser.get("/sign-in")
    fields = [(name, value) for name, value in person.browser.page.form("/sign-in/service").fields if name != "next"]
    await person.browser.post("/sign-in/service", [*fields, ("next", onward)])
    back = await person.at_the_service(way_on(person.browser.page), "manager")
    answer = await person.browser.client.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/escalations")


async def test_the_session_is_a_fresh_one_whatever_cookie_the_browser_had(desk: Pages, person: Person) -> None:
    planted = "planted" * 7
    person.browser.client.cookies.set(SESSION, planted, domain="127.0.0.1")
    await person.sign_in("manager")
    now = {one.value for one in person.browser.client.cookies.jar if one.name == SESSION}
    assert (await desk.browser(Cookie=f"{SESSION}={planted}").get("/escalations")).heading == "Sign in"
    assert now - {planted}


async def test_signing_in_anew_ends_the_session_before(desk: Pages, person: Person) -> None:
    await person.sign_in("manager")
    before = person.browser.client.cookies[SESSION]
    await person.sign_in("estates")
    assert (await desk.browser(Cookie=f"{SESSION}={before}").get("/escalations")).heading == "Sign in"


async def test_a_session_ends_with_the_proof_of_who_it_is(desk: Pages, person: Person, service: Service) -> None:
    service.spoil("soon over")
    await person.sign_in("manager")
    assert (await person.browser.get("/escalations")).heading == "My escalations"
    pass_by(desk, 600)
    assert (await person.browser.get("/escalations")).heading == "Sign in"


async def test_keys_come_second_and_can_be_switched_off(
    desk: Pages, person: Person, settings: pytest.MonkeyPatch, copy_of_ledger: Path
) -> None:
    desk.place.wall = desk.clock  # by which the key ends
    key = await desk.key(Holder.ESTATES, "estates-desk")
    page = await person.browser.get("/sign-in")
    assert [one.action for one in page.forms] == ["/sign-in/service", "/sign-in"]
    await person.browser.submit("/sign-in", key=key)
    assert person.browser.page.heading == "My escalations"
    settings.setenv("WORKORDERS_OIDC_KEYS", "false")
    async with pages_over(copy_of_ledger, **ON_SERVERS) as without:
        browser = without.browser(Cookie=f"{SESSION}={person.browser.client.cookies[SESSION]}")
        page = await browser.get("/escalations")
        assert [one.action for one in page.forms] == ["/sign-in/service"], "nor does a session that a key began"
        stranger = without.browser()
        page = await stranger.get("/sign-in")
        fields = [*page.form("/sign-in/service").fields, ("key", key)]
        assert (await stranger.send("/sign-in", fields)).status_code == 403


async def test_a_session_of_a_service_opens_nothing_once_the_desk_trusts_another_or_none(
    desk: Pages, person: Person, settings: pytest.MonkeyPatch, copy_of_ledger: Path
) -> None:
    await person.sign_in("manager")
    cookie = f"{SESSION}={person.browser.client.cookies[SESSION]}"
    async with pages_over(copy_of_ledger, **ON_SERVERS) as same:
        same.place.wall = desk.place.wall
        assert (await same.browser(Cookie=cookie).get("/escalations")).heading == "My escalations"
    settings.setenv("WORKORDERS_OIDC_ISSUER", "https://another.example")
    async with pages_over(copy_of_ledger, **ON_SERVERS) as other:
        other.place.wall = desk.place.wall
        assert (await other.browser(Cookie=cookie).get("/escalations")).heading == "Sign in"
    for name in [one for one in os.environ if one.startswith("WORKORDERS_OIDC_")]:
        settings.delenv(name)
    async with pages_over(copy_of_ledger, **ON_SERVERS) as none:
        none.place.wall = desk.place.wall
        assert (await none.browser(Cookie=cookie).get("/escalations")).heading == "Sign in"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "no value of its claim roles begins with workorders:"),
        ("unknown", "a role that this desk does not know: emperor:division:division"),
        ("both-sides", "roles on two sides of the contract"),
        ("html", "does not know: <script>alert(1)</script>"),
        ("stranger", "its claim roles is missing"),
    ],
)
async def test_claims_that_name_nobody_or_too_much_give_no_session_and_a_plain_sentence(
    name: str, said: str, desk: Pages, person: Person
) -> None:
    page = await person.sign_in(name)
    assert (person.browser.status, page.heading) == (403, "Sign in")
    assert said in page.text
    assert "<script>alert" not in page.source
    assert (await person.browser.get("/escalations")).heading == "Sign in"


async def test_claims_that_cannot_be_read_give_no_session(desk: Pages, person: Person, service: Service) -> None:
    service.spoil("a role that is a number")
    page = await person.sign_in("manager")
    assert "its claim roles must be a text or a list of texts" in page.text


async def test_whoever_declines_at_the_service_is_told_and_loses_nothing(desk: Pages, person: Person) -> None:
    await person.browser.get("/sign-in")
    way = await person.set_out(**{"kept.note": "what was typed", "next": "/escalations/decline"})
    page = await person.come_back(await person.at_the_service(way, ""))
    assert (person.browser.status, "ended or declined there" in page.text) == (403, True)
    assert "what was typed" in page.source


async def test_the_way_back_is_good_once_and_for_some_minutes(desk: Pages, person: Person) -> None:
    await person.sign_in("manager")
    page = await person.browser.get(person.landed)
    assert (person.browser.status, "Begin again" in page.text) == (403, True)
    await person.browser.get("/sign-in")
    late = await person.at_the_service(await person.set_out(), "estates")
    pass_by(desk, (pending.LASTS + timedelta(seconds=1)).total_seconds())
    await person.come_back(late)
    assert person.browser.status == 403


async def test_a_way_back_that_somebody_copied_with_its_cookie_is_good_once(desk: Pages, person: Person) -> None:
    await person.browser.get("/sign-in")
    way = await person.at_the_service(await person.set_out(), "manager")
    thief = desk.browser(Cookie=f"{SIGN_IN}={person.browser.client.cookies[SIGN_IN]}")
    assert (await person.come_back(way)).heading == "My escalations"
    page = await thief.get(way)
    assert (thief.status, "Begin again" in page.text) == (403, True), "the service is not even asked"


async def test_the_way_back_is_good_only_in_the_browser_that_began(desk: Pages, person: Person) -> None:
    attacker, victim = person, desk.browser()
    await attacker.browser.get("/sign-in")
    way = await attacker.at_the_service(await attacker.set_out(), "manager")
    await victim.get(way)
    assert victim.status == 403, "nobody is signed in as somebody else by a link"
    await victim.get("/sign-in")
    await victim.submit("/sign-in/service")
    await victim.get(way)
    assert victim.status == 403, "nor while they sign in themselves"
    assert (await attacker.come_back(way)).heading == "My escalations", "and whoever began may still go on"


@pytest.mark.parametrize(
    "change", ["state=x", "state=", "state={state}&state=x", "iss=https://elsewhere.example", "no iss"]
)
async def test_a_way_back_that_was_tampered_with_is_refused(change: str, desk: Pages, person: Person) -> None:
    await person.browser.get("/sign-in")
    way = urlsplit(await person.at_the_service(await person.set_out(), "manager"))
    said = {name: values[0] for name, values in parse_qs(way.query).items()}
    name, _, value = change.partition("=")
    if change == "no iss":
        said.pop("iss")
    query = "&".join(f"{one}={text}" for one, text in said.items() if one != name)
    query += "" if change == "no iss" else f"&{name}={value.format(state=said['state'])}"
    answer = await person.browser.client.get(f"{BACK}?{query}")
    assert answer.status_code == 403
    assert SESSION not in person.browser.client.cookies


@pytest.mark.parametrize("secret", ["", "x", "x" * 43, "x" * 5_000, "%00", "' OR 1=1 --"])
async def test_a_cookie_of_a_sign_in_that_was_made_up_is_refused(secret: str, desk: Pages, person: Person) -> None:
    await person.browser.get("/sign-in")
    way = await person.at_the_service(await person.set_out(), "manager")
    stranger = desk.browser(Cookie=f"{SIGN_IN}={secret}")
    await stranger.get(way)
    assert stranger.status == 403
    assert (await stranger.get("/sign-in/as")).heading == "Sign in"
    assert (await stranger.get("/sign-in/typed")).heading == "Sign in"


async def test_a_form_of_another_browser_begins_no_sign_in(desk: Pages, person: Person) -> None:
    attacker = desk.browser()
    await attacker.get("/sign-in")
    await person.browser.get("/sign-in")
    fields = attacker.page.form("/sign-in/service").fields
    assert (await person.browser.send("/sign-in/service", fields)).status_code == 403
    assert SIGN_IN not in person.browser.client.cookies


async def test_the_cookie_of_a_sign_in_is_for_no_script_and_ends_by_itself(desk: Pages, person: Person) -> None:
    await person.browser.get("/sign-in")
    answer = await person.browser.send("/sign-in/service", person.browser.page.form("/sign-in/service").fields)
    [cookie] = [one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{SIGN_IN}=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=900"} <= set(cookie.split("; "))


async def test_groups_of_any_name_can_be_given_a_voice_by_a_file_and_the_secret_may_go_in_the_form(
    copy_of_ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = tmp_path / "roles.toml"
    roles.write_text('[roles]\n"managers" = "ldu-head:ldu:west"\n', encoding="utf-8")
    with ExitStack() as stack:
        service = wanted(lambda: stack.enter_context(serving(tmp_path, auth="client_secret_post")))
        given = environment(service, ROLES=str(roles), MARKED="west-", CLIENT_AUTH="post", BACK_CHANNEL="true")
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        async with pages_over(copy_of_ledger, **ON_SERVERS) as desk:
            desk.place.wall = Wall()
            person = Person(desk.browser(), service)
            assert (await person.sign_in("by-group")).heading == "My escalations"
            pass_by(desk, 3_000)
            await person.browser.get("/escalations")
            pass_by(desk, 3_000)
            page = await person.browser.get("/escalations")
            assert page.heading == "My escalations", "what the service ends it tells, so a session outlives its token"
            async with desk.place.ledger.reading() as connection:
                [row] = (await connection.execute(select(DeskSessionRow.__table__))).all()  # type: ignore[attr-defined]
            assert f"{row.role}:{row.reach}:{row.of}" == "ldu-head:ldu:west"
            await person.close()
