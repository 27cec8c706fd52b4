"""How soon what has changed is drawn again: at once while there is time to spare, seldom while there is none.

Where one process does everything, each drawing takes its time from whatever is heard. What is heard goes first; whoever
looks sees as at when it is.
"""

from collections.abc import Callable
from time import process_time
from typing import Final

from streams.clock import monotonic

DRAWN_EVERY_S: Final = 1.0
"""How often it is drawn at most while much happens."""
BUSY_FROM: Final = 0.4
"""From what part of one core, used by all else in this process for the last second or so, there is no time to spare.

What is heard waits for the disk, too, and uses less than a core even when there is more of it than can be taken."""
PAUSES: Final = 16
"""How many times as long as drawing took nothing is drawn after it, while there is no time to spare."""
LONGEST_PAUSE_S: Final = 20.0


class Pace:
    """Tells when the next round of drawings may begin; ``now`` and ``used`` count seconds, passed and reckoned."""

    def __init__(self, now: Callable[[], float] = monotonic, used: Callable[[], float] = process_time) -> None:
        self._now, self._used = now, used
        self._began, self._took, self._since = 0.0, 0.0, float("-inf")
        self._asked, self._used_before, self._is_busy = float("-inf"), 0.0, False

    def begin(self) -> None:
        """A round of drawings begins."""
        self._began = self._now()

    def end(self) -> None:
        """It has ended."""
        self._since = self._now()
        self._took = self._since - self._began
        self._asked, self._used_before = self._since, self._used()

    def is_rested(self) -> bool:
        """Whether the next round may begin."""
        passed = self._now() - self._since
        if passed < DRAWN_EVERY_S:
            return False
        return not self._has_much_to_do() or passed >= min(LONGEST_PAUSE_S, PAUSES * self._took)

    def _has_much_to_do(self) -> bool:
        now, used = self._now(), self._used()
        if now - self._asked >= DRAWN_EVERY_S:
            self._is_busy = used - self._used_before >= BUSY_FROM * (now - self._asked)
            self._asked, self._used_before = now, used
        return self._is_busy
