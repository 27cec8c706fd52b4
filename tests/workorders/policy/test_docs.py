"""The page about policies names every key, and the examples on it are sound."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from models import calendar, policy, premises
from models.calendar import WEEKDAYS
from models.escalation import EscalationKind
from models.policy import PolicySpec
from models.premises import EstateSpec, Fixed, PremisesKind, ScopeKind
from tests.workorders.policy.small import Data
from workorders.policy import PolicyError, check, default_policy, estate_from_toml, policy_from_data, policy_from_toml

PAGE = (Path(__file__).parents[3] / "docs" / "POLICY.md").read_text(encoding="utf-8")
NAMED = {word for code in re.findall(r"`([^`\n]+)`", PAGE) for word in re.findall(r"[a-z_0-9]+(?:-[a-z]+)*", code)}


def shapes() -> list[type[BaseModel]]:
    every = [value for module in (policy, premises, calendar) for value in vars(module).values()]
    return [value for value in every if isinstance(value, type) and issubclass(value, BaseModel) and value is not Fixed]


@pytest.mark.parametrize("shape", shapes(), ids=lambda shape: shape.__name__)
def test_every_key_is_on_the_page(shape: type[BaseModel]) -> None:
    missing = set(shape.model_fields) - NAMED
    assert not missing - set(WEEKDAYS)


def test_every_word_that_a_key_may_have_is_on_the_page() -> None:
    words = {str(word) for kind in (EscalationKind, PremisesKind, ScopeKind) for word in kind}
    assert words <= NAMED
    assert set(PolicySpec.model_fields) | set(EstateSpec.model_fields) <= NAMED


def test_the_examples_are_sound_and_fit_each_other() -> None:
    a_policy, an_estate = (policy_block for policy_block in re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL))
    assert check(policy_from_toml(a_policy, "page"), estate_from_toml(an_estate, "page")) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda p: p["rules"][0]["when"].update(asset=["entrylock"]),
            "mine.toml: rules 'ap-entry', when.asset: 'entrylock' is not in codes.assets",
        ),
        (
            lambda p: p["nights"].update(sudden_within="1 day"),
            "mine.toml: nights.sudden_within: '1 day' is no duration: write for example '15min', '2h' or '1d 12h'",
        ),
    ],
)
def test_the_sentences_on_the_page_are_those_that_are_said(change: object, sentence: str) -> None:
    data: Data = default_policy().spec.model_dump(exclude_defaults=True)
    change(data)  # type: ignore[operator]
    with pytest.raises(PolicyError) as refusal:
        policy_from_data(data, "mine.toml")
    assert str(refusal.value) == sentence
    assert sentence in PAGE
