"""The rules as data: priorities, targets, calendars, ladders and night checkpoints, each version a content hash."""

from workorders.policy.check_both import check
from workorders.policy.estate import Estate
from workorders.policy.load import default_estate, default_policy, default_world, load_estate, load_policy, load_world
from workorders.policy.read import (
    estate_from_data,
    estate_from_json,
    estate_from_toml,
    policy_from_data,
    policy_from_json,
    policy_from_toml,
)
from workorders.policy.refusal import PolicyError
from workorders.policy.rulebook import Policy
from workorders.policy.timeline import EstateTimeline, PolicyTimeline, World
from workorders.policy.version import canonical

__all__ = [
    "Estate",
    "EstateTimeline",
    "Policy",
    "PolicyError",
    "PolicyTimeline",
    "World",
    "canonical",
    "check",
    "default_estate",
    "default_policy",
    "default_world",
    "estate_from_data",
    "estate_from_json",
    "estate_from_toml",
    "load_estate",
    "load_policy",
    "load_world",
    "policy_from_data",
    "policy_from_json",
    "policy_from_toml",
]
