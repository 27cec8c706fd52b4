"""Context: what other subjects of a premises mean for an order's joined risk, and which orders a change touches.

An order's stretches never depend on its context, so one more round of decisions after the first settles everything,
whatever of the others' changes an order saw in the first.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from models.decision import Context, Exposed, NightState, OrderState, Span
from models.history import Taken
from models.work_order import Amended, Raised
from streams.ledger import store
from streams.ledger.store import Key, Known, State, Tag
from workorders.joined import merged, presence, several_throughout
from workorders.policy import World

_NO_CONTEXT: Final = Context()
_NO_TAGS: Final[frozenset[str]] = frozenset()


class Contexts:
    """The stretches of every subject that matter to the orders in hand, as this transaction will leave them."""

    def __init__(self, world: World) -> None:
        self._policies = [policy for _, policy in world.policies.entries]
        self._of_asset: dict[str, frozenset[str]] = {}
        self._spans: store.Exposures = {}
        self._since: dict[Tag, datetime] = {}
        self._noted: dict[Key, tuple[Collection[str], dict[str, tuple[Span, ...]]]] = {}
        self._made: dict[str, dict[frozenset[str], Context]] = {}

    def tags(self, history: Iterable[Taken]) -> frozenset[str]:
        """The tags that can matter to an order: those of every asset that it was ever said to be about."""
        found = _NO_TAGS
        for taken in history:
            event = taken.event
            kind = type(event)
            if (kind is Raised or kind is Amended) and (asset := event.data.asset) is not None:  # type: ignore[union-attr]
                found = found | self._tags_of(asset) if found else self._tags_of(asset)
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
        if not since:
            return
        self._spans.update(await store.exposures(connection, since))
        self._made.clear()
        self._since.update(since)
        for key in self._noted:
            self._put(key)

    def of(self, key: Key, history: Iterable[Taken]) -> Context:
        """The context of one order; it is the same for all of a unit that the same tags can matter to."""
        tags = self.tags(history)
        if not tags:
            return _NO_CONTEXT
        made = self._made.setdefault(key[0], {})
        if tags not in made:
            made[tags] = self._make(key[0], tags)
        return made[tags]

    def _make(self, unit: str, tags: frozenset[str]) -> Context:
        short = [span for spans in self._under(unit, store.SHORT).values() for span in spans]
        siblings = {
            group: tuple([(subject, span) for subject, spans in self._under(unit, tag).items() for span in spans])
            for tag in sorted(tags)
            if (group := store.group_of(tag)) is not None
        }
        return Context(tuple(sorted(short, key=_start)) if store.SECURITY in tags else (), siblings)

    def note(self, key: Key, before: State | None, after: State) -> None:
        """In what is read or made from now on, the subject counts with the stretches of the later state."""
        self._noted[key] = (exposure_of(before) if before is not None else {}).keys(), exposure_of(after)
        self._put(key)

    def make_anew(self) -> None:
        """From now on every context holds all that was noted."""
        self._made.clear()

    def felt(self, tag: Tag, changes: Collection[tuple[str, Span]]) -> list[tuple[str, Span]]:
        """Those of the changes under a tag that can mean something to an order.

        Where two other orders on the control are there throughout, whoever shares the time is joined with one of them
        before the change and after it.
        """
        if store.group_of(tag[1]) is None:
            return list(changes)
        changing = {subject for subject, _ in changes}
        under = self._under(*tag).items()
        there = presence((subject, span) for subject, spans in under if subject not in changing for span in spans)
        return [(subject, span) for subject, span in changes if not several_throughout(span, there)]

    def noted(self, tags: Collection[Tag]) -> list[tuple[Tag, str, Span]]:
        """The stretches under these tags of the subjects decided in this transaction."""
        return [
            ((unit, tag), subject, span)
            for (unit, subject), (_, spans) in self._noted.items()
            for tag, found in spans.items()
            if (unit, tag) in tags
            for span in found
        ]

    def _put(self, key: Key) -> None:
        (unit, subject), (stored, noted) = key, self._noted[key]
        for tag in stored:
            self._spans.get((unit, tag), {}).pop(subject, None)
        for tag, spans in noted.items():
            self._spans.setdefault((unit, tag), {})[subject] = spans

    def _tags_of(self, asset: str) -> frozenset[str]:
        if asset not in self._of_asset:
            groups = {store.group_tag(name) for policy in self._policies for name in policy.groups_of(asset)}
            secure = any(policy.is_security(asset) for policy in self._policies)
            self._of_asset[asset] = frozenset(groups | {store.SECURITY} if secure else groups)
        return self._of_asset[asset]

    def _under(self, unit: str, tag: str) -> dict[str, Sequence[Span]]:
        return self._spans.get((unit, tag), {})


def counts_alike(known: Known, after: State) -> bool:
    """Whether a subject's stretches, those that count for others and those in doubt, are still what is stored."""
    return known.stretches() == store.stretches_of(after)


def exposure_of(state: State) -> dict[str, tuple[Span, ...]]:
    """The stretches in which a subject counts for the joined risk of others, by tag; no tag without a stretch.

    Those that are in doubt are under tags of their own.
    """
    if isinstance(state, NightState):
        return {store.SHORT: state.short} if state.short else {}
    if not isinstance(state, OrderState) or not (state.exposure or state.doubted):
        return {}
    found: dict[str, tuple[Span, ...]] = {}
    for tag, span in _tagged(state.exposure):
        found[tag] = (*found.get(tag, ()), span)
    for tag, span in _tagged(state.doubted):
        name = store.doubted_tag(tag)
        found[name] = tuple(merged([*found.get(name, ()), span]))  # several readings may begin alike
    return found


def _tagged(exposure: Iterable[Exposed]) -> Iterator[tuple[str, Span]]:
    for span, security, groups in exposure:
        for group in groups:
            yield store.group_tag(group), span
        if security:
            yield store.SECURITY, span


def _start(span: Span) -> datetime:
    return span[0]
