"""The page of a policy: when each version came into force, its rules, its targets and its ladders."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from desk.exits import NotFound
from desk.instants import local_in_full
from desk.opening import Desk, look
from desk.options import Reading
from desk.printing import priority, table
from models.duration import format_duration
from models.policy import Ladder, PolicySpec, Target
from streams.ledger import timelines


@dataclass(frozen=True, slots=True)
class PolicyView:
    """One policy version as a document, and every activation that this ledger knows."""

    version: str
    in_force: bool
    document: dict[str, Any]
    activations: list[dict[str, Any]]


def show_policy(version: str | None, reading: Reading) -> int:
    """Print the policy in force, or the version whose hash begins so (12 digits at least)."""

    async def read(desk: Desk, connection: AsyncConnection) -> PolicyView:
        present = desk.world.policies.at(desk.now)
        policy = present if version is None else desk.world.policies.by_version(version)
        if policy is None:
            raise NotFound(f"The ledger knows no policy version {version!r}: give at least 12 digits of its hash.")
        activations = await timelines.history(connection, "policy")
        return PolicyView(policy.version, policy is present, policy.spec.model_dump(mode="json"), activations)

    return look(reading, "policy", read, _draw)


def _draw(view: PolicyView, desk: Desk) -> Iterable[RenderableType]:
    spec = PolicySpec.model_validate(view.document)
    yield Text.assemble(
        (spec.name, "head"), f"  version {view.version[:12]}", ("  in force" if view.in_force else "", "good")
    )
    for one in view.activations:
        at: datetime = one["effective_from"]
        yield Text(
            f"  {one['version'][:12]} from {local_in_full(at, desk.zone)}, by {one['activated_by']}", style="quiet"
        )
    yield ""
    rules = table(
        "",
        "rule",
        "why",
        title=f"{len(spec.rules)} rules; every rule that matches keeps its reason, the strictest decides",
        lead=2,
    )
    for rule in spec.rules:
        rules.add_row(priority(rule.priority), rule.id, rule.reason)
    yield rules
    yield ""
    targets = table("", "attend", "make safe", "fix", title="Targets")
    for level, clocks in spec.targets.items():
        targets.add_row(priority(level), *(_target(clocks.get(name)) for name in ("attend", "make-safe", "fix")))  # type: ignore[call-overload]
    yield targets
    yield ""
    ladders = table("about", "for", "who is told, and when", title="Ladders")
    for ladder in spec.ladders:
        ladders.add_row(ladder.kind, " ".join(ladder.priorities) or "any", _rungs(ladder))
    yield ladders
    for name, codes in (("Assets", spec.codes.assets), ("Faults", spec.codes.faults), ("Impacts", spec.codes.impacts)):
        yield ""
        drawn = table("code", "what it means", title=name, whole=(0,))
        for code, words in codes.items():
            drawn.add_row(code, words)
        yield drawn


def _target(target: Target | None) -> str:
    if target is None:
        return "·"
    amount = f"{target.working_days} working days" if target.duration is None else format_duration(target.duration)
    return f"{amount} ({target.calendar})"


def _rungs(ladder: Ladder) -> str:
    return "\n".join(
        f"{rung.role} after {format_duration(rung.after)}"
        + (f", sooner if unanswered for {format_duration(rung.ack_within)}" if rung.ack_within else "")
        + (f", again every {format_duration(rung.repeat)}" if rung.repeat else "")
        for rung in ladder.rungs
    )
