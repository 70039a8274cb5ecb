"""A visitor in a real browser: types as the patient, takes the alert, jumps to tomorrow, reads the log."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from shutil import which

import pytest
from playwright.sync_api import Browser, expect, sync_playwright


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a rehearsal started as `suifang rehearse --port 0`; it must stop cleanly."""
    command = [sys.executable, "-m", "bot", "rehearse", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        assert process.stdout is not None
        told = process.stdout.readline()
        try:
            yield told.partition(" ")[2].strip()
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("language", "width", "take", "reached", "jump", "changes"),
    [
        ("en", 1280, "I take this", "Reached the patient", "morning", "day"),
        ("zh", 390, "我来处理", "已联系到患者", "hour", "time"),
    ],
)
def test_a_visitor_plays_the_story(
    address: str,
    chromium: Browser,
    language: str,
    width: int,
    take: str,
    reached: str,
    jump: str,
    changes: str,
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme="dark")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}?lang={language}")
    before = page.locator(f'[data-show="{changes}"]').inner_text()

    page.locator("[data-try]").click()
    page.keyboard.press("Enter")
    expect(page.locator("#patient .chat")).to_contain_text("120", timeout=20_000)
    expect(page.locator("#log .advice .delay").last).to_be_attached(timeout=20_000)

    if width < 860:
        page.locator('.tabs [data-tab="staff"]').click()
    page.get_by_role("button", name=take).last.click()
    page.get_by_role("button", name=reached).last.click()
    expect(page.locator("#staff .chat .foot").last).to_be_visible()
    page.locator(f'button[name="to"][value="{jump}"]').click()
    expect(page.locator(f'[data-show="{changes}"]')).not_to_have_text(before, timeout=60_000)
    expect(page.locator(".veil")).to_be_hidden(timeout=90_000)

    if width < 860:
        page.locator('.tabs [data-tab="log"]').click()
    expect(page.locator("#log .line.clock").last).to_be_visible(timeout=20_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not errors
    context.close()


@pytest.mark.browser
def test_reading_and_writing_work_without_script(address: str, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{address}?lang=en&patient=TS-001")
    page.locator("#patient textarea").fill("hello")
    page.locator("#patient .send").click()
    expect(page).to_have_url(re.compile("patient=TS-001"))
    expect(page.locator("#patient .mine").last).to_contain_text("hello")
    context.close()
