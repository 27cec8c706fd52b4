"""The demo's folder and settings: a fresh ledger in simulated time, and a broker inside this process."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from desk.environment import LEDGER_FILE, settings_for
from desk.exits import BadInput
from streams.settings import EMBEDDED, Settings

SWEEP_EVERY_S: Final = 0.08
"""How often the sweeper looks for what is due, in real seconds."""
_LONGEST_S: Final = 86_400.0


def clear_folder(directory: Path) -> None:
    """Make the folder, and remove the ledger of an earlier demo; one that holds real time is never touched."""
    if directory.exists() and not directory.is_dir():
        raise BadInput(f"{directory} is a file; name a folder with --dir.")
    directory.mkdir(parents=True, exist_ok=True)
    ledger = directory / LEDGER_FILE
    if ledger.exists() and not _is_simulated(ledger):
        raise BadInput(f"{ledger} is no ledger of a demo, so it is left alone; name another folder with --dir.")
    for suffix in ("", "-wal", "-shm"):
        ledger.with_name(LEDGER_FILE + suffix).unlink(missing_ok=True)


def demo_settings(directory: Path, factor: float) -> Settings:
    """The settings of the demo: everything embedded, and a sweep as often in real time whatever the pace."""
    settings = settings_for(data_dir=directory, broker=EMBEDDED)
    return settings.model_copy(
        update={
            "sweep_every_s": min(_LONGEST_S, SWEEP_EVERY_S * factor),
            "batch_max_wait_ms": 50,
            "topic_prefix": "",
            "log_level": "info",
        }
    )


def _is_simulated(ledger: Path) -> bool:
    """Whether the file is a ledger that holds simulated time."""
    try:
        with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT time_kind FROM meta").fetchone()
    except sqlite3.Error:
        return False
    return row is None or row[0] == "simulated"
