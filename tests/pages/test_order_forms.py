"""What a person may say about an order: once, by the API's own operations, by the one table of rights."""

import re
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select
from sqlmodel import col

from desk.access.rights import ALLOWED, Holder
from desk.pages.order_forms import FORMS
from models.tables import ApiAccessRow
from tests.desk.small_ledger import ENDS
from tests.pages.conftest import ESTATES, MANAGER, Pages
from tests.pages.happening import raised
from tests.pages.orders_told import ALARM, AP_MANAGER, HOSTILE, LOCK, hears, told
from tests.pages.reading import Read

REFERENCE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b")
HOLDERS = {ESTATES: Holder.ESTATES, AP_MANAGER: Holder.MANAGER, MANAGER: Holder.PROVIDER}


def offered(page: Read) -> set[str]:
    """The forms to which a page leads."""
    return {href.rpartition("/")[2] for href in page.links.values() if href.rpartition("/")[2] in FORMS}


@pytest.mark.parametrize("voice", HOLDERS)
async def test_each_role_is_offered_what_the_table_of_rights_allows_it(voice: str, pages: Pages) -> None:
    browser = await pages.as_role(voice)
    page = await browser.get(LOCK)
    may = {name for name, form in FORMS.items() if HOLDERS[voice] in ALLOWED[form.operation.action]}
    refused = {"complete"} if voice == MANAGER else set()  # the estate registers its source for no completion
    assert offered(page) == may - {"reject"} - refused, "an order that is open has no completion to be rejected"
    for name in FORMS:
        await browser.get(f"{LOCK}/{name}")
        assert browser.status == (200 if name in may else 403), name


