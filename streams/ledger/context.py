"""Context: what other subjects of a premises mean for an order's joined risk, and which orders a change touches.

An order's stretches never depend on its context, so one more round of decisions after the first settles everything.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from models.decision import Context, NightState, OrderState, SourceState, Span
from models.history import Taken
from streams.ledger import store
from streams.ledger.store import Key, Tag
from workorders.policy import World

State = OrderState | NightState | SourceState


class Contexts:
    """The stretches of every subject that matter to the orders in hand, as this transaction will leave them."""

    def __init__(self, world: World) -> None:
        self._policies = [world.policies.by_version(version) for version in world.policies.versions]
        self._of_asset: dict[str, frozenset[str]] = {}
        self._stored: store.Exposures = {}
        self._since: dict[Tag, datetime] = {}
        self._changed: dict[Key, dict[str, tuple[Span, ...]]] = {}

    def tags(self, history: Iterable[Taken]) -> set[str]:
        """The tags that can matter to an order: those of every asset that it was ever said to be about."""
        found: set[str] = set()
        for taken in history:
            asset = getattr(taken.event.data, "asset", None)
            if asset is not None:
                found |= self._tags_of(asset)
        return found

    async def read(self, connection: AsyncConnection, orders: dict[Key, list[Taken]]) -> None:
        """Read what may matter to these orders and was not read before."""
        since: dict[Tag, datetime] = {}
        for (unit, _), history in orders.items():
            for tag in self.tags(history):
                asked = (unit, store.SHORT if tag == store.SECURITY else tag)
                begins = min(taken.event.time for taken in history)
                since[asked] = min(begins, since.get(asked, begins))
        since = {tag: at for tag, at in since.items() if tag not in self._since or at < self._since[tag]}
        if since:
            self._stored.update(await store.exposures(connection, since))
            self._since.update(since)

    def of(self, key: Key, history: Iterable[Taken]) -> Context:
        """The context of one order."""
        tags = self.tags(history)
        if not tags:
            return Context()
        unit = key[0]
        short = self._spans(unit, store.SHORT) if store.SECURITY in tags else ()
        siblings = {
            group: tuple((subject, span) for subject, span in self._spans(unit, tag))
            for tag in sorted(tags)
            if (group := store.group_of(tag)) is not None
        }
        return Context(tuple(sorted((span for _, span in short), key=_start)), siblings)

    def note(self, key: Key, state: State) -> None:
        """From now on the subject counts with the stretches of this state."""
        self._changed[key] = exposure_of(state)

    def touched(self, tags: Collection[Tag]) -> list[tuple[Tag, str]]:
        """The orders decided in this transaction that have a stretch under one of the tags."""
        return [
            ((unit, tag), subject)
            for (unit, subject), spans in self._changed.items()
            for tag in spans
            if (unit, tag) in tags
        ]

    def _tags_of(self, asset: str) -> frozenset[str]:
        if asset not in self._of_asset:
            groups = {store.group_tag(name) for policy in self._policies if policy for name in policy.groups_of(asset)}
            secure = any(policy is not None and policy.is_security(asset) for policy in self._policies)
            self._of_asset[asset] = frozenset(groups | {store.SECURITY} if secure else groups)
        return self._of_asset[asset]

    def _spans(self, unit: str, tag: str) -> list[tuple[str, Span]]:
        stored = self._stored.get((unit, tag), {})
        found = [
            (subject, span)
            for subject, spans in stored.items()
            if (unit, subject) not in self._changed
            for span in spans
        ]
        for (at, subject), spans in self._changed.items():
            if at == unit:
                found.extend((subject, span) for span in spans.get(tag, ()))
        return found


def exposure_of(state: State) -> dict[str, tuple[Span, ...]]:
    """The stretches in which a subject counts for the joined risk of others, by tag; no tag without a stretch."""
    if isinstance(state, NightState):
        return {store.SHORT: state.short} if state.short else {}
    if not isinstance(state, OrderState) or not state.exposure:
        return {}
    tags = [store.group_tag(group) for group in state.groups] + ([store.SECURITY] if state.security else [])
    return dict.fromkeys(tags, state.exposure)


def _start(span: Span) -> datetime:
    return span[0]
