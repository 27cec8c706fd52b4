"""A report of a repair is one order, whoever opens its address; and whatever stands for its note is read or lost."""

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col

from desk.pages.repair_notes import seal, unseal
from models.tables import WorkOrderRow
from tests.desk.small_ledger import ENDS
from tests.pages.conftest import ESTATES, Pages
from tests.pages.test_repair import AP_MANAGER, DUTY, at, at_the_end, orders

SEALED = seal(["k" * 40], "v", "Room 12", ENDS)
HEAD, *REST = SEALED.split(".")
SMALL = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["dir", "A256GCM", "DEF"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["alg", "enc", "zip", "crit", "kid", "jwk", "p2c", "p2s", "epk", "cty"])


def sealed_with(header: object, rest: list[str] = REST) -> str:
    """A sealed note with another header."""
    return ".".join([urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode(), *rest])


HEADERS = st.builds(sealed_with, SMALL | st.dictionaries(NAMES, SMALL, max_size=5))
SEGMENTS = st.lists(st.text(alphabet="AQgw-_=.\u00e9", max_size=30) | st.sampled_from(REST), min_size=4, max_size=4)
BENT = st.builds(
    lambda n, sign: f"{SEALED[:n]}{sign}{SEALED[n + 1 :]}", st.integers(0, len(SEALED) - 1), st.characters()
)
MALFORMED = [
    sealed_with({"alg": "dir", "enc": ["A256GCM"]}), sealed_with({"alg": {}, "enc": {}}), sealed_with("alg enc"),
    sealed_with(["alg", "enc"]), sealed_with({"alg": "dir", "enc": "A256GCM", "crit": 5}),
    sealed_with({"alg": "dir", "enc": "A256GCM", "zip": []}), "....", "\u00e9", "\x00", f"{HEAD}....",
]  # fmt: skip


@given(st.text() | HEADERS | BENT | st.builds(lambda rest: ".".join([HEAD, *rest]), SEGMENTS))
def test_whatever_stands_in_the_place_of_a_sealed_note_is_what_was_sealed_or_lost(sealed: str) -> None:
    assert unseal(["k" * 40], "v", sealed, ENDS) in ({"Room 12"} if sealed == SEALED else {None, "", "Room 12"})


@pytest.mark.parametrize("sealed", MALFORMED)
async def test_a_malformed_note_in_the_address_reads_as_lost(sealed: str, pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get(at(note=sealed))
    assert browser.status == 200
    assert "What you typed before can no longer be read here." in page.text


@pytest.mark.parametrize(("asset", "new"), [("perimeter-gate", "ap-bryn-awel.perimeter-gate"), ("bed", None)])
@pytest.mark.parametrize("voice", [DUTY, ESTATES])
async def test_an_address_that_was_sent_raises_no_second_order_when_a_colleague_opens_it(
    voice: str, asset: str, new: str | None, pages: Pages
) -> None:
    sent = {"asset": asset, "new": new}
    browser = await at_the_end(pages, AP_MANAGER, **sent)
    early = await at_the_end(pages, voice, **sent)
    await browser.submit("/repair")
    [(source, _, order, _)] = await orders(pages)
    colleague = await pages.as_role(voice)
    for address in (at(**sent), at(**{**sent, "note": "x"}), at(**{**sent, "fault": None}), f"{at(**sent)}&change=new"):
        page = await colleague.get(address)
        assert page.heading == "This is reported already", address
        assert page.links[f"See the order: {order}"] == f"/orders/ap-bryn-awel/{order}"
    page = await early.submit("/repair")
    assert page.heading == "This is reported already", "it was sent while they looked at all answers"
    assert [(one[0], one[2]) for one in await orders(pages)] == [(source, order)]


async def test_a_report_that_was_sent_twice_by_two_before_it_was_decided_is_one_order(pages: Pages) -> None:
    browser, colleague = await at_the_end(pages), await at_the_end(pages, DUTY)
    pages.place.decides = False
    for one in (browser, colleague):
        page = await one.submit("/repair")
        assert page.heading.startswith("The repair is saved, but not decided yet")
    assert await orders(pages) == []
    await pages.sweep(1)
    said = await orders(pages)
    assert ({one[0] for one in said}, len({one[2] for one in said})) == ({"ap-managers", "division"}, 1)
    query = select(col(WorkOrderRow.subject)).where(col(WorkOrderRow.subject) == said[0][2])
    async with pages.place.ledger.reading() as connection:
        assert len((await connection.execute(query)).all()) == 1


async def test_a_report_that_nothing_was_like_is_not_like_itself_when_it_comes_again(pages: Pages) -> None:
    browser = await at_the_end(pages, asset="bed", new=None)
    form = browser.page.form("/repair")
    first, again = [await browser.post(form.action, form.fields) for _ in range(2)]
    assert (first.heading, again.text) == ("The repair is reported", first.text)
    assert len(await orders(pages)) == 1


async def test_a_report_that_was_sent_is_no_report_of_other_premises(pages: Pages) -> None:
    browser = await at_the_end(pages, DUTY)
    await browser.submit("/repair")
    page = await browser.get(at(premises="ap-ty-derwen", new="ap-ty-derwen.perimeter-gate"))
    assert page.heading == "Check your answers"


async def test_a_report_of_danger_that_was_sent_still_says_to_telephone_first(pages: Pages) -> None:
    browser = await at_the_end(pages, danger="yes", called="yes")
    await browser.submit("/repair")
    page = await (await pages.as_role(ESTATES)).get(at(danger="yes", called="yes"))
    assert page.heading == "This is reported already"
    assert "telephone 999 now" in page.text
