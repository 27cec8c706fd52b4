"""Report a repair: one question a page, nothing lost on the way, one order however often sent, and its reasons."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
import pytest
from sqlalchemy import select
from sqlmodel import col

from desk.pages.repair_answers import Step
from desk.pages.repair_notes import seal, unseal
from models.tables import EventNoteRow, EventRow, WorkOrderRow
from tests.desk.small_ledger import ENDS
from tests.pages.conftest import ESTATES, MANAGER, Browser, Pages
from tests.pages.reading import Read

AP_MANAGER = "ap-manager:premises:ap-bryn-awel"
DUTY = "division-duty:division:division"
TASKFORCE = "national-taskforce:division:division"
HEAD = "ldu-head:ldu:west"
REFERENCE = r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b"
LOCK = {
    "danger": "no", "premises": "ap-bryn-awel", "asset": "perimeter-gate", "fault": "will-not-secure",
    "impacts": "site-security", "alternative": "no", "new": "ap-bryn-awel.perimeter-gate", "note": "NONE",
    "once": "o-1",
}  # fmt: skip
FORMER, NEWER = "f" * 40, "n" * 40
HTML = '<b onclick="x()">gate</b> \u202e\u05d0\u05d1'


def at(**changed: str | None) -> str:
    """An address with every answer but for those that are changed or left out."""
    answers = {**LOCK, **changed}
    return f"/repair?{urlencode([(name, value) for name, value in answers.items() if value is not None])}"


async def go_on(browser: Browser, **chosen: str | list[str]) -> Read:
    """Choose these answers on the page and press its button, as a browser does with a form that only asks."""
    form = browser.page.form("/repair")
    assert form.method == "get"
    for name, value in chosen.items():
        assert {*(value if isinstance(value, list) else [value])} <= {*form.choices[name]}, name
    kept = [(name, value) for name, value in form.fields if name not in chosen]
    added = [(name, one) for name, value in chosen.items() for one in (value if isinstance(value, list) else [value])]
    return await browser.get(f"{form.action}?{urlencode([*kept, *added])}")


async def orders(pages: Pages, since: int = 3) -> list[tuple[str, str, str, dict[str, object]]]:
    """What was raised beyond what the small ledger has: source, premises, order and what was said."""
    query = select(col(EventRow.source), col(EventRow.unit), col(EventRow.subject), col(EventRow.body))
    query = query.where(col(EventRow.type) == "facilities.work-order.raised").order_by(col(EventRow.heard))
    async with pages.place.ledger.reading() as connection:
        found = [(*row[:3], orjson.loads(row[3])) for row in await connection.execute(query)]
    return found[since:]


async def notes(pages: Pages) -> list[str | None]:
    async with pages.place.ledger.reading() as connection:
        return list((await connection.execute(select(col(EventNoteRow.note)))).scalars())


async def at_the_end(pages: Pages, voice: str = AP_MANAGER, **changed: str | None) -> Browser:
    """A browser that has come to the look at all answers."""
    browser = await pages.as_role(voice)
    page = await browser.get(at(**changed))
    assert page.heading == "Check your answers"
    return browser


async def test_a_manager_is_asked_one_question_a_page_and_ends_with_a_reference(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    headings = [(await browser.get("/repair")).heading]
    for chosen in (
        {"danger": "no"}, {"asset": "lift"}, {"fault": "total-loss"}, {"impacts": ["access", "health"]},
        {"alternative": "no"},
    ):  # fmt: skip
        headings += [(await go_on(browser, **chosen)).heading]
    assert headings == [
        "Is anybody in danger now?", "What is broken?", "What is wrong with it?", "What does it endanger?",
        "Is there another that can be used meanwhile?", "What should the contractor know? (optional)",
    ]  # fmt: skip
    page = await browser.submit("/repair/note", note="Between the floors.")
    assert page.heading == "Check your answers"
    page = await browser.submit("/repair")
    assert page.heading == "The repair is reported"
    assert re.search(REFERENCE, page.text)
    [(source, premises, order, body)] = await orders(pages)
    assert (source, premises) == ("ap-managers", "ap-bryn-awel")
    data = {name: value for name, value in body["data"].items() if name != "premises"}  # type: ignore[attr-defined]
    facts = {"asset": "lift", "fault": "total-loss", "impacts": ["access", "health"], "alternative_available": False}
    assert data == facts
    assert "dangertolife" not in body
    assert "Between the floors." in await notes(pages)
    assert page.links["See the order"] == f"/orders/ap-bryn-awel/{order}"


async def test_what_it_will_be_treated_as_is_what_it_is_decided_as_in_the_policys_words(pages: Pages) -> None:
    browser = await at_the_end(pages, asset="entry-lock", new="ap-bryn-awel.entry-lock")
    before = browser.page.text
    why = "An entry or exit lock, key or fob system that fails leaves the approved premises open"
    assert f"This will be treated as business-critical (P1) because: {why}" in before
    due = re.findall(r"(Somebody comes by|The danger is ended by|It is repaired by) (\w+ .*? GMT)", before)
    assert [name for name, _ in due] == ["Somebody comes by", "The danger is ended by", "It is repaired by"]
    assert due[0][1] == "Wednesday 14 January 2026, 08:00 GMT", "two hours from now"
    after = (await browser.submit("/repair")).text
    assert f"This is treated as business-critical (P1) because: {why}" in after
    assert re.findall(r"(Somebody comes by|The danger is ended by|It is repaired by) (\w+ .*? GMT)", after) == due
    [(_, _, order, _)] = await orders(pages)
    query = select(col(WorkOrderRow.effective)).where(col(WorkOrderRow.subject) == order)
    async with pages.place.ledger.reading() as connection:
        assert (await connection.execute(query)).scalar_one() == "P1"


async def test_what_else_is_wrong_there_counts_before_it_is_reported_and_says_so(pages: Pages) -> None:
    browser = await at_the_end(pages, asset="water", fault="partial-loss", new=None)
    assert "This will be treated as P2 because:" in browser.page.text
    await browser.submit("/repair")
    [(_, _, first, _)] = await orders(pages)
    page = await browser.get(at(asset="hot-water", fault="damaged", new="ap-bryn-awel.hot-water", once="o-2"))
    assert "This will be treated as business-critical (P1) because:" in page.text
    assert f"Another part of the same control is broken too: {first}. By itself it would be P2." in page.text
    page = await browser.submit("/repair")
    assert f"Another part of the same control is broken too: {first}. By itself it would be P2." in page.text


async def test_what_nothing_endangers_is_said_to_wait_longest(pages: Pages) -> None:
    browser = await at_the_end(
        pages, asset="decoration", fault="unsightly", impacts="NONE", alternative="yes", new=None
    )
    assert "This will be treated as P4 because: Decoration and furniture endanger nobody." in browser.page.text
    assert "Somebody comes by" not in browser.page.text
    assert "It is repaired by" in browser.page.text


async def test_danger_leads_to_the_emergency_instruction_first_and_then_to_a_report_of_danger_to_life(
    pages: Pages,
) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get("/repair")
    page = await go_on(browser, danger="yes")
    assert page.heading == "Telephone 999 now"
    assert "Nobody is sent because of this report alone." in page.text
    assert "Then telephone the duty line: Divisional facilities lead, +44 7700 900101" in page.text
    assert page.links["Telephone 999 now"] == "tel:999"
    page = await go_on(browser)
    assert page.heading == "What is broken?"
    assert "Nobody is sent because of this report alone." in page.text
    page = await browser.get(at(danger="yes", called="yes"))
    assert "yes: danger to life" in page.text
    page = await browser.submit("/repair")
    assert page.heading == "The repair is reported"
    assert "telephone 999 now. Nobody is sent because of this report alone." in page.text
    [(_, _, _, body)] = await orders(pages)
    assert body["dangertolife"] is True


async def test_the_emergency_instruction_cannot_be_passed_by_an_earlier_answer(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(at(danger="no", called="yes", change="danger"))
    assert (await go_on(browser, danger="yes")).heading == "Telephone 999 now"


async def test_somebody_of_the_division_finds_the_premises_by_delivery_unit_or_by_a_part_of_its_name(
    pages: Pages,
) -> None:
    browser = await pages.as_role(DUTY)
    await browser.get("/repair")
    page = await go_on(browser, danger="no")
    assert page.heading == "Where is it?"
    places = {text: href for text, href in page.links.items() if "premises=" in href and "change=" not in href}
    estate = pages.place.world.estates.at(pages.clock.now())
    assert len(places) == len(estate.spec.premises)
    assert page.text.index("Bryn Awel") < page.text.index("Tŷ Derwen"), "by delivery unit, in their order"
    form = page.form("/repair")
    found = await browser.get(f"/repair?{urlencode([*form.fields[:-1], ('find', 'DERWEN')])}")
    names = [text for text, href in found.links.items() if "premises=" in href and "change=" not in href]
    assert "Tŷ Derwen" in names
    assert len(names) < len(places)
    page = await browser.get(next(href for href in places.values() if "ap-ty-derwen" in href))
    assert page.heading == "What is broken?"
    assert "Report a repair: Tŷ Derwen" in page.text


async def test_premises_that_a_link_chooses_are_not_asked_for(pages: Pages) -> None:
    browser = await pages.as_role(DUTY)
    page = await browser.get("/repair?premises=ap-ty-derwen")
    assert "Report a repair: Tŷ Derwen" in page.text
    assert (await go_on(browser, danger="no")).heading == "What is broken?"


async def test_the_list_of_repairs_leads_whoever_may_report_one_there(pages: Pages) -> None:
    for voice, offered in ((ESTATES, True), (MANAGER, False)):
        page = await (await pages.as_role(voice)).get("/orders")
        assert ("Is something broken that is not in this list?" in page.text) is offered


async def test_whoever_has_one_delivery_unit_chooses_among_its_premises_only(pages: Pages) -> None:
    browser = await pages.as_role(HEAD)
    page = await browser.get(at(premises=None))
    ids = {dict(parse_qsl(urlsplit(href).query)).get("premises") for href in page.links.values()} - {None}
    estate = pages.place.world.estates.at(pages.clock.now())
    assert ids == {one.id for one in estate.spec.premises if one.ldu == "west"}


@pytest.mark.parametrize("asset", ["entry-lock", "perimeter-gate"])
async def test_open_orders_of_the_same_asset_or_control_are_shown_before_a_double_is_made(
    asset: str, pages: Pages
) -> None:
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get(at(asset=asset, new=None))
    assert page.heading == "Is it one of these?"
    assert "Entry or exit lock: will not close, lock or secure" in page.text
    assert ("part of the same control" in page.text) == (asset != "entry-lock")
    assert page.links["It is this one: WO-1"] == "/orders/ap-bryn-awel/WO-1"
    page = await go_on(browser)
    assert page.heading == "Check your answers"


async def test_orders_of_other_premises_other_things_or_that_are_over_are_not_similar(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    for changed in (
        {"premises": "ap-plas-helyg", "asset": "entry-lock"}, {"asset": "bed"},
        {"premises": "ap-ty-derwen", "asset": "staff-alarm"},
    ):  # fmt: skip
        assert (await browser.get(at(**{**changed, "new": None}))).heading == "Check your answers"


async def test_looking_at_similar_orders_for_one_thing_is_not_looking_for_another(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    assert (await browser.get(at(asset="cctv"))).heading == "Is it one of these?"


async def test_a_report_sent_twice_is_one_order_and_has_one_reference(pages: Pages) -> None:
    browser = await at_the_end(pages)
    form = browser.page.form("/repair")
    first, again = [await browser.post(form.action, form.fields) for _ in range(2)]
    assert first.text == again.text
    [(_, _, order, _)] = await orders(pages)
    page = await browser.get(at())
    assert page.heading == "This is reported already", "gone back to it"
    assert page.links[f"See the order: {order}"] == f"/orders/ap-bryn-awel/{order}"


async def test_a_report_that_was_sent_and_is_then_changed_is_a_conflict_that_is_explained(pages: Pages) -> None:
    browser = await at_the_end(pages)
    fields = browser.page.form("/repair").fields
    await browser.submit("/repair")
    assert (await browser.get(at(fault="damaged"))).heading == "This is reported already"
    page = await browser.post(at(fault="damaged"), fields)
    assert browser.status == 409
    assert "This form was sent before with other answers, and those count." in page.text
    assert len(await orders(pages)) == 1


async def test_each_report_begins_under_a_name_of_its_own(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    names = [dict((await browser.get("/repair")).form("/repair").fields)["once"] for _ in range(2)]
    assert names[0] != names[1]
    assert (await go_on(browser, danger="no")).form("/repair").fields[0] == ("once", names[1])


async def test_every_answer_can_be_changed_from_the_end_and_everything_else_stays(pages: Pages) -> None:
    browser = await at_the_end(pages)
    links = browser.page.links.values()
    for step in (Step.DANGER, Step.ASSET, Step.FAULT, Step.IMPACTS, Step.ALTERNATIVE):
        page = await browser.get(next(href for href in links if href.endswith(f"change={step}")))
        assert (step.value, LOCK[step.value]) in page.form("/repair").fields, "what was chosen is chosen"
        assert (await go_on(browser)).heading == "Check your answers"


async def test_a_question_that_is_passed_over_is_asked_again_with_its_fault(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    for step, sentence in {
        "danger": "Say whether anybody is in danger now", "asset": "Choose what is broken",
        "fault": "Choose what is wrong with it", "impacts": "Tick what it endangers, or that it is none of these",
        "alternative": "Say whether there is another that works",
    }.items():  # fmt: skip
        await browser.get(at(**{step: None}))
        assert browser.status == 200
        page = await go_on(browser)
        assert (browser.status, page.title.startswith("Error: ")) == (422, True)
        assert page.text.count(sentence) == 2
        assert page.links[sentence] == f"#{step}"


async def test_none_of_these_together_with_something_is_asked_again_with_what_was_ticked(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(at(impacts=None))
    page = await go_on(browser, impacts=["public", "NONE"])
    assert browser.status == 422
    assert [value for name, value in page.form("/repair").fields if name == "impacts"] == ["public", "NONE"]


async def test_an_answer_that_cannot_be_is_asked_for_again_and_raises_nothing(pages: Pages) -> None:
    browser = await at_the_end(pages)
    token = dict(browser.page.form("/repair").fields)["token"]
    for name, value in (
        ("danger", "perhaps"), ("asset", "spaceship"), ("fault", "<b>"), ("impacts", "none"), ("alternative", "1"),
        ("new", "x"), ("note", "x"), ("note", "a.b.c.d.e"), ("note", "x" * 600),
    ):  # fmt: skip
        page = await browser.post(at(**{name: value}), [("token", token)])
        assert browser.status == 200
        assert page.heading not in {"Check your answers", "The repair is reported"}
    assert await orders(pages) == []


async def test_a_question_that_a_report_does_not_have_is_not_asked_again(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    for step in ("called", "premises", "new", "check", "x"):
        page = await browser.get(at(asset="bed", change=step))
        assert page.heading == "Check your answers"


async def test_other_premises_in_the_address_are_answered_like_missing_ones(pages: Pages) -> None:
    browser = await at_the_end(pages)
    token = dict(browser.page.form("/repair").fields)["token"]
    seen = []
    for premises in ("ap-ty-derwen", "ap-nowhere", "x y", "source:fm-north"):
        seen.append((await browser.get(at(premises=premises))).text)
        seen.append((await browser.post(at(premises=premises), [("token", token)])).text)
        assert browser.status == 404
    assert {*seen} == {seen[0]}
    assert await orders(pages) == []


async def test_what_was_typed_is_text_wherever_it_is_shown(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(at(note=None))
    page = await browser.submit("/repair/note", note=HTML)
    assert page.heading == "Check your answers"
    assert HTML in page.text
    assert "<b onclick" not in page.source
    page = await browser.get(next(href for href in page.links.values() if href.endswith("change=note")))
    assert dict(page.form("/repair/note").fields)["note"].strip() == HTML
    assert "<b onclick" not in page.source


async def test_nobody_else_can_read_in_an_address_what_was_typed(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(at(note=None))
    form = browser.page.form("/repair/note")
    answer = await browser.send(form.action, [*((n, v) for n, v in form.fields if n != "note"), ("note", "Room 12")])
    address = answer.headers["location"]
    assert "Room" not in address
    assert "Um9vbS" not in address, "nor in base 64"
    assert "Room 12" in (await browser.get(address)).text
    other = await pages.as_role(DUTY)
    page = await other.get(address)
    assert "Room 12" not in page.text
    assert "What you typed before can no longer be read here." in page.text
    again = await pages.as_role(AP_MANAGER)
    assert "Room 12" in (await again.get(address)).text, "in another session of the same"
    await pages.clock.advance(13 * 3600)
    late = await pages.as_role(AP_MANAGER)
    assert "Room 12" not in (await late.get(address)).text


@pytest.mark.parametrize(("typed", "sentence"), [
    ("x" * 1001, "The note must have 1,000 characters or fewer"), ("bell \x07", "control character U+0007"),
])  # fmt: skip
async def test_a_note_that_cannot_be_taken_is_asked_for_again_as_it_was_typed(
    typed: str, sentence: str, pages: Pages
) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(at(note=None))
    page = await browser.submit("/repair/note", note=typed)
    assert (browser.status, page.title.startswith("Error: ")) == (422, True)
    assert sentence in page.text
    assert dict(page.form("/repair/note").fields)["note"].strip() == typed
    assert "Cymraeg" not in page.links, "another language would lose what was typed"


async def test_a_browser_may_keep_the_page_for_a_note_to_give_back_what_was_typed_but_none_that_bears_it(
    pages: Pages,
) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(at(note=None))
    empty = await browser.client.get(at(note=None))
    assert empty.headers["cache-control"] == "private, no-cache"
    form = browser.page.form("/repair/note")
    answer = await browser.send(form.action, [*((n, v) for n, v in form.fields if n != "note"), ("note", "Room 12")])
    for address in (answer.headers["location"], f"{answer.headers['location']}&change=note", at(), at(asset=None)):
        assert (await browser.client.get(address)).headers["cache-control"] == "no-store"


async def test_a_note_of_the_greatest_length_comes_through_in_any_script(pages: Pages) -> None:
    note = "".join(chr(0x20000 + n * 37 % 40_000) for n in range(1000))
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(at(note=None))
    form = browser.page.form("/repair/note")
    answer = await browser.send(form.action, [*((n, v) for n, v in form.fields if n != "note"), ("note", note)])
    assert len(answer.headers["location"]) < 7_000, "what proxies let through"
    await browser.get(answer.headers["location"])
    assert (await browser.submit("/repair")).heading == "The repair is reported"
    assert note in await notes(pages)


async def test_a_session_that_ends_on_the_way_loses_nothing(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(at(note=None))
    await pages.clock.advance(2 * 3600)
    page = await browser.submit("/repair/note", note="Mind the dog.")
    assert page.heading == "Choose a role"
    page = await browser.submit("/sign-in", voice=AP_MANAGER)
    assert "Mind the dog." in page.text
    assert "ap-bryn-awel" not in page.text, "only what was typed is shown"
    page = await browser.submit("/repair/note")
    assert page.heading == "Check your answers"
    await pages.clock.advance(2 * 3600)
    page = await browser.submit("/repair")
    assert page.heading == "Choose a role"
    page = await browser.submit("/sign-in", voice=AP_MANAGER)
    assert (page.heading, "Mind the dog." in page.text) == ("Check your answers", True)
    await browser.submit("/repair")
    assert len(await orders(pages)) == 1
    assert "Mind the dog." in await notes(pages)


async def test_a_question_that_was_opened_before_the_session_ended_goes_on_after_signing_in(pages: Pages) -> None:
    browser = await pages.as_role(AP_MANAGER)
    await browser.get(at(alternative=None))
    await pages.clock.advance(2 * 3600)
    page = await go_on(browser, alternative="no")
    assert page.heading == "Choose a role"
    assert (await browser.submit("/sign-in", voice=AP_MANAGER)).heading == "Check your answers"


async def test_a_form_made_for_another_session_reports_nothing(pages: Pages) -> None:
    browser, other = await at_the_end(pages), await at_the_end(pages)
    token = dict(other.page.form("/repair").fields)["token"]
    for fields in ([("token", token)], [("token", "")], []):
        page = await browser.post(at(), fields)
        assert (browser.status, page.heading) == (403, "Go on where you were")
    assert await orders(pages) == []


async def test_the_receipt_names_who_is_told_and_who_is_told_next(pages: Pages) -> None:
    browser = await at_the_end(pages)
    page = await browser.submit("/repair")
    assert "The contractor whose repair it is: Northmoor Facilities" in page.text
    assert re.search(r"Provider's account manager, at .* GMT if time runs short", page.text)
    assert re.search(r"Provider's account manager, at .* GMT if a target is missed", page.text)


async def test_a_note_sealed_with_a_former_key_is_read_as_long_as_that_counts() -> None:
    sealed = seal([FORMER], "v", "Room 12", ENDS)
    assert unseal([NEWER, FORMER], "v", sealed, ENDS) == "Room 12"
    assert unseal([NEWER], "v", sealed, ENDS) is None
    assert unseal([FORMER], "v", f"{sealed[:-4]}AAAA", ENDS) is None
    of_this_run = seal([], "v", "Room 12", ENDS)
    assert (unseal([], "v", of_this_run, ENDS), unseal([FORMER], "v", of_this_run, ENDS)) == ("Room 12", None)


async def test_what_is_not_decided_yet_is_said_with_whom_to_telephone(pages: Pages) -> None:
    pages.place.decides = False
    browser = await at_the_end(pages)
    page = await browser.submit("/repair")
    assert page.heading.startswith("The repair is saved, but not decided yet")
    assert "It is saved and cannot be lost, but it is not decided yet, and nobody has been told." in page.text
    assert "+44 7700 900101" in page.text
    assert "This is treated as" not in page.text
    assert await orders(pages) == []


async def test_the_receipt_of_something_else_or_of_other_premises_is_missing(pages: Pages) -> None:
    duty = await at_the_end(pages, DUTY, premises="ap-ty-derwen", new="ap-ty-derwen.perimeter-gate")
    page = await duty.submit("/repair")
    found = re.search(REFERENCE, page.text)
    assert found is not None
    manager = await pages.as_role(AP_MANAGER)
    beyond = await manager.get(f"/repair/reported?r={found[0]}")
    assert manager.status == 404
    assert (await manager.get("/repair/reported?r=0000-0000-0000-0")).text == beyond.text
    await manager.get("/missing")
    page = await manager.submit("/missing")
    cover = re.search(REFERENCE, page.text)
    assert cover is not None
    assert (await manager.get(f"/repair/reported?r={cover[0]}")).text == beyond.text


async def test_looking_raises_nothing(pages: Pages) -> None:
    browser = await at_the_end(pages)
    await browser.get(at(change="fault"))
    await browser.get(at())
    assert await orders(pages) == []
    async with pages.place.ledger.reading() as connection:
        assert len((await connection.execute(select(col(WorkOrderRow.subject)))).all()) == 4


async def test_whoever_may_raise_orders_is_offered_it(pages: Pages) -> None:
    for voice in (AP_MANAGER, DUTY, ESTATES, HEAD):
        browser = await pages.as_role(voice)
        assert (await browser.get("/escalations")).links["Report a repair"] == "/repair"


async def test_whoever_may_not_raise_orders_is_not_offered_it(pages: Pages) -> None:
    browser = await pages.as_role(MANAGER)
    assert "Report a repair" not in (await browser.get("/escalations")).links
    for address in ("/repair", at(), "/repair/reported?r=0000-0000-0000-0"):
        await browser.get(address)
        assert browser.status == 403


async def test_a_role_whose_source_raises_nothing_is_told_at_the_first_question(pages: Pages) -> None:
    browser = await pages.as_role(TASKFORCE)
    page = await browser.get("/repair")
    assert browser.status == 403
    assert "Your role may not do this." in page.text


async def test_every_page_of_it_is_welsh_in_welsh(pages: Pages) -> None:
    browser = await pages.as_role(DUTY)
    addresses = [
        at(danger=None), at(danger="yes"), at(premises=None), at(asset=None), at(fault=None), at(impacts=None),
        at(alternative=None), at(new=None), at(note=None), at(),
    ]  # fmt: skip
    for address in addresses:
        page = await browser.get(f"{address}&lang=cy")
        assert page.language == "cy"
        assert "Rhoi gwybod am waith trwsio" in page.text
        assert 'lang="en"' not in re.sub(r"<header.*?</header>", "", page.source, flags=re.DOTALL), address
