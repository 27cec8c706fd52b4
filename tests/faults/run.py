"""Try the faults: ``python -m tests.faults.run [F1 F4 ...] [--trials N | --small | --minutes M] [--seed S]``.

Without a limit every fault is tried until its full n stands for the present code. What was tried before counts, so
a run may be cut off at any time and gone on with. A fault whose trial fails is not tried any further; the others are,
and the exit code is 1.
"""

import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.faults import promises
from tests.faults.catalogue import known_faults
from tests.faults.evidence import EVIDENCE, ROOT, SCRATCH, Evidence, Fault, Trial, commit
from tests.faults.fingerprint import fingerprint

FIRST_SEED: Final = 1804
console = Console(stderr=True, highlight=False)


@dataclass
class Course:
    """One fault on its way to the n that is asked of it."""

    fault: Fault
    evidence: Evidence
    goal: Callable[["Course"], bool]
    done: int = 0
    trials: int = 0
    spent_s: float = 0.0
    held: bool = True

    @property
    def is_over(self) -> bool:
        """Whether enough was tried, or it has failed."""
        return not self.held or self.goal(self)


@dataclass
class Runner:
    """Tries one fault after the other, always the one that had the least time so far."""

    folder: Path
    first_seed: int
    ends: float
    courses: list[Course] = field(default_factory=list)

    def run(self) -> bool:
        """Whether every trial held."""
        with _progress() as shown:
            bars = {one.fault.name: shown.add_task(_title(one), total=None) for one in self.courses}
            while left := [one for one in self.courses if not one.is_over]:
                if time.monotonic() > self.ends:
                    break
                one = min(left, key=lambda course: course.spent_s)
                shown.update(bars[one.fault.name], description=_title(one, busy=True))
                one.held = self._once(one)
                total = max(one.fault.full_n, one.evidence.n)
                shown.update(bars[one.fault.name], description=_title(one), completed=one.evidence.n, total=total)
        return all(one.held for one in self.courses)

    def _once(self, one: Course) -> bool:
        seed = one.evidence.next_seed(self.first_seed)
        kept = SCRATCH / "trials" / f"{one.fault.name}-{seed}"
        shutil.rmtree(kept, ignore_errors=True)
        began = time.monotonic()
        trial = one.fault.trial(seed, kept)
        took = time.monotonic() - began
        one.spent_s += took
        one.done += trial.count
        one.trials += 1
        one.evidence.add(seed, trial)
        _tell(one, seed, trial, took)
        changed = fingerprint(one.fault.file) != one.evidence.fingerprint
        if not changed:
            one.evidence.save(self.folder)
        if trial.holds:
            shutil.rmtree(kept, ignore_errors=True)
        else:
            _tell_failure(one.fault, seed, trial, kept)
        if changed:
            console.print(f"{one.fault.name}: not counted, for the sources changed meanwhile; start the run again.")
            raise typer.Exit(3)
        return trial.holds


def _tell(one: Course, seed: int, trial: Trial, took: float) -> None:
    if console.is_terminal and trial.holds:
        return
    heal = f", at rest after {max(trial.heal_seconds):.1f} s" if trial.heal_seconds else ""
    console.print(
        f"{one.fault.name} seed {seed}: {trial.count} {one.fault.unit} in {took:.1f} s, lost {trial.lost}, "
        f"doubled {trial.doubled}, wrong {trial.wrong}{heal}; n = {one.evidence.n} of {one.fault.full_n}"
        + (f" ({trial.notes})" if trial.notes and trial.holds else ""),
        soft_wrap=True,
    )


def _tell_failure(fault: Fault, seed: int, trial: Trial, kept: Path) -> None:
    """What a person needs to see it again, and to see why."""
    lines = [
        f"{fault.name} ({fault.what}) failed with seed {seed} at commit {commit()}.",
        *(f"  {sentence}" for sentence in trial.findings[:20]),
        *(["The smallest history that shows it:"] if trial.history else []),
        *(f"  {line}" for line in trial.history),
        *([f"Notes: {trial.notes}"] if trial.notes else []),
        f"What was left of it is in {kept.relative_to(ROOT)}.",
        f"Again: python -m tests.faults.run {fault.name} --trials 1 --seed {seed}",
    ]
    console.print("\n".join(lines), markup=False, soft_wrap=True)


