"""What the default table says of each fault that the rules name, at approved premises and elsewhere."""

import dataclasses
from itertools import product

import pytest

from models.policy import Codes, Rule, When
from models.premises import PremisesKind
from models.work_order import Priority
from workorders.policy import default_policy
from workorders.priority import Facets, NoRule, Table, UnknownFacet

AP = PremisesKind.APPROVED_PREMISES
ELSEWHERE = (PremisesKind.OFFICE, PremisesKind.COURT, PremisesKind.SHARED)
NEVER_LOWERED = ("public", "secure-interview-room", "affray-alarm", "fire-safety")
BY_THEMSELVES = {"fire-detection", "fire-alarm-panel", "affray-alarm", "secure-interview-room"}


def facets(
    asset: str,
    fault: str,
    *impacts: str,
    kind: PremisesKind = AP,
    alternative: bool = False,
    season: str = "winter",
    out_of_hours: bool = False,
) -> Facets:
    return Facets(kind, asset, fault, frozenset(impacts), alternative, out_of_hours, season)


def priority(asset: str, fault: str, *impacts: str, **more: object) -> str:
    found, _ = default_policy().classify(facets(asset, fault, *impacts, **more))  # type: ignore[arg-type]
    return found


P1_AT_AP = [
    ("entry-lock", "total-loss"),
    ("entry-lock", "will-not-secure"),
    ("key-system", "missing"),
    ("fob-system", "total-loss"),
    ("ground-floor-window", "will-not-secure"),
    ("fire-detection", "total-loss"),
    ("fire-alarm-panel", "total-loss"),
    ("cctv", "total-loss"),
    ("staff-alarm", "total-loss"),
    ("duty-phone", "missing"),
    ("power", "total-loss"),
    ("water", "total-loss"),
    ("heating", "total-loss"),
    ("drainage", "total-loss"),
    ("drainage", "blocked"),
]
P2_AT_AP = [
    *((asset, "partial-loss") for asset in dict.fromkeys(asset for asset, _ in P1_AT_AP)),
    ("bedroom-lock", "total-loss"),
    ("window-restrictor", "damaged"),
    ("internal-door", "ligature-point"),
    ("furniture", "sharp-edge"),
    ("drug-testing-room", "total-loss"),
    ("medication-store", "will-not-secure"),
    ("hot-water", "total-loss"),
    ("lift", "total-loss"),
    ("accessible-facility", "total-loss"),
]


@pytest.mark.parametrize(("asset", "fault"), P1_AT_AP)
def test_loss_of_what_protects_the_public_is_business_critical_at_approved_premises(asset: str, fault: str) -> None:
    assert priority(asset, fault) == "P1"


@pytest.mark.parametrize(("asset", "fault"), P2_AT_AP)
def test_partial_loss_and_dangers_to_residents_are_p2_at_approved_premises(asset: str, fault: str) -> None:
    assert priority(asset, fault) == "P2"


@pytest.mark.parametrize("asset", ["lift", "accessible-facility", "sanitary-fitting"])
def test_an_alternative_makes_an_accessible_facility_less_urgent(asset: str) -> None:
    assert priority(asset, "total-loss", alternative=True) == "P3"
    assert priority(asset, "total-loss", alternative=False) == "P2"


def test_a_bed_out_of_use_is_p3() -> None:
    assert priority("bed", "total-loss") == "P3"


@pytest.mark.parametrize("asset", ["decoration", "furniture"])
@pytest.mark.parametrize("kind", PremisesKind)
def test_decoration_and_furniture_are_p4_everywhere(asset: str, kind: PremisesKind) -> None:
    assert priority(asset, "unsightly", kind=kind) == "P4"


def test_heating_is_business_critical_in_winter_only() -> None:
    assert [priority("heating", "total-loss", season=season) for season in ("winter", "summer")] == ["P1", "P3"]
    assert [priority("heating", "partial-loss", season=season) for season in ("winter", "summer")] == ["P2", "P3"]


@pytest.mark.parametrize("kind", ELSEWHERE)
@pytest.mark.parametrize(("asset", "fault"), [row for row in P1_AT_AP if row[0] not in BY_THEMSELVES])
def test_offices_and_courts_are_one_step_lower(kind: PremisesKind, asset: str, fault: str) -> None:
    assert priority(asset, fault, kind=kind) == "P2"
    assert priority(asset, fault, "staff-safety", kind=kind) == "P2"


