"""Evidence: what so many trials of a fault have shown about the code as it is, one file a fault in ``docs/evidence``.

Figures are only ever summed over trials of the same code: evidence with another fingerprint is dropped.
"""

import asyncio
import math
import os
import platform
import subprocess
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import orjson

from streams.clock import SystemClock

ROOT: Final = Path(__file__).parents[2]
EVIDENCE: Final = ROOT / "docs" / "evidence"
SCRATCH: Final = ROOT / "build" / "faults"


@dataclass(frozen=True)
class Trial:
    """What one trial showed. ``count`` is how often it broke something: the n of the fault is the sum of these.

    ``findings`` has a sentence for each thing that did not hold, ``history`` the least that leads there.
    """

    count: int = 1
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    heal_seconds: tuple[float, ...] = ()
    findings: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    notes: str = ""

    @property
    def holds(self) -> bool:
        """Whether everything that was promised held."""
        return not (self.lost or self.doubled or self.wrong or self.findings)


def judged(findings: Sequence[str], **more: Any) -> Trial:  # noqa: ANN401 - the other fields of a trial
    """A trial by what the checker found: each sentence begins with its sort."""
    sorts = [sentence.partition(":")[0] for sentence in findings]
    lost, doubled = sorts.count("lost"), sorts.count("doubled")
    return Trial(lost=lost, doubled=doubled, wrong=len(sorts) - lost - doubled, findings=tuple(findings), **more)


Run = Callable[[int, Path], Coroutine[Any, Any, Trial] | Trial]
"""One trial with a seed, in an empty folder that is kept if the trial fails."""


@dataclass(frozen=True)
class Fault:
    """One fault: what is broken, how, and how often. ``missing`` says why this machine cannot try it, if it cannot."""

    name: str
    what: str
    promises: tuple[int, ...]
    how: str
    unit: str
    wanted: int | Callable[[], int]
    small_n: int
    run: Run
    file: Path
    missing: Callable[[], str | None]
    within_s: float

    @cached_property
    def full_n(self) -> int:
        """How often it is to be tried in all."""
        return self.wanted if isinstance(self.wanted, int) else self.wanted()

    def trial(self, seed: int, folder: Path) -> Trial:
        """Try once; an exception is a finding, for the trial could not be brought to its end."""
        folder.mkdir(parents=True, exist_ok=True)
        try:
            going = self.run(seed, folder)
            return asyncio.run(_bounded(going, self.within_s)) if isinstance(going, Coroutine) else going
        except Exception as error:  # noqa: BLE001 - whatever it was, it is what this seed shows
            return judged([f"failed: {type(error).__name__}: {error}"], notes=_where(error))


FAULTS: Final[dict[str, Fault]] = {}


def fault(
    name: str,
    *,
    what: str,
    promises: tuple[int, ...],
    how: str,
    full_n: int | Callable[[], int],
    small_n: int,
    unit: str = "trials",
    missing: Callable[[], str | None] = lambda: None,
    within_s: float = 1_800.0,
) -> Callable[[Run], Fault]:
    """Register a function as a fault.

    ``full_n`` and ``small_n`` are counted in ``unit``: sums of the trials' counts. A trial that takes longer than
    ``within_s`` seconds has failed.
    """

    def register(run: Run) -> Fault:
        file = Path(run.__code__.co_filename)
        FAULTS[name] = Fault(name, what, promises, how, unit, full_n, small_n, run, file, missing, within_s)
        return FAULTS[name]

    return register


@dataclass
class Evidence:
    """The sums of a fault's trials, as they are in its file.

    Of what was tried with ``earlier`` code only how often, and how many times it failed, is remembered.
    """

    fault: str
    what: str
    how: str
    promises: list[int]
    unit: str
    full_n: int
    fingerprint: str
    n: int = 0
    trials: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    heal_seconds_p95: float | None = None
    heal_seconds_max: float | None = None
    earlier_n: int = 0
    earlier_failures: int = 0
    commit: str = ""
    machine: str = ""
    date: str = ""
    seeds: list[int] = field(default_factory=list)
    heal_seconds: list[float] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, fault: Fault, fingerprint: str) -> "Evidence":
        """Nothing was tried yet."""
        promises = list(fault.promises)
        return cls(fault.name, fault.what, fault.how, promises, fault.unit, fault.full_n, fingerprint)

    @classmethod
    def of(cls, fault: Fault, fingerprint: str, folder: Path) -> "Evidence":
        """What stands for this code, or nothing."""
        path = folder / f"{fault.name}.json"
        known = cls(**orjson.loads(path.read_bytes())) if path.exists() else None
        fresh = cls.begin(fault, fingerprint)
        if known is None:
            return fresh
        if known.fingerprint != fingerprint:
            fresh.earlier_n = known.earlier_n + known.n
            fresh.earlier_failures = known.earlier_failures + known.lost + known.doubled + known.wrong
            return fresh
        known.what, known.how, known.promises = fresh.what, fresh.how, fresh.promises
        known.unit, known.full_n = fresh.unit, fresh.full_n
        return known

    def next_seed(self, first: int) -> int:
        """A seed that was not tried yet."""
        return max([first - 1, *self.seeds]) + 1

    def add(self, seed: int, trial: Trial) -> None:
        """Sum up one more trial."""
        self.n += trial.count
        self.trials += 1
        self.lost += trial.lost
        self.doubled += trial.doubled
        self.wrong += trial.wrong
        self.seeds.append(seed)
        self.heal_seconds += [round(seconds, 2) for seconds in trial.heal_seconds]
        self.findings += [f"seed {seed}: {sentence}" for sentence in trial.findings[:5]]
        self.notes = [*self.notes, *([trial.notes] if trial.notes else [])][-3:]
        self.heal_seconds_p95 = percentile(self.heal_seconds, 0.95)
        self.heal_seconds_max = max(self.heal_seconds, default=None)
        self.commit, self.machine = commit(), machine()
        self.date = SystemClock().now().date().isoformat()

    def save(self, folder: Path) -> None:
        """Write the file, as a whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{self.fault}.draft"
        draft.write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        draft.replace(folder / f"{self.fault}.json")


def percentile(values: Sequence[float], share: float) -> float | None:
    """The least of the values that so large a share does not exceed."""
    return sorted(values)[math.ceil(len(values) * share) - 1] if values else None


@cache
def commit() -> str:
    """The commit that is checked out, with a mark if the sources are not exactly its own."""
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"],  # noqa: S607 - as found
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told.stdout.strip()


def machine() -> str:
    """What it ran on."""
    return f"{os.cpu_count()} x {platform.machine()}, {platform.system()}, Python {platform.python_version()}"


async def _bounded(going: Coroutine[Any, Any, Trial], within_s: float) -> Trial:
    async with asyncio.timeout(within_s):
        return await going


def _where(error: BaseException) -> str:
    steps = []
    at = error.__traceback__
    while at is not None:
        steps.append(f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}")
        at = at.tb_next
    return " > ".join(steps[-6:])