def _title(one: Course, *, busy: bool = False) -> str:
    return f"{'>' if busy else ' '} {one.fault.name:<4}{one.fault.what}"


def _progress() -> Progress:
    count = MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), count, TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _chosen(names: Sequence[str]) -> list[Fault]:
    known = known_faults()
    if unknown := [name for name in names if name not in known]:
        console.print(f"There is no fault {', '.join(unknown)}; there are {', '.join(known)}.")
        raise typer.Exit(2)
    chosen = [known[name] for name in names or known]
    able = []
    for fault in chosen:
        if (why := fault.missing()) is None:
            able.append(fault)
        else:
            console.print(f"{fault.name} ({fault.what}) is not tried, and does not count as passed: {why}")
    return able


def main(
    names: Annotated[list[str] | None, typer.Argument(metavar="[F1 F4 ...]", show_default=False)] = None,
    trials: Annotated[int, typer.Option(help="So many more trials of each.", show_default=False)] = 0,
    small: Annotated[bool, typer.Option("--small", help="A small n of each; leaves docs/evidence alone.")] = False,
    minutes: Annotated[float, typer.Option(help="Begin no trial after so many minutes.")] = 0,
    seed: Annotated[int, typer.Option(help="The first seed; else where the evidence ends.")] = FIRST_SEED,
    evidence: Annotated[Path, typer.Option(help="Where the evidence is.")] = EVIDENCE,
    jobs: Annotated[int, typer.Option(min=1, help="So many at a time, each with servers of its own.")] = 1,
) -> None:
    """Break something on purpose, again and again, and write down what held."""
    if small and evidence == EVIDENCE:
        evidence = SCRATCH / "small"
        shutil.rmtree(evidence, ignore_errors=True)
    chosen = _chosen(names or [])
    if jobs > 1:
        options = {"--trials": trials, "--minutes": minutes, "--seed": seed, "--evidence": evidence}
        flags = [part for name, value in options.items() if value for part in (name, str(value))]
        held = _side_by_side(chosen, jobs, [*flags, *(["--small"] if small else [])])
    else:
        held = _one_by_one(chosen, evidence, _goal(trials=trials, small=small), minutes, seed)
    if evidence == EVIDENCE:
        promises.write()
    if not held:
        raise typer.Exit(1)


def _one_by_one(
    faults: Sequence[Fault], folder: Path, goal: Callable[[Course], bool], minutes: float, seed: int
) -> bool:
    """Whether everything held."""
    # What a fault breaks says so at length.
    logging.basicConfig(level=logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    ends = time.monotonic() + minutes * 60 if minutes else float("inf")
    runner = Runner(folder, seed, ends)
    for fault in faults:
        known = Evidence.of(fault, fingerprint(fault.file), folder)
        if known.n == 0 and known.earlier_n:
            known.save(folder)  # what was tried with other code must not be shown for this
        runner.courses.append(Course(fault, known, goal))
    held = runner.run()
    for one in runner.courses:
        console.print(f"{one.fault.name}: n = {one.evidence.n} of {one.fault.full_n} {one.fault.unit}")
    return held


def _side_by_side(faults: Sequence[Fault], jobs: int, flags: list[str]) -> bool:
    """Share the faults out among so many processes, each with its own servers; whether everything held."""
    shares = [names for n in range(jobs) if (names := [fault.name for fault in faults[n::jobs]])]
    command = [sys.executable, "-m", "tests.faults.run"]
    plain = {**os.environ, "TTY_COMPATIBLE": "0"}  # two live screens would overwrite each other
    running = [subprocess.Popen([*command, *names, *flags], cwd=ROOT, env=plain) for names in shares]  # noqa: S603
    return [one.wait() for one in running] == [0] * len(running)


def _goal(*, trials: int, small: bool) -> Callable[[Course], bool]:
    if trials:
        return lambda course: course.trials >= trials
    if small:
        # A trial that found nothing to break counts for nothing; it is not repeated for ever.
        return lambda course: course.done >= course.fault.small_n or course.trials > course.fault.small_n
    return lambda course: course.evidence.n >= course.fault.full_n


if __name__ == "__main__":
    typer.run(main)
