"""Who is told of what: from a statement in the ledger to letters on every channel of the role's routes."""

from datetime import timedelta

from models.tables import NoticeDueRow, NoticeLostRow, StatementRow
from streams.ledger import rows
from streams.ledger.queries import stock
from streams.notices.climbing import CLIMBED
from streams.notices.planning import plan_notices
from streams.notices.reaching import Reaching
from streams.notices.telling import LOOK_AGAIN
from tests.notices.office import Office, quiet_world
from tests.streams.ledger.telling import AP, LOCK, OFFICE, PAINT, PART, START, all_rows, event, raised
from workorders.policy import Estate, EstateTimeline, World
from workorders.policy.load import FROM_THE_BEGINNING

NOTICE_DUE = rows.table_of(NoticeDueRow)
ROLE = "provider-account-manager"
BREACH = "raised breach WO-1 account-manager attend"


async def test_an_escalation_reaches_its_role_by_every_channel_of_its_routes(office: Office) -> None:
    await office.hear(raised("WO-1"))
    await office.at(2.01)
    await office.tell()
    for post in office.posts.values():
        assert BREACH in post.told()
        assert {letter.role for letter in post.letters} == {ROLE}
    assert {letter.address for letter in office.text.letters} == {"+44 7700 900113"}


async def test_a_statement_waits_to_be_told_from_the_transaction_that_said_it(office: Office) -> None:
    await office.hear(raised("WO-1"))
    await office.at(2.01)
    said = {(row.escalation_id, row.n) for row in await all_rows(office.ledger, StatementRow)}
    assert said
    assert {(row.escalation_id, row.n) for row in await all_rows(office.ledger, NoticeDueRow)} == said
    await office.tell()
    assert await all_rows(office.ledger, NoticeDueRow) == []


async def test_a_second_look_tells_nobody_anything_twice(office: Office) -> None:
    await office.hear(raised("WO-1"))
    await office.at(2.01)
    await office.tell()
    before = [len(post.letters) for post in office.posts.values()]
    await office.tell()
    assert [len(post.letters) for post in office.posts.values()] == before
    keys = [letter.key for post in office.posts.values() for letter in post.letters]
    assert len(keys) == len(set(keys))


async def test_who_was_told_is_told_that_it_is_over(office: Office) -> None:
    await office.hear(raised("WO-1"))
    await office.at(2.01)
    await office.tell()
    await office.hear(event("work-order.completed", "WO-1", 2.01, source="fm-north"))
    await office.tell()
    for post in office.posts.values():
        assert post.told()[-1].startswith("closed ")
        raised_about = {one.removeprefix("raised ") for one in post.told() if one.startswith("raised ")}
        assert {one.removeprefix("closed ") for one in post.told() if one.startswith("closed ")} == raised_about


async def test_what_nobody_was_told_of_ends_in_silence(office: Office) -> None:
    await office.hear(raised("WO-1"))
    await office.at(2.01)
    await office.hear(event("work-order.completed", "WO-1", 2.01, source="fm-north"))
    await office.tell()
    assert [post.told() for post in office.posts.values()] == [[], []]
    assert await all_rows(office.ledger, NoticeDueRow) == []


async def test_what_is_over_before_it_could_be_sent_is_not_sent_and_says_so(office: Office) -> None:
    await office.hear(raised("WO-1"))
    await office.at(2.01)
    reaching = Reaching(office.world, frozenset({"email", "text"}), office.clock.now())
    await plan_notices(office.ledger.database, reaching, 10)
    await office.hear(event("work-order.completed", "WO-1", 2.01, source="fm-north"))
    await office.tell()
    assert {row.outcome for row in await office.notices()} == {"overtaken"}
    assert office.email.letters == []


async def test_a_completion_that_was_in_time_but_heard_late_withdraws_what_was_told(office: Office) -> None:
    await office.hear(raised("WO-1"))
    await office.at(2.01)
    await office.tell()
    await office.hear(event("work-order.completed", "WO-1", 1.0, source="fm-north"))
    await office.tell()
    assert any(one.startswith("withdrawn breach") for one in office.email.told())


