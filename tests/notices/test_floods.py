"""A flood in the ledger: one digest lists all of it, and what is urgent goes out by itself at once."""

from models.tables import NoticeLostRow
from streams.notices.flood import MINUTE
from tests.notices.office import REFUSED, Office
from tests.streams.ledger.telling import LOCK, PAINT, all_rows, event, raised

MANY = 25
LATE = 60 * 24


async def flood(office: Office) -> None:
    """Many orders that endanger nobody have become overdue together, and one that does."""
    await office.hear(*(raised(f"WO-{n}", what=PAINT) for n in range(MANY)), raised("WO-P1", what=LOCK))
    await office.at(LATE)


async def test_a_flood_reaches_a_role_as_one_digest_that_lists_all_and_urgent_ones_are_never_held_back(
    office: Office,
) -> None:
    await flood(office)
    await office.tell()
    assert {letter.urgent for letter in office.email.letters} == {True}
    urgent = len(office.email.letters)
    await office.later(MINUTE.total_seconds())
    await office.tell()
    later = [letter for letter in office.email.letters[urgent:] if letter.subject == "digest"]
    listed = {line.split()[2] for letter in later for line in letter.text.splitlines()}
    assert {f"WO-{n}" for n in range(MANY)} <= listed
    assert all(letter.subject == "digest" for letter in office.email.letters[urgent:])
    by_address = {letter.address for letter in later}
    assert len(later) == len(by_address)


async def test_nothing_that_went_into_a_digest_waits_or_is_told_twice(office: Office) -> None:
    await flood(office)
    for _ in range(3):
        await office.tell()
        await office.later(MINUTE.total_seconds())
    assert {(row.outcome, row.next_at) for row in await office.notices()} == {("accepted", None)}
    lines = [
        (letter.address, line) for post in office.posts.values() for letter in post.letters
        for line in letter.text.splitlines()
    ]  # fmt: skip
    assert len(lines) == len(set(lines))


async def test_a_digest_that_can_never_arrive_has_failed_for_every_one_of_its_notices(office: Office) -> None:
    for post in office.posts.values():
        post._always = REFUSED
    await flood(office)
    for _ in range(2):
        await office.tell()
        await office.later(MINUTE.total_seconds())
    lost = {row.escalation_id for row in await all_rows(office.ledger, NoticeLostRow)}
    assert {row.escalation_id for row in await office.notices() if row.what == "raised"} == lost


async def test_what_is_over_before_a_digest_is_sent_is_left_out_of_it(office: Office) -> None:
    await flood(office)
    await office.tell()
    await office.hear(event("work-order.completed", "WO-3", LATE, source="fm-north"))
    await office.later(MINUTE.total_seconds())
    await office.tell()
    digests = "\n".join(letter.text for letter in office.email.letters if letter.subject == "digest")
    assert "WO-4" in digests
    assert "WO-3" not in digests
