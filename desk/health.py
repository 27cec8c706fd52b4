"""How the workers are: one worker asked over HTTP, or all of them watched from outside."""

import asyncio
import json
import logging
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from rich.text import Text

from desk.environment import settings_for, watcher_settings
from desk.exits import BadInput, BadValue, Exit, Unreachable
from desk.options import Running
from desk.printing import new_console, print_json, print_json_line
from streams.app import stop_on_signals
from streams.clock import SystemClock
from streams.log import set_up_logging
from streams.settings import PREFIX, Settings
from streams.watcher import News, shows_life, watch_over
from streams.watcher_news import Delivery

log = logging.getLogger(__name__)

_WITHIN_S: Final = 5.0
LOOKS_WITHIN_S: Final = 180.0
"""How old the sign of a watcher's last look may be: longer than a pause, two sides that are silent, and a delivery."""
_SIGN: Final = "watcher.looked"


def ask_health(url: str | None, question: str, *, as_json: bool) -> int:
    """Ask a worker one question and print its answer; exit 0 for well, 1 for not well."""
    address = f"{(url or _default_address()).rstrip('/')}/health/{question}"
    status, answer = _get(address)
    if as_json:
        print_json(answer)
    else:
        page = new_console()
        page.print(Text(f"{question}: {answer['status']}", style="good" if status == HTTPStatus.OK else "bad"))
        for reason in answer["reasons"]:
            page.print(Text(f"  · {reason['part']}: {reason['reason']}"), soft_wrap=True)
    return Exit.OK if status == HTTPStatus.OK else Exit.NO


def ask_watcher(*, as_json: bool) -> int:
    """Whether the watcher of this machine still looks, by the file that it touches; exit 0 if it does, 1 if not."""
    sign = settings_for().data_dir / _SIGN
    try:
        age = SystemClock().now().timestamp() - sign.stat().st_mtime
    except OSError as error:
        raise Unreachable(f"No watcher has left {sign}: {(error.strerror or 'unknown reason').lower()}.") from None
    looks = age <= LOOKS_WITHIN_S
    said = f"the watcher looked last {age:.0f} s ago"
    if as_json:
        print_json({"status": "looks" if looks else "stuck", "reasons": [] if looks else [said]})
    else:
        new_console().print(Text(said, style="good" if looks else "bad"))
    return Exit.OK if looks else Exit.NO


def news_goes_to(run: str | None, post: str | None) -> tuple[str | None, str | None]:
    """The command and the address for the watcher's news: what the options say, else the settings."""
    given = watcher_settings()
    address = given.post.get_secret_value() if given.post is not None else None
    return run or given.run, post or address


def keep_watch(
    running: Running, *, silent_after: float, every: float, again: float, delivery: Delivery, once: bool, as_json: bool
) -> int:
    """Watch the workers from outside until told to stop, or once."""
    settings = settings_for(ledger=running.ledger, broker=running.broker)
    set_up_logging(settings, sys.stderr)
    if once:
        return _once(settings, silent_after, every, as_json=as_json)
    asyncio.run(_watch(settings, (silent_after, every, again), delivery, as_json=as_json))
    return Exit.OK


def _default_address() -> str:
    settings = settings_for()
    if not isinstance(settings.health_port, int) or settings.health_port == 0:
        raise BadInput(f"{PREFIX}HEALTH_PORT is {settings.health_port}: name the worker's address with --url.")
    return f"http://{settings.health_host}:{settings.health_port}"


def _get(address: str) -> tuple[int, Any]:
    if not address.startswith(("http://", "https://")):
        raise BadValue(f"--url is {address!r}: write http://HOST:PORT.")
    try:
        with urllib.request.urlopen(address, timeout=_WITHIN_S) as answer:  # noqa: S310 - of one of two schemes
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            if refused.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise Unreachable(f"{address} is no worker's health: it answers {refused.code}.") from None
            return refused.code, json.load(refused)
    except (OSError, ValueError) as error:
        raise Unreachable(f"No worker answers at {address}: {getattr(error, 'reason', error)}.") from None


def _once(settings: Settings, within: float, every: float, *, as_json: bool) -> int:
    missing = asyncio.run(shows_life(settings, SystemClock(), within_s=within, every_s=every))
    if as_json:
        print_json({"state": "silent" if missing else "well", "wrong": missing})
    else:
        page = new_console()
        page.print(Text(f"{'; '.join(missing)} within {within:g} s" if missing else "All show signs of life."))
    return Exit.NO if missing else Exit.OK


async def _watch(settings: Settings, times: tuple[float, float, float], delivery: Delivery, *, as_json: bool) -> None:
    silent_after, every, again = times
    looked = _sign_in(settings.data_dir)
    news = watch_over(settings, SystemClock(), silent_after_s=silent_after, every_s=every, again_s=again, looked=looked)

    async def tell() -> None:
        async for one in news:
            _print(one, as_json=as_json)
            await delivery.deliver(one)

    with stop_on_signals() as stop:
        telling, stopping = asyncio.create_task(tell()), asyncio.create_task(stop.wait())
        await asyncio.wait({telling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (telling, stopping):
            task.cancel()
        await asyncio.wait({telling, stopping})
        await news.aclose()
    if not telling.cancelled():
        telling.result()


def _sign_in(folder: Path) -> Callable[[], None]:
    """What shows in a file of the folder that the watcher looks; without such a file it watches all the same."""

    def looked() -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _SIGN).touch()
        except OSError as error:
            log.debug("that the watcher looks cannot be shown in %s: %s", folder, error)

    return looked


def _print(news: News, *, as_json: bool) -> None:
    if as_json:
        print_json_line({"at": news.at, "state": news.state, "text": news.text, "wrong": list(news.wrong)})
        return
    style = "bad" if news.wrong else "good"
    new_console(stderr=True).print(Text(f"{news.at:%Y-%m-%d %H:%M:%SZ} {news.state.upper()}: {news.text}", style=style))