async def test_a_risen_priority_is_told_to_those_who_were_told_and_a_fallen_one_is_not(office: Office) -> None:
    await office.hear(raised("WO-1", what=PART))
    await office.at(4.01)
    await office.tell()
    assert BREACH in office.email.told()
    await office.hear(event("work-order.criticality-settled", "WO-1", 3.0, source="division", priority="P1"))
    await office.tell()
    again = [letter for letter in office.email.letters if letter.text.startswith("amended")]
    assert [letter.urgent for letter in again] == [True] * len(again)
    assert again
    before = len(office.email.letters)
    await office.hear(event("work-order.criticality-settled", "WO-1", 3.5, source="division", priority="P2"))
    await office.tell()
    assert [letter for letter in office.email.letters[before:] if letter.text.startswith("amended")] == []


async def test_of_a_repeat_only_the_repeat_is_told_and_not_that_it_replaces_another(office: Office) -> None:
    await office.hear(raised("WO-1"))
    await office.at(35)
    await office.tell()
    before = len(office.email.letters)
    await office.at(59)
    await office.tell()
    told = [letter.text.split()[0] for letter in office.email.letters[before:]]
    assert told
    assert set(told) == {"raised"}


async def test_what_endangers_the_public_is_urgent_and_what_does_not_is_not(office: Office) -> None:
    await office.hear(raised("WO-1", what=LOCK, premises=AP), raised("WO-9", what=PAINT, premises=OFFICE))
    await office.at(21 * 24 * 2)
    await office.tell()
    urgent = {letter.text.split()[2]: letter.urgent for letter in office.email.letters if "WO-" in letter.text}
    assert urgent == {"WO-1": True, "WO-9": False}


async def test_a_role_whose_routes_are_closed_at_this_hour_is_told_when_one_opens(office: Office) -> None:
    waits = Office(office.ledger, office.posts, world=only_in_office_hours())
    await waits.hear(raised("WO-2", 4.5, what=PART))
    await waits.at(8.6)
    await waits.tell()
    assert [row.not_before > row.since for row in await all_rows(office.ledger, NoticeDueRow)] == [True]
    assert office.email.letters == []
    await waits.at(22.9)
    await waits.tell()
    assert office.email.letters == []
    await waits.at(23.1)
    await waits.tell()
    assert "raised breach WO-2 account-manager attend" in office.email.told()


async def test_what_becomes_urgent_while_every_route_is_closed_climbs_at_once_and_once(office: Office) -> None:
    waits = Office(office.ledger, office.posts, world=only_in_office_hours())
    await waits.hear(raised("WO-2", 4.5, what=PART))
    await waits.at(8.6)
    await waits.tell()
    assert await all_rows(office.ledger, NoticeLostRow) == []
    await waits.later(1)
    await waits.hear(event("work-order.criticality-settled", "WO-2", 5.0, source="division", priority="P1"))
    await waits.tell()
    lost = {row.escalation_id: row.said for row in await all_rows(office.ledger, NoticeLostRow)}
    assert CLIMBED in lost.values()
    await waits.later(400)
    await waits.tell()
    assert [row.escalation_id for row in await all_rows(office.ledger, NoticeLostRow)] == list(lost)


async def test_what_waits_longer_than_any_closing_for_a_route_to_open_looks_late(office: Office) -> None:
    waits = Office(office.ledger, office.posts, world=only_in_office_hours())
    await waits.hear(raised("WO-2", 4.5, what=PART))
    await waits.at(8.6)
    said = waits.clock.now()
    await waits.tell()
    for days, late in ((0, 0.0), (6, 0.0), (1, 0.0), (2, 2.0 * 86_400)):
        await waits.later(days * 86_400)
        async with waits.ledger.database.writing() as connection:
            await connection.execute(NOTICE_DUE.update().values(not_before=waits.clock.now() + LOOK_AGAIN))
        async with waits.ledger.reading() as connection:
            since = (await stock.waiting(connection))["notices_since"]
        assert max(0.0, (waits.clock.now() - since).total_seconds()) == late
    assert waits.clock.now() - said == timedelta(days=9)


def only_in_office_hours() -> World:
    """The quiet estate, but that its routes are used in office hours only."""
    quiet = quiet_world()
    policy, spec = quiet.policies.at(START), quiet.estates.at(START).spec
    routes = tuple(one.model_copy(update={"hours": policy.spec.office_hours}) for one in spec.routes)
    estate = Estate(spec.model_copy(update={"routes": routes}), in_force=True)
    return World(quiet.policies, EstateTimeline([(FROM_THE_BEGINNING, estate)]))
