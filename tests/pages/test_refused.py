"""Refused events: why in words, their bytes as text, and mending them by the API's own way, once, with a receipt."""

import asyncio
import csv
import io
import re
from typing import Any

import orjson
import pytest
from sqlalchemy import select
from sqlmodel import col

from desk.access.rights import Holder
from desk.pages import refused
from desk.pages.mends import MENDS
from desk.pages.refused import visible
from desk.views import refused as views
from models.refusal import Reason
from models.tables import ApiAccessRow, AuditRow, EventRow, InboxRow, RejectedRow
from streams.ledger.errors import LedgerUnavailable
from streams.ledger.incoming import Incoming
from tests.desk.small_ledger import ENDS, event
from tests.pages.conftest import ESTATES, MANAGER, Browser, Pages
from tests.pages.reading import Read

AP_MANAGER = "ap-manager:premises:ap-bryn-awel"
CANCELLED = {"reason": "duplicate"}
RAISED = "work-order.raised"
WRONG = {"asset": "entry-lock", "fault": "damaged", "impacts": [], "alternative_available": True, "floor": 1}
RIGHT = {name: value for name, value in WRONG.items() if name != "floor"}
HOSTILE = "<script>alert(1)</script> \u202e\u0007 \u05d0\u05d1"


def wrong(source: str = "ap-managers", **more: Any) -> bytes:  # noqa: ANN401
    return event(source, RAISED, "M-1", "ap-bryn-awel", {**WRONG, **more}, ENDS.isoformat(), "m-1")


def right(source: str = "ap-managers", id_: str = "m-1", **more: Any) -> str:  # noqa: ANN401
    said = {**RIGHT, **more}
    return event(source, RAISED, "M-1", "ap-bryn-awel", said, ENDS.isoformat(), id_).decode()


def listed(page: Read) -> list[int]:
    """The numbers of the refused events that a list shows."""
    return [int(href.rpartition("/")[2]) for href in page.links.values() if re.fullmatch(r"/refused/\d+", href)]


async def refuse(pages: Pages, raw: bytes, key: bytes | None = b"ap-bryn-awel") -> int:
    """Have an input refused; its number."""
    await pages.place.ledger.take([Incoming("work-orders", key, raw)], ENDS, pages.place.world)
    async with pages.place.ledger.reading() as connection:
        return max(one or 0 for one in (await connection.execute(select(col(RejectedRow.seq)))).scalars())


async def row(pages: Pages, number: int) -> Any:  # noqa: ANN401
    async with pages.place.ledger.reading() as connection:
        table = RejectedRow.__table__  # type: ignore[attr-defined]
        return (await connection.execute(select(table).where(table.c.seq == number))).one()


async def events(pages: Pages) -> list[str]:
    async with pages.place.ledger.reading() as connection:
        return list(
            (await connection.execute(select(col(EventRow.id)).where(col(EventRow.subject) == "M-1"))).scalars()
        )


async def mended(browser: Browser, number: int, text: str, **filled: str) -> Read:
    await browser.get(f"/refused/{number}")
    return await browser.submit(f"/refused/{number}", event=text, **filled)


async def test_a_refusal_says_why_in_words_and_how_to_mend_it(pages: Pages) -> None:
    number = await refuse(pages, wrong())
    browser = await pages.as_role(ESTATES)
    page = await browser.get("/refused")
    assert page.links[f"Refused event {number}"] == f"/refused/{number}"
    assert "data.floor is no field of facilities.work-order.raised." in page.text
    page = await browser.get(f"/refused/{number}")
    for said in ("unknown-field", "data.floor", "ap-managers", "Correct the name of the field, or remove it."):
        assert said in page.text


def test_every_reason_says_how_it_is_mended() -> None:
    assert set(MENDS) == set(Reason)


async def test_whoever_sent_it_mends_it_with_a_receipt_and_the_refusal_says_by_which(pages: Pages) -> None:
    number = await refuse(pages, wrong())
    page = await mended(await pages.as_role(AP_MANAGER), number, right())
    assert "It is mended and taken" in page.text
    assert page.links["See what it is about"] == "/orders/ap-bryn-awel/M-1"
    reference = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", page.text)[0]
    assert (await row(pages, number)).resubmitted_as == reference
    assert await events(pages) == ["m-1"], "it keeps its id"
    browser = await pages.as_role(ESTATES)
    page = await browser.get(f"/refused/{number}")
    assert "It was mended and sent again." in page.text
    assert not [one for one in page.forms if one.action.startswith("/refused/")]
    assert f'"/refused/{number}"' in (await browser.get("/refused")).source
    assert f'"/refused/{number}"' not in (await browser.get("/refused?waiting=yes")).source


