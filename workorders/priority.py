"""The priority of an order: a decision table over finite facets, compiled so that a look-up is a few masks.

Every rule is one bit, the strictest first. Each value of a facet has the mask of the rules that it satisfies; the rules
that match an order are what all its masks have in common.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from models.outputs import RuleMatch
from models.policy import Codes, Rule
from models.premises import PremisesKind
from models.work_order import Priority

_Value = TypeVar("_Value")

Verdict = tuple[Priority, tuple[RuleMatch, ...]]
"""The strictest matching priority, and every rule that matched, the strictest first."""

STRICTNESS: Final = {priority: rank for rank, priority in enumerate(Priority)}
"""Rank of each priority: 0 is the strictest."""


@dataclass(slots=True)
class Facets:
    """The finite facts that decide the priority of an order.

    ``out_of_hours`` is fixed at the raised time; ``season`` is the id of the policy's season.
    """

    premises_kind: PremisesKind
    asset: str
    fault: str
    impacts: frozenset[str]
    alternative_available: bool
    out_of_hours: bool
    season: str


class UnknownFacet(LookupError):  # noqa: N818 -- a refusal that reads as a sentence
    """An order bears a code that the table does not know."""


class NoRule(LookupError):  # noqa: N818 -- a refusal that reads as a sentence
    """No rule matches; a policy that passed its check has none such."""


class Table:
    """A compiled decision table: total over the codes and seasons that it was made for, if its check passed."""

    __slots__ = (
        "_any_impact",
        "_verdicts",
        "alternatives",
        "assets",
        "faults",
        "hours",
        "impacts",
        "kinds",
        "ordinary",
        "rules",
        "seasons",
    )

    def __init__(self, rules: Iterable[Rule], codes: Codes, seasons: Iterable[str]) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: STRICTNESS[rule.priority]))
        self.kinds = self._masks(PremisesKind, lambda rule: rule.when.premises_kind)
        self.assets = self._masks(codes.assets, lambda rule: rule.when.asset)
        self.faults = self._masks(codes.faults, lambda rule: rule.when.fault)
        self.seasons = self._masks(seasons, lambda rule: rule.when.season)
        self.alternatives = self._masks((False, True), lambda rule: _only(rule.when.alternative_available))
        self.hours = self._masks((False, True), lambda rule: _only(rule.when.out_of_hours))
        self.impacts = self._masks(codes.impacts, lambda rule: rule.when.impacts_any)
        self._any_impact = self._mask(rule.when.impacts_any is None for rule in self.rules)
        self.ordinary = self._mask(not rule.last_resort for rule in self.rules)
        self._verdicts: dict[int, Verdict] = {}

    def classify(self, facets: Facets) -> Verdict:
        """The priority of an order with these facets, and every rule that led to it.

        ``UnknownFacet`` if the table does not know one of the codes.
        """
        try:
            reached = self._any_impact
            for impact in facets.impacts:
                reached |= self.impacts[impact]
            matched = (
                reached
                & self.assets[facets.asset]
                & self.faults[facets.fault]
                & self.kinds[facets.premises_kind]
                & self.seasons[facets.season]
                & self.alternatives[facets.alternative_available]
                & self.hours[facets.out_of_hours]
            )
        except KeyError as unknown:
            raise UnknownFacet(f"{unknown.args[0]!r} is not a code of this policy") from None
        return self._verdicts.get(matched) or self._learn(matched)

    def counting(self, matched: int) -> int:
        """Of the rules that match, those that count: the rules of last resort only if no other matches."""
        return matched & self.ordinary or matched

    def of_no_impact(self) -> int:
        """The rules that an order without any impact satisfies."""
        return self._any_impact

    def _learn(self, matched: int) -> Verdict:
        """The verdict for a set of matching rules; kept, for there are few such sets."""
        rules = self.at(self.counting(matched))
        if not rules:
            raise NoRule("no rule matches these facets")
        matches = tuple(RuleMatch(rule=rule.id, priority=rule.priority, reason=rule.reason) for rule in rules)
        self._verdicts[matched] = rules[0].priority, matches
        return self._verdicts[matched]

    def at(self, mask: int) -> list[Rule]:
        """The rules whose bits are set, the strictest first."""
        return [rule for n, rule in enumerate(self.rules) if mask >> n & 1]

    def _masks(self, values: Iterable[_Value], asked: Callable[[Rule], Sequence[_Value] | None]) -> dict[_Value, int]:
        """For each value of a facet the rules that it satisfies; a rule that asks nothing is satisfied by all."""
        wanted = [asked(rule) for rule in self.rules]
        return {value: self._mask(want is None or value in want for want in wanted) for value in values}

    @staticmethod
    def _mask(bits: Iterable[bool]) -> int:
        return sum(1 << n for n, bit in enumerate(bits) if bit)


def _only(value: bool | None) -> tuple[bool, ...] | None:  # noqa: FBT001 -- the value of a facet, no switch
    return None if value is None else (value,)
