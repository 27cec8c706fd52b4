"""Report missing cover: few taps, nothing typed, once; and the receipt says who knows and who is told next."""

import re
from uuid import uuid5

import pytest
from sqlalchemy import select
from sqlmodel import col

from models.tables import EventRow
from streams.ledger import notices
from streams.notices.notice import Fate, Notice
from tests.pages.conftest import ESTATES, MANAGER, Pages

REFERENCE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b")
AP_MANAGER = "ap-manager:premises:ap-bryn-awel"
DERWEN = "ap-manager:premises:ap-ty-derwen"
DUTY = "division-duty:division:division"


async def reports(pages: Pages) -> list[tuple[str, str]]:
    kind = "facilities.shift-cover.missing-reported"
    query = select(col(EventRow.subject), col(EventRow.body)).where(col(EventRow.type) == kind)
    async with pages.place.ledger.reading() as connection:
        return [(row.subject, row.body) for row in await connection.execute(query)]


async def test_a_manager_reports_tonight_with_what_is_chosen_already(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get("/missing")
    form = page.form("/missing")
    chosen = dict(form.fields)
    assert (chosen["night"], chosen["missing"]) == ("2026-01-13", "1"), "the night that is going on"
    assert form.choices["night"] == ["2026-01-13", "2026-01-14", "2026-01-15", "2026-01-16"]
    page = await browser.submit("/missing")
    assert page.heading.startswith("Missing cover is reported")
    assert re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", page.text)
    [(subject, body)] = await reports(pages)
    assert subject == "ap-bryn-awel/2026-01-13"
    assert '"missing":1' in body.replace(" ", "")


async def test_the_receipt_says_who_has_been_told_and_who_is_told_next_and_when(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get("/missing")
    page = await browser.submit("/missing", night="2026-01-14")
    assert "To be told, and not reached yet" in page.text
    assert "AP manager, since Wednesday 14 January 2026" in page.text
    assert "Agency's account manager" in page.text
    assert "Told by now" not in page.text, "nothing that sends notices runs here"
    assert "Told next" in page.text
    assert "Divisional duty manager" in page.text
    assert "GMT if nobody has covered the night" in page.text
    assert "See this night: arrange a replacement, withdraw or confirm a person" in page.links


async def test_the_receipt_calls_told_whom_a_notice_has_reached_and_nobody_else(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get("/missing")
    page = await browser.submit("/missing", night="2026-01-14")
    reference = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", page.text)
    assert reference is not None
    subject = "ap-bryn-awel/2026-01-14"
    line = await pages.one(subject=subject, role="ap-manager")
    now = pages.clock.now()
    told = Notice(
        id=uuid5(line.id, "told"), escalation_id=line.id, n=1, what="raised", unit=line.premises, role=line.role,
        kind="email", address="manager@example.test", language="both", priority=None, urgent=True, planned_at=now,
        next_at=None, outcome=Fate.ACCEPTED, settled_at=now,
    )  # fmt: skip
    async with pages.place.ledger.database.writing() as connection:
        await notices.write(connection, [told], [])
    page = await browser.get(f"/missing/reported?r={reference[0]}")
    assert re.search(r"Told by now AP manager, Wednesday 14 January 2026", page.text)
    assert re.search(r"not reached yet Agency's account manager", page.text)


async def test_somebody_of_the_division_chooses_the_premises_first(pages: Pages) -> None:
    browser = await pages.as_role(DUTY)
    page = await browser.get("/missing")
    assert page.heading == "Where is cover missing?"
    places = {text: href for text, href in page.links.items() if href.startswith("/missing?premises=")}
    assert len(places) == 4
    await browser.get(next(href for href in places.values() if "ty-derwen" in href))
    await browser.submit("/missing", night="2026-01-14", missing="2")
    [(subject, _)] = await reports(pages)
    assert subject == "ap-ty-derwen/2026-01-14"


async def test_somebody_who_is_named_for_tonight_is_reported_missing_by_name_and_once(pages: Pages) -> None:
    browser = await pages.as_role(DERWEN)
    page = await browser.get("/missing")
    form = page.form("/missing")
    assert form.choices["person"] == ["", "help-1", "own-1"], "and nobody who has been withdrawn"
    assert ("person", "") in form.fields, "nobody is named unless somebody names them"
    fields = [*((name, value) for name, value in form.fields if name != "person"), ("person", "own-1")]
    first, again = [await browser.post(form.action, fields) for _ in range(2)]
    assert browser.status == 200
    assert first.text == again.text
    [(subject, body)] = await reports(pages)
    assert subject == "ap-ty-derwen/2026-01-13"
    assert '"cover_ref":"own-1"' in body.replace(" ", "")
    page = await browser.get("/missing")
    assert page.form("/missing").choices["person"] == ["", "help-1"]
    assert "2 people short already, as far as is known." in page.text, "nor has the replacement checked in"


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({"person": "agency-1"}, "That person does not cover the night any more"),
        ({"person": "nobody-7"}, "That person does not cover the night any more"),
        ({"person": "own-1", "night": "2026-01-14"}, "That person covers Tuesday 13 January"),
        ({"person": "own-1", "missing": "2"}, "Name one person, or say how many"),
    ],
)
async def test_whoever_cannot_be_meant_is_asked_for_again(filled: dict[str, str], said: str, pages: Pages) -> None:
    browser = await pages.as_role(DERWEN)
    await browser.get("/missing")
    page = await browser.submit("/missing", **filled)
    assert browser.status == 422
    assert said in page.text
    assert await reports(pages) == []


async def test_a_night_that_was_reported_says_so_before_it_is_reported_again(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get("/missing")
    assert "short already" not in page.text
    await browser.submit("/missing", night="2026-01-14", missing="2")
    page = await browser.get("/missing")
    assert page.text.count("2 people short already, as far as is known.") == 1


async def test_a_report_posted_twice_is_one(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get("/missing")
    form = page.form("/missing")
    first, again = [await browser.post(form.action, form.fields) for _ in range(2)]
    assert first.text == again.text
    assert len(await reports(pages)) == 1


@pytest.mark.parametrize(("field", "value"), [
    ("night", "2026-01-12"), ("night", ""), ("night", "x"), ("missing", "0"), ("missing", "5"), ("missing", "-1"),
    ("missing", "1e9"), ("once", ""),
])  # fmt: skip
async def test_what_cannot_be_chosen_is_asked_for_again(field: str, value: str, pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get("/missing")
    page = await browser.submit("/missing", **{field: value})
    assert (browser.status, page.title.startswith("Error: ")) == (422, True)
    assert await reports(pages) == []


async def test_what_was_chosen_stays_chosen_when_something_else_is_asked_for_again(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get("/missing")
    page = await browser.submit("/missing", night="2026-01-15", missing="3", once="")
    assert browser.status == 422
    chosen = dict(page.form("/missing").fields)
    assert (chosen["night"], chosen["missing"]) == ("2026-01-15", "3")


async def test_the_receipt_of_something_else_is_no_report_of_missing_cover(pages: Pages) -> None:
    browser = await pages.as_role(DUTY)
    night = next(one for one in await pages.standing() if "/" in one.subject)
    await browser.get(f"/escalations/resolve?e={night.id}")
    page = await browser.submit("/escalations/resolve")
    reference = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", page.text)[0]
    page = await browser.get(f"/missing/reported?r={reference}")
    assert browser.status == 404
    assert "Missing cover is reported" not in page.text


async def test_a_report_that_was_posted_before_its_session_ended_is_one(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get("/missing")
    form = page.form("/missing")
    fields = [*((name, value) for name, value in form.fields if name != "night"), ("night", "2026-01-14")]
    await browser.post(form.action, fields)
    await pages.clock.advance(2 * 3600)
    await browser.post(form.action, fields)
    await browser.submit("/sign-in", voice=AP_MANAGER)
    page = await browser.submit("/missing")
    assert page.heading.startswith("Missing cover is reported")
    assert len(await reports(pages)) == 1


async def test_other_premises_in_the_address_are_answered_like_missing_ones(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get("/missing")
    fields = [(name, value) for name, value in browser.page.form("/missing").fields if name != "premises"]
    seen = [
        await browser.post("/missing", [*fields, ("premises", one)]) for one in ("ap-ty-derwen", "ap-nowhere", "x y")
    ]
    assert {(one.heading, one.text) for one in seen} == {(seen[0].heading, seen[0].text)}
    assert browser.status == 404
    assert await reports(pages) == []


@pytest.mark.parametrize("voice", [ESTATES, MANAGER])
async def test_who_may_not_report_it_is_not_offered_it(voice: str, pages: Pages) -> None:
    browser = await pages.as_role(voice)
    assert "Report missing cover" not in (await browser.get("/escalations")).links
    await browser.get("/missing")
    assert browser.status == 403


async def test_a_report_that_comes_again_when_its_night_is_over_is_answered_with_its_receipt(
    pages: Pages,
) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get("/missing")
    form = page.form("/missing")
    first = await browser.post(form.action, form.fields)
    reference = REFERENCE.findall(first.text)
    await pages.clock.advance(50 * 60)
    await browser.get("/escalations")
    await pages.clock.advance(26 * 3600)
    await browser.post(form.action, form.fields)
    await browser.submit("/sign-in", voice=AP_MANAGER)
    page = await browser.submit("/missing")
    assert REFERENCE.findall(page.text) == reference != []
    assert "not taken" not in page.text
    assert len(await reports(pages)) == 1
