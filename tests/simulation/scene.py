"""Where the simulation plays: the invented policies and estate, for the inventor, for the oracle and for the code."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from tests.simulation.invention import Setting
from tests.simulation.oracle.instants import instant
from tests.simulation.oracle.register import Register, Registers
from tests.simulation.oracle.rulebook import Rulebook, Rulebooks
from tests.simulation.oracle.unit import Oracle
from tests.simulation.world import DEFAULT_ESTATE, DEFAULT_POLICY
from workorders.policy import (
    EstateTimeline,
    Policy,
    PolicyTimeline,
    World,
    default_world,
    estate_from_toml,
    policy_from_toml,
)

DATA: Final = Path(__file__).parent / "data"
BEGINNING: Final = datetime(1990, 1, 1, tzinfo=UTC)

_CHANGES: Final = (
    ('name = "simulation"', 'name = "simulation, changed"'),
    ('attend = { duration = "4h", calendar = "always" }', 'attend = { duration = "3h", calendar = "always" }'),
    ('fix = { working_days = 3, calendar = "working" }', 'fix = { working_days = 2, calendar = "shifts" }'),
    ('bed = "Bed"', 'bed = "Bed"\ngate = "Gate"'),
    ('asset = ["lock"], fault = ["broken"]', 'asset = ["lock", "gate"], fault = ["broken"]'),
    ('security_assets = ["lock", "window", "camera"]', 'security_assets = ["lock", "gate"]'),
    ('assets = ["lock", "window", "camera"]', 'assets = ["lock", "window", "gate"]'),
    ('max_once = "2d"', 'max_once = "12h"'),
    ('default_hold = "2h"', 'default_hold = "1h"'),
    ("commitment_renewals = 2", "commitment_renewals = 1"),
    ('role = "provider-senior", after = "2h", ack_within = "2h"', 'role = "provider-senior", after = "3h"'),
    ('escalate_before = "4h"', 'escalate_before = "6h"'),
    ('check_in_grace = "15min"', 'check_in_grace = "20min"'),
    ('orphan_after = "2h"', 'orphan_after = "1h"'),
    ('ack_within = "1h", ack_holds = "6h" }', 'ack_within = "2h", ack_holds = "6h" }'),
)
"""What the later policy has otherwise."""


@dataclass(frozen=True)
class Scene:
    """One estate under one or two policies, three times over."""

    setting: Setting
    oracle: Oracle
    world: World


def _later(text: str) -> str:
    for before, after in _CHANGES:
        if before not in text:
            raise ValueError(f"the policy of the simulation says nowhere {before}")
        text = text.replace(before, after)
    return text


@cache
def _policy(text: str) -> Policy:
    return policy_from_toml(text.encode(), "policy.toml")


@cache
def shipped() -> Scene:
    """The policy and the estate that come with the package."""
    setting = Setting.load(DEFAULT_POLICY, DEFAULT_ESTATE)
    world = default_world()
    book = Rulebook(setting.policy, world.policies.versions[0])
    return Scene(setting, Oracle(Rulebooks(((0, book),)), Registers(((0, Register(setting.estate)),))), world)


@cache
def scene(changes_at: datetime | None = None) -> Scene:
    """The simulation's estate and policy; another policy from an instant on, if one is given."""
    texts = [(BEGINNING, (DATA / "policy.toml").read_text(encoding="utf-8"))]
    if changes_at is not None:
        texts.append((changes_at, _later(texts[0][1])))
    estate = (DATA / "estate.toml").read_text(encoding="utf-8")
    policies = [(since, _policy(text), tomllib.loads(text)) for since, text in texts]
    versions = tuple(policy.version for _, policy, _ in policies)
    later = None if changes_at is None else (changes_at, policies[1][2])
    return Scene(
        Setting(policies[0][2], tomllib.loads(estate), later, versions if later else ()),
        Oracle(
            Rulebooks(tuple((instant(since), Rulebook(data, policy.version)) for since, policy, data in policies)),
            Registers(((instant(BEGINNING), Register(tomllib.loads(estate))),)),
        ),
        World(
            PolicyTimeline([(since, policy) for since, policy, _ in policies]),
            EstateTimeline([(BEGINNING, estate_from_toml(estate.encode(), "estate.toml"))]),
        ),
    )