async def test_a_repair_is_reported_done_with_a_note(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    await browser.get(f"{LOCK}/complete")
    page = await browser.submit(f"{LOCK}/complete", note=HOSTILE)
    assert page.heading.startswith("The repair is reported done")
    assert REFERENCE.search(page.text)
    page = await browser.get(page.links["See the order"])
    assert "State Reported done, Wednesday 14 January 2026, 06:00 GMT." in page.text
    assert "<script>alert" not in page.source
    assert page.source.count("&lt;script&gt;alert(1)") == 1
    assert offered(page) == {"reject"}
    assert len(await told(pages, LOCK, "completed")) == 1


async def test_work_that_is_not_to_standard_is_rejected_and_the_order_is_open_again(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    await browser.get(f"{LOCK}/complete")
    await browser.submit(f"{LOCK}/complete")
    await pages.clock.advance(600)
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get(LOCK)
    assert offered(page) == {"reject"}
    await browser.get(f"{LOCK}/reject")
    page = await browser.submit(f"{LOCK}/reject", defect="the door does not close by itself")
    assert page.heading.startswith("The work is rejected")
    page = await browser.get(LOCK)
    assert "Open again: the work was rejected as not to standard." in page.text
    assert "Defect the door does not close by itself" in page.text
    assert "Work rejected as not to standard" in page.text


async def test_whoever_reports_it_done_again_is_shown_what_the_work_was_rejected_for(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    said = "The work was rejected, and this must be mended too:"
    assert said not in (await browser.get(f"{LOCK}/complete")).text
    await browser.submit(f"{LOCK}/complete")
    await pages.clock.advance(600)
    defect = f"it beeps {HOSTILE}"[:60]
    await hears(pages, "completion-rejected", LOCK, {"defect": defect}, "ap-managers", ENDS + timedelta(minutes=10))
    page = await browser.get(f"{LOCK}/complete")
    assert f"{said} it beeps <script>alert(1)" in page.text
    assert "<script>alert" not in page.source
    await pages.clock.advance(600)
    await browser.submit(f"{LOCK}/complete")
    assert said not in (await browser.get(f"{LOCK}/complete")).text


async def test_an_order_is_withdrawn_for_a_reason(pages: Pages) -> None:
    await raised(pages.place, "WO-other")
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(f"{LOCK}/withdraw")
    page = await browser.submit(f"{LOCK}/withdraw", because="duplicate", duplicate_of="WO-other")
    assert page.heading.startswith("The order is withdrawn")
    page = await browser.get(LOCK)
    assert "Withdrawn, Wednesday 14 January 2026, 06:00 GMT: it was reported already." in page.text
    assert "The same as WO-other" in page.text
    assert "Nothing was ever escalated" not in page.text


async def test_a_correction_says_only_what_differs_and_the_priority_follows(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get(f"{LOCK}/amend")
    form = page.form(f"{LOCK}/amend")
    assert ("impacts", "site-security") in form.fields, "the form begins with the facts as they stand"
    assert ("alternative_available", "no") in form.fields
    page = await browser.submit(f"{LOCK}/amend", alternative_available="yes")
    assert page.heading.startswith("The correction is saved")
    [body] = await told(pages, LOCK, "amended")
    assert '"alternative_available":true' in body.replace(" ", "")
    assert "impacts" not in body
    page = await browser.get(LOCK)
    assert "Something else can be used meanwhile Yes" in page.text


async def test_a_correction_undoes_nothing_that_somebody_else_corrected_meanwhile(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(f"{LOCK}/amend")
    await hears(pages, "amended", LOCK, {"impacts": ["site-security", "staff-safety"]}, "ap-managers", ENDS)
    await pages.clock.advance(60)
    await browser.submit(f"{LOCK}/amend", alternative_available="yes")
    page = await browser.get(LOCK)
    assert "What it endangers The security of the site, the safety of staff" in page.text


async def test_two_who_correct_the_impacts_at_once_undo_nothing_of_each_other(pages: Pages) -> None:
    one, other = [await pages.as_role(voice) for voice in (AP_MANAGER, ESTATES)]
    for browser in (one, other):
        await browser.get(f"{LOCK}/amend")
    forms = [browser.page.form(f"{LOCK}/amend").fields for browser in (one, other)]
    await one.post(f"{LOCK}/amend", [*forms[0], ("impacts", "staff-safety")])
    await pages.clock.advance(60)
    without = [pair for pair in forms[1] if pair != ("impacts", "site-security")]
    await other.post(f"{LOCK}/amend", [*without, ("impacts", "access")])
    *_, body = await told(pages, LOCK, "amended")
    assert set(orjson.loads(body)["data"]["impacts"]) == {"staff-safety", "access"}
    again = await other.post(f"{LOCK}/amend", [*without, ("impacts", "access")])
    assert again.heading.startswith("The correction is saved")
    assert len(await told(pages, LOCK, "amended")) == 2


async def test_a_correction_that_comes_again_after_somebody_else_s_has_its_receipt(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get(f"{LOCK}/amend")
    fields = [*page.form(f"{LOCK}/amend").fields, ("impacts", "staff-safety")]
    first = await browser.post(f"{LOCK}/amend", fields)
    await pages.clock.advance(60)
    more = {"impacts": ["site-security", "staff-safety", "access"]}
    await hears(pages, "amended", LOCK, more, "estates-desk", pages.clock.now())
    again = await browser.post(f"{LOCK}/amend", fields)
    assert REFERENCE.findall(first.text) == REFERENCE.findall(again.text) != []


async def test_a_withdrawal_that_comes_again_when_the_other_order_is_over_has_its_receipt(pages: Pages) -> None:
    await raised(pages.place, "WO-other")
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get(f"{LOCK}/withdraw")
    left = {"because", "duplicate_of"}
    fields = [one for one in page.form(f"{LOCK}/withdraw").fields if one[0] not in left]
    fields += [("because", "duplicate"), ("duplicate_of", "WO-other")]
    first = await browser.post(f"{LOCK}/withdraw", fields)
    await pages.clock.advance(60)
    await hears(pages, "completed", "/orders/ap-bryn-awel/WO-other", {}, "estates-desk", pages.clock.now())
    again = await browser.post(f"{LOCK}/withdraw", fields)
    assert REFERENCE.findall(first.text) == REFERENCE.findall(again.text) != []


@pytest.mark.parametrize("named", ["WO-1", "WO-NOPE", "WO-3"])
async def test_an_order_is_withdrawn_as_a_duplicate_of_another_open_one_only(named: str, pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(f"{LOCK}/withdraw")
    page = await browser.submit(f"{LOCK}/withdraw", because="duplicate", duplicate_of=named)
    assert (browser.status, page.title.startswith("Error: ")) == (422, True)
    assert "no duplicate of itself" in page.text or f"no open order {named} within your reach" in page.text
    assert await told(pages, LOCK, "cancelled") == []


async def test_that_somebody_looked_for_an_order_that_is_not_there_is_no_look_at_it(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    for address in ("/orders/ap-bryn-awel/WO-77", "/orders/ap-bryn-awel/WO-77/amend"):
        await browser.get(address)
        assert browser.status == 404
    async with pages.place.ledger.reading() as connection:
        query = select(col(ApiAccessRow.status)).where(col(ApiAccessRow.about).contains("WO-77"))
        assert set((await connection.execute(query)).scalars()) <= {404}


async def test_a_correction_posted_twice_is_one_and_has_one_receipt(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get(f"{LOCK}/amend")
    form = page.form(f"{LOCK}/amend")
    fields = [*((name, value) for name, value in form.fields if name != "alternative_available")]
    fields.append(("alternative_available", "yes"))
    first, again = [await browser.post(form.action, fields) for _ in range(2)]
    assert REFERENCE.findall(first.text) == REFERENCE.findall(again.text) != []
    assert len(await told(pages, LOCK, "amended")) == 1


@pytest.mark.parametrize("name", ["complete", "withdraw"])
async def test_a_form_that_comes_again_with_other_answers_is_a_conflict(name: str, pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get(f"{LOCK}/{name}")
    fields = [*page.form(f"{LOCK}/{name}").fields, ("because", "withdrawn")]
    await browser.post(f"{LOCK}/{name}", [*fields, ("note", "one")][::-1])
    await browser.post(f"{LOCK}/{name}", [*fields, ("note", "another")][::-1])
    assert browser.status == 409
    assert len(await told(pages, LOCK, {"complete": "completed", "withdraw": "cancelled"}[name])) == 1


@pytest.mark.parametrize(("name", "filled", "sentence"), [
    ("reject", {"defect": "", "note": "kept"}, "Say what is wrong with the work"),
    ("reject", {"defect": "x" * 61, "note": "kept"}, "What is wrong must have 60 characters or fewer"),
    ("withdraw", {"because": "", "note": "kept"}, "Choose why the order is withdrawn"),
    ("withdraw", {"because": "other", "note": "kept"}, "Choose why the order is withdrawn"),
    ("withdraw", {"because": "invalid", "duplicate_of": "WO-2", "note": "kept"}, "Name another order only if"),
    ("withdraw", {"because": "duplicate", "duplicate_of": "<b>", "note": "kept"}, "There is no open order"),
    ("amend", {"alternative_available": "perhaps", "note": "kept"}, "Choose whether something else can be used"),
    ("amend", {"note": "kept"}, "Change what is no longer right, or go back"),
    ("amend", {"alternative_available": "yes", "impacts": "nonsense", "note": "kept"}, "impacts"),
    ("complete", {"note": "kept" + "x" * 4_000}, "note"),
    ("complete", {"note": "kept \x07"}, "note"),
    ("complete", {"once": "", "note": "kept"}, "This form is not whole"),
])  # fmt: skip
async def test_what_cannot_be_said_is_asked_for_again_with_what_was_typed(
    name: str, filled: dict[str, str], sentence: str, pages: Pages
) -> None:
    browser = await pages.as_role(ESTATES)
    await browser.get(f"{LOCK}/{name}")
    page = await browser.submit(f"{LOCK}/{name}", **filled)
    assert (browser.status, page.title.startswith("Error: ")) == (422, True)
    assert "There is a problem" in page.text
    assert sentence in page.text
    assert "kept" in dict(page.form(f"{LOCK}/{name}").fields)["note"]
    for kind in ("completed", "completion-rejected", "cancelled", "amended"):
        assert await told(pages, LOCK, kind) == []


async def test_a_tampered_form_says_nothing(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get(f"{LOCK}/complete")
    fields = [(name, value) for name, value in page.form(f"{LOCK}/complete").fields if name != "token"]
    await browser.post(f"{LOCK}/complete", [*fields, ("token", "0" * 64), ("note", "typed here")])
    assert browser.status == 403
    assert "typed here" in browser.page.text
    assert await told(pages, LOCK, "completed") == []


async def test_what_was_typed_outlives_the_session_and_codes_are_not_shown_as_typed(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get(f"{LOCK}/amend")
    fields = [one for one in page.form(f"{LOCK}/amend").fields if one[0] not in {"note", "alternative_available"}]
    await pages.clock.advance(2 * 3600)
    await browser.post(f"{LOCK}/amend", [*fields, ("alternative_available", "yes"), ("note", HOSTILE)])
    page = await browser.submit("/sign-in", voice=ESTATES)
    assert "<script>alert(1)" in page.text
    assert "site-security" not in page.text
    page = await browser.submit(f"{LOCK}/amend")
    assert page.heading.startswith("The correction is saved")
    assert len(await told(pages, LOCK, "amended")) == 1


async def test_what_would_change_nothing_is_said_to_do_so_before_and_after(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    page = await browser.get(f"{LOCK}/reject")
    assert "As the order stands now this would change nothing." in page.text
    page = await browser.submit(f"{LOCK}/reject", defect="it squeaks")
    assert page.heading.startswith("It is saved, but it changes nothing")
    assert "there was no completion to reject" in page.text
    page = await browser.get(ALARM)
    assert offered(page) == {"reject"}


@pytest.mark.parametrize("path", ["/orders/ap-ty-derwen/WO-3", "/orders/ap-bryn-awel/WO-9", "/orders/x%20y/WO-1"])
async def test_forms_about_what_lies_beyond_reach_are_answered_as_missing(path: str, pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get(f"{LOCK}/withdraw")
    fields = [*page.form(f"{LOCK}/withdraw").fields, ("because", "withdrawn")]
    known = await browser.post("/orders/ap-bryn-awel/WO-77/withdraw", fields)
    page = await browser.post(f"{path}/withdraw", fields)
    assert (browser.status, page.text) == (404, known.text)
    assert await told(pages, ALARM, "cancelled") == []


async def test_a_receipt_is_shown_at_its_own_order_only(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    await browser.get(f"{LOCK}/complete")
    page = await browser.submit(f"{LOCK}/complete")
    [reference] = REFERENCE.findall(page.text)
    for path in (ALARM, "/orders/ap-bryn-awel/WO-9"):
        await browser.get(f"{path}/said?r={reference}")
        assert browser.status == 404
    other = await pages.as_role("ap-manager:premises:ap-ty-derwen")
    await other.get(f"{LOCK}/said?r={reference}")
    assert other.status == 404
    await browser.get(f"{LOCK}/said?r={reference}")
    assert browser.status == 200


async def test_the_time_of_what_is_said_is_when_it_is_said(pages: Pages) -> None:
    await pages.clock.advance(3600)
    browser = await pages.as_role(ESTATES)
    await browser.get(f"{LOCK}/complete")
    await browser.submit(f"{LOCK}/complete")
    [body] = await told(pages, LOCK, "completed")
    assert (ENDS + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M") in body
