"""The pictures of the README, taken of a rehearsal by Chromium: `make pictures`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PLACE = Path(__file__).parent.parent / "docs" / "pictures"
SITE_STAFF = {"en": "CA2", "zh": "CA1"}
PATIENT = {"en": "TJ-002", "zh": "TJ-001"}


@contextmanager
def rehearsal() -> Iterator[str]:
    """The address of a rehearsal that runs meanwhile."""
    command = [sys.executable, "-m", "bot", "rehearse", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        try:
            yield process.stdout.readline().partition(" ")[2].strip() if process.stdout else ""
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def settled(page: Page) -> None:
    """Nothing moves any more."""
    page.wait_for_selector(".veil", state="hidden", timeout=120_000)
    page.wait_for_timeout(900)


def step_into(page: Page, address: str, language: str, scene: str) -> None:
    """The scene, seen from its beginning."""
    page.goto(f"{address}?lang={language}")
    page.click(".menu summary")
    with page.expect_navigation(timeout=120_000):
        page.click(f'.sheet button[value="{scene}"]')
    settled(page)


def play_alarm(page: Page, address: str, language: str) -> None:
    """She writes of a nosebleed; the coordinator takes the case."""
    step_into(page, address, language, "start")
    page.click("[data-try]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#log .line.alert", state="attached")
    settled(page)
    page.screenshot(path=PLACE / f"rehearsal-{language}.png")
    page.click("#staff .message:last-child .key")
    settled(page)


def photograph(browser: Browser, address: str, language: str) -> None:
    """All pictures in one language."""
    locale = "zh-CN" if language == "zh" else "en-GB"
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale=locale)
    page = context.new_page()
    step_into(page, address, language, "good_evening")
    page.locator("#patient .phone").screenshot(path=PLACE / f"phone-evening-{language}.png")
    play_alarm(page, address, language)
    page.locator("#staff .phone").screenshot(path=PLACE / f"phone-alert-{language}.png")
    page.click(".right summary")
    with context.expect_page() as opened:
        page.click(f'.right .sheet button[value="{SITE_STAFF[language]}"]')
    console = opened.value
    console.wait_for_load_state("networkidle")
    console.screenshot(path=PLACE / f"console-{language}.png")
    console.goto(address.replace("/rehearsal", f"/participants/{PATIENT[language]}"))
    console.wait_for_load_state("networkidle")
    console.screenshot(path=PLACE / f"participant-{language}.png")
    context.close()


def main() -> None:
    """Takes every picture anew."""
    PLACE.mkdir(parents=True, exist_ok=True)
    with rehearsal() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        for language in ("en", "zh"):
            photograph(browser, address, language)
        browser.close()


main()
