"""Processes that are held to a share of a core, so that what is measured is them and not the servers beside them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PERIOD_US: Final = 20_000
_V1: Final = Path("/sys/fs/cgroup/cpu")
_V2: Final = Path("/sys/fs/cgroup")


class CannotHold(Exception):  # noqa: N818 - it is what happened, in words
    """This machine does not let us limit a process; the text says why."""


@contextmanager
def held(name: str, pids: list[int], share: float) -> Iterator[None]:
    """Each of the processes gets at most that share of one core while the block lasts.

    Raises ``CannotHold`` where the kernel's control groups are not ours to use.
    """
    made: list[Path] = []
    try:
        for pid in pids:
            made.append(_group(f"workorders-{name}-{pid}"))
            _limit(made[-1], share)
            (made[-1] / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        for group in made:
            for left in (group / "cgroup.procs").read_text().split():
                (group.parent / "cgroup.procs").write_text(left)
            group.rmdir()


def _group(name: str) -> Path:
    root = _V1 if (_V1 / "cpu.cfs_quota_us").exists() else _V2
    group = root / name
    try:
        group.mkdir()
    except OSError as error:
        raise CannotHold(f"no control group can be made in {root} as user {os.geteuid()}: {error}") from error
    return group


def _limit(group: Path, share: float) -> None:
    quota = int(PERIOD_US * share)
    try:
        if (group / "cpu.cfs_quota_us").exists():
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
    except OSError as error:
        raise CannotHold(f"{group} takes no limit: {error}") from error
