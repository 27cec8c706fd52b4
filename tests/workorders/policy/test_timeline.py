"""Which version is in force when, and how a version is found by its hash."""

from datetime import timedelta

import pytest

from tests.workorders.policy.small import NOON, estate_data, estate_of, policy_data, policy_of
from workorders.policy import EstateTimeline, Policy, PolicyTimeline

LATER = NOON + timedelta(days=1)
SECOND = timedelta(seconds=1)


def policy(name: str) -> Policy:
    return policy_of(policy_data() | {"name": name})


def test_a_version_is_in_force_from_its_instant_until_the_next() -> None:
    first, second = policy("first"), policy("second")
    timeline = PolicyTimeline([(NOON, first), (LATER, second)])
    asked = (NOON - SECOND, NOON, LATER - SECOND, LATER, LATER + timedelta(days=999))
    assert [timeline.at(at) for at in asked] == [first, first, first, second, second]


def test_estates_have_their_own_timeline() -> None:
    old, new = estate_of(estate_data()), estate_of(estate_data() | {"name": "New"})
    timeline = EstateTimeline([(NOON, old), (LATER, new)])
    assert timeline.at(LATER) == new
    assert timeline.by_version(old.version) == old
    assert timeline.entries == ((NOON, old), (LATER, new))


def test_a_version_is_found_by_its_whole_hash_or_by_twelve_digits_of_it() -> None:
    first, second = policy("first"), policy("second")
    timeline = PolicyTimeline([(NOON, first), (LATER, second)])
    assert timeline.by_version(second.version) == second
    assert timeline.by_version(first.version[:12]) == first
    assert timeline.by_version(first.version[:11]) is None
    assert timeline.by_version("0" * 64) is None
    assert timeline.by_version("0" * 12) is None


def test_a_version_that_comes_back_is_named_once() -> None:
    first, second = policy("first"), policy("second")
    timeline = PolicyTimeline([(NOON, first), (LATER, second), (LATER + SECOND, policy("first"))])
    assert timeline.versions == (first.version, second.version)
    assert timeline.at(LATER + SECOND) == first


def test_a_timeline_needs_a_version() -> None:
    with pytest.raises(ValueError, match="at least one version"):
        PolicyTimeline([])


@pytest.mark.parametrize("second", [NOON, NOON - SECOND])
def test_versions_must_begin_one_after_another(second: object) -> None:
    with pytest.raises(ValueError, match="must begin after the one before it"):
        PolicyTimeline([(NOON, policy("first")), (second, policy("second"))])  # type: ignore[list-item]
