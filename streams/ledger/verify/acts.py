"""What was done to the ledger by hand, as its own chain tells: what the other checks must know beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from streams.ledger import audit
from streams.ledger.verify import reading


@dataclass(frozen=True, slots=True)
class Activation:
    """A version of a policy or an estate that somebody put in force, and when they did."""

    what: str
    version: str
    effective_from: datetime
    by: str
    at: datetime


@dataclass(slots=True)
class Acts:
    """Every act but rejections, which are many: who erased and submitted again what, what was activated, and more.

    ``erased`` and ``resubmitted`` are by the name of what they are about; ``streams`` by the number of the stream.
    """

    began: Mapping[str, Any] | None = None
    erased: dict[tuple[str, ...], datetime] = field(default_factory=dict)
    resubmitted: dict[str, str] = field(default_factory=dict)
    activated: list[Activation] = field(default_factory=list)
    gaps: list[Mapping[str, Any]] = field(default_factory=list)
    streams: dict[int, Mapping[str, Any]] = field(default_factory=dict)

    def add(self, act: Mapping[str, Any], at: datetime) -> None:
        """Note one act."""
        match act:
            case {"erased": name}:
                self.erased[tuple(name)] = at
            case {"resubmitted": name, "receipt": receipt}:
                self.resubmitted[name] = receipt
            case {"activated": what, "version": version, "effective_from": since, "by": by}:
                self.activated.append(Activation(what, version, datetime.fromisoformat(since), by, at))
            case {"gap": gap}:
                self.gaps.append(gap)
            case {"stream": begun}:
                self.streams[begun["id"]] = {name: value for name, value in begun.items() if name != "id"}
            case {"began": identity}:
                self.began = identity
            case _:
                pass  # rejections and submissions are many: the walk holds them against their rows one by one


async def read(connection: AsyncConnection) -> Acts:
    """The acts of the links that are as they were sealed; the check of the links names the others."""
    found = Acts()
    async for page, _ in reading.links(connection, audit.ADMINISTRATION):
        for link in page:
            for act in content(link).get("acts", ()):
                found.add(act, link.decided_at)
    return found


def is_sealed(link: Row[Any]) -> bool:
    """Whether a link's hash is that of its content."""
    made = audit.link_hash(link.chain, link.n, link.kind, link.decided_at, link.entry, link.previous)
    return bool(made == link.hash)


def content(link: Row[Any]) -> Mapping[str, Any]:
    """What a link says; nothing if it is not what was sealed."""
    if not is_sealed(link):
        return {}
    found: Mapping[str, Any] = orjson.loads(link.entry)
    return found