@pytest.mark.parametrize("impact", NEVER_LOWERED)
def test_what_endangers_the_public_is_not_lowered(impact: str) -> None:
    assert priority("entry-lock", "total-loss", impact, kind=PremisesKind.COURT) == "P1"


@pytest.mark.parametrize(
    ("asset", "fault", "wanted"),
    [
        ("fire-detection", "total-loss", "P1"),
        ("fire-alarm-panel", "partial-loss", "P2"),
        ("affray-alarm", "total-loss", "P1"),
        ("affray-alarm", "partial-loss", "P2"),
        ("secure-interview-room", "will-not-secure", "P1"),
        ("secure-interview-room", "total-loss", "P2"),
    ],
)
def test_fire_alarms_affray_alarms_and_secure_rooms_are_not_lowered(asset: str, fault: str, wanted: str) -> None:
    assert priority(asset, fault, kind=PremisesKind.OFFICE) == wanted


def _shape() -> list[Facets]:
    codes = default_policy().spec.codes
    kinds = product(codes.assets, codes.faults, (False, True), ("winter", "summer"))
    return [facets(asset, fault, alternative=other, season=season) for asset, fault, other, season in kinds]


def _with(one: Facets, **changes: object) -> Priority:
    return default_policy().classify(dataclasses.replace(one, **changes))[0]  # type: ignore[arg-type]


def test_elsewhere_has_the_shape_of_approved_premises_one_step_lower() -> None:
    steps = list(Priority)
    for one in _shape():
        if one.asset not in BY_THEMSELVES:
            lower = steps[min(steps.index(_with(one)) + 1, 3)]
            assert {_with(one, premises_kind=kind) for kind in ELSEWHERE} == {lower}, one


@pytest.mark.parametrize("impact", NEVER_LOWERED)
def test_elsewhere_has_the_very_shape_of_approved_premises_where_the_public_is_affected(impact: str) -> None:
    for one in _shape():
        affected = dataclasses.replace(one, impacts=frozenset({impact}))
        assert {_with(affected, premises_kind=kind) for kind in ELSEWHERE} == {_with(affected)}, affected


def test_out_of_hours_alone_changes_no_default_priority() -> None:
    for one in _shape():
        assert _with(one, out_of_hours=True) == _with(one)


def test_what_no_rule_names_falls_to_the_named_last_resort() -> None:
    found, why = default_policy().classify(facets("other", "damaged"))
    assert (found, [match.rule for match in why]) == (Priority.P3, ["unlisted-at-approved-premises"])
    assert priority("other", "damaged", kind=PremisesKind.OFFICE) == "P4"


def test_a_danger_that_no_rule_names_is_more_urgent_than_the_last_resort() -> None:
    assert priority("other", "damaged", "public") == "P2"
    assert priority("other", "damaged", "staff-safety") == "P2"
    assert priority("other", "damaged", "staff-safety", kind=PremisesKind.OFFICE) == "P3"


def test_every_matching_reason_is_kept_the_strictest_first() -> None:
    found, why = default_policy().classify(facets("bedroom-lock", "ligature-point", "public"))
    assert found is Priority.P2
    assert [match.rule for match in why] == ["ap-bedroom", "ap-self-harm"]
    found, why = default_policy().classify(facets("furniture", "sharp-edge"))
    assert [(match.rule, match.priority) for match in why] == [("ap-self-harm", "P2"), ("appearance", "P4")]
    assert found is Priority.P2
    assert why[0].reason == "A ligature point or a sharp edge can be used to do harm."


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"asset": "lok"}, "lok"),
        ({"fault": "bent"}, "bent"),
        ({"impacts": frozenset({"cats"})}, "cats"),
        ({"season": "spring"}, "spring"),
    ],
)
def test_an_unknown_code_is_refused_by_name(changes: dict[str, object], code: str) -> None:
    spoilt = dataclasses.replace(facets("cctv", "total-loss"), **changes)  # type: ignore[arg-type]
    with pytest.raises(UnknownFacet, match=f"^'{code}' is not a code of this policy$"):
        default_policy().classify(spoilt)


def test_a_table_with_a_gap_refuses_what_falls_into_it() -> None:
    rule = Rule(id="only", priority=Priority.P1, reason="Only.", when=When(asset=("lock",)))
    codes = Codes(assets={"lock": "Lock", "bed": "Bed"}, faults={"broken": "is broken"}, impacts={"public": "all"})
    table = Table([rule], codes, ["winter"])
    assert table.classify(facets("lock", "broken"))[0] is Priority.P1
    with pytest.raises(NoRule, match=r"^no rule matches these facets$"):
        table.classify(facets("bed", "broken"))
