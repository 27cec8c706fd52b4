"""What is posted that no form of ours would post: a plain no each time, and nothing recorded."""

import pytest
from sqlalchemy import func, select

from models.diagnosis import MAX_BYTES
from models.tables import InboxRow
from tests.pages.conftest import ESTATES, HERE, Pages

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("text/plain", b"e=1", 415),
        ("", b"", 415),
        (FORM, b"&".join(b"e=%d" % n for n in range(400)), 400),
        (FORM, "e=é".encode(), 400),
        (FORM, b"e=%ff%fe", 400),
        (FORM, b"note=" + b"x" * MAX_BYTES, 413),
        (FORM, b"e=%00", 403),
        (FORM, b"=&&&;;;", 403),
        (FORM, b"", 403),
        (FORM, b"token=&token=x&token=%F0%9F%92%A9", 403),
    ],
)
async def test_what_is_no_form_of_ours_is_refused_in_words(kind: str, body: bytes, status: int, pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    for path in ("/escalations/decline", "/escalations/acknowledge"):
        headers = {"Content-Type": kind, "Origin": HERE}
        answer = await browser.client.post(path, content=body, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
    async with pages.place.ledger.reading() as connection:
        said = select(func.count()).select_from(InboxRow).where(InboxRow.event_id.not_like("event-%"))  # type: ignore[attr-defined]
        assert (await connection.execute(said)).scalar_one() == 0


async def test_the_same_form_with_another_answer_is_a_conflict_that_is_explained(pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    [one, *_] = [str(line.id) for line in await pages.standing() if line.role == "estates-desk"]
    page = await browser.get(f"/escalations/acknowledge?e={one}")
    form = page.form("/escalations/acknowledge")
    times = form.choices["commitment"]
    fields = [(name, value) for name, value in form.fields if name != "commitment"]
    assert (await browser.post(form.action, [*fields, ("commitment", times[0])])).heading == "1 answer is saved"
    page = await browser.post(form.action, [*fields, ("commitment", times[1])])
    assert browser.status == 409
    assert "This form was sent before with other answers, and those count." in page.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_no_other_way_of_asking_does_anything(method: str, pages: Pages) -> None:
    browser = await pages.as_role(ESTATES)
    answer = await browser.client.request(method, "/escalations", headers={"Origin": HERE})
    assert answer.status_code == 405
    assert "That cannot be done with this page." in answer.text
