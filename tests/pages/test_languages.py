"""Every page in both languages, by the address, the choice before it, or what the browser prefers."""

import pytest

from desk.pages.rendering import known
from desk.words import in_language
from tests.pages.conftest import ESTATES, HERE, Pages

PLACES = ("/sign-in", "/escalations", "/escalations?show=all", "/nothing")


@pytest.mark.parametrize("place", PLACES)
async def test_the_toggle_keeps_the_place_and_the_choice_lasts(place: str, pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get(place)
    assert page.language == "en"
    page = await browser.get(page.links["Cymraeg"])
    assert page.language == "cy"
    assert (await browser.get(place)).language == "cy"
    back = (await browser.get(place)).links["English"]
    assert back == place + ("&" if "?" in place else "?") + "lang=en"
    assert (await browser.get(back)).language == "en"


@pytest.mark.parametrize(
    ("asked", "language"), [("cy", "cy"), ("cy-GB,en;q=0.5", "cy"), ("fr, en;q=0.1", "en"), ("", "en"), ("*", "en")]
)
async def test_without_a_choice_the_browser_s_preference_counts(asked: str, language: str, pages: Pages) -> None:
    page = await pages.browser(**{"Accept-Language": asked}).get("/sign-in")
    assert page.language == language


@pytest.mark.parametrize("asked", ["fr", "", "cy' OR 1", "CY\r\nSet-Cookie: x=y"])
async def test_a_language_that_there_is_not_changes_nothing(asked: str, pages: Pages) -> None:
    answer = await pages.browser().client.get("/sign-in", params={"lang": asked})
    assert '<html lang="en"' in answer.text
    assert "lang=" not in "".join(answer.headers.get_list("set-cookie"))


def test_what_has_no_translation_is_marked_as_english_and_is_text() -> None:
    with in_language("cy"):
        assert known("Never heard <b>of</b>") == '<span lang="en">Never heard &lt;b&gt;of&lt;/b&gt;</span>'
    with in_language("en"):
        assert known("<b>") == "&lt;b&gt;"
        assert known(None) == ""


@pytest.mark.parametrize("path", ["//evil.example/x", "///evil.example", "/%09/evil.example"])
async def test_the_other_language_of_no_page_at_all_leads_to_no_other_site(path: str, pages: Pages) -> None:
    browser = pages.browser()
    page = await browser.get(f"{HERE}{path}")
    assert browser.status == 404
    there = page.links["Cymraeg"]
    assert there.startswith("/")
    assert not there.startswith(("//", "/\t"))
