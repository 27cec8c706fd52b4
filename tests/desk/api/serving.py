"""The API on a real server in a thread of its own, for clients that know nothing of event loops."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from desk.access.granting import WHOLE, grant
from desk.access.rights import Holder
from desk.api.serving import served
from models.premises import ScopeKind
from tests.desk.places import place_over
from tests.desk.small_ledger import ENDS


@contextmanager
def in_a_thread(small_ledger: Path, folder: Path, holder: Holder) -> Iterator[tuple[str, str]]:
    """The address of an API over a copy of the small ledger, and a key for it."""
    shutil.copy(small_ledger, folder / "ledger.db")
    began: Future[tuple[str, str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        opened = place_over(folder / "ledger.db", api_port=0, api_per_minute=1_000_000)
        async with opened as place, served(place) as door:
            assert door is not None
            wanted = ("division", holder, ScopeKind.DIVISION, WHOLE)
            _, secret = await grant(place.ledger, place.world, ENDS, wanted, timedelta(days=1))
            stop = asyncio.Event()
            began.set_result((door.address, secret, asyncio.get_running_loop(), stop))
            await stop.wait()

    def work() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            if not began.done():
                began.set_exception(error)
            raise

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    address, secret, loop, stop = began.result(30)
    try:
        yield address, secret
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        assert not thread.is_alive()
