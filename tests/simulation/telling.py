"""Short histories told by hand: one call is one accepted event on the wire."""

from collections.abc import Mapping
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

from tests.simulation.oracle.facts import Fact
from tests.simulation.oracle.instants import instant, text_of
from tests.simulation.oracle.register import Register, Registers
from tests.simulation.oracle.rulebook import Rulebook, Rulebooks
from tests.simulation.oracle.unit import Oracle, UnitStory

DATA: Final = Path(__file__).parent / "data"
_USUAL: Final = {"work-order": "/provider/south", "shift-cover": "/agency", "escalation-response": "/provider/south"}
_OF_THE_CLIENT: Final = frozenset({"raised", "completion-rejected", "criticality-settled"})


@cache
def books() -> Rulebooks:
    """The simulation's own policy, in force from the beginning."""
    return Rulebooks(((0, Rulebook.load(DATA / "policy.toml", "simulation")),))


@cache
def registers() -> Registers:
    """The simulation's own estate."""
    return Registers(((0, Register.load(DATA / "estate.toml")),))


class Telling:
    """The history of one premises as it is told, and what the second reckoning makes of it."""

    def __init__(self, premises: str = "ap-south", oracle: Oracle | None = None) -> None:
        self.premises = premises
        self.oracle = oracle or Oracle(books(), registers())
        self.facts: list[Fact] = []
        self._numbers = count(1)

    def say(
        self, what: str, subject: str, time: str, by: str = "", heard: str = "", named: str = "", **data: object
    ) -> "Telling":
        """One event; ``what`` is the type after ``facilities.``; it is heard at once if nothing else is said.

        A field of the event called ``from`` is written ``from_`` here; ``named`` is its id.
        """
        return self.tell(what, subject, time, data, (by, heard, named))

    def tell(
        self,
        what: str,
        subject: str,
        time: str,
        data: Mapping[str, object],
        how: tuple[str, str, str] = ("", "", ""),
    ) -> "Telling":
        """The same with the fields in one mapping; ``how`` is by whom, when heard, and under which id."""
        by, heard, named = how
        family, name = what.split(".")
        source = by or ("/client/helpdesk" if name in _OF_THE_CLIENT else _USUAL[family])
        at = instant(heard or time)
        role, party = self.oracle.registers.at(at).role_of(source, at) or ("", "")
        event = {
            "specversion": "1.0",
            "id": named or f"e{next(self._numbers)}",
            "source": source,
            "type": f"facilities.{what}",
            "subject": subject,
            "time": time,
            "data": {"premises": self.premises, **{key.removesuffix("_"): value for key, value in data.items()}},
        }
        self.facts.append(Fact(event, at, role, party))
        return self

    def raised(self, subject: str, time: str, what: str, by: str = "", **more: object) -> "Telling":
        """An order is raised; ``what`` is asset and fault, such as ``lock broken``."""
        asset, fault = what.split()
        facts = {"asset": asset, "fault": fault, "impacts": [], "alternative_available": False, **more}
        return self.tell("work-order.raised", subject, time, facts, (by, "", ""))

    def story(self, now: str) -> UnitStory:
        """What has become of the premises by an instant; only what was heard by then counts."""
        at = instant(now)
        return self.oracle.premises(self.premises, [fact for fact in self.facts if fact.heard <= at], at)

    def standing(self, now: str, subject: str = "") -> dict[str, str]:
        """What stands: ``kind clock rung`` (with ``#k`` for a repeat) and when it was due."""
        steps = [step for step in self.story(now).standing.values() if not subject or step.subject == subject]
        return {
            " ".join(part for part in (step.kind, step.clock, step.rung) if part)
            + (f" #{step.repeat}" if step.repeat else ""): text_of(step.due_at)[:16] + "Z"
            for step in steps
        }
