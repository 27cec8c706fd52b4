"""As whom each role speaks: every role that a ladder tells can answer, and never as another program."""

from desk.access.rights import Action, Holder, may
from desk.pages.voices import voice_about, voices
from models.premises import Party, ScopeKind
from tests.desk.small_ledger import ENDS
from workorders.policy import default_world

WORLD = default_world()
ESTATE = WORLD.estates.at(ENDS)
TOLD = sorted({rung.role for ladder in WORLD.policies.at(ENDS).spec.ladders for rung in ladder.rungs})
UNITS = [*(one.id for one in ESTATE.spec.premises), "source:fm-north", "source:agency-south"]


def test_every_role_that_a_ladder_tells_can_acknowledge_about_everything_that_it_may_be_told_of() -> None:
    for role in TOLD:
        for unit in UNITS:
            voice = voice_about(WORLD, role, unit, ENDS)
            assert voice is not None, (role, unit)
            assert may(voice.holder, Action.ACKNOWLEDGE)


def test_nobody_speaks_as_the_program_of_a_contractor_or_an_agency() -> None:
    spoken = {one.source for one in voices(WORLD, ENDS)}
    spoken |= {voice.source for role in TOLD for unit in UNITS if (voice := voice_about(WORLD, role, unit, ENDS))}
    assert all(one.door for one in ESTATE.spec.sources if one.id in spoken)


def test_a_role_has_the_rights_of_its_own_side_of_the_contract() -> None:
    sides = {Party.PROVIDER: Holder.PROVIDER, Party.AGENCY: Holder.AGENCY, Party.DIVISION: Holder.DIVISION}
    for one in voices(WORLD, ENDS):
        party = ESTATE.party_of(one.role)
        if party in sides:
            assert one.holder is sides[party], one
        elif party is Party.CLIENT:
            assert one.holder in {Holder.MANAGER, Holder.ESTATES}, one
    holders = {one.role: one.holder for one in voices(WORLD, ENDS)}
    assert (holders["ap-manager"], holders["site-manager"], holders["estates-desk"]) == (
        Holder.MANAGER, Holder.MANAGER, Holder.ESTATES,
    )  # fmt: skip


def test_whoever_works_at_single_premises_reaches_those_only() -> None:
    reaches = {(one.reach, one.of) for one in voices(WORLD, ENDS) if one.role == "ap-manager"}
    homes = {one.id for one in ESTATE.spec.premises if one.kind.value == "approved-premises"}
    assert reaches == {(ScopeKind.PREMISES, home) for home in homes}


def test_there_is_no_voice_of_a_role_that_there_is_not() -> None:
    assert voice_about(WORLD, "emperor", "ap-bryn-awel", ENDS) is None
    assert voice_about(WORLD, "ap-manager", "ap-nowhere", ENDS) is None
