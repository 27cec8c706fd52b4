"""Search: references as they were heard, places, and what was said; never beyond reach, and never without saying so."""

import re

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk.views import found_orders, found_text
from desk.views.found_orders import spellings
from models.tables import ApiAccessRow
from streams.ledger.incoming import Incoming
from tests.desk.small_ledger import ENDS, event
from tests.pages.conftest import ESTATES, MANAGER, Browser, Pages
from tests.pages.reading import Read

AP_MANAGER = "ap-manager:premises:ap-bryn-awel"
AGENCY = "agency-account-manager:provider:"
REFERENCE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b")
RIGHT_TO_LEFT = "\u202e<b onload=alert(1)>wedged</b> \u05d0\u05d1\u05d2"
LOCK = {"asset": "entry-lock", "fault": "damaged", "impacts": [], "alternative_available": True}


async def look(browser: Browser, q: str, **more: str) -> Read:
    answer = await browser.client.get("/search", params={"q": q, **more})
    return browser._seen(answer)


def found(page: Read) -> str:
    """The results alone, as text."""
    return page.source.partition('id="results"')[2].partition("</main>")[0]


async def raised(pages: Pages, subject: str, premises: str, **said: object) -> None:
    """One more order, raised by the managers of approved premises."""
    data = {**LOCK, **said}
    raw = event("ap-managers", "work-order.raised", subject, premises, data, ENDS.isoformat(), f"raised-{subject}")
    await pages.place.ledger.take([Incoming("work-orders", premises.encode(), raw)], ENDS, pages.place.world)


@pytest.mark.parametrize("q", ["WO-1", "wo-1", " wo 1 ", "Wo1", "wo - 1"])
async def test_an_order_is_found_by_its_reference_as_it_was_heard(q: str, pages: Pages) -> None:
    page = await look(await pages.as_role(ESTATES), q)
    assert "1 result" in page.text
    assert page.links["WO-1"] == "/orders/ap-bryn-awel/WO-1"
    assert "its reference" in page.text


def test_look_alikes_of_our_own_references_are_forgiven() -> None:
    assert "WO-10a0f1b2c3d4" in spellings("wo lOa0 fIb2 c3d4")
    assert spellings("S 123")[:1] == ["S 123"]


@pytest.mark.parametrize("q", ["48213", "48 213", "482"])
async def test_an_order_is_found_by_its_digits_alone(q: str, pages: Pages) -> None:
    await raised(pages, "WO-48213", "ap-bryn-awel")
    assert "WO-48213" in (await look(await pages.as_role(ESTATES), q)).links
    assert "WO-48213" not in (await look(await pages.as_role(ESTATES), "213")).links


async def test_orders_are_found_by_the_beginning_of_their_references(pages: Pages) -> None:
    for n in range(found_orders.MOST + 3):
        await raised(pages, f"AB-7{n:02}", "ap-bryn-awel")
    page = await look(await pages.as_role(ESTATES), "ab-7")
    assert page.source.count("desk-found__line") == found_orders.MOST
    assert "There are more than are shown here." in page.text
    assert "its reference begins so" in page.text


@pytest.mark.parametrize("q", ["N-1", "n-1", "N 1"])
async def test_an_order_is_found_by_what_its_contractor_calls_it(q: str, pages: Pages) -> None:
    page = await look(await pages.as_role(ESTATES), q)
    assert "WO-1" in page.links
    assert "the contractor's reference" in page.text


