"""The worker of ``workorders worker``, parts of which stand still while the file ``PARTS_THAT_HALT`` names them.

A part that stands still does not fail: it waits for something that does not come, which is what nobody notices inside.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from desk.cli import main
from streams.reader import Reader
from streams.relay import Relay
from streams.sweeper import Sweeper

_FILE: Final = Path(os.environ["PARTS_THAT_HALT"])
LOOKS_EVERY_S: Final = 0.2


def _halting(part: str, sound: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def halting(*given: Any) -> Any:  # noqa: ANN401 - whatever the part is given and gives
        while part in _FILE.read_text(encoding="utf-8"):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(LOOKS_EVERY_S)
        return await sound(*given)

    return halting


if __name__ == "__main__":
    for kind, step, part in ((Sweeper, "_sweep", "sweeper"), (Relay, "_pass", "relay"), (Reader, "fetch", "intake")):
        setattr(kind, step, _halting(part, getattr(kind, step)))
    sys.argv = ["workorders", "worker"]
    main()
