"""How roles, orders and nights are called in the story."""

from datetime import date, datetime

from models.ids import SOURCE_PREFIX
from workorders.policy import World


class Names:
    """Names as people say them, by the estate in force."""

    def __init__(self, world: World, at: datetime) -> None:
        self._estate = world.estates.at(at)

    def role(self, role: str) -> str:
        """The role's name."""
        known = self._estate.role(role)
        return known.name if known is not None else role

    def premises(self, premises: str) -> str:
        """The premises' name."""
        known = self._estate.premises(premises)
        return known.name if known is not None else premises

    def subject(self, premises: str, subject: str) -> str:
        """An order with its premises, a night by its date, a source by its id."""
        if subject.startswith(SOURCE_PREFIX):
            return subject.removeprefix(SOURCE_PREFIX)
        if "/" in subject:
            night = date.fromisoformat(subject.rpartition("/")[2])
            return f"the night of {night:%a} {night.day} {night:%b} at {self.premises(premises)}"
        return f"{subject} at {self.premises(premises)}"
