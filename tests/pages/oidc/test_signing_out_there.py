"""Signing out ends the session here and at the service, and what ends there ends here."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk.access.oidc.provider import ENDED, Ending
from desk.pages import sessions
from desk.pages.cookies import SESSION
from models.tables import ApiAccessRow, DeskSessionRow
from tests.pages.conftest import HERE, ON_SERVERS, Pages, pages_over
from tests.pages.oidc.service import Person, Service, pass_by, way_on

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_signing_out_here_signs_out_at_the_service_too(desk: Pages, person: Person, service: Service) -> None:
    await person.sign_in("manager")
    secret = person.browser.client.cookies[SESSION]
    page = await person.browser.submit("/sign-out")
    assert (page.heading, "Sign out" in page.text) == ("To the sign-in service", False)
    assert (await desk.browser(Cookie=f"{SESSION}={secret}").get("/escalations")).heading == "Sign in"
    way = way_on(page)
    asked = parse_qs(urlsplit(way).query)
    assert way.startswith(service.issuer)
    assert asked["post_logout_redirect_uri"] == [f"{HERE}/signed-out"]
    assert asked["id_token_hint"][0].count(".") == 2, "so that the service knows whom it signs out"
    back = await person.sign_out_there(way)
    assert back == f"{HERE}/signed-out"
    page = await person.browser.get(back)
    assert page.heading == "You are signed out"
    assert "perhaps not of the sign-in service" not in page.text
    await person.browser.get("/sign-in")
    there = await person._there.get(await person.set_out(), follow_redirects=True)
    assert "The sign-in service" in there.text, "it asks anew who it is"


async def test_a_service_that_is_silent_keeps_nobody_from_signing_out_here(
    desk: Pages, person: Person, service: Service
) -> None:
    await person.sign_in("manager")
    desk.app.state.pages.state.sign_in_service._metadata_at = float("-inf")
    service.spoil("silent")
    page = await person.browser.submit("/sign-out")
    assert page.heading == "You are signed out"
    assert "perhaps not of the sign-in service" in page.text
    assert (await person.browser.get("/escalations")).heading == "Sign in"


async def test_signing_out_is_on_record(desk: Pages, person: Person) -> None:
    await person.sign_in("manager")
    await person.browser.submit("/sign-out")
    query = select(col(ApiAccessRow.key), col(ApiAccessRow.about)).where(col(ApiAccessRow.action) == "sign-out")
    async with desk.place.ledger.reading() as connection:
        [session] = (await connection.execute(select(col(DeskSessionRow.id)))).scalars()
        assert [tuple(row) for row in await connection.execute(query)] == [(f"session:{session}", f"session:{session}")]


async def test_nobody_is_signed_out_by_another_site(desk: Pages, person: Person) -> None:
    await person.sign_in("manager")
    assert (await person.browser.send("/sign-out", [("token", "x")])).status_code == 403
    assert (await person.browser.get("/escalations")).heading == "My escalations"


@pytest.fixture
def told(settings: pytest.MonkeyPatch) -> None:
    """The service tells the desk who signs out there."""
    settings.setenv("WORKORDERS_OIDC_BACK_CHANNEL", "true")


async def _logout_token(person: Person, service: Service) -> str:
    """The logout token that the provider itself sends when somebody signs out there."""
    await person.sign_out_there(f"{service.issuer}/session/end")
    return parse_qs(service.letter())["logout_token"][0]


async def test_whoever_signs_out_at_the_service_is_out_here(
    told: None, desk: Pages, person: Person, service: Service
) -> None:
    await person.sign_in("manager")
    other = Person(desk.browser(), service)
    await other.sign_in("manager")
    token = await _logout_token(person, service)
    answer = await desk.browser().client.post(ENDED, content=service.letter(), headers=FORM)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert (await person.browser.get("/escalations")).heading == "Sign in"
    assert (await other.browser.get("/escalations")).heading == "My escalations", "that was another session there"
    await person.sign_in("manager")
    pass_by(desk, 60)
    await person.sign_in("manager")
    assert (await desk.browser().send(ENDED, [("logout_token", token)])).status_code == 200
    assert (await person.browser.get("/escalations")).heading == "My escalations", "said again it ends nothing later"
    await other.close()


async def test_the_end_of_all_of_a_persons_sessions_ends_those_that_had_begun_by_then(
    desk: Pages, person: Person, service: Service
) -> None:
    await person.sign_in("manager")
    now = desk.place.wall.now()
    async with desk.place.ledger.database.writing() as connection:
        for subject, before_s, ended in (("manager", 60, 0), ("estates", 0, 0), ("manager", 0, 1)):
            ending = Ending(subject, None, now.timestamp() - before_s)
            assert len(await sessions.end_of(connection, service.issuer, ending, now)) == ended
    assert (await person.browser.get("/escalations")).heading == "Sign in"


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
async def test_a_sign_out_that_the_service_did_not_send_ends_nothing(
    token: str, told: None, desk: Pages, person: Person
) -> None:
    await person.sign_in("manager")
    assert (await desk.browser().send(ENDED, [("logout_token", token)])).status_code == 400
    assert (await person.browser.get("/escalations")).heading == "My escalations"


async def test_an_id_token_signs_nobody_out(told: None, desk: Pages, person: Person) -> None:
    await person.sign_in("manager")
    raw = parse_qs(urlsplit(way_on(await person.browser.submit("/sign-out"))).query)["id_token_hint"][0]
    await person.sign_in("manager")
    assert (await desk.browser().send(ENDED, [("logout_token", raw)])).status_code == 400
    assert (await person.browser.get("/escalations")).heading == "My escalations"


async def test_where_the_service_tells_nothing_there_is_no_such_page(desk: Pages) -> None:
    assert (await desk.browser().send(ENDED, [("logout_token", "a.b.c")])).status_code == 404


@pytest.mark.parametrize("options", [{}, ON_SERVERS], ids=["broker inside", "on servers"])
async def test_without_a_service_these_pages_are_missing(options: dict[str, str], copy_of_ledger: Path) -> None:
    async with pages_over(copy_of_ledger, **options) as pages:
        browser = pages.browser()
        await browser.get("/sign-in")
        fields = browser.page.forms[0].fields
        assert (await browser.send("/sign-in/service", fields)).status_code == 404
        for path in ("/sign-in/back?code=x&state=y", "/sign-in/as", "/sign-in/typed"):
            assert (await browser.client.get(path)).status_code == 404
        assert (await browser.get("/signed-out")).heading == "You are signed out"
