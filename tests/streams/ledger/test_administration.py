"""What is done to a ledger by hand, and what it remembers of that."""

from datetime import timedelta
from uuid import uuid5

import pytest

from models.ids import NAMESPACE
from models.premises import EstateSpec
from models.tables import EventNoteRow, InboxRow, PolicyVersionRow, RejectedRow
from streams import messages
from streams.ledger import queries, timelines
from streams.ledger.errors import LedgerError, WrongTime
from streams.ledger.ledger import Ledger
from tests.streams.ledger.telling import AP, START, Feed, all_rows, hour, plain, raised
from workorders.policy import Estate, Policy, World


def _other(world: World) -> Policy:
    """A policy that differs in its name only."""
    spec = world.policies.at(START).spec
    return Policy(spec.model_copy(update={"name": "another"}))


async def test_a_new_ledger_keeps_the_world_that_it_begins_with(ledger: Ledger, world: World) -> None:
    assert await ledger.world(world, START) is world
    again = await ledger.world(world, START)
    assert again.policies.versions == world.policies.versions
    assert again.estates.versions == world.estates.versions
    assert again.policies.entries[0][0] == world.policies.entries[0][0]
    assert len(await all_rows(ledger, PolicyVersionRow)) == 1


async def test_a_policy_takes_effect_in_the_future_and_stays_known(ledger: Ledger, world: World) -> None:
    await ledger.world(world, START)
    other = _other(world)
    await ledger.activate(other, hour(24), hour(1), "division-facilities")
    found = await ledger.world(world, hour(2))
    assert found.policies.at(hour(23)) == world.policies.at(START)
    assert found.policies.at(hour(24)) == other
    async with ledger.reading() as connection:
        known = await timelines.history(connection, "policy")
        links = await queries.audit(connection, "ledger:")
    assert [one["activated_by"] for one in known] == ["start", "division-facilities"]
    assert [link["kind"] for link in links] == ["began", *["activated"] * 3]


async def test_an_estate_can_be_activated_too(ledger: Ledger, world: World) -> None:
    await ledger.world(world, START)
    spec: EstateSpec = world.estates.at(START).spec
    other = Estate(spec.model_copy(update={"name": "another"}))
    await ledger.activate(other, hour(24), hour(1), "division-facilities")
    assert (await ledger.world(world, hour(2))).estates.at(hour(30)) == other


