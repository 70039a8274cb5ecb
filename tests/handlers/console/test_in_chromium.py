"""The console in a real browser: by hand and keyboard, wide and narrow, with script and without, on paper."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from shutil import which
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.rules.study import Language
from handlers.console.app import console_app
from tests.handlers.console.conftest import HER, PASSWORD, World, the_words

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@asynccontextmanager
async def served(world: World) -> AsyncIterator[str]:
    """The console of this world at a real address."""
    listening = socket.create_server(("127.0.0.1", 0))
    app = console_app(world.desk, the_words(), secure_cookies=False, beat_s=0.1)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        yield browser
        await browser.close()


async def a_page(browser: Browser, troubles: list[str], **options: Any) -> Page:
    """A page that notes every error, also what the content policy blocked."""
    page = await (await browser.new_context(**options)).new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    return page


async def enter(page: Page, address: str, code: str) -> None:
    """By one-time code and keyboard alone."""
    await page.goto(f"{address}/sign-in?code={code}")
    await page.locator("[name=password]").focus()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{address}/")


async def a_bad_night(world: World) -> dict[str, str]:
    """A good day, a count of 18, words, and a red flag four minutes ago; codes to enter with."""
    for code in ("CA1", "SI1"):
        await world.staff(code, Language.ZH if code == "SI1" else Language.EN)
    await world.enrol()
    await world.phones.pass_time(timedelta(days=1))
    await world.dose()
    await world.good_day()
    await world.phones.pass_time(timedelta(days=3))
    await world.lab("18")
    await world.phones.type(HER, "my hair looks a bit thin lately")
    await world.red_flag()
    await world.phones.pass_time(timedelta(minutes=4))
    return {code: await world.new_code(code) for code in ("CA1", "SI1")}


async def test_two_people_work_on_one_night_at_desk_and_phone(world: World) -> None:
    codes, troubles = await a_bad_night(world), list[str]()
    async with served(world) as address, chromium() as browser:
        desk = await a_page(browser, troubles, viewport={"width": 1280, "height": 900}, locale="en-GB")
        phone = await a_page(browser, troubles, viewport={"width": 390, "height": 844}, locale="zh-CN")
        await enter(desk, address, codes["CA1"])
        await enter(phone, address, codes["SI1"])

        # The coordinator takes the alarm; the investigator's phone shows it by itself.
        await expect(phone.locator("#kind-ALARM").first).to_contain_text("还没有人接手")
        await desk.locator("#kind-ALARM").get_by_role("button", name="I take this").click()
        await expect(desk.locator("article.case")).to_contain_text("Taken by CA1")
        await expect(phone.locator("main")).to_contain_text("CA1", timeout=20_000)

        # The investigator closes it with an outcome, on the phone.
        alarm = phone.locator(".case.edge-EMERGENCY")
        await alarm.locator("summary").click()
        await alarm.locator("[value=SENT_TO_ED]").check()
        await alarm.get_by_role("button", name="结束事件").click()
        await expect(phone.locator("article.case")).to_contain_text("已结束")

        # The participant's page: a dose in the picture leads to its entry in the log.
        await desk.goto(f"{address}/participants/TJ-001")
        await desk.locator(".chart a").last.click()
        await expect(desk).to_have_url(re.compile("#(lab|dose|report|case)-"))
        for page in (desk, phone):
            for path in ("/", "/cases", "/participants", "/participants/TJ-001", "/export"):
                await page.goto(address + path)
                beyond = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert beyond <= 0, path

        # On paper there are no buttons and no bars.
        await desk.emulate_media(media="print")
        await desk.goto(f"{address}/participants/TJ-001")
        await expect(desk.locator(".top")).to_be_hidden()
        await expect(desk.locator(".log")).to_be_visible()
        assert troubles == []


async def test_reading_and_taking_need_no_script(world: World) -> None:
    codes = await a_bad_night(world)
    async with served(world) as address, chromium() as browser:
        page = await a_page(browser, [], java_script_enabled=False, locale="en-GB")
        await enter(page, address, codes["CA1"])
        await page.locator("#kind-ALARM").get_by_role("button", name="I take this").click()
        await expect(page.locator("article.case")).to_contain_text("Taken by CA1")
        await page.goto(f"{address}/participants/TJ-001?show=words")
        await expect(page.locator(".log")).to_contain_text("my hair looks a bit thin lately")
        async with page.expect_download() as downloading:
            await page.goto(f"{address}/export")
            await page.get_by_role("button", name="Download").click()
        assert (await downloading.value).suggested_filename.endswith(".zip")
