"""Runs every measure and prints the figures as Markdown, with the ratio to the rival of the same run."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
from sqlalchemy import func, insert
from sqlmodel import select

from bot.actions.send_due_reminders import send_due_reminders
from bot.actions.speak import participant_as_recipient
from bot.assembly.peopling import enrol, hire, join, open_site
from bot.assembly.rehearsing import Rehearsal, opened_rehearsal
from bot.clock import MovableClock, SystemClock, new_secret
from bot.rehearsal.chats import Person
from bot.rules.messages import Message, Phrase, Priority
from bot.rules.study import Bilingual, Language, Role, SiteCode, StaffCode, SubjectCode
from handlers.console.pages import session_cookie
from storage.archive import Archive
from storage.console_doors import ConsoleSession
from storage.mapping import to_row
from storage.tables import ParticipantRow
from tests import cast
from tests.bench.bots import aiogram_echo, bare_echo, conversation_with_pickle, measure, suifang
from tests.bench.stage import Crowd
from tests.databases import SECRET

os.environ.setdefault("PTB_TIMEDELTA", "1")
CROWD = Crowd(chats=100, messages=2000)
ROUNDS = 3
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
now = SystemClock().monotonic


def say(line: str = "") -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def updates_per_second() -> None:
    say(f"\n## Updates a second ({CROWD.messages} texts from {CROWD.chats} people, median of {ROUNDS})\n")
    say("| bot | a second | of the bare echo | kept before it says so |")
    say("| --- | ---: | ---: | --- |")
    rivals = (
        ("bare python-telegram-bot echo", bare_echo, "nothing"),
        ("ConversationHandler + PicklePersistence", conversation_with_pickle, "once a minute"),
        ("aiogram echo", aiogram_echo, "nothing"),
        ("Suifang", suifang, "message, reply, outcome"),
    )
    seen: dict[str, list[float]] = {name: [] for name, _, _ in rivals}
    for _ in range(ROUNDS):
        for name, run, _ in rivals:
            seen[name].append((await measure(run, CROWD)).per_second)
    bare = statistics.median(seen[rivals[0][0]])
    for name, _, kept in rivals:
        speed = statistics.median(seen[name])
        say(f"| {name} | {speed:.0f} | {speed / bare:.2f} | {kept} |")


async def emergency_under_load() -> None:
    """A red flag while 2,000 reminders wait: from her message to the advice, and to the alert."""
    clock = MovableClock(MONDAY, frozen=True)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        async with opened_rehearsal(database_url=url, secret=SECRET, clock=clock) as stage:
            await open_site(stage, cast.TIANJIN)
            coordinator = await hire(stage, StaffCode("CA1"), Role.COORDINATOR, SiteCode("TJ"), Language.ZH)
            subject = SubjectCode("TJ-001")
            her = await _enrolled(stage, subject)
            await join(stage, her, subject, Language.ZH)
            async with stage.service.desk.archive.begin() as uow:
                for number in range(2000):
                    await uow.outbox.put(_reminder(subject, number), clock.now())
            stop = asyncio.Event()
            working = asyncio.gather(
                stage.service.lanes.run(stop),
                stage.service.delivery.run(stop),
                stage.service.timer().run(stop),
            )
            began = now()
            await stage.telegram.type(her, "流鼻血40分钟止不住，要晕倒")
            await stage.telegram.wait_for_message(her, containing="请马上拨打120", timeout_s=60)
            advice = now() - began
            await stage.telegram.wait_for_message(coordinator, containing="TJ-001", timeout_s=60)
            alert = now() - began
            stop.set()
            await working
    say("\n## A red flag while 2,000 reminders wait\n")
    say(f"advice after {advice * 1000:.0f} ms, alert to the coordinator after {alert * 1000:.0f} ms")


def _reminder(subject: SubjectCode, number: int) -> Message:
    return Message(
        unique_key=f"bench:{number}",
        to=participant_as_recipient(subject),
        language=Language.ZH,
        priority=Priority.REMINDER,
        phrases=(Phrase(words=Bilingual(en=f"reminder {number}", zh=f"提醒 {number}")),),
        about=subject,
    )


async def idle_tick() -> None:
    """A look at 100,000 participants of whom nobody is due."""
    clock = MovableClock(MONDAY, frozen=True)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        async with opened_rehearsal(database_url=url, secret=SECRET, clock=clock) as stage:
            await open_site(stage, cast.TIANJIN)
            desk = stage.service.desk
            say("\n## A tick at which nobody is due\n\n| participants | median |\n| ---: | ---: |")
            for size in (1_000, 100_000):
                await _fill(desk.archive, size)
                say(f"| {size:,} | {await _tick_ms(stage):.2f} ms |")


async def _fill(archive: Archive, size: int) -> None:
    """Rows of participants who are looked at tomorrow."""
    tomorrow = MONDAY + timedelta(days=1)
    async with archive.begin() as uow:
        session = uow.session
        there = (await session.exec(select(func.count()).select_from(ParticipantRow))).one()
        rows = [
            to_row(
                ParticipantRow, replace(cast.participant(f"TJ-{number:06d}"), next_look_at=tomorrow)
            ).model_dump()
            for number in range(there, size)
        ]
        await (await session.connection()).execute(insert(ParticipantRow), rows)


async def _tick_ms(stage: Rehearsal) -> float:
    times = []
    for _ in range(50):
        began = now()
        await send_due_reminders(stage.service.desk)
        times.append(now() - began)
    return statistics.median(times) * 1000


async def console_pages() -> None:
    """Each page as the coordinator of a site with 14 participants gets it, through the application."""
    clock = MovableClock(MONDAY, frozen=True)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        async with opened_rehearsal(database_url=url, secret=SECRET, clock=clock) as stage:
            await open_site(stage, cast.TIANJIN)
            await hire(stage, StaffCode("CA1"), Role.COORDINATOR, SiteCode("TJ"), Language.ZH)
            for number in range(1, 15):
                subject = SubjectCode(f"TJ-{number:03d}")
                her = await _enrolled(stage, subject)
                await join(stage, her, subject, Language.ZH)
            transport = httpx.ASGITransport(app=stage.service.web_app())
            async with httpx.AsyncClient(transport=transport, base_url="http://bench") as browser:
                browser.cookies.set(session_cookie(secure=False), await _session(stage, StaffCode("CA1")))
                say("\n## Console pages (14 participants)\n\n| page | median |\n| --- | ---: |")
                for path in ("/", "/participants", "/participants/TJ-001", "/cases"):
                    say(f"| `{path}` | {await _page_ms(browser, path):.0f} ms |")


async def _session(stage: Rehearsal, staff: StaffCode) -> str:
    """The token of a session at the console, as signing in gives it."""
    token, archive = new_secret(), stage.service.desk.archive
    idle_at = stage.clock.real_now() + timedelta(hours=1)
    session = ConsoleSession(staff_code=staff, csrf=new_secret(), idle_at=idle_at)
    async with archive.begin() as uow:
        await uow.accounts.set_password_hash(staff, "no password fits this")
        await uow.accounts.open_session(archive.keyring.hash_code(token), session, idle_at)
    return token


async def _page_ms(browser: httpx.AsyncClient, path: str) -> float:
    times = []
    for _ in range(7):
        began = now()
        response = await browser.get(path)
        times.append(now() - began)
        assert response.status_code == 200, (path, response.status_code)
    return statistics.median(times) * 1000


async def _enrolled(stage: Rehearsal, subject: SubjectCode) -> Person:
    return await enrol(
        stage,
        subject,
        language=Language.ZH,
        consent_signed_on=date(2026, 3, 1),
        day1_at=MONDAY + timedelta(days=1),
        baseline=(Decimal(38), MONDAY),
    )


def start_up() -> None:
    times = []
    for _ in range(5):
        began = now()
        subprocess.run([sys.executable, "-m", "bot", "--help"], check=True, capture_output=True)
        times.append(now() - began)
    say("\n## Start-up\n")
    say(f"`suifang --help`: {statistics.median(times):.2f} s")


def understanding() -> None:
    """In a process of its own, so that nothing is loaded before."""
    say("\n## Understanding (processor time)\n")
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.understanding"], check=True, capture_output=True
    )
    for line in told.stdout.decode().splitlines():
        say(f"    {line}")


async def main() -> None:
    say(f"Measured {SystemClock().now().date()}, Python {sys.version.split()[0]}, {os.cpu_count()} cores.")
    understanding()
    await updates_per_second()
    await emergency_under_load()
    await idle_tick()
    await console_pages()
    start_up()


asyncio.run(main())
