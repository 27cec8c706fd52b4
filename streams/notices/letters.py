"""Letters: who finds the words of a notice. Words are for people, so whoever writes them is handed in from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from streams.notices.channels.channel import Letter
from streams.notices.notice import Notice, Told
from workorders.policy import World


class Writer(Protocol):
    """Writes a notice as a letter."""

    def __call__(self, notice: Notice, told: Sequence[Told], world: World, now: datetime) -> Letter:
        """The letter that tells of all of these, to be sent under the notice's id; at least one is given."""
        ...
