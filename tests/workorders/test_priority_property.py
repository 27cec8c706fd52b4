"""The compiled table says what reading the rules one by one says, and its check finds every gap and dead rule."""

from dataclasses import replace
from itertools import chain, combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from models.policy import Codes, Rule, When
from models.premises import PremisesKind
from models.work_order import Priority
from workorders.policy import default_policy
from workorders.policy.check_table import faults_of_table
from workorders.priority import Facets, Table

ASSETS, FAULTS, IMPACTS, SEASONS = (
    ("lock", "bed", "lamp"),
    ("broken", "worn"),
    ("public", "staff"),
    ("winter", "summer"),
)
KINDS = (PremisesKind.APPROVED_PREMISES, PremisesKind.OFFICE)
CODES = Codes(assets=dict.fromkeys(ASSETS, "x"), faults=dict.fromkeys(FAULTS, "x"), impacts=dict.fromkeys(IMPACTS, "x"))


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...] | None]:
    chosen = st.lists(st.sampled_from(values), min_size=1, unique=True).map(tuple)
    return st.none() | chosen


WHENS = st.builds(
    When,
    premises_kind=st.none() | st.sampled_from(KINDS).map(lambda kind: (kind,)),
    asset=some(ASSETS),
    fault=some(FAULTS),
    impacts_any=some(IMPACTS),
    alternative_available=st.none() | st.booleans(),
    out_of_hours=st.none() | st.booleans(),
    season=some(SEASONS),
)
TABLES = st.lists(st.tuples(st.sampled_from(Priority), WHENS, st.booleans()), min_size=1, max_size=6).map(
    lambda rows: [
        Rule(id=f"r{n}", priority=priority, reason="x", when=when, last_resort=last)
        for n, (priority, when, last) in enumerate(rows)
    ]
)


def every_order() -> list[Facets]:
    sets = chain.from_iterable(combinations(IMPACTS, n) for n in range(len(IMPACTS) + 1))
    every = product(PremisesKind, ASSETS, FAULTS, map(frozenset, sets), (False, True), (False, True), SEASONS)
    return [Facets(*one) for one in every]


EVERY_ORDER = every_order()


def holds(rule: Rule, order: Facets) -> bool:
    """Whether the rule matches, read condition by condition."""
    when = rule.when
    return (
        (when.premises_kind is None or order.premises_kind in when.premises_kind)
        and (when.asset is None or order.asset in when.asset)
        and (when.fault is None or order.fault in when.fault)
        and (when.impacts_any is None or bool(order.impacts & set(when.impacts_any)))
        and when.alternative_available in {None, order.alternative_available}
        and when.out_of_hours in {None, order.out_of_hours}
        and (when.season is None or order.season in when.season)
    )


def counting(rules: list[Rule], order: Facets) -> list[Rule]:
    """The rules that count for an order, read one by one."""
    found = [rule for rule in rules if holds(rule, order)]
    return [rule for rule in found if not rule.last_resort] or found


def decided(rules: list[Rule], order: Facets) -> Priority | None:
    """The strictest priority of the rules that count."""
    return min((rule.priority for rule in counting(rules, order)), default=None)


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_the_compiled_table_says_what_the_rules_say_one_by_one(rules: list[Rule]) -> None:
    table = Table(rules, CODES, SEASONS)
    for order in EVERY_ORDER[::7]:
        wanted = counting(rules, order)
        if wanted:
            priority, why = table.classify(order)
            assert priority == min(rule.priority for rule in wanted)
            assert {match.rule for match in why} == {rule.id for rule in wanted}
            assert [match.priority for match in why] == sorted(match.priority for match in why)


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_the_check_finds_a_gap_exactly_where_an_order_has_no_rule(rules: list[Rule]) -> None:
    gaps = any(not counting(rules, order) for order in EVERY_ORDER)
    faults = faults_of_table(Table(rules, CODES, SEASONS))
    assert any(sentence.startswith("rules: no rule matches ") for sentence in faults) == gaps


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_the_check_calls_exactly_those_rules_dead_that_never_decide(rules: list[Rule]) -> None:
    deciding: set[str] = set()
    for order in EVERY_ORDER:
        found = counting(rules, order)
        deciding.update(rule.id for rule in found if rule.priority == min(one.priority for one in found))
    faults = faults_of_table(Table(rules, CODES, SEASONS))
    dead = {sentence.split("'")[1] for sentence in faults if "is dead" in sentence}
    assert dead == {rule.id for rule in rules} - deciding


@settings(max_examples=40, deadline=None)
@given(TABLES)
def test_taking_a_dead_rule_away_changes_no_priority(rules: list[Rule]) -> None:
    shadow = rules[0].model_copy(update={"id": "shadow", "priority": Priority.P4})
    first = rules[0].model_copy(update={"priority": Priority.P1})
    rules = [first, *rules[1:], shadow]
    faults = faults_of_table(Table(rules, CODES, SEASONS))
    dead = {sentence.split("'")[1] for sentence in faults if "is dead" in sentence}
    assert "shadow" in dead
    for name in dead:
        left = [rule for rule in rules if rule.id != name]
        for order in EVERY_ORDER[::5]:
            assert decided(rules, order) == decided(left, order)


_DEFAULT = default_policy().spec.codes
ORDERS = st.builds(
    Facets,
    premises_kind=st.sampled_from(PremisesKind),
    asset=st.sampled_from(sorted(_DEFAULT.assets)),
    fault=st.sampled_from(sorted(_DEFAULT.faults)),
    impacts=st.frozensets(st.sampled_from(sorted(_DEFAULT.impacts))),
    alternative_available=st.booleans(),
    out_of_hours=st.booleans(),
    season=st.sampled_from(SEASONS),
)


@given(ORDERS)
def test_the_default_table_decides_every_order(order: Facets) -> None:
    priority, why = default_policy().classify(order)
    assert why[0].priority == priority
    assert {match.rule for match in why} == {rule.id for rule in counting(list(default_policy().spec.rules), order)}


@given(ORDERS, st.sampled_from(sorted(_DEFAULT.impacts)))
def test_one_more_danger_never_makes_an_order_less_urgent(order: Facets, impact: str) -> None:
    worse = replace(order, impacts=order.impacts | {impact})
    assert default_policy().classify(worse)[0] <= default_policy().classify(order)[0]
