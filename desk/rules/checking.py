"""Whether a policy or an estate file is sound, with every fault in a sentence."""

from dataclasses import dataclass
from pathlib import Path

from desk.exits import Exit
from desk.printing import console, counted, print_json, said
from streams.messages import too_large
from workorders.policy import Estate, Policy, PolicyError, default_estate, default_policy, load_estate, load_policy
from workorders.policy.check_both import check


@dataclass(frozen=True, slots=True)
class Soundness:
    """What was found about a file: its version if it is sound, and every fault."""

    file: str
    name: str | None
    version: str | None
    sound: bool
    faults: tuple[str, ...]


def check_policy(file: Path, estate: Path | None, *, as_json: bool) -> int:
    """Print whether a policy is sound in itself and with the estate."""
    try:
        policy = load_policy(file)
        against = load_estate(estate) if estate else default_estate()
    except PolicyError as error:
        return _tell(Soundness(str(file), None, None, False, error.sentences), as_json)
    faults = (*_too_large(policy), *check(policy, against))
    return _tell(Soundness(str(file), policy.spec.name, policy.version, not faults, faults), as_json)


def check_estate(file: Path, policy: Path | None, *, as_json: bool) -> int:
    """Print whether an estate is sound in itself and with the policy."""
    try:
        estate = load_estate(file)
        against = load_policy(policy) if policy else default_policy()
    except PolicyError as error:
        return _tell(Soundness(str(file), None, None, False, error.sentences), as_json)
    faults = (*_too_large(estate), *check(against, estate))
    return _tell(Soundness(str(file), estate.spec.name, estate.version, not faults, faults), as_json)


def _too_large(version: Policy | Estate) -> tuple[str, ...]:
    fault = too_large(version)
    return () if fault is None else (fault,)


def _tell(found: Soundness, as_json: bool) -> int:
    if as_json:
        print_json(found)
    elif found.sound:
        console().print(f"[good]Sound.[/] {said(found.name or '')}, version {found.version}.")
    else:
        console().print(f"[bad]Not sound:[/] {counted(len(found.faults), 'fault')}.")
        for fault in found.faults:
            console().print(f"  · {said(fault)}")
    return Exit.OK if found.sound else Exit.BAD_INPUT
