"""What was known of the rules at an instant: a version that was activated later changed no decision before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from streams.ledger.verify.acts import Acts
from workorders.policy import EstateTimeline, PolicyTimeline, World

HEARD_OF_LATE: Final = timedelta(seconds=10)
"""How long a worker may go on with the timelines that it read before an activation."""


@dataclass(slots=True)
class KnownThen:
    """The world as it was known at an instant."""

    world: World
    acts: Acts
    _made: dict[frozenset[tuple[str, datetime]], World] = field(default_factory=dict)

    def at(self, at: datetime) -> Sequence[World]:
        """The worlds that a decision at the instant may have known, the likeliest first."""
        tests: Sequence[Callable[[datetime], bool]] = (
            lambda done: done <= at,
            lambda done: done < at,
            lambda done: done < at - HEARD_OF_LATE,
        )
        unknown = [
            frozenset((one.what, one.effective_from) for one in self.acts.activated if not test(one.at))
            for test in tests
        ]
        return [self._without(some) for some in dict.fromkeys(unknown)]

    def _without(self, unknown: frozenset[tuple[str, datetime]]) -> World:
        if unknown not in self._made:
            policies = [entry for entry in self.world.policies.entries if ("policy", entry[0]) not in unknown]
            estates = [entry for entry in self.world.estates.entries if ("estate", entry[0]) not in unknown]
            self._made[unknown] = World(
                PolicyTimeline(policies or self.world.policies.entries),
                EstateTimeline(estates or self.world.estates.entries),
            )
        return self._made[unknown]
