"""The page of a night: how it stands, who has been told and who is next, and what may be said about it, once."""

import re
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select
from sqlmodel import col

from desk.access import record
from desk.api import telling
from models.tables import EventNoteRow, EventRow, SourceStateRow, UnitRow
from tests.pages.conftest import ESTATES, MANAGER, Browser, Pages
from tests.pages.reading import FormRead, Read

AP_MANAGER = "ap-manager:premises:ap-bryn-awel"
AP_DERWEN = "ap-manager:premises:ap-ty-derwen"
DUTY = "division-duty:division:division"
AGENCY = "agency-account-manager:provider:gwylan-staffing"
TONIGHT = "/nights/ap-bryn-awel/2026-01-14"
LAST = "/nights/ap-ty-derwen/2026-01-13"
REFERENCE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b")
OF_SOMEBODY = {"Check somebody in", "Withdraw a person"}
EVERYTHING = {"Confirm a person", "Arrange contingency", "Report missing cover"} | OF_SOMEBODY
HOSTILE = '<script>alert("x")</script> \u202e\u05d0\u05d1\u05d2'


async def said(pages: Pages, verb: str, night: str = TONIGHT) -> list[dict[str, Any]]:
    """What was said of a night by events of this kind."""
    mine = (col(EventRow.subject) == night.removeprefix("/nights/"), col(EventRow.type).endswith(f".{verb}"))
    async with pages.place.ledger.reading() as connection:
        query = select(col(EventRow.body)).where(*mine).order_by(col(EventRow.heard))
        return [orjson.loads(body) for body in (await connection.execute(query)).scalars()]


def the_form(browser: Browser) -> FormRead:
    """The one form of the page that says something about a night."""
    return next(one for one in browser.page.forms if one.action.startswith("/nights/"))


def typed_in(browser: Browser) -> dict[str, str]:
    return dict(the_form(browser).fields)


async def confirm(browser: Browser, ref: str, night: str = TONIGHT, **more: str) -> Read:
    await browser.get(f"{night}/confirm")
    return await browser.submit(f"{night}/confirm", cover_ref=ref, **{"supplier": "agency", **more})


async def test_a_night_says_who_is_required_who_lacks_and_when_as_drawing_and_as_table(pages: Pages) -> None:
    page = await (await pages.as_role(AP_DERWEN)).get(LAST)
    assert page.heading == "Night of Tuesday 13 January 2026"
    assert "2 people in all, 1 of them own staff" in page.text
    assert "2 people are missing from 06:00 to 08:00" in page.text
    title = "T\u0177 Derwen, Tuesday 13 January 2026: who is there, hour by hour"
    assert f'<title id="night-title">{title}</title>' in page.source
    assert "2 people are missing from 06:00 to 08:00</desc>" in page.source
    assert "20:00 to 20:15 2 2 0 20:15 to 06:00 2 0 2 06:00 to 08:00 (expected) 2 0 2" in page.text
    assert "Cost of contingency \u00a3200.00" in page.text
    assert "60 minutes of notice" in page.text


async def test_a_night_says_who_was_told_who_is_next_and_when_and_never_after_its_end(pages: Pages) -> None:
    page = await (await pages.as_role(AP_MANAGER)).get(TONIGHT)
    assert "Divisional duty manager next At Wednesday 14 January 2026, 08:00 GMT" in page.text
    assert "Wednesday 14 January 2026, 16:00 GMT : If somebody is still missing then" in page.text
    over = await (await pages.as_role(AP_DERWEN)).get(LAST)
    assert "National taskforce told Wednesday 14 January 2026, 05:00 GMT" in over.text
    assert "Again at" not in over.text, "the night is over before the next repeat"


