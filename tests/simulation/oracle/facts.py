"""What was taken in, as the second reckoning reads it from the wire."""

from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.oracle.instants import instant, text_of

_ANSWERS: Final = "facilities.escalation-response."


@dataclass(frozen=True)
class Fact:
    """One accepted event: the raw CloudEvent, when it was heard, and who said it."""

    event: dict[str, Any]
    heard: int
    role: str
    party: str

    @property
    def key(self) -> tuple[str, str]:
        """(source, id), by which it is named."""
        return self.event["source"], self.event["id"]

    @property
    def name(self) -> str:
        """The last part of its type, such as ``completed``."""
        return str(self.event["type"]).rsplit(".", 1)[1]

    @property
    def is_answer(self) -> bool:
        """Whether it came on the topic of answers."""
        return str(self.event["type"]).startswith(_ANSWERS)

    @property
    def time(self) -> int:
        """When it happened."""
        return instant(self.event["time"])

    @property
    def subject(self) -> str:
        """The order, night or source that it is about."""
        return str(self.event["subject"])

    @property
    def unit(self) -> str:
        """The premises, or ``source:<id>``."""
        return str(self.event["data"]["premises"])

    @property
    def data(self) -> dict[str, Any]:
        """What it says."""
        data: dict[str, Any] = self.event["data"]
        return data

    @property
    def named(self) -> tuple[str, str] | None:
        """The (source, id) that it names, if its type names one."""
        if "of_id" not in self.data:
            return None
        return self.data["of_source"], self.data["of_id"]

    @property
    def tie(self) -> tuple[str, str, str]:
        """What orders events of the same time and rank."""
        return str(self.event["source"]), str(self.event.get("sequence") or ""), str(self.event["id"])

    def __str__(self) -> str:
        said = {key: value for key, value in self.data.items() if key not in {"premises", "note"}}
        return (
            f"{self.event['time']} {self.name} by {self.event['source']} ({self.role}/{self.party})"
            f" id={self.event['id']} heard={text_of(self.heard)} {said}"
        )