async def test_the_audit_says_who_mended_it(pages: Pages) -> None:
    number = await refuse(pages, wrong())
    await mended(await pages.as_role(AP_MANAGER), number, right())
    async with pages.place.ledger.reading() as connection:
        kind = select(col(AuditRow.entry)).where(col(AuditRow.kind) == "resubmitted")
        [entry] = (await connection.execute(kind)).scalars()
    assert '"by":"ap-manager (session:' in entry


async def test_a_form_posted_twice_mends_once(pages: Pages) -> None:
    number = await refuse(pages, wrong())
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get(f"/refused/{number}")
    form = page.form(f"/refused/{number}")
    fields = [(name, right() if name == "event" else value) for name, value in form.fields]
    first, again = [await browser.post(form.action, fields) for _ in range(2)]
    assert first.text == again.text
    assert await events(pages) == ["m-1"]
    async with pages.place.ledger.reading() as connection:
        kind = select(col(AuditRow.n)).where(col(AuditRow.kind) == "resubmitted")
        assert len((await connection.execute(kind)).all()) == 1


async def test_what_was_typed_is_kept_while_the_ledger_cannot_be_reached(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, browser = await refuse(pages, wrong()), await pages.as_role(AP_MANAGER)

    async def down(*_: object, **__: object) -> None:
        raise LedgerUnavailable("gone")

    monkeypatch.setattr(pages.place.submitting, "ask", down)
    page = await mended(browser, number, right())
    assert "nothing is sure to be saved" in page.text
    assert dict(page.form(f"/refused/{number}").fields)["event"].strip() == right()


async def test_two_who_mend_the_same_differently_do_not_both_count(pages: Pages) -> None:
    number = await refuse(pages, wrong())
    one, other = await pages.as_role(AP_MANAGER), await pages.as_role(AP_MANAGER)
    await one.get(f"/refused/{number}")
    await other.get(f"/refused/{number}")
    await one.submit(f"/refused/{number}", event=right())
    page = await other.submit(f"/refused/{number}", event=right(id_="m-2"))
    assert other.status == 422
    assert "Somebody has mended it meanwhile" in page.text
    assert await events(pages) == ["m-1"]


@pytest.mark.parametrize(("text", "said"), [
    ("", "Write the event that is to be sent"),
    ("{", "JSON"),
    ("[]", "object"),
    (wrong().decode(), "data.floor is no field"),
    (right(asset="unicorn"), "unicorn"),
    (right("fm-north"), "The event names the source 'fm-north', and you speak as ap-managers."),
    (right().replace("ap-bryn-awel", "ap-ty-derwen"), "is no premises within your reach"),
    (right().replace("ap-bryn-awel", "ap-nowhere"), "is no premises within your reach"),
    (right().replace("work-order.raised", "work-order.attended"), "attended"),
    (right().replace('"id":"m-1"', '"id":"m-1","id":"m-2"'), "more than once"),
    (right()[:-1] + ',"\\ud800":1}', "surrogate"),
    ("x" * 18_001, "18000 characters or fewer"),
])  # fmt: skip
async def test_what_cannot_be_taken_is_shown_with_its_reason_and_what_was_typed(
    text: str, said: str, pages: Pages
) -> None:
    number = await refuse(pages, wrong())
    browser = await pages.as_role(AP_MANAGER)
    page = await mended(browser, number, text)
    assert (browser.status, page.title.startswith("Error: ")) == (422, True)
    assert said in page.text
    assert dict(page.form(f"/refused/{number}").fields)["event"].strip() == text
    assert (await row(pages, number)).resubmitted_as is None
    assert await events(pages) == []


async def test_what_is_refused_again_when_it_is_decided_says_so(pages: Pages) -> None:
    await pages.place.ledger.take([Incoming("work-orders", b"ap-bryn-awel", right().encode())], ENDS, pages.place.world)
    number = await refuse(pages, wrong())
    page = await mended(await pages.as_role(AP_MANAGER), number, right(fault="leaking"))
    assert "It was refused again" in page.text
    assert "was used before by" in page.text


async def test_an_event_keeps_all_it_had_when_it_is_mended(pages: Pages) -> None:
    number = await refuse(pages, wrong())
    text = right().replace('"specversion"', '"sequence":"0007","traceparent":"00-1","specversion"')
    await mended(await pages.as_role(AP_MANAGER), number, text)
    async with pages.place.ledger.reading() as connection:
        [body] = (await connection.execute(select(col(EventRow.body)).where(col(EventRow.id) == "m-1"))).scalars()
    assert {"sequence": "0007", "traceparent": "00-1"}.items() <= orjson.loads(body).items()


async def test_whoever_may_not_say_it_sees_why_and_whom_to_ask(pages: Pages) -> None:
    number = await refuse(pages, event("fm-north", "work-order.attended", "WO-1", "ap-bryn-awel", {"x": 1}, "", "a"))
    browser = await pages.as_role(ESTATES)
    page = await browser.get(f"/refused/{number}")
    assert "not said through this desk, but by a program" in page.text
    assert "fm-north speaks for: Provider's help desk." in page.text
    assert not [one for one in page.forms if one.action == f"/refused/{number}"]
    token = dict(page.form("/sign-out").fields)["token"]
    await browser.post(f"/refused/{number}", [("token", token), ("event", right()), ("once", "x")])
    assert browser.status == 403
    assert await events(pages) == []


async def test_whoever_only_looks_mends_nothing(on_servers: Pages) -> None:
    number = await refuse(on_servers, wrong())
    browser = on_servers.browser()
    await browser.get("/sign-in")
    await browser.submit("/sign-in", key=await on_servers.key(Holder.MONITOR, "division"))
    page = await browser.get(f"/refused/{number}")
    assert "Your role only looks, and says nothing." in page.text
    assert "Ask the role that the source ap-managers speaks for: AP manager." in page.text
    token = dict(page.form("/sign-out").fields)["token"]
    await browser.post(f"/refused/{number}", [("token", token), ("event", right("division")), ("once", "x")])
    assert browser.status == 403


async def test_the_refusals_of_another_source_are_answered_like_none_at_all(pages: Pages) -> None:
    number = await refuse(pages, wrong())
    browser = await pages.as_role(MANAGER)
    assert f"/refused/{number}" not in (await browser.get("/refused")).source
    seen = [await browser.get(f"/refused/{one}") for one in (number, 99, 0, "x", "1e3", "9" * 30, "٣", "-1")]
    assert {(one.heading, one.text) for one in seen} == {(seen[0].heading, seen[0].text)}
    assert browser.status == 404
    token = dict((await browser.get("/refused")).form("/sign-out").fields)["token"]
    posted = [await browser.post(f"/refused/{one}", [("token", token), ("event", "{}")]) for one in (number, 99)]
    assert posted[0].text == posted[1].text


@pytest.mark.parametrize("raw", [
    wrong().replace(b"ap-bryn-awel", b"ap-ty-derwen"),
    event("ap-managers", RAISED, "M-1", "", {**WRONG, "premises": 7}, ENDS.isoformat(), "m-1"),
    event("ap-managers", RAISED, "M-1", "ap-ty-derwenn", WRONG, ENDS.isoformat(), "m-1"),
], ids=["in its data", "by its key", "misspelt, and nobody's of one premises"])  # fmt: skip
async def test_the_refusals_of_premises_out_of_reach_are_answered_like_none_at_all(raw: bytes, pages: Pages) -> None:
    number = await refuse(pages, raw, key=b"ap-ty-derwen" if b":7" in raw else b"nowhere")
    own = await refuse(pages, wrong())
    browser = await pages.as_role(AP_MANAGER)
    assert listed(await browser.get("/refused")) == [own]
    sheet = (await browser.client.get("/refused.csv")).text
    assert [int(line["seq"]) for line in csv.DictReader(io.StringIO(sheet))] == [own]
    seen = [(await browser.get(f"/refused/{one}"), browser.status) for one in (number, 99)]
    assert seen[0][0].text == seen[1][0].text
    assert [status for _, status in seen] == [404, 404]
    form = (await browser.get(f"/refused/{own}")).form(f"/refused/{own}")
    fields = [(name, right() if name == "event" else value) for name, value in form.fields]
    posted = [await browser.post(f"/refused/{one}", fields) for one in (number, 99)]
    assert posted[0].text == posted[1].text
    assert browser.status == 404
    assert (await row(pages, number)).resubmitted_as is None
    assert await events(pages) == []
    assert number in listed(await (await pages.as_role(ESTATES)).get("/refused"))


async def test_what_names_no_premises_at_all_is_its_sources(pages: Pages) -> None:
    number = await refuse(pages, orjson.dumps({"source": "ap-managers"}), key=None)
    assert number in listed(await (await pages.as_role(AP_MANAGER)).get("/refused"))


async def test_whoever_reaches_all_that_a_source_speaks_for_sees_its_misspelt_premises(on_servers: Pages) -> None:
    raw = event("fm-north", "work-order.attended", "WO-1", "ap-nowhere", {}, ENDS.isoformat(), "a")
    number = await refuse(on_servers, raw, key=None)
    for scope, seen in (("region:north", [number]), ("ldu:north-coast", [])):
        browser = on_servers.browser()
        await browser.get("/sign-in")
        await browser.submit("/sign-in", key=await on_servers.key(Holder.PROVIDER, "fm-north", scope))
        assert listed(await browser.get("/refused")) == seen


async def test_the_list_goes_on_past_what_is_out_of_reach(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "READ_AT_ONCE", 2)
    own = [await refuse(pages, wrong())]
    for n in range(5):
        await refuse(pages, wrong(floor=n).replace(b"ap-bryn-awel", b"ap-ty-derwen"), key=b"ap-ty-derwen")
    own.append(await refuse(pages, wrong(floor=9)))
    monkeypatch.setattr(refused, "AT_ONCE", 1)
    browser = await pages.as_role(AP_MANAGER)
    page = await browser.get("/refused")
    assert listed(page) == [own[1]]
    page = await browser.get(page.links["Show more"])
    assert listed(page) == [own[0]]
    assert "Show more" not in page.links


@pytest.mark.parametrize(("field", "text"), [
    ("id", right("estates-desk", id_="m-2")),
    ("type", event("estates-desk", "work-order.cancelled", "M-1", "ap-bryn-awel", CANCELLED, ENDS.isoformat(), "m-1")),
    ("subject", right("estates-desk").replace('"M-1"', '"M-2"')),
    ("data.premises", right("estates-desk").replace("ap-bryn-awel", "ap-cae-glas")),
])  # fmt: skip
async def test_a_mended_event_is_the_one_that_was_refused(field: str, text: str | bytes, pages: Pages) -> None:
    text = text if isinstance(text, str) else text.decode()
    number = await refuse(pages, wrong("estates-desk"))
    browser = await pages.as_role(ESTATES)
    page = await mended(browser, number, text)
    assert (browser.status, page.title.startswith("Error: ")) == (422, True)
    assert f"{field} must stay " in page.text
    assert dict(page.form(f"/refused/{number}").fields)["event"].strip() == text
    assert (await row(pages, number)).resubmitted_as is None
    assert await events(pages) == []


@pytest.mark.parametrize("raw", [
    event("ap-managers", RAISED, "M 1", "ap-bryn-awel", RIGHT, ENDS.isoformat(), "m-1"),
    event("ap-managers", RAISED, "M/1", "ap-bryn-awel", WRONG, ENDS.isoformat(), "m-1"),
    event("ap-managers", "work-order.raise", "M-1", "ap-bryn-awel", RIGHT, ENDS.isoformat(), "m-1"),
    event("ap-managers", RAISED, "M-1", "ap-bryn-awel", RIGHT, ENDS.isoformat(), ""),
    right().replace("ap-bryn-awel", "AP Bryn Awel").encode(),
], ids=["subject", "subject, though a field is named", "type", "id", "premises"])  # fmt: skip
async def test_what_was_wrong_of_an_event_may_be_changed(raw: bytes, pages: Pages) -> None:
    number = await refuse(pages, raw)
    page = await mended(await pages.as_role(AP_MANAGER), number, right())
    assert "It is mended and taken" in page.text
    assert await events(pages) == ["m-1"]


async def test_what_another_source_sent_is_not_mended_by_saying_something_of_ones_own(pages: Pages) -> None:
    number = await refuse(pages, wrong())
    browser = await pages.as_role(ESTATES)
    page = await browser.get(f"/refused/{number}")
    assert "only that source can say it again. Ask the role that the source ap-managers speaks for" in page.text
    token = dict(page.form("/sign-out").fields)["token"]
    await browser.post(f"/refused/{number}", [("token", token), ("event", right("division")), ("once", "x")])
    assert browser.status == 403
    assert (await row(pages, number)).resubmitted_as is None


async def test_two_who_mend_one_refusal_at_once_have_one_receipt(pages: Pages) -> None:
    number = await refuse(pages, wrong())
    both = [await pages.as_role(AP_MANAGER) for _ in range(2)]
    for one in both:
        await one.get(f"/refused/{number}")
    await asyncio.gather(
        *(one.submit(f"/refused/{number}", event=right(note=said)) for one, said in zip(both, "ab", strict=True))
    )
    assert sorted(one.status for one in both) == [200, 422]
    reference = (await row(pages, number)).resubmitted_as
    first, second = sorted(both, key=lambda one: one.status)
    assert "It is mended and taken" in first.page.text
    assert reference in first.page.text
    assert f"Somebody has mended it meanwhile: {reference}" in second.page.text
    async with pages.place.ledger.reading() as connection:
        submitted = select(col(InboxRow.receipt)).where(col(InboxRow.event_id) == "m-1")
        assert list((await connection.execute(submitted)).scalars()) == [reference]


async def test_the_receipt_of_something_else_is_none_of_this_refusal(pages: Pages) -> None:
    number, browser = await refuse(pages, wrong()), await pages.as_role(AP_MANAGER)
    await browser.get("/missing")
    page = await browser.submit("/missing", night="2026-01-14")
    reference = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", page.text)[0]
    for r in (reference, "x", ""):
        await browser.get(f"/refused/{number}?r={r}")
        assert browser.status == 404


async def test_its_bytes_are_shown_as_text_whatever_they_are(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    number = await refuse(pages, orjson.dumps({"note": HOSTILE}))
    page = await browser.get(f"/refused/{number}")
    assert "&lt;script&gt;alert(1)" in page.source
    assert "<script>alert" not in page.source
    assert "\u202e" not in page.source.partition("desk-bytes")[2]
    assert "\u05d0\u05d1" in page.source
    number = await refuse(pages, b"\xff\xfe\x00binary")
    page = await browser.get(f"/refused/{number}")
    assert r"\xff\xfe\x00binary" in page.text


def test_what_cannot_be_seen_is_written_out() -> None:
    assert visible(b"a\x00\tb\n\xff") == "a\\x00\\tb\n\\xff"
    assert visible("\u202e\u200b\u2028".encode()) == "\\u202e\\u200b\\u2028"


async def test_whoever_looks_at_a_refusal_is_on_record(pages: Pages) -> None:
    number = await refuse(pages, wrong())
    await (await pages.as_role(ESTATES)).get(f"/refused/{number}")
    async with pages.place.ledger.reading() as connection:
        assert f"rejected/{number}" in (await connection.execute(select(col(ApiAccessRow.about)))).scalars().all()


async def test_a_form_without_its_token_or_from_elsewhere_does_nothing(pages: Pages) -> None:
    number, browser = await refuse(pages, wrong()), await pages.as_role(AP_MANAGER)
    form = (await browser.get(f"/refused/{number}")).form(f"/refused/{number}")
    fields = [(name, right() if name == "event" else value) for name, value in form.fields]
    page = await browser.post(form.action, [one for one in fields if one[0] != "token"])
    assert browser.status == 403
    assert "M-1" in page.text, "what was typed is kept"
    await browser.post(form.action, fields, Origin="https://elsewhere.example")
    assert browser.status == 403
    assert await events(pages) == []


async def test_what_was_typed_outlives_the_end_of_the_session(pages: Pages) -> None:
    number, browser = await refuse(pages, wrong()), await pages.as_role(AP_MANAGER)
    form = (await browser.get(f"/refused/{number}")).form(f"/refused/{number}")
    await pages.clock.advance(2 * 3600)
    fields = [(name, right() if name == "event" else value) for name, value in form.fields]
    await browser.post(form.action, fields)
    page = await browser.submit("/sign-in", voice=AP_MANAGER)
    assert "M-1" in page.text
    page = await browser.submit(f"/refused/{number}")
    assert "It is mended and taken" in page.text
    assert await events(pages) == ["m-1"]


async def test_the_list_is_narrowed_by_its_address_paged_and_a_sheet(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [await refuse(pages, wrong(floor=n)) for n in range(3)]
    monkeypatch.setattr(refused, "AT_ONCE", 2)
    browser, seen, address = await pages.as_role(ESTATES), list[int](), "/refused?code=unknown-field"
    page = browser.page
    while address:
        page = await browser.get(address)
        seen += [int(href.rpartition("/")[2]) for href in page.links.values() if re.fullmatch(r"/refused/\d+", href)]
        address = page.links.get("Show more", "")
    assert seen == numbers[::-1]
    answer = await browser.client.get(page.links["This list as a sheet (CSV)"])
    assert [int(line["seq"]) for line in csv.DictReader(io.StringIO(answer.text))] == numbers[::-1]
    await browser.get("/refused?code=nonsense")
    assert browser.status == 422


async def test_refused_events_are_welsh_in_welsh(pages: Pages) -> None:
    number = await refuse(pages, wrong())
    page = await (await pages.as_role(ESTATES)).get(f"/refused/{number}?lang=cy")
    assert (page.language, page.heading) == ("cy", f"Digwyddiad a wrthodwyd {number}")
    assert "is no field of" not in page.text
