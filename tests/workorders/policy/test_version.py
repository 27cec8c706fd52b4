"""A version is the hash of what a policy says: how it is written leaves no trace, and what it says always does."""

import tomllib
from collections.abc import Callable
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.policy import PolicySpec
from tests.workorders.policy.small import Data, policy_data, policy_of
from workorders.policy import canonical, default_estate, default_policy, policy_from_toml
from workorders.policy.version import version_of

TEXT = files("workorders.policy").joinpath("default.toml").read_text(encoding="utf-8")
SMALL = policy_of(policy_data()).version


def test_a_version_is_a_sha256_in_hexadecimal() -> None:
    assert len(SMALL) == 64
    assert set(SMALL) <= set("0123456789abcdef")


def test_the_version_of_the_same_content_never_changes() -> None:
    assert SMALL == "4fd93164782460ee9018a9a2907a03e8dec7d052d85eb7df40b77eff83bdec7b"


def test_comments_and_layout_are_no_part_of_the_version() -> None:
    bare = "\n".join(line for line in TEXT.replace(" = ", "=").splitlines() if line and not line.startswith("#"))
    assert policy_from_toml(bare, "bare").version == default_policy().version


def test_the_order_of_tables_is_no_part_of_the_version() -> None:
    data = tomllib.loads(TEXT)
    backwards = {key: data[key] for key in reversed(data)}
    backwards["codes"] = {kind: dict(reversed(codes.items())) for kind, codes in data["codes"].items()}
    assert version_of(PolicySpec.model_validate(backwards)) == default_policy().version


@pytest.mark.parametrize(("length", "same"), [("24h", "1d"), ("90min", "1h 30min"), ("3600s", "1h")])
def test_a_length_of_time_is_the_same_however_it_is_written(length: str, same: str) -> None:
    one, other = policy_data(), policy_data()
    one["orphan_after"], other["orphan_after"] = length, same
    assert policy_of(one).version == policy_of(other).version


def test_a_default_that_is_written_out_is_no_change() -> None:
    data = policy_data() | {"warning_fraction": 0.75, "orphan_after": "4h", "pauses": [], "security_assets": []}
    assert policy_of(data).version == SMALL


CHANGES: list[Callable[[Data], object]] = [
    lambda p: p.update(name="Other"),
    lambda p: p.update(warning_fraction=0.8),
    lambda p: p.update(orphan_after="5h"),
    lambda p: p["rules"][0].update(reason="Another reason."),
    lambda p: p["codes"]["assets"].update(lamp="Lamp"),
    lambda p: p["targets"]["P4"]["fix"].update(duration="5d"),
    lambda p: p["ladders"][0]["rungs"][1].update(after="3h"),
    lambda p: p["nights"].update(required=3),
    lambda p: p["calendars"]["office"].update(extra_holidays=["2026-05-01"]),
    lambda p: p.update(late_after={"duty": "4h"}),
]


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_changed_makes_another_version(change: Callable[[Data], object]) -> None:
    data = policy_data()
    change(data)
    assert policy_of(data).version != SMALL


def test_the_canonical_content_is_small_sorted_json() -> None:
    content = canonical(default_policy().spec)
    assert content.startswith(b'{"answers":{"commitment_max":"2d","commitment_renewals":2,"default_hold":"4h"},')
    assert "Tŷ Derwen".encode() in canonical(default_estate().spec)


@settings(max_examples=25, deadline=None)
@given(st.permutations(list(policy_data())))
def test_any_order_of_keys_is_the_same_version(keys: list[str]) -> None:
    data = policy_data()
    assert version_of(PolicySpec.model_validate({key: data[key] for key in keys})) == SMALL
