"""A real Chromium before the running desk: one browser for the whole run, a fresh profile and desk for each test."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, async_playwright

from desk.api.place import Place
from desk.api.serving import served
from tests.desk.places import place_over

LACKING = "this machine has no Chromium: apt-get install chromium"
NARROW, WIDE = 360, 1280
WAYS = [
    pytest.param(NARROW, True, "cy", id="narrow-welsh"),
    pytest.param(NARROW, False, "en", id="narrow-without-scripts"),
    pytest.param(WIDE, True, "en", id="wide"),
    pytest.param(WIDE, False, "cy", id="wide-welsh-without-scripts"),
]
"""How each journey is gone: its width, whether scripts run, and its language."""
PATIENCE_MS = 30_000
LEFT = "ERR_ABORTED"
"""What a browser says of what it still waited for when the person went on to another page."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
"""Chromium as it runs where there is no screen, no user but root and little shared memory."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Seen:
    """One person's browser at one width, with all that went wrong in it."""

    page: Page
    address: str
    scripts: bool = True
    faults: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        """Open an address of the desk."""
        await self.page.goto(self.address + path)

    async def choose(self, voice: str) -> None:
        """Sign in as a role."""
        await self.open("/sign-in")
        await self.page.locator(f'input[value="{voice}"]').check()
        await self.press(self.page.locator("main button"))

    async def press(self, what: Locator) -> None:
        """Press what leads to another page, and wait until that is there: a press alone does not."""
        async with self.page.expect_navigation():
            await what.click()

    async def go_on(self, *chosen: str) -> None:
        """Look at a page of questions, choose these answers and press its button."""
        assert await self.wrongs() == []
        for value in chosen:
            await self.page.locator(f"main input:not([type=hidden])[value='{value}']").check()
        await self.press(self.page.locator("main form button").last)

    async def wrongs(self) -> list[str]:
        """What is wrong with this page to the eye or to a reader of screens."""
        wide = [] if await self.fits() else [f"{self.page.url} is wider than the screen"]
        return [*wide, *await self.violations()]

    async def violations(self) -> list[str]:
        """What axe finds wrong on this page; it needs scripts itself, and without them the page is the same."""
        if not self.scripts:
            return []
        found = await Axe().run(self.page)
        return [f"{one['id']}: {node['html'][:200]}" for one in found.response["violations"] for node in one["nodes"]]

    async def fits(self) -> bool:
        """Whether nothing of the page lies beyond its width."""
        return bool(await self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The one browser of the run; without Chromium the tests are left out, but never where CI is set."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(LACKING, pytrace=False)
        pytest.skip(LACKING)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        with suppress(TimeoutError):  # a browser that does not end goes with the process that drives it
            async with asyncio.timeout(PATIENCE_MS / 1000):
                await browser.close()


@dataclass
class Desk:
    """The running desk, and a browser before it."""

    place: Place
    address: str
    browser: Browser

    @asynccontextmanager
    async def seen(self, *, width: int = WIDE, scripts: bool = True, language: str = "en") -> AsyncIterator[Seen]:
        """A person's browser; whatever goes wrong in it is a fault of the test."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": 740}, java_script_enabled=scripts,
            locale={"en": "en-GB", "cy": "cy-GB"}[language], has_touch=width == NARROW,
        )  # fmt: skip
        page = await context.new_page()
        seen = Seen(page, self.address, scripts)
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda one: seen.faults.append(one.text) if one.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: seen.faults.append(str(error)))
        page.on("requestfailed", lambda one: None if LEFT in str(one.failure) else seen.faults.append(f"no {one.url}"))
        page.on("response", lambda one: seen.faults.append(f"{one.status}: {one.url}") if one.status >= 400 else None)
        page.on("request", lambda one: None if _ours(one.url, self.address) else seen.faults.append(f"to {one.url}"))
        try:
            yield seen
            assert seen.faults == []
        finally:
            await context.close()


def _ours(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "about:"))


@pytest_asyncio.fixture(loop_scope="session")
async def desk(chromium: Browser, copy_of_ledger: Path) -> AsyncIterator[Desk]:
    """The desk as it is served, over a copy of the small ledger."""
    async with place_over(copy_of_ledger, api_port=0) as place, served(place) as door:
        assert door is not None
        yield Desk(place, door.address, chromium)
