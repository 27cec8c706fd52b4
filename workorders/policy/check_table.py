"""Whether a decision table decides every order, and whether every rule of it ever decides one.

The orders are looked at in classes: values of a facet that the same rules ask for are one class, and partial
combinations that the same rules match are followed once. Of the impacts, none and each one alone are enough. A set of
impacts matches whatever a smaller one matches, so an order that no rule matches, or that a rule decides because nothing
stricter matches, is still such an order with all impacts but one that the rule asks for taken away.
"""

from collections.abc import Iterator, Sequence

from workorders.priority import STRICTNESS, Table

Combination = tuple[str, ...]
"""One value of each facet, in words, standing for its class."""


def faults_of_table(table: Table) -> list[str]:
    """A sentence for a combination without a rule, and for each rule that never decides.

    A rule decides a combination if it matches, counts (see ``last_resort``) and nothing stricter does. One that decides
    none is dead: it could be taken away without any order's priority changing.
    """
    reachable = _reachable(table)
    faults = [f"rules: no rule matches {_words(found)}" for found in list(_gaps(reachable))[:1]]
    deciding = _deciding(table, reachable)
    matching = 0
    for mask in reachable:
        matching |= mask
    for n, rule in enumerate(table.rules):
        if not deciding >> n & 1:
            faults.append(f"rules {rule.id!r}: is dead, for {_why_dead(table, reachable, n)}")
    return faults


def _reachable(table: Table) -> dict[int, Combination]:
    """Every set of rules that some combination matches, with the first such combination."""
    found: dict[int, Combination] = {(1 << len(table.rules)) - 1: ()}
    for facet in _facets(table):
        wider: dict[int, Combination] = {}
        for mask, combination in found.items():
            for satisfied, words in facet.items():
                wider.setdefault(mask & satisfied, (*combination, words))
        found = wider
    return found


def _facets(table: Table) -> Iterator[dict[int, str]]:
    """For each facet its classes: the rules that they satisfy, and a value in words."""
    yield _classes([(mask, kind) for kind, mask in table.kinds.items()])
    yield _classes([(mask, f"asset {asset}") for asset, mask in table.assets.items()])
    yield _classes([(mask, f"fault {fault}") for fault, mask in table.faults.items()])
    impacts = [(mask, f"impact {impact}") for impact, mask in table.impacts.items()]
    yield _classes([(table.of_no_impact(), "no impact"), *impacts])
    yield _classes([(mask, f"{'an' if given else 'no'} alternative") for given, mask in table.alternatives.items()])
    yield _classes([(mask, f"{'out of' if out else 'in'} hours") for out, mask in table.hours.items()])
    yield _classes([(mask, f"season {season}") for season, mask in table.seasons.items()])


def _classes(values: Sequence[tuple[int, str]]) -> dict[int, str]:
    found: dict[int, str] = {}
    for mask, words in values:
        found.setdefault(mask, words)
    return found


def _gaps(reachable: dict[int, Combination]) -> Iterator[Combination]:
    return (combination for mask, combination in reachable.items() if not mask)


def _deciding(table: Table, reachable: dict[int, Combination]) -> int:
    """The rules that decide some combination."""
    of_priority = {
        priority: sum(1 << n for n, rule in enumerate(table.rules) if rule.priority is priority)
        for priority in STRICTNESS
    }
    found = 0
    for mask in reachable:
        counting = table.counting(mask)
        found |= next((counting & same for same in of_priority.values() if counting & same), 0)
    return found


def _why_dead(table: Table, reachable: dict[int, Combination], n: int) -> str:
    """What always goes before the rule, with an example."""
    mask, combination = next(item for item in reachable.items() if item[0] >> n & 1)
    stricter = table.at(table.counting(mask))[0]
    return f"wherever it matches another decides: {stricter.id!r} for instance for {_words(combination)}"


def _words(combination: Combination) -> str:
    return ", ".join(combination)
