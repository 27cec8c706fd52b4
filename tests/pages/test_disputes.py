"""Disputes: what each side says, since when, and the facts and rule behind ours; within reach only."""

import csv
import io

import pytest

from desk.pages import disputes
from streams.ledger.incoming import Incoming
from tests.desk.small_ledger import ENDS, event
from tests.pages.conftest import ESTATES, MANAGER, Pages

NOTE = "<img src=x> \u202e it can wait"
HEAT = {"asset": "heating", "fault": "total-loss", "impacts": ["resident-safety"], "alternative_available": False}


async def disputed(pages: Pages, subject: str, premises: str, source: str) -> None:
    """An order of P1 that its contractor calls P4, in words of their own."""
    prioritised = {"priority": "P4", "note": NOTE}
    for sender, kind, data in (("ap-managers", "raised", HEAT), (source, "prioritised", prioritised)):
        id_ = f"{kind}-{subject}"
        raw = event(sender, f"work-order.{kind}", subject, premises, data, ENDS.isoformat(), id_)
        incoming = Incoming("work-orders", premises.encode(), raw)
        await pages.place.ledger.take([incoming], ENDS, pages.place.world)


async def test_both_sides_and_the_rule_and_the_facts_are_shown(pages: Pages) -> None:
    page = await (await pages.as_role(ESTATES)).get("/disputes")
    assert page.heading == "Disputed priorities"
    for said in (
        "1 dispute is open.", "The rules and the client side say P1", "leaves the approved premises open",
        "The contractor says: Northmoor Facilities P3",
        "Heard from: Provider's help desk, Tuesday 13 January 2026, 15:10 GMT", "less urgent than the rules have it",
        "Disputed for 14 hours 50 minutes", "since Tuesday 13 January 2026, 15:10 GMT", "Repair: due in 9 hours",
        "Impacts the security of the site", "Entry or exit lock, will not close, lock or secure",
    ):  # fmt: skip
        assert said in page.text, said
    assert page.links["WO-1"] == "/orders/ap-bryn-awel/WO-1"


async def test_what_the_contractor_wrote_is_shown_as_text(pages: Pages) -> None:
    await disputed(pages, "D-1", "ap-ty-derwen", "fm-south")
    page = await (await pages.as_role(ESTATES)).get("/disputes")
    assert "&lt;img src=x&gt;" in page.source
    assert "<img src=x>" not in page.source
    assert 'desk-typed desk-said">&lt;img' in page.source


async def test_a_contractor_sees_the_disputes_of_its_own_contract_only(pages: Pages) -> None:
    await disputed(pages, "D-1", "ap-ty-derwen", "fm-south")
    browser = await pages.as_role(MANAGER)
    page = await browser.get("/disputes")
    assert "WO-1" in page.text
    assert "1 dispute is open." in page.text
    assert "D-1" not in page.text
    seen = [await browser.get(f"/disputes?premises={one}") for one in ("ap-ty-derwen", "ap-nowhere")]
    assert (browser.status, seen[0].text) == (422, seen[1].text)


async def test_the_gravest_and_longest_standing_come_first_and_no_page_repeats_one(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        await disputed(pages, f"D-{n}", "ap-ty-derwen", "fm-south")
    monkeypatch.setattr(disputes, "AT_ONCE", 2)
    browser, seen, address = await pages.as_role(ESTATES), [], "/disputes"
    while address:
        page = await browser.get(address)
        assert "4 disputes are open." in page.text
        seen += [text for text, href in page.links.items() if href.startswith("/orders/")]
        address = page.links.get("Show more", "")
    assert seen == ["WO-1", "D-0", "D-1", "D-2"]


async def test_the_list_is_a_sheet_too_and_bears_its_filter(pages: Pages) -> None:
    await disputed(pages, "D-1", "ap-ty-derwen", "fm-south")
    browser = await pages.as_role(ESTATES)
    page = await browser.get("/disputes?premises=ap-ty-derwen")
    sheet = page.links["This list as a sheet (CSV)"]
    answer = await browser.client.get(sheet)
    [line] = csv.DictReader(io.StringIO(answer.text))
    assert (line["subject"], line["ours"], line["providers"]) == ("D-1", "P1", "P4")
    assert line["contractor_source"] == "fm-south"
    assert "heating" in line["rules"]
    assert answer.headers["content-disposition"] == 'attachment; filename="disputes.csv"'


async def test_where_none_is_open_the_page_says_so(pages: Pages) -> None:
    page = await (await pages.as_role("ap-manager:premises:ap-ty-derwen")).get("/disputes")
    assert "No dispute is open here." in page.text


async def test_an_agency_has_no_say_in_repairs(pages: Pages) -> None:
    voices = (await pages.browser().get("/sign-in")).form().choices["voice"]
    browser = await pages.as_role(next(one for one in voices if one.startswith("agency-account-manager")))
    assert "Disputes" not in (await browser.get("/escalations")).links
    await browser.get("/disputes")
    assert browser.status == 403


async def test_disputes_are_welsh_in_welsh(pages: Pages) -> None:
    page = await (await pages.as_role(ESTATES)).get("/disputes?lang=cy")
    assert (page.language, page.heading) == ("cy", "Blaenoriaethau dan anghydfod")
    assert "Clo mynediad neu allanfa" in page.text
    assert "leaves the approved premises open" not in page.text


@pytest.mark.parametrize("after", ["x", "WzFd", "%00"])
async def test_a_place_in_the_list_that_is_none_is_refused(after: str, pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    await browser.get(f"/disputes?after={after}")
    assert browser.status == 422
