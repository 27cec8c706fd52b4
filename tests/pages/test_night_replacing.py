"""A typed reference takes nobody's place unasked: who stands under it is shown, and replacing them must be ticked."""

from typing import Any

import pytest

from tests.pages.conftest import Browser, Pages
from tests.pages.reading import Read
from tests.pages.test_night import AP_MANAGER, REFERENCE, TONIGHT, confirm, said, the_form, typed_in

WHO = "The agency, 22:00 to 08:00: Confirmed"
SAYS = {
    "confirm": ("confirmed", {"supplier": "own"}), "contingency": ("contingency-arranged", {"cost": "5"}),
}  # fmt: skip


async def standing(pages: Pages) -> Browser:
    """A manager's browser; agency-7 stands from ten."""
    browser = await pages.as_role(AP_MANAGER)
    assert (await confirm(browser, "agency-7", starts="22:00")).heading.startswith("The person is confirmed")
    await pages.clock.advance(60)
    return browser


async def say(browser: Browser, name: str, ref: str, **more: str) -> Read:
    await browser.get(f"{TONIGHT}/{name}")
    return await browser.submit(f"{TONIGHT}/{name}", cover_ref=ref, **{**SAYS[name][1], **more})


async def box(browser: Browser) -> str:
    """What the box is called by which somebody is replaced."""
    [tick] = the_form(browser).choices["replace"]
    return tick


async def data_of(pages: Pages, name: str) -> list[dict[str, Any]]:
    return [one["data"] for one in await said(pages, SAYS[name][0])]


@pytest.mark.parametrize("ref", ["agency-7", "AGENCY-7", "agency -7", " Agency- 7 "])
@pytest.mark.parametrize("name", ["confirm", "contingency"])
async def test_nobody_is_replaced_until_it_is_ticked_and_then_under_the_reference_that_stands(
    name: str, ref: str, pages: Pages
) -> None:
    browser = await standing(pages)
    before = await data_of(pages, name)
    page = await say(browser, name, ref)
    assert (browser.status, page.title.startswith("Error: ")) == (422, True)
    question = (
        f"Somebody stands under agency-7 already ({WHO}). Saying it again replaces them: tick that you mean that, or "
        "write another reference"
    )
    assert page.links[question] == "#cover_ref"
    assert f"agency-7 : {WHO}" in page.text
    assert typed_in(browser)["cover_ref"] == ref.strip()
    await browser.submit(f"{TONIGHT}/{name}")
    assert browser.status == 422, "not ticked"
    assert await data_of(pages, name) == before
    page = await browser.submit(f"{TONIGHT}/{name}", replace=await box(browser))
    assert (browser.status, bool(REFERENCE.search(page.text))) == (200, True)
    assert [one["cover_ref"] for one in await data_of(pages, name)] == [
        *(one["cover_ref"] for one in before),
        "agency-7",
    ]
    page = await browser.get(f"{TONIGHT}/withdraw")
    assert page.form(f"{TONIGHT}/withdraw").choices["cover_ref"] == ["agency-7"], "one person, not two"


async def test_a_box_replaces_only_the_place_that_was_shown_beside_it(pages: Pages) -> None:
    browser = await standing(pages)
    await confirm(browser, "own-7", supplier="own")
    await say(browser, "confirm", "agency-7")
    ticked = await box(browser)
    page = await browser.submit(f"{TONIGHT}/confirm", cover_ref="own-7", replace=ticked)
    assert (browser.status, "Somebody stands under own-7 already" in page.text) == (422, True)
    other = await pages.as_role(AP_MANAGER)
    await say(other, "confirm", "agency-7")
    await other.submit(f"{TONIGHT}/confirm", replace=await box(other))
    assert other.status == 200
    page = await browser.submit(f"{TONIGHT}/confirm", cover_ref="agency-7", replace=ticked)
    assert (browser.status, "Own staff, 20:00 to 08:00: Confirmed" in page.text) == (422, True), "it is another by now"
    assert await box(browser) not in dict(the_form(browser).fields).values(), "so it is not ticked for them"


async def test_a_ticked_box_stays_ticked_while_something_else_is_asked_for_again(pages: Pages) -> None:
    browser = await standing(pages)
    await say(browser, "contingency", "agency-7")
    ticked = await box(browser)
    await browser.submit(f"{TONIGHT}/contingency", replace=ticked, cost="free")
    assert (browser.status, typed_in(browser)["replace"]) == (422, ticked)
    assert "Somebody stands under" not in browser.page.text
    await browser.submit(f"{TONIGHT}/contingency", cost="5")
    assert browser.status == 200


@pytest.mark.parametrize("ref", ["agency-8", "Agency-8"])
async def test_the_same_form_that_comes_again_is_not_asked_whom_it_replaces(ref: str, pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(f"{TONIGHT}/confirm")
    form = the_form(browser)
    fields = [*((n, v) for n, v in form.fields if n != "cover_ref"), ("cover_ref", ref), ("supplier", "own")]
    first, again = [await browser.post(form.action, fields) for _ in range(2)]
    assert REFERENCE.findall(first.text) == REFERENCE.findall(again.text) != []
    await say(browser, "confirm", "AGENCY-8")
    form = the_form(browser)
    fields = [*((n, v) for n, v in form.fields if n != "replace"), ("replace", await box(browser))]
    await pages.clock.advance(60)
    first, again = [await browser.post(form.action, fields) for _ in range(2)]
    assert REFERENCE.findall(first.text) == REFERENCE.findall(again.text) != []
    assert [one["cover_ref"] for one in await data_of(pages, "confirm")] == [ref, ref]


async def test_whoever_was_withdrawn_may_be_confirmed_again_without_a_question(pages: Pages) -> None:
    browser = await standing(pages)
    await browser.get(f"{TONIGHT}/withdraw")
    await browser.submit(f"{TONIGHT}/withdraw", cover_ref="agency-7")
    await pages.clock.advance(60)
    assert (await say(browser, "confirm", "agency-7")).heading.startswith("The person is confirmed")


async def test_withdrawing_somebody_who_is_withdrawn_already_says_so_and_nothing_more(pages: Pages) -> None:
    browser, other = await standing(pages), await pages.as_role(AP_MANAGER)
    for one in (browser, other):
        await one.get(f"{TONIGHT}/withdraw?person=agency-7")
    await browser.submit(f"{TONIGHT}/withdraw")
    page = await other.submit(f"{TONIGHT}/withdraw")
    assert (other.status, page.title.startswith("Error: ")) == (422, True)
    assert page.links["This person\u2019s place has ended already: Withdrawn"] == "#cover_ref"
    assert len(await said(pages, "withdrawn")) == 1


async def test_the_question_is_welsh_in_welsh(pages: Pages) -> None:
    await standing(pages)
    browser = await pages.as_role(AP_MANAGER, **{"Accept-Language": "cy"})
    page = await say(browser, "confirm", "agency-7")
    assert (page.language, browser.status) == ("cy", 422)
    for english in ("Somebody stands", "Replace them", "replaces"):
        assert english not in page.text
    assert "Cymryd lle'r person hwnnw" in page.text