async def test_a_night_that_lies_further_ahead_than_the_ledger_looks_is_there_and_nobody_was_told(pages: Pages) -> None:
    page = await (await pages.as_role(AP_MANAGER)).get("/nights/ap-bryn-awel/2026-01-24")
    assert "2 people are still needed from 20:00 to 08:00" in page.text
    assert "Nobody has said anything about this night yet." in page.text
    told = "If somebody is still missing then, the first roles are told"
    assert f"Friday 23 January 2026, 20:00 GMT : {told}" in page.text
    assert "Nothing has been heard or said yet." in page.text


async def test_a_silent_source_of_cover_is_named_and_what_it_would_say_is_unknown(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get(TONIGHT)
    assert "Not heard when it should be: agency-north. Whether anybody was confirmed" in page.text
    await confirm(browser, "own-1", supplier="own")
    page = await confirm(browser, "agency-1")
    assert "The night is covered, as far as is known." in page.text
    table = SourceStateRow.__table__  # type: ignore[attr-defined]
    async with pages.place.ledger.database.writing() as connection:
        await connection.execute(table.update().values(silent_since=None))
    assert "Not heard" not in (await browser.get(TONIGHT)).text
    units = UnitRow.__table__  # type: ignore[attr-defined]
    async with pages.place.ledger.database.writing() as connection:
        await connection.execute(units.update().where(units.c.id == "ap-bryn-awel").values(incomplete=True))
    assert "could not be decided yet, so this may not be all" in (await browser.get(TONIGHT)).text


async def test_whoever_confirms_a_person_gets_a_receipt_and_the_whole_night_is_meant(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await confirm(browser, "agency-7", note="<b>from ten</b>")
    assert page.heading.startswith("The person is confirmed")
    assert REFERENCE.search(page.text)
    assert "1 person is missing from 20:00 to 08:00" in page.text
    [event] = await said(pages, "confirmed")
    assert event["data"] == {
        "premises": "ap-bryn-awel", "cover_ref": "agency-7", "supplier": "agency",
        "from": "2026-01-14T20:00:00Z", "until": "2026-01-15T08:00:00Z",
    }  # fmt: skip
    night = await browser.get(TONIGHT)
    assert "agency-7 The agency 20:00 to 08:00 Confirmed" in night.text
    assert "&lt;b&gt;from ten&lt;/b&gt;" in night.source


async def test_a_part_of_the_night_is_meant_by_the_clock_at_the_premises(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await confirm(browser, "own-1", supplier="own", starts="22:30", until="06.00")
    assert "2 people are missing from 20:00 to 22:30" in page.text
    assert "1 person is missing from 22:30 to 06:00" in page.text
    [event] = await said(pages, "confirmed")
    assert (event["data"]["from"], event["data"]["until"]) == ("2026-01-14T22:30:00Z", "2026-01-15T06:00:00Z")


async def test_who_is_confirmed_checks_in_and_is_no_longer_awaited(pages: Pages) -> None:
    browser = await pages.as_role(AP_DERWEN)
    page = await browser.get(LAST)
    await browser.get(page.links["Check in own-1"])
    assert typed_in(browser)["cover_ref"] == "own-1"
    page = await browser.submit(f"{LAST}/check-in", at="19:50")
    assert page.heading.startswith("The person is checked in")
    [event] = await said(pages, "checked-in", LAST)
    assert (event["time"], event["data"]["cover_ref"]) == ("2026-01-13T19:50:00Z", "own-1")
    page = await browser.get(LAST)
    assert "Checked in Tuesday 13 January 2026, 19:50 GMT" in page.text
    assert "Check in own-1" not in page.links
    assert "20:15 to 06:00 2 1 1" in page.text, "who came in time was there, though it was said late"


async def test_whoever_withdraws_a_person_chooses_one_who_is_confirmed(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(f"{TONIGHT}/withdraw")
    assert "Nobody is confirmed whom one could withdraw." in browser.page.text
    await confirm(browser, "agency-7")
    await confirm(browser, "own-7", supplier="own")
    page = await browser.get(f"{TONIGHT}/withdraw")
    assert page.form(f"{TONIGHT}/withdraw").choices["cover_ref"] == ["agency-7", "own-7"]
    await browser.submit(f"{TONIGHT}/withdraw")
    assert (browser.status, browser.page.title.startswith("Error: ")) == (422, True)
    page = await browser.submit(f"{TONIGHT}/withdraw", cover_ref="agency-7")
    assert page.heading.startswith("The person is withdrawn")
    assert [one["data"]["cover_ref"] for one in await said(pages, "withdrawn")] == ["agency-7"]


@pytest.mark.parametrize(("typed", "pence"), [
    ("214.50", 21_450), ("214.5", 21_450), ("214", 21_400), ("\u00a31,214.05", 121_405), ("0", 0), ("0.07", 7),
    ("1000000", 100_000_000),
])  # fmt: skip
async def test_contingency_costs_exactly_what_was_typed(typed: str, pence: int, pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(f"{TONIGHT}/contingency")
    page = await browser.submit(f"{TONIGHT}/contingency", cover_ref="help-7", supplier="own", cost=typed)
    assert page.heading.startswith("The contingency is arranged"), page.text
    [event] = await said(pages, "contingency-arranged")
    assert (event["data"]["cost_pence"], event["data"]["replaces"]) == (pence, "own")
    assert f"\u00a3{pence // 100:,}.{pence % 100:02}" in (await browser.get(TONIGHT)).text


@pytest.mark.parametrize(
    "typed",
    ["", "214,50", "1e3", "-5", "12.345", "1,00", "\u0661\u0662", "free", "1000000.01", "12 50", "0,001", "00,214"],
)
async def test_a_cost_that_could_mean_two_things_is_asked_for_again_as_it_was_typed(typed: str, pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(f"{TONIGHT}/contingency")
    page = await browser.submit(f"{TONIGHT}/contingency", cover_ref="help-7", cost=typed, note="kept")
    assert (browser.status, page.title) == (422, "Error: Arrange contingency \u2013 Work orders")
    fields = typed_in(browser)
    assert (fields["cost"], fields["cover_ref"], fields["note"].strip()) == (typed, "help-7", "kept")
    assert page.links.keys() & {
        "Write the cost in pounds and pence, such as 214.50",
        "The cost is \u00a31,000,000.00 at most",
    }
    assert await said(pages, "contingency-arranged") == []


@pytest.mark.parametrize(("field", "value"), [
    ("cover_ref", ""), ("cover_ref", "a b"), ("cover_ref", HOSTILE), ("cover_ref", "x" * 61), ("supplier", "friend"),
    ("starts", "25:00"), ("starts", "12:00"), ("until", "ten"), ("until", "20:00"), ("once", ""), ("once", "x" * 101),
    ("note", "a\x00b"), ("note", "x" * 4001),
])  # fmt: skip
async def test_what_cannot_be_meant_is_asked_for_again_and_nothing_is_said(
    field: str, value: str, pages: Pages
) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await confirm(browser, **{"ref": "agency-7", **({"ref": value} if field == "cover_ref" else {field: value})})
    assert (browser.status, page.title.startswith("Error: ")) == (422, True)
    assert "<script>alert" not in page.source
    fields = typed_in(browser)
    if field not in {"once", "supplier"}:
        assert fields[field].strip("\n") == value.strip()
    assert await said(pages, "confirmed") == []


async def test_a_form_that_comes_twice_says_it_once_and_other_answers_of_it_do_not_count(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(f"{TONIGHT}/confirm")
    form = the_form(browser)
    fields = [*((n, v) for n, v in form.fields if n != "cover_ref"), ("cover_ref", "agency-7"), ("supplier", "agency")]
    first, again = [await browser.post(form.action, fields) for _ in range(2)]
    assert first.text == again.text
    assert len(await said(pages, "confirmed")) == 1
    await browser.post(form.action, [("cover_ref", "agency-8"), *(one for one in fields if one[0] != "cover_ref")])
    assert browser.status == 409
    assert len(await said(pages, "confirmed")) == 1


async def test_a_withdrawal_that_comes_twice_has_the_same_receipt_though_nobody_is_left(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await confirm(browser, "agency-7")
    await browser.get(f"{TONIGHT}/withdraw?person=agency-7")
    form = the_form(browser)
    first, again = [await browser.post(form.action, form.fields) for _ in range(2)]
    assert REFERENCE.findall(first.text) == REFERENCE.findall(again.text) != []
    assert len(await said(pages, "withdrawn")) == 1


@pytest.mark.parametrize("path", ["", "/confirm", "/check-in", "/withdraw", "/contingency", "/said?r=0000-0000-0000-0"])
async def test_nights_of_others_are_answered_like_nights_that_there_are_not(path: str, pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    seen = []
    dates = ("2026-02-30", "2031-01-01", "2025-01-01", "14", "0001-01-01", "0001-01-02", "9999-12-31")
    days = [f"ap-bryn-awel/{day}" for day in dates]
    for night in ("ap-ty-derwen/2026-01-14", "ap-nowhere/2026-01-14", *days):
        page = await browser.get(f"/nights/{night}{path}")
        seen.append((browser.status, page.heading, page.text))
    assert set(seen) == {seen[0]}
    assert seen[0][0] == 404


async def test_the_form_of_one_night_says_nothing_about_another_night_or_with_another_s_token(pages: Pages) -> None:
    browser, other = await pages.as_role(AP_MANAGER), await pages.as_role(AP_DERWEN)
    await browser.get(f"{TONIGHT}/confirm")
    fields = [*((n, v) for n, v in the_form(browser).fields if n != "cover_ref"), ("cover_ref", "a-1")]
    await other.post(f"{TONIGHT}/confirm", fields)
    assert other.status != 200
    await browser.post("/nights/ap-ty-derwen/2026-01-14/confirm", fields)
    assert browser.status == 404
    await browser.post(f"{TONIGHT}/confirm", [(n, "0" * 64 if n == "token" else v) for n, v in fields])
    assert browser.status == 403
    assert await said(pages, "confirmed") == await said(pages, "confirmed", LAST.replace("13", "14")) == []


async def test_the_receipt_of_one_night_is_no_receipt_of_another(pages: Pages) -> None:
    browser = await pages.as_role(DUTY)
    page = await confirm(browser, "agency-7")
    reference = REFERENCE.findall(page.text)[0]
    assert (await browser.get(f"{TONIGHT}/said?r={reference.lower()}")).heading.startswith("The person is confirmed")
    await browser.get(f"/nights/ap-ty-derwen/2026-01-14/said?r={reference}")
    assert browser.status == 404


async def test_what_was_typed_is_kept_through_an_expired_session(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(f"{TONIGHT}/contingency")
    await pages.clock.advance(2 * 3600)
    await browser.submit(f"{TONIGHT}/contingency", cover_ref="help-7", supplier="own", cost="214.50", note=HOSTILE)
    await browser.submit("/sign-in", voice=AP_MANAGER)
    page = await browser.submit(f"{TONIGHT}/contingency")
    assert page.heading.startswith("The contingency is arranged"), page.text
    [event] = await said(pages, "contingency-arranged")
    assert event["data"]["cost_pence"] == 21_450
    night = await browser.get(TONIGHT)
    assert "<script>alert" not in night.source
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;" in night.source


async def test_what_was_typed_is_kept_when_the_ledger_takes_nothing(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(*_: object) -> None:
        raise telling.unavailable()

    browser = await pages.as_role(AP_MANAGER)
    monkeypatch.setattr("desk.pages.night_saying.told", refuses)
    await confirm(browser, "agency-7")
    assert browser.status == 503
    assert typed_in(browser)["cover_ref"] == "agency-7"
    assert browser.page.title.startswith("Error: ")


@pytest.mark.parametrize(("voice", "offered"), [
    (AP_MANAGER, EVERYTHING),
    (ESTATES, set()),
])  # fmt: skip
async def test_a_role_is_offered_what_it_may_say_and_refused_the_rest(
    voice: str, offered: set[str], pages: Pages
) -> None:
    browser = await pages.as_role(voice)
    page = await browser.get(TONIGHT)
    assert browser.status == 200
    main = page.source.partition("<main")[2]
    assert {one for one in EVERYTHING if one in main} == offered - OF_SOMEBODY
    await confirm(await pages.as_role(AP_MANAGER), "agency-7")
    await pages.clock.advance(10.5 * 3600)
    main = (await (await pages.as_role(voice)).get(TONIGHT)).source.partition("<main")[2]
    assert {one for one in EVERYTHING if one in main} == offered
    browser = await pages.as_role(voice)
    await browser.get(f"{TONIGHT}/confirm")
    assert browser.status == (200 if offered else 403)


async def test_an_agency_may_confirm_and_withdraw_and_do_no_more(pages: Pages) -> None:
    browser = await pages.as_role(AGENCY)
    page = await browser.get(TONIGHT)
    main = page.source.partition("<main")[2]
    assert {one for one in EVERYTHING if one in main} == {"Confirm a person"}
    assert (await confirm(browser, "agency-9")).heading.startswith("The person is confirmed")
    main = (await browser.get(TONIGHT)).source.partition("<main")[2]
    assert {one for one in EVERYTHING if one in main} == {"Confirm a person", "Withdraw a person"}
    for name in ("check-in", "contingency"):
        await browser.get(f"{TONIGHT}/{name}")
        assert browser.status == 403


async def test_a_provider_has_no_nights(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    await browser.get(TONIGHT)
    assert browser.status == 403


async def test_when_the_night_is_over_it_says_how_it_was_and_offers_nothing(pages: Pages) -> None:
    browser = await pages.as_role(AP_DERWEN)
    await pages.clock.advance(timedelta(hours=2).total_seconds())
    browser = await pages.as_role(AP_DERWEN)
    page = await browser.get(LAST)
    assert "Was short" in page.text
    assert "2 people were missing from 20:15 to 08:00" in page.text
    assert not [one for one in page.links if one.startswith(("Check in", "Confirm a"))]


async def test_nobody_checks_in_days_before_the_night(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    night = "/nights/ap-bryn-awel/2026-01-16"
    await confirm(browser, "agency-7", night)
    await browser.get(f"{night}/check-in")
    page = await browser.submit(f"{night}/check-in", cover_ref="agency-7")
    assert (browser.status, await said(pages, "checked-in", night)) == (422, [])
    assert "This night is too far ahead for anybody to be there" in page.links


async def test_every_look_at_a_night_is_on_record(pages: Pages) -> None:
    await (await pages.as_role(AP_MANAGER)).get(TONIGHT)
    async with pages.place.ledger.reading() as connection:
        found = await record.latest(connection, 5)
    assert ("read-nights", "ap-bryn-awel/2026-01-14") in [(one.action, one.about) for one in found]


async def test_the_page_of_a_night_is_spoken_in_welsh_throughout(pages: Pages) -> None:
    page = await (await pages.as_role(AP_MANAGER, **{"Accept-Language": "cy"})).get(TONIGHT)
    assert page.language == "cy"
    main = page.text.partition("Noson")[2]
    for english in ("Required", "missing", "Confirmed", "Timeline", "told", "Checked in", "expected"):
        assert english not in main, english


async def test_a_note_is_kept_apart_and_shown_as_text(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await confirm(browser, "agency-7", note=HOSTILE)
    async with pages.place.ledger.reading() as connection:
        assert HOSTILE in (await connection.execute(select(col(EventNoteRow.note)))).scalars().all()
    page = await browser.get(TONIGHT)
    assert "<script>alert" not in page.source
    assert HOSTILE in page.text