async def test_a_version_that_no_topic_takes_is_neither_activated_nor_begun_with(
    ledger: Ledger, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as narrow:
        narrow.setattr(messages, "VALUE_BYTES", 10_000)
        with pytest.raises(LedgerError, match=r"the policy is [\d,]+ bytes long as the message .* 10,000 is the most"):
            await ledger.world(world, START)
    assert await ledger.is_new()
    await ledger.world(world, START)
    monkeypatch.setattr(messages, "VALUE_BYTES", 10_000)
    with pytest.raises(LedgerError, match=r"the estate is [\d,]+ bytes long"):
        await ledger.activate(world.estates.at(START), hour(24), hour(1), "division-facilities")


async def test_a_version_does_not_take_effect_in_the_past(ledger: Ledger, world: World) -> None:
    await ledger.world(world, START)
    with pytest.raises(LedgerError, match="a policy takes effect in the future"):
        await ledger.activate(_other(world), hour(1), hour(1), "division-facilities")


async def test_two_versions_do_not_take_effect_at_once(ledger: Ledger, world: World) -> None:
    await ledger.world(world, START)
    await ledger.activate(_other(world), hour(24), hour(1), "division-facilities")
    with pytest.raises(LedgerError, match="another version takes effect"):
        await ledger.activate(world.policies.at(START), hour(24), hour(1), "division-facilities")


async def test_a_version_that_does_not_fit_the_other_kind_is_refused(ledger: Ledger, world: World) -> None:
    await ledger.world(world, START)
    spec: EstateSpec = world.estates.at(START).spec
    without = spec.model_copy(update={"routes": tuple(one for one in spec.routes if one.role == "estates-desk")})
    with pytest.raises(LedgerError, match="route"):
        await ledger.activate(Estate(without), hour(24), hour(1), "division-facilities")


async def test_a_ledger_without_a_world_activates_nothing(ledger: Ledger, world: World) -> None:
    with pytest.raises(LedgerError, match="no policy and no estate yet"):
        await ledger.activate(_other(world), hour(24), hour(1), "division-facilities")


async def test_free_text_is_erased_for_good_and_the_chain_stays_whole(ledger: Ledger, world: World, feed: Feed) -> None:
    told = raised("WO-1", note="ask for Mair", id="told")
    await ledger.take(feed.read(told), hour(0), world)
    assert await ledger.erase_note("estates-desk", "told", hour(1), "division-facilities")
    (note,) = await all_rows(ledger, EventNoteRow)
    assert (note.note, note.erased_at) == (None, hour(1))
    assert not await ledger.erase_note("estates-desk", "told", hour(2), "division-facilities")
    assert (await ledger.verify(world)).findings == []
    assert (await ledger.take(feed.read(told), hour(3), world)).duplicates == 1


async def test_an_erasure_empties_what_was_submitted_and_it_is_never_sent(ledger: Ledger, world: World) -> None:
    told = raised("WO-1", note="ask for Mair", id="told")
    await ledger.submit([plain(told)], hour(0), world)
    await ledger.sweep(hour(1), 100, world)
    await ledger.erase_note("estates-desk", "told", hour(2), "division-facilities")
    (row,) = await all_rows(ledger, InboxRow)
    assert (row.value, row.relayed_at) == (b"", hour(2))
    assert await ledger.unrelayed(10) == []


async def test_the_bytes_of_a_rejection_are_erased_with_its_message(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take([feed.raw("work-orders", b"k", b"Mair said")], hour(0), world)
    (row,) = await all_rows(ledger, RejectedRow)
    assert await ledger.erase_rejected(row.message_id, hour(1), "division-facilities")
    assert not await ledger.erase_rejected(row.message_id, hour(2), "division-facilities")
    (row,) = await all_rows(ledger, RejectedRow)
    assert (row.value, row.key, row.length, row.code, row.erased_at) == (None, None, 9, "not-json", hour(1))
    assert await ledger.unsent(10) == []
    assert (await ledger.verify(world)).findings == []


async def test_a_mended_rejection_names_its_new_receipt(ledger: Ledger, world: World, feed: Feed) -> None:
    await ledger.take(feed.read(raised("WO-1", premises="nowhere")), hour(0), world)
    (row,) = await all_rows(ledger, RejectedRow)
    await ledger.resubmitted(row.message_id, "r-1", hour(1), "estates-desk")
    (row,) = await all_rows(ledger, RejectedRow)
    assert row.resubmitted_as == "r-1"
    async with ledger.reading() as connection:
        assert await queries.rejected(connection, waiting=True) == []
    with pytest.raises(LedgerError, match="there is no rejected input"):
        await ledger.resubmitted(uuid5(NAMESPACE, "nothing"), "r-1", hour(1), "estates-desk")


async def test_real_and_simulated_time_are_never_mixed(url: str) -> None:
    first = await Ledger.open(url, time_kind="simulated", now=START)
    await first.close()
    with pytest.raises(WrongTime, match="holds simulated time and was asked to go on in real time"):
        await Ledger.open(url, time_kind="real", now=START)


async def test_a_ledger_keeps_its_identity(url: str) -> None:
    first = await Ledger.open(url, time_kind="real", now=START)
    again = await Ledger.open(url, time_kind="real", now=hour(9))
    assert again.identity == first.identity
    assert again.identity.created_at == START
    await first.close()
    await again.close()


async def test_the_skew_is_how_far_our_clock_is_ahead_of_the_databases(url: str) -> None:
    ledger = await Ledger.open(url, time_kind="real", now=START)
    theirs = await ledger.database.now(START)
    skew = await ledger.clock_skew(theirs + timedelta(hours=1))
    expected = 0 if ledger.database.dialect == "sqlite" else 3600
    assert abs(skew.total_seconds() - expected) < 30
    await ledger.close()


async def test_simulated_time_has_no_skew(ledger: Ledger) -> None:
    assert await ledger.clock_skew(START + timedelta(days=99)) == timedelta(0)
    assert AP
