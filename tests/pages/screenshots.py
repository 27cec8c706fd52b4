"""Take the pictures of the README anew: ``make screenshots``.

The demo is played into a folder of its own, and the desk over its ledger is looked at with this machine's Chromium.
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

ROOT: Final = Path(__file__).parents[2]
PICTURES: Final = ROOT / "docs" / "pictures"
WORKORDERS: Final = str(Path(sys.executable).with_name("workorders"))
PATIENCE_S: Final = 60.0
NARROW, WIDE = 360, 1280
SHOTS: Final = (
    ("escalations", "Provider's account manager", "/escalations", WIDE, "en"),
    ("board", "National taskforce", "/board", WIDE, "en"),
    ("order", "Estates desk", "/orders/ap-bryn-awel/WO-48213", WIDE, "en"),
    ("missing", "AP manager, Tŷ Derwen", "/missing", NARROW, "cy"),
)
"""The picture's name, who looks, at what, how wide their screen is, and in which language."""


@contextmanager
def desk(folder: Path) -> Iterator[str]:
    """The desk over the ledger of a demo that has just been played; its address."""
    subprocess.run([WORKORDERS, "demo", "--dir", str(folder), "--seconds", "30", "--plain"], check=True)  # noqa: S603
    log = folder / "desk.log"
    command = [WORKORDERS, "desk", "--ledger", str(folder / "ledger.db"), "--broker", "embedded"]
    with log.open("wb") as told, subprocess.Popen(command, stderr=told) as process:  # noqa: S603
        try:
            ends = time.monotonic() + PATIENCE_S
            while (found := re.search(r"desk +(http://\S+)/", log.read_text())) is None:
                if time.monotonic() > ends:
                    raise TimeoutError(log.read_text())
                time.sleep(0.2)
            yield found[1]
        finally:
            process.terminate()


def take(browser: Browser, address: str, shot: tuple[str, str, str, int, str]) -> Path:
    """Take one picture, as high as its page is."""
    name, voice, path, width, language = shot
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB")
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.locator("label", has_text=voice).first.click()
    page.locator("main button").first.click()
    page.goto(f"{address}{path}?lang={language}")
    to = PICTURES / f"{name}.png"
    page.screenshot(path=to, full_page=width == NARROW)
    context.close()
    return to


def main() -> int:
    """Take every picture; where there is no Chromium say so in one sentence."""
    console = Console(stderr=True)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        console.print("There is no Chromium on this machine, and without it there are no pictures.")
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(prefix="workorders-pictures-") as folder,
        desk(Path(folder) / "demo") as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shot in SHOTS:
            console.print(str(take(browser, address, shot).relative_to(ROOT)))
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
