"""Whatever the order in which events come, and however often, the history is the same; and nothing is lost unseen."""

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from models.history import Taken
from tests.workorders.history_telling import LATE_AFTER, PARTIES, about, arranged, said
from workorders.history import Arranged
from workorders.history_order import Identity, identity, in_order

KINDS = ["raised", "attended", "completed", "closed", "paused", "resumed", "completion-rejected", "prioritised"]
KINDS += ["escalation-response.acknowledged", "escalation-response.declined"]
REPORTS = {"attended", "completed", "closed", "paused", "resumed"}


@st.composite
def histories(draw: st.DrawFn) -> list[Taken]:
    told: list[Taken] = []
    for n in range(draw(st.integers(1, 9))):
        minutes = draw(st.integers(0, 6)) * 60
        heard = minutes + draw(st.sampled_from([0, 60, 600]))
        role = draw(st.sampled_from(sorted(PARTIES)))
        kind = draw(st.sampled_from(["", "", "retracted", "report-confirmed", "report-refused"]))
        if kind and told:
            told.append(about(kind, draw(st.sampled_from(told)), minutes, id=f"e{n}", heard=heard, role=role))
        else:
            told.append(said(draw(st.sampled_from(KINDS)), minutes, id=f"e{n}", heard=heard, role=role))
    return told


def name_of(item: Taken) -> str:
    return item.event.type.rpartition(".")[2]


class Plainly:
    """The rules on corrections told backwards: what each has an effect on, asked anew each time."""

    def __init__(self, told: list[Taken]) -> None:
        self.ordered = in_order(told)
        self.known = {identity(item.event): item for item in self.ordered}
        self.corrections = [item for item in self.ordered if name_of(item).startswith(("retracted", "report-"))]

    def named(self, correction: Taken) -> Identity:
        return correction.event.data.of_source, correction.event.data.of_id  # type: ignore[union-attr]

    def may(self, correction: Taken) -> bool:
        named = self.known.get(self.named(correction))
        if named is None:
            return False
        if name_of(correction) == "retracted":
            return correction.role in {"division", named.role}
        return correction.role in {"division", "estates-desk"} and self.late(named)

    def late(self, item: Taken) -> bool:
        limit = LATE_AFTER.get(item.role, timedelta(days=999))
        if name_of(item) == "retracted":
            return self.may(item) and item.heard - self.known[self.named(item)].event.time > limit
        return name_of(item) in REPORTS and item.heard - item.event.time > limit

    def acts(self, correction: Taken) -> bool:
        """Whether no later correction has removed it, or refused it if it is a late retraction."""
        later = self.corrections[self.corrections.index(correction) + 1 :]
        naming = [one for one in later if self.named(one) == identity(correction.event) and self.acts(one)]
        if any(name_of(one) == "retracted" for one in naming):
            return False
        refused = [one for one in naming if name_of(one) != "retracted"][-1:]
        return self.may(correction) and [name_of(one) for one in refused] != ["report-refused"]

    def kept(self) -> list[Identity]:
        """What is followed of the events that no rule on completions concerns."""
        acting = [one for one in self.corrections if self.acts(one)]
        out = {self.named(one) for one in acting if name_of(one) == "retracted"}
        verdicts = {self.named(one): name_of(one) for one in acting if name_of(one) != "retracted"}
        out |= {who for who, verdict in verdicts.items() if verdict == "report-refused"}
        return [who for who, item in self.known.items() if who not in out and item not in self.corrections]


def content(found: Arranged) -> tuple[object, ...]:
    return found.kept, found.answers, found.ignored, found.late, found.stages


@given(histories(), st.randoms(use_true_random=False))
def test_any_order_and_duplication_gives_the_same_history(told: list[Taken], chance: Random) -> None:
    shuffled = told + chance.choices(told, k=3)
    chance.shuffle(shuffled)
    assert content(arranged(*shuffled)) == content(arranged(*told))


@given(histories())
def test_corrections_do_what_the_rules_plainly_say(told: list[Taken]) -> None:
    unconcerned = [item for item in told if name_of(item) not in {"raised", "completion-rejected"}]
    plainly, found = Plainly(unconcerned), arranged(*unconcerned)
    assert [identity(item.event) for item in in_order(found.kept + found.answers)] == plainly.kept()


@given(histories())
def test_nothing_is_lost_unseen(told: list[Taken]) -> None:
    found = arranged(*told)
    seen = {identity(item.event) for item in (*found.kept, *found.answers)}
    seen |= {(one.source, one.id) for one in found.ignored}
    corrections = {identity(item.event) for item in told if name_of(item).startswith(("retracted", "report-"))}
    assert {identity(item.event) for item in told} - corrections <= seen


@given(histories())
def test_the_last_stage_is_the_present_and_none_without_doubt_leaves_any(told: list[Taken]) -> None:
    found = arranged(*told)
    unsettled = [one for one in found.late if one.verdict is None]
    assert (found.without is None) == (not unsettled)
    assert found.earliest_late_heard == min((one.taken.heard for one in unsettled), default=None)
    if found.stages:
        assert found.stages[-1].kept == found.kept
        assert [stage.since for stage in found.stages] == sorted({stage.since for stage in found.stages})
