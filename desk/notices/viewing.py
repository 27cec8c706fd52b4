"""What a notice shows of one escalation, in one language: plain values for the templates."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from desk.notices.phrases import ASKS, LABELS, WHAT
from desk.words import Words
from models.ids import SOURCE_PREFIX
from streams.notices.notice import REHEARSAL, TELLS, Told
from workorders.policy import World

LinkTo = Callable[[Told], str | None]
"""The link by which an escalation is acknowledged; None where there is none."""

ANSWERED: Final = TELLS | {REHEARSAL}
"""What of all that is told can be acknowledged."""


@dataclass(frozen=True, slots=True)
class View:
    """One escalation in the words of one language. ``facts`` are pairs of a name and a value."""

    what: str
    about: str
    asks: str
    priority: str | None
    facts: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    link: str | None
    before: bool


def view(told: Told, words: Words, world: World, link_to: LinkTo, now: datetime) -> View:
    """What is shown of it."""
    reached = told.reached
    return View(
        what=what(told, words),
        about=about(told, world, now),
        asks=words(ASKS[told.what]),
        priority=reached.priority,
        facts=tuple(_facts(told, words, world, now)),
        remarks=tuple(words(LABELS[label]) for label in reached.labels if label in LABELS),
        link=link_to(told) if told.what in ANSWERED else None,
        before=told.before,
    )


def what(told: Told, words: Words) -> str:
    """What has happened, in the words that every notice of its ladder bears."""
    phrase = WHAT.get((told.reached.kind.value, told.reached.clock))
    return words(phrase) if phrase is not None else told.reached.kind.value


def about(told: Told, world: World, now: datetime) -> str:
    """What it is about, the same in both languages: the premises with the order or night, or the source."""
    subject = told.reached.subject
    if subject.startswith(SOURCE_PREFIX):
        return subject.removeprefix(SOURCE_PREFIX)
    premises = world.estates.at(now).premises(told.unit)
    name = premises.name if premises is not None else told.unit
    return f"{name}, {subject.rpartition('/')[2]}"


def role_name(role: str, world: World, now: datetime) -> str:
    """The role as the estate names it."""
    found = world.estates.at(now).role(role)
    return found.name if found is not None else role


def _facts(told: Told, words: Words, world: World, now: datetime) -> list[tuple[str, str]]:
    reached = told.reached
    found = [(words("Told"), role_name(reached.role, world, now))]
    if reached.priority is not None:
        found.append((words("Priority"), reached.priority))
    if told.reason:
        found.append((words("Why"), words.reason(told.reason)))
    if reached.original_due_at is not None:
        found.append((words("Was due"), words.moment(reached.original_due_at)))
    found.append((words("Your turn since"), words.moment(reached.due_at)))
    if reached.heard_at is not None and reached.happened_at is not None:
        found.append((words("Happened"), words.moment(reached.happened_at)))
        found.append((words("Heard"), words.moment(reached.heard_at)))
    return found
