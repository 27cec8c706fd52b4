"""The packaged policy and estate are sound, fit each other, and have the numbers that they promise."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from models.escalation import EscalationKind
from models.premises import Party, PremisesKind
from models.schemas import INPUTS
from models.work_order import Priority
from workorders.policy import check, default_estate, default_policy, default_world
from workorders.policy.load import FROM_THE_BEGINNING

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)


def test_the_default_pair_fits() -> None:
    assert check(default_policy(), default_estate()) == []
    world = default_world()
    assert world.policies.entries == ((FROM_THE_BEGINNING, default_policy()),)
    assert world.estates.at(NOW) == default_estate()
    assert default_world() is world


def test_the_estate_has_the_size_of_wales() -> None:
    spec = default_estate().spec
    assert (len(spec.regions), len(spec.ldus)) == (2, 5)
    assert len({name for ldu in spec.ldus for name in ldu.local_authorities}) == 22
    assert Counter(premises.kind for premises in spec.premises) == {
        PremisesKind.APPROVED_PREMISES: 4,
        PremisesKind.OFFICE: 20,
        PremisesKind.COURT: 19,
    }
    watched = default_estate().watched_premises()
    assert Counter(default_estate().region_of(premises.id) for premises in watched) == {"north": 2, "south": 2}
    assert all(premises.kind is PremisesKind.APPROVED_PREMISES for premises in watched)


def test_every_address_is_invented() -> None:
    for route in default_estate().spec.routes:
        for channel in route.channels:
            assert channel.address.endswith(".example") or channel.address.startswith("+44 7700 900")


def test_every_role_can_be_reached_about_every_premises_that_it_serves() -> None:
    estate = default_estate()
    for role in estate.spec.roles:
        own = {premises.id for premises in estate.spec.premises if estate.has_route(role.id, premises.id, NOW)}
        assert own == {premises.id for premises in estate.spec.premises}, role.id


def test_every_role_of_a_ladder_and_every_speaker_is_there() -> None:
    estate = default_estate()
    told = {rung.role for ladder in default_policy().spec.ladders for rung in ladder.rungs}
    assert told <= {role.id for role in estate.spec.roles}
    assert {estate.party_of(source.role) for source in estate.spec.sources} == {
        Party.CLIENT,
        Party.DIVISION,
        Party.PROVIDER,
        Party.AGENCY,
        Party.SYSTEM,
    }


def test_the_first_rungs_have_a_mailbox_and_a_line_that_wakes() -> None:
    for kind in EscalationKind:
        first = default_policy().ladder(kind, Priority.P1)[0]
        routes = default_world().routes(first.role, "ap-cae-glas", NOW)
        assert {"email", "text"} <= {channel.kind for route in routes for channel in route.channels}, kind


def test_every_event_type_has_a_source_that_may_send_it() -> None:
    assert {name for source in default_estate().spec.sources for name in source.types} == set(INPUTS)


def test_only_our_own_doors_are_believed_about_when_they_heard() -> None:
    doors = {source.id for source in default_estate().spec.sources if source.door}
    assert doors.isdisjoint({"fm-north", "fm-south", "agency-north", "agency-south"})
    assert {"estates-desk", "ap-managers", "division", "facilities-cli"} <= doors


@pytest.mark.parametrize(("source", "length"), [("fm-north", "1h"), ("agency-south", "6h"), ("estates-desk", None)])
def test_machines_are_expected_to_be_heard_and_people_are_not(source: str, length: str | None) -> None:
    found = default_estate().source(source, NOW)
    assert found is not None
    assert found.expect_every == (None if length is None else timedelta(hours=int(length[:-1])))


def test_every_kind_of_order_has_words_that_a_person_reads() -> None:
    codes = default_policy().spec.codes
    for words in (codes.assets, codes.faults, codes.impacts):
        assert all(text.strip() == text and text for text in words.values())
        assert len(set(words.values())) == len(words)
    assert all(rule.reason.endswith(".") for rule in default_policy().spec.rules)
