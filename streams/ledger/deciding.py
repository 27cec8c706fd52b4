"""Deciding many subjects at once: what is known is read by the set, each is decided, and whatever that touches too.

What cannot be decided is found here, in memory: an event that breaks its subject is held back alone, a subject that
cannot be decided at all is left as it was, and the neighbours go on. Both are reported loudly.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from models.decision import Context, Decision, SourceState, Span
from models.history import Taken
from streams.ledger import store
from streams.ledger.context import Contexts, counts_alike
from streams.ledger.incoming import Held
from streams.ledger.memory import Recollection
from streams.ledger.store import Key, Known, Tag
from workorders import decide
from workorders.affected import affects, meets
from workorders.policy import World

GIVE_WAY_EVERY: Final = 50
"""After so many subjects the others of this process have their turn, so that a large batch does not hold them up."""

Causes = dict[Tag, list[tuple[str, Span]]]
"""Under each tag, which subjects changed, and in which stretches."""


@dataclass(slots=True)
class Decided:
    """One subject's decision, and what the ledger knew before it."""

    known: Known
    decision: Decision


@dataclass(slots=True)
class Deciding:
    """The decisions of one transaction. ``held`` are the events and subjects that could not be decided."""

    world: World
    now: datetime
    since: datetime
    recollection: Recollection
    known: dict[Key, Known] = field(default_factory=dict)
    decided: dict[Key, Decided] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)

    async def run(
        self,
        connection: AsyncConnection,
        keys: Collection[Key],
        fresh: Mapping[Key, Sequence[Taken]],
        marks: Mapping[Key, Sequence[datetime]],
    ) -> None:
        """Decide the subjects with their fresh events, and then every order whose joined risk that changed.

        ``marks`` gives for a source's own subject the instants at which it was heard. A subject without fresh events
        that is not due any more is left as it is.
        """
        contexts = Contexts(self.world)
        await self._read(connection, keys, marks)
        keys = [key for key in keys if key in fresh or not self._is_early(key)]
        for key in keys:
            self.known[key].history.extend(fresh.get(key, ()))
        await contexts.read(connection, self._orders(keys))
        causes: Causes = {}
        for n, key in enumerate(sorted(keys, key=_nights_first), start=1):
            self._decide(key, contexts, fresh.get(key, ()))
            _note_causes(key, self.decided.get(key), contexts, causes)
            await give_way(n)
        again = await self._touched(connection, contexts, causes)
        await self._read(connection, again - self.known.keys(), {})
        await contexts.read(connection, self._orders(again))
        contexts.make_anew()
        for n, key in enumerate(sorted(again), start=1):
            self._decide(key, contexts, ())
            await give_way(n)

    def _is_early(self, key: Key) -> bool:
        """Whether another worker has decided it since it was found to be due, so that it is not any more."""
        due_at = self.known[key].due_at
        return due_at is not None and due_at > self.now

    async def _read(
        self, connection: AsyncConnection, keys: Collection[Key], marks: Mapping[Key, Sequence[datetime]]
    ) -> None:
        found = await self.recollection.known(connection, keys)
        for key, heard in marks.items():
            if key in found:
                found[key].marks = heard
        self.known.update(found)

    def _orders(self, keys: Collection[Key]) -> dict[Key, list[Taken]]:
        return {key: self.known[key].history for key in keys if store.is_order(key) and self.known[key].history}

    def _decide(self, key: Key, contexts: Contexts, fresh: Sequence[Taken]) -> None:
        known = self.known[key]
        try:
            decision = self._decision(key, known, contexts)
        except Exception as error:  # noqa: BLE001 - whatever breaks a decision must not break its neighbours
            known.history = self._without_poison(key, known, contexts, fresh, error)
            return
        if decision is not None:
            self.decided[key] = Decided(known, decision)

    def _decision(self, key: Key, known: Known, contexts: Contexts) -> Decision | None:
        unit, subject = key
        if store.is_order(key) and not known.history:
            return None
        context = contexts.of(key, known.history) if store.is_order(key) else Context()
        case = decide.Case(unit, subject, known.history, context, known.remembered, known.marks, self.since)
        return decide.decide(case, self.world, self.now)

    def _without_poison(
        self, key: Key, known: Known, contexts: Contexts, fresh: Sequence[Taken], error: Exception
    ) -> list[Taken]:
        """The longest history that can be decided; what had to be left out is held."""
        new = set(map(id, fresh))
        known.history = [taken for taken in known.history if id(taken) not in new]
        try:
            decision = self._decision(key, known, contexts)
        except Exception as deeper:  # noqa: BLE001 - the subject itself is the poison
            self.held.append(Held(*key, None, None, in_words(deeper)))
            return [*known.history, *fresh]
        for taken in fresh:
            known.history.append(taken)
            try:
                decision = self._decision(key, known, contexts)
            except Exception as again:  # noqa: BLE001 - this event is the poison
                known.history.pop()
                self.held.append(Held(*key, taken.event.source, taken.event.id, in_words(again)))
        if decision is not None:
            self.decided[key] = Decided(known, decision)
        if not any((held.unit, held.subject) == key for held in self.held):
            raise error
        return known.history

    async def _touched(self, connection: AsyncConnection, contexts: Contexts, causes: Causes) -> set[Key]:
        """The orders, ended ones too, with a stretch that shares time with what another subject changed."""
        causes = {tag: felt for tag, changes in causes.items() if (felt := contexts.felt(tag, changes))}
        if not causes:
            return set()
        within: dict[Tag, Span] = {}
        for (unit, tag), changes in causes.items():
            within[unit, tag] = within[unit, store.doubted_tag(tag)] = _hull([span for _, span in changes])
        candidates = [*await store.exposed(connection, within), *contexts.noted(within.keys())]
        return {
            (unit, subject)
            for (unit, tag), subject, span in candidates
            if store.is_order((unit, subject))
            and meets(span, (changed for cause, changed in causes[unit, store.plain_tag(tag)] if cause != subject))
        }


async def give_way(done: int) -> None:
    """Let the others of this process do something, now and then."""
    if done % GIVE_WAY_EVERY == 0:
        await asyncio.sleep(0)


def _note_causes(key: Key, decided: Decided | None, contexts: Contexts, causes: Causes) -> None:
    if decided is None:
        return
    after, known = decided.decision.state, decided.known
    if counts_alike(known, after):
        return
    before = known.state(key) if known.exposed else None
    contexts.note(key, before, after)
    if isinstance(after, SourceState) or isinstance(before, SourceState):
        return
    change = affects(before, after)
    tags = {store.group_tag(group): spans for group, spans in change.groups.items()}
    for tag, spans in {**tags, store.SECURITY: change.security}.items():
        if spans:
            causes.setdefault((key[0], tag), []).extend((key[1], span) for span in spans)


def _hull(spans: Sequence[Span]) -> Span:
    """The one stretch that covers all."""
    ends = [until for _, until in spans if until is not None]
    return min(since for since, _ in spans), max(ends) if len(ends) == len(spans) else None


def _nights_first(key: Key) -> tuple[bool, Key]:
    return not store.is_night(key), key


def in_words(error: Exception) -> str:
    """An error as text that any database can hold, without what it quotes at length."""
    return f"{type(error).__name__}: {error}"[:500].replace("\x00", "")
