"""How long whoever asks will wait for what becomes of it: the header ``Prefer``, as RFC 7240 has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HEADER: Final = "Prefer"
APPLIED: Final = "Preference-Applied"
_ASYNC: Final = "respond-async"
_WAIT: Final = "wait"
_LONGEST: Final = 9
"""How many digits a number of seconds has at most; a longer one is none that anybody means."""


@dataclass(frozen=True, slots=True)
class Preferred:
    """What was asked for: to be answered at once, and how many seconds may be waited at most; None: nothing said."""

    at_once: bool = False
    wait_s: int | None = None

    def patience(self, most: float) -> float:
        """How many seconds may be waited for what becomes of it, ``most`` at most and if nothing was said."""
        if self.wait_s is not None:
            return min(most, float(self.wait_s))
        return 0.0 if self.at_once else most

    def applied(self) -> dict[str, str]:
        """The header that says which preferences were followed; none if there were none."""
        wait = [f"{_WAIT}={self.wait_s}"] if self.wait_s is not None else []
        told = ([_ASYNC] if self.at_once else []) + wait
        return {APPLIED: ", ".join(told)} if told else {}


def preferred(headers: Sequence[str]) -> Preferred:
    """What the headers prefer; of a preference that is named twice the first counts, and what is none is ignored."""
    found: dict[str, str] = {}
    for part in ",".join(headers).split(","):
        name, _, value = part.partition(";")[0].partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"'))
    wait = found.get(_WAIT, "")
    is_number = wait.isascii() and wait.isdecimal() and len(wait) <= _LONGEST
    return Preferred(_ASYNC in found, int(wait) if is_number else None)
