"""The worker of ``workorders worker``, whose clock is wrong by as many seconds as the file ``CLOCK_IS_WRONG_BY`` says.

Everything of ours reads the time through ``streams.clock``, so the clock is put wrong there; the file may change at any
moment, as when somebody sets the machine's clock.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from desk.cli import main
from streams.clock import SystemClock

_FILE: Final = Path(os.environ["CLOCK_IS_WRONG_BY"])
_sound: Final = SystemClock.now


def _now(self: SystemClock) -> datetime:
    return (_sound(self) + timedelta(seconds=float(_FILE.read_text(encoding="utf-8") or 0))).astimezone(UTC)


if __name__ == "__main__":
    SystemClock.now = _now  # type: ignore[method-assign]  # the machine's clock is wrong
    sys.argv = ["workorders", "worker"]
    main()
