"""What a sign-in service sends is believed only if it is its own, for this desk, now, and for this sign-in."""

import asyncio

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk.access.oidc.provider import KEYS_ANEW_S, KNOWN_FOR_S, NOT_ASKED_S, Provider
from desk.pages.cookies import SESSION
from models.tables import ApiAccessRow, DeskSessionRow
from streams.clock import monotonic
from tests.pages.conftest import Pages
from tests.pages.oidc.service import Person, Service

FORGED = {
    "expired": "it has expired",
    "from the future": "it comes from the future",
    "for another program": "made for another program",
    "for another program, asked for by us": "made for another program",
    "for us and another": "made for another program",
    "for us and another, nobody named": "made for another program",
    "by another service": "or by another service",
    "for another sign-in": "made for another sign-in",
    "without a nonce": "made for another sign-in",
    "without an end": "it is not whole",
    "an end that is no time": "it is not whole",
    "of another code": "it is not whole",
    "without a person": "it is not whole",
    "a name with a line break": "it is not whole",
    "signed by a stranger": "not signed by a key of the service",
    "signed by an unknown key": "not signed by a key of the service",
    "unsigned": "not signed by a key of the service",
    "signed by our secret": "not signed by a key of the service",
    "signed by the public key": "not signed by a key of the service",
    "changed on its way": "not signed by a key of the service",
    "no token at all": "not signed by a key of the service",
}


@pytest.mark.parametrize("how", FORGED)
async def test_a_proof_that_does_not_hold_signs_nobody_in_and_the_page_says_why(
    how: str, desk: Pages, person: Person, service: Service
) -> None:
    service.spoil(how)
    page = await person.sign_in("manager")
    assert (person.browser.status, page.heading) == (403, "Sign in")
    assert FORGED[how] in page.text
    assert SESSION not in person.browser.client.cookies
    async with desk.place.ledger.reading() as connection:
        assert (await connection.execute(select(DeskSessionRow.__table__))).all() == []  # type: ignore[attr-defined]
        query = select(col(ApiAccessRow.code)).where(col(ApiAccessRow.action) == "sign-in")
        assert list((await connection.execute(query)).scalars()) == ["not-proven"]


def _provider(desk: Pages) -> Provider:
    found: Provider = desk.app.state.pages.state.sign_in_service
    return found


async def test_a_fresh_key_of_the_service_is_asked_for_but_not_again_and_again(
    desk: Pages, person: Person, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = 0.0
    asked: list[str] = []
    provider = _provider(desk)
    provider.tick = lambda: monotonic() + ahead
    one = provider._asked

    async def counted(method: str, address: str, *rest: object) -> object:
        asked.append(address.rpartition("/")[2])
        return await one(method, address, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(provider, "_asked", counted)
    assert (await person.sign_in("manager")).heading == "My escalations"
    service.change_keys()
    assert "not signed by a key" in (await person.sign_in("manager")).text, "a moment later it is not asked again"
    ahead = KEYS_ANEW_S + 1
    assert (await person.sign_in("manager")).heading == "My escalations"
    assert asked.count("jwks") == 2
    service.spoil("signed by an unknown key")
    ahead += KEYS_ANEW_S + 1
    for _ in range(2):
        await person.sign_in("manager")
    assert asked.count("jwks") == 3, "whoever sends unknown keys does not make us ask each time"
    service.spoil("")
    ahead += KNOWN_FOR_S
    before = len(asked)
    await person.sign_in("manager")
    assert {"openid-configuration", "jwks"} <= {*asked[before:]}, "what is known grows old"


@pytest.mark.parametrize("how", ["endpoints elsewhere", "another issuer", "too much"])
async def test_what_the_service_says_of_itself_is_believed_of_its_own_host_only(
    how: str, desk: Pages, person: Person, service: Service
) -> None:
    service.spoil(how)
    await person.browser.get("/sign-in")
    page = await person.browser.submit("/sign-in/service")
    assert (person.browser.status, "does not answer just now" in page.text) == (503, True)


async def test_a_service_that_hangs_is_waited_for_only_so_long_and_nothing_typed_is_lost(
    desk: Pages, person: Person, service: Service
) -> None:
    service.spoil("silent")
    await person.browser.get("/sign-in")
    before = monotonic()
    fields = {"kept.note": "what was typed", "next": "/escalations/decline"}
    page = await person.browser.submit("/sign-in/service", **fields)
    first = monotonic() - before
    assert (person.browser.status, "or sign in with a key" in page.text) == (503, True)
    assert "what was typed" in page.source
    for _ in range(5):
        await person.browser.submit("/sign-in/service", **fields)
    assert first < 5
    assert monotonic() - before < first + 2, "whoever comes a moment later does not wait for it too"
    service.spoil("")
    _provider(desk).tick = lambda: monotonic() + NOT_ASKED_S
    page = await person.browser.submit("/sign-in/service", **fields)
    assert page.heading == "To the sign-in service"


async def test_a_service_that_goes_silent_before_the_way_back_is_said_plainly(
    desk: Pages, person: Person, service: Service
) -> None:
    await person.browser.get("/sign-in")
    way = await person.set_out(**{"kept.note": "what was typed", "next": "/escalations/decline"})
    back = await person.at_the_service(way, "manager")
    service.spoil("silent")
    async with asyncio.timeout(6):
        page = await person.come_back(back)
    assert (person.browser.status, "does not answer just now" in page.text) == (503, True)
    assert "what was typed" in page.source


async def test_a_service_that_is_down_keeps_nobody_from_a_key(
    desk: Pages, person: Person, settings: pytest.MonkeyPatch
) -> None:
    provider = _provider(desk)
    provider.settings = provider.settings.model_copy(update={"issuer": "http://127.0.0.1:1"})
    await person.browser.get("/sign-in")
    page = await person.browser.submit("/sign-in/service")
    assert (person.browser.status, page.heading) == (503, "Sign in")
    assert "/sign-in" in [one.action for one in page.forms]