async def test_what_was_said_is_found_by_its_reference_for_the_telephone_however_it_is_written(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get("/missing")
    page = await browser.submit("/missing", night="2026-01-14")
    reference = REFERENCE.findall(page.text)[0]
    for heard in (reference, reference.lower().replace("-", " "), reference.replace("0", "o").replace("1", "l")):
        page = await look(browser, heard)
        assert "1 result" in page.text
        assert page.links["Night of Wednesday 14 January 2026"] == "/nights/ap-bryn-awel/2026-01-14"
    wrong = reference[:-1] + ("A" if reference[-1] != "A" else "B")
    page = await look(browser, wrong)
    assert "a symbol of it must be wrong" in page.text
    elsewhere = await look(await pages.as_role("ap-manager:premises:ap-ty-derwen"), reference)
    unknown = await look(await pages.as_role("ap-manager:premises:ap-ty-derwen"), "0000-0000-0000-0")
    assert found(elsewhere).replace(reference, "") == found(unknown).replace("0000-0000-0000-0", "")


@pytest.mark.parametrize("q", ["Tŷ Derwen", "ty derwen", "TY DER", "ap-ty-derwen"])
async def test_premises_are_found_by_name_and_id_whatever_their_accents(q: str, pages: Pages) -> None:
    page = await look(await pages.as_role(ESTATES), q)
    assert page.links["Outstanding repairs, Tŷ Derwen"] == "/orders?premises=ap-ty-derwen"
    assert page.links["Nights, Tŷ Derwen"] == "/nights?premises=ap-ty-derwen"


@pytest.mark.parametrize("q", ["wedged", "DOOR wedged", "lock", "cloi", "entry wedged"])
async def test_open_repairs_are_found_by_what_was_said_and_by_what_is_broken_in_both_languages(
    q: str, pages: Pages
) -> None:
    page = await look(await pages.as_role(ESTATES), q)
    assert "WO-1" in page.links
    assert "The door is wedged shut." in page.text
    assert "WO-1" not in (await look(await pages.as_role(ESTATES), f"{q} elephant")).links


async def test_whoever_reads_a_note_by_searching_is_on_record(pages: Pages) -> None:
    await look(await pages.as_role(ESTATES), "wedged")
    async with pages.place.ledger.reading() as connection:
        lines = (await connection.execute(select(col(ApiAccessRow.about)))).scalars().all()
    assert "WO-1" in lines


async def test_it_is_said_when_not_every_repair_was_looked_through_and_a_place_can_be_chosen(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(4):
        await raised(pages, f"X-{n}", "ap-ty-derwen", note="squeaks")
    browser = await pages.as_role(ESTATES)
    page = await look(browser, "squeaks")
    assert "Words were looked for in" not in page.text
    assert page.source.count("desk-found__line") == 4
    monkeypatch.setattr(found_text, "LOOKED_THROUGH", 2)
    page = await look(browser, "squeaks")
    assert "Words were looked for in 2 outstanding repairs only" in page.text
    monkeypatch.setattr(found_text, "LOOKED_THROUGH", 4)
    page = await look(browser, "wedged", premises="ap-bryn-awel")
    assert "WO-1" in page.links
    assert "Words were looked for in" not in page.text


async def test_nothing_beyond_reach_is_found_and_the_answer_is_that_for_what_there_is_not(pages: Pages) -> None:
    await raised(pages, "TD-1", "ap-ty-derwen", note="zebra", contractor_reference="ZZ-9")
    everybody, mine = await pages.as_role(ESTATES), await pages.as_role(MANAGER)
    for q in ("TD-1", "TD-", "ZZ-9", "zebra", "ap-ty-derwen"):
        assert "1 result" in (await look(everybody, q)).text, q
        assert "Nothing was found" in (await look(mine, q)).text, q
    other = [await look(mine, "x", premises=one) for one in ("ap-ty-derwen", "ap-nowhere")]
    assert {one.text for one in other} == {other[0].text}
    assert mine.status == 422


async def test_whoever_may_not_read_orders_finds_places_and_no_order(pages: Pages) -> None:
    agency = next(one for one in (await pages.browser().get("/sign-in")).form().choices["voice"] if AGENCY in one)
    browser = await pages.as_role(agency)
    assert "Nothing was found" in (await look(browser, "WO-1")).text
    assert "Nothing was found" in (await look(browser, "wedged")).text
    everywhere = await look(browser, "a")
    assert "Nights, " in everywhere.text
    assert "Outstanding repairs" not in everywhere.text


@pytest.mark.parametrize("q", ["%", "_", "' OR 1=1 --", "\x00", "\x00\x07", "<script>", RIGHT_TO_LEFT, "🜏", "\\", '"'])
async def test_whatever_is_typed_is_only_text(q: str, pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await look(browser, q)
    assert browser.status == 200
    assert "WO-2" not in page.text
    assert "<script>" not in page.source
    assert "<b onload" not in page.source
    assert "\u202e" not in page.source


async def test_a_note_with_html_and_right_to_left_text_is_shown_as_text(pages: Pages) -> None:
    await raised(pages, "RL-1", "ap-bryn-awel", note=RIGHT_TO_LEFT)
    page = await look(await pages.as_role(ESTATES), "onload")
    assert "&lt;b onload=alert(1)&gt;wedged" in page.source
    assert "<b onload" not in page.source
    assert 'desk-typed desk-said">' in page.source


async def test_too_much_is_said_to_be_too_much_and_kept(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await look(browser, "x" * 101)
    assert (browser.status, page.title.startswith("Error: ")) == (422, True)
    assert dict(page.form("/search").fields)["q"] == "x" * 101


async def test_the_search_box_is_on_every_page_of_whoever_is_signed_in(pages: Pages) -> None:
    stranger = await pages.browser().get("/sign-in")
    assert not [one for one in stranger.forms if one.action == "/search"]
    for voice in (ESTATES, MANAGER, AP_MANAGER):
        page = await (await pages.as_role(voice)).get("/escalations")
        [box] = [one for one in page.forms if one.action == "/search"]
        assert (box.method, box.fields) == ("get", [("q", "")])
        assert page.links["Search"] == "/search"


async def test_a_search_is_said_in_welsh_and_keeps_what_is_looked_for(pages: Pages) -> None:
    page = await look(await pages.as_role(ESTATES), "wedged", lang="cy")
    assert (page.language, page.heading) == ("cy", "Chwilio")
    assert "1 canlyniad" in page.text
    assert "q=wedged" in page.links["English"]
