"""What every answer bears, address by address; and that nothing on a page comes from elsewhere or runs by itself."""

import re
from collections.abc import Mapping

import pytest
from starlette.routing import Route

from desk.access.rights import Action
from desk.pages.app import OF_THE_API, routes
from desk.pages.assets import address, assets
from tests.pages.conftest import ESTATES, Pages

ALWAYS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow",
}
OPEN = {
    "/", "/a/{token}", "/sign-in", "/sign-in/service", "/sign-in/back", "/sign-in/as", "/sign-in/typed",
    "/sign-in/ended", "/sign-out", "/signed-out", "/assets/{version}/{name}",
}  # fmt: skip
"""The addresses to which nobody need be signed in."""
ROUTES = [(method, one) for one in routes() for method in sorted(one.methods or ())]


def filled(route: Route) -> str:
    return route.path.replace("{token}", "none").replace("{version}", "0").replace("{name}", "desk.css")


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=lambda one: getattr(one, "path", one))
async def test_every_answer_bears_exactly_these_headers(method: str, route: Route, pages: Pages) -> None:
    for browser in (pages.browser(), await pages.as_role(ESTATES)):
        answer = await browser.client.request(method, filled(route))
        assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
        assert answer.headers["cache-control"] == "no-store"
        assert "Accept-Language" in answer.headers["vary"]
        assert answer.status_code < 500


@pytest.mark.parametrize("path", ["/nothing", "/escalations/nothing", "/assets/0/app.py", "/sign-in/", "/%00"])
async def test_what_is_not_there_is_a_page_that_says_so_with_every_header(path: str, pages: Pages) -> None:
    answer = await pages.browser().client.get(path)
    assert answer.status_code == 404
    assert "There is no such page here." in answer.text
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS


async def test_a_fault_of_ours_is_a_page_with_every_header_and_without_its_words(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("the secret of somebody")

    browser = await pages.as_role(ESTATES)
    monkeypatch.setattr("desk.pages.escalations.queries.escalations", breaks)
    answer = await browser.client.get("/escalations")
    assert answer.status_code == 500
    assert "secret of somebody" not in answer.text
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS


@pytest.mark.parametrize("path", OF_THE_API)
async def test_what_a_program_asks_for_in_vain_is_answered_as_before(path: str, pages: Pages) -> None:
    answer = await pages.browser().client.get(f"{path}/nothing-there")
    assert "text/html" not in answer.headers["content-type"]


def test_each_address_asks_for_exactly_one_right_but_those_that_need_nobody_signed_in() -> None:
    asked = {route.path for route in routes() if isinstance(getattr(route.endpoint, "action", None), Action)}
    assert asked | OPEN == {route.path for route in routes()}
    assert asked & OPEN == set()


async def test_no_page_holds_a_script_a_style_or_an_address_of_elsewhere(pages: Pages) -> None:
    line = (await pages.standing())[0]
    browser = await pages.as_role(ESTATES)
    declining = f"/escalations/decline?e={line.id}"
    for path in ("/sign-in", "/escalations?show=all", declining, pages.link(line), "/board", "/nights", "/nothing"):
        source = (await browser.get(path)).source
        assert not re.search(r"<script(?![^>]* src=\"/assets/)|<style|\sstyle=|\son[a-z]+=|javascript:", source), path
        assert not re.search(r"(?:src|href|action)=\"(?!/|#)", source), path
        assert {*re.findall(r"(?:src|href)=\"(/assets/[^\"]+)", source)} <= {address(name) for name in assets()}


async def test_every_file_is_kept_for_ever_under_an_address_that_changes_with_it(pages: Pages) -> None:
    client = pages.browser().client
    assert {"desk.css", "desk.js", "govuk-frontend.css", "govuk-frontend.js", "icon.svg", "start.js"} <= {*assets()}
    for name, asset in assets().items():
        plain = await client.get(address(name), headers={"Accept-Encoding": "identity"})
        small = await client.get(address(name), headers={"Accept-Encoding": "gzip"})
        assert plain.content == small.content == asset.content
        assert small.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (await client.get(f"/assets/old/{name}")).headers["cache-control"] == "no-store"


async def test_the_first_page_is_at_most_150_kilobytes_over_the_wire(pages: Pages) -> None:
    page = await pages.browser().get("/sign-in")
    wire = len(page.source.encode()) + sum(len(one.small) for one in assets().values())
    assert wire < 150_000


async def test_no_font_and_no_crest_of_the_government_is_shipped() -> None:
    for name, asset in assets().items():
        assert not re.search(rb"@font-face|GDS Transport|crest|url\(", asset.content, re.IGNORECASE), name
