"""The ladder of a silent source: by the policy in force when the silence began."""

from datetime import UTC, datetime, timedelta

from models.escalation import EscalationKind
from models.policy import Ladder
from workorders.decide import Case, decide
from workorders.policy import Policy, PolicyTimeline, World, default_world

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
CHANGE = START + timedelta(days=10)
HOUR = timedelta(hours=1)


def slower(ladder: Ladder) -> Ladder:
    """The same ladder, its second rung an hour later."""
    first, second, *rest = ladder.rungs
    return ladder.model_copy(update={"rungs": (first, second.model_copy(update={"after": second.after + HOUR}), *rest)})


def changing() -> World:
    """The default world, whose ladder for silent sources becomes slower."""
    world = default_world()
    spec = world.policies.at(START).spec
    ladders = tuple(
        slower(ladder) if ladder.kind is EscalationKind.SILENT_SOURCE else ladder for ladder in spec.ladders
    )
    later = Policy(spec.model_copy(update={"ladders": ladders}))
    return World(PolicyTimeline([(START, world.policies.at(START)), (CHANGE, later)]), world.estates)


def second_rung(silent_from: datetime) -> timedelta:
    """How long after the onset the second rung of the silence is reached."""
    world = changing()
    source = next(one for one in world.estates.at(START).spec.sources if one.expect_every is not None)
    assert source.expect_every is not None
    subject = f"source:{source.id}"
    heard = [silent_from - source.expect_every]
    found = decide(Case(subject, subject, [], heard=heard, since=START), world, silent_from + 6 * HOUR)
    first, second = sorted(found.reached, key=lambda one: one.due_at)
    assert first.due_at == silent_from
    return second.due_at - first.due_at


def test_a_silence_climbs_by_the_policy_in_force_when_it_began() -> None:
    assert second_rung(CHANGE - HOUR) == 4 * HOUR
    assert second_rung(CHANGE + HOUR) == 5 * HOUR
