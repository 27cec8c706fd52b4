"""Bringing a policy or an estate into force from a future instant."""

import asyncio
from pathlib import Path

from desk.exits import BadInput, BadValue, Exit
from desk.instants import instant, local_in_full
from desk.opening import Desk, open_ledger
from desk.options import Reading
from desk.printing import console, print_json, said
from streams.messages import too_large
from workorders.policy import Estate, Policy, check, load_estate, load_policy


def activate_policy(file: Path, effective: str, by: str, reading: Reading) -> int:
    """Activate a policy that is sound and fits every estate in force from then on."""
    return asyncio.run(_activate(load_policy(file), effective, by, reading))


def activate_estate(file: Path, effective: str, by: str, reading: Reading) -> int:
    """Activate an estate that is sound and fits every policy in force from then on."""
    return asyncio.run(_activate(load_estate(file), effective, by, reading))


async def _activate(version: Policy | Estate, effective: str, by: str, reading: Reading) -> int:
    async with open_ledger(reading.ledger) as (desk, ledger):
        at = instant(effective, now=desk.now, zone=desk.zone, name="--from")
        if at <= desk.now:
            raise BadValue(f"--from is {effective!r}: it must lie ahead, for what was decided stays decided.")
        if large := too_large(version):
            raise BadInput(f"It cannot be published: {large}.")
        faults = [fault for other in _beside(version, desk) for fault in _check(version, other)]
        if faults:
            raise BadInput(f"It does not fit what is in force: {faults[0]}.")
        await ledger.activate(version, at, desk.now, by)
    what = "policy" if isinstance(version, Policy) else "estate"
    if reading.json:
        activated = {"what": what, "version": version.version, "effective_from": at, "by": by}
        print_json({"as_at": desk.now, "time": desk.time_kind, "activated": activated})
    else:
        holds = f"version {version.version[:12]}, holds from {local_in_full(at, desk.zone)}"
        console().print(f"[good]Activated.[/] The {what} {said(version.spec.name)}, {holds}.", soft_wrap=True)
    return Exit.OK


def _beside(version: Policy | Estate, desk: Desk) -> list[Policy | Estate]:
    """Whatever it must fit: every estate (or policy) that is or will be in force."""
    timeline = desk.world.estates if isinstance(version, Policy) else desk.world.policies
    return [other for start, other in timeline.entries if start > desk.now or other is timeline.at(desk.now)]


def _check(version: Policy | Estate, other: Policy | Estate) -> list[str]:
    if isinstance(version, Policy) and isinstance(other, Estate):
        return check(version, other)
    if isinstance(version, Estate) and isinstance(other, Policy):
        return check(other, version)
    return []
