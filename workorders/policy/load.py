"""The one place that reads policy and estate files: those of a user, and those that come with the package."""

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from workorders.policy.check_both import check
from workorders.policy.estate import Estate
from workorders.policy.read import estate_from_toml, policy_from_toml
from workorders.policy.refusal import PolicyError
from workorders.policy.rulebook import Policy
from workorders.policy.timeline import EstateTimeline, PolicyTimeline, World

DEFAULT_POLICY: Final = "default.toml"
DEFAULT_ESTATE: Final = "wales.toml"
FROM_THE_BEGINNING: Final = datetime(1990, 1, 1, tzinfo=UTC)
"""The instant from which the packaged versions are in force; they count before it too."""


def load_policy(path: Path | str) -> Policy:
    """The policy in a TOML file; ``PolicyError`` says in one sentence which file, key and reason."""
    return policy_from_toml(_read(Path(path)), Path(path).name)


def load_estate(path: Path | str) -> Estate:
    """The estate in a TOML file; ``PolicyError`` says in one sentence which file, key and reason."""
    return estate_from_toml(_read(Path(path)), Path(path).name)


def load_world(policy: Path | str, estate: Path | str) -> World:
    """A policy and an estate that fit each other, in force from the beginning; ``PolicyError`` if they do not."""
    return world_of(load_policy(policy), load_estate(estate), f"{Path(policy).name} with {Path(estate).name}")


def world_of(policy: Policy, estate: Estate, name: str) -> World:
    """One policy and one estate, in force from the beginning; ``PolicyError`` if they do not fit each other."""
    faults = check(policy, estate)
    if faults:
        raise PolicyError(faults).named(name)
    return World(PolicyTimeline([(FROM_THE_BEGINNING, policy)]), EstateTimeline([(FROM_THE_BEGINNING, estate)]))


@cache
def default_policy() -> Policy:
    """The policy that comes with the package."""
    return policy_from_toml((files(__package__) / DEFAULT_POLICY).read_bytes(), DEFAULT_POLICY)


@cache
def default_estate() -> Estate:
    """The estate of Wales that comes with the package, with invented names."""
    return estate_from_toml((files(__package__) / DEFAULT_ESTATE).read_bytes(), DEFAULT_ESTATE)


@cache
def default_world() -> World:
    """The policy and the estate that come with the package, in force from the beginning."""
    return world_of(default_policy(), default_estate(), f"{DEFAULT_POLICY} with {DEFAULT_ESTATE}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as refusal:
        raise PolicyError([f"{path.name}: cannot be read: {refusal.strerror}"]) from None
