"""The operator's day: the real command in a process of its own, and the other commands beside it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

import bot
from bot.actions.manage_sites import add_site
from bot.actions.manage_staff import add_staff, revoke_staff
from bot.actions.speak import staff_as_recipient
from bot.assembly.opening import opened_desk
from bot.assembly.peopling import OPERATOR
from bot.clock import SystemClock
from bot.rehearsal.stand_in import StandIn
from bot.rules.study import Language, Role, StaffCode
from bot.settings import Settings
from bot.texts import Texts
from tests import cast
from tests.databases import SECRET
from tests.journeys.conftest import TIANJIN
from tests.journeys.test_at_night import sink, told_of

PATIENCE_S = 60.0
PEOPLE = {
    StaffCode("CA1"): Role.COORDINATOR,
    StaffCode("SI1"): Role.SUB_INVESTIGATOR,
    StaffCode("PI1"): Role.PRINCIPAL_INVESTIGATOR,
    StaffCode("CE1"): Role.CENTRAL,
}
BUILT_IN = Path(bot.__file__ or "").parent / "studies" / "ql_ctit_ruls_1002"

__all__ = ["sink"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class Shell:
    """`suifang …` as the operator types it, in a folder of its own."""

    def __init__(self, folder: Path, database_url: str, telegram: StandIn, **more: str) -> None:
        self._folder = folder
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SUIFANG_")},
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "SUIFANG_DATABASE_URL": database_url,
            "SUIFANG_SECRET_KEY": SECRET,
            "SUIFANG_TELEGRAM_API_URL": telegram.url,
            "SUIFANG_TELEGRAM_TOKEN": telegram.token,
            **{f"SUIFANG_{name}": value for name, value in more.items()},
        }

    async def start(self, *words: str) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *words,
            cwd=self._folder,
            env=self._environment,
            stdout=PIPE,
            stderr=PIPE,
        )

    async def do(self, *words: str, expect: tuple[int, ...] = (0,)) -> str:
        """What the command says, on standard output and error."""
        process = await self.start(*words)
        said, complained = await process.communicate()
        assert process.returncode in expect, (said + complained).decode()
        return (said + complained).decode()

    @asynccontextmanager
    async def running(self, mode: str = "demo") -> AsyncIterator[Process]:
        """`suifang run` until the end of the block, then SIGTERM: it must end by itself and well."""
        process = await self.start("run")
        assert process.stdout is not None
        first = await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
        assert f"Suifang runs in {mode} mode".encode() in first
        yield process
        process.send_signal(signal.SIGTERM)
        _, complained = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        assert process.returncode == 0, complained.decode()
        assert b"Traceback" not in complained


async def test_a_service_is_set_up_run_on_both_roads_looked_at_and_stopped(
    sqlite_url: str, tmp_path: Path
) -> None:
    mark = Texts.load().say("patient.demo_mark", Language.ZH)
    port = free_port()
    by_webhook = {"CONSOLE_PORT": str(port), "WEBHOOK_URL": f"http://127.0.0.1:{port}"}
    async with StandIn(clock=SystemClock()) as telegram:
        shell = Shell(tmp_path, sqlite_url, telegram, CONSOLE_PORT=str(port))
        names = ("--name-zh", "天津", "--name-en", "Tianjin")
        await shell.do("site", "add", "TJ", *names, "--phone", "022-5550-0101")
        await shell.do("staff", "add", "CA1", "--site", "TJ", "--role", "coordinator", "--language", "zh")
        chen = await telegram.create_user("Chen")
        async with shell.running():
            link = json.loads(await shell.do("staff", "link", "CA1", "--json"))
            assert "/sign-in?code=" in link["console_link"]
            await telegram.open_link(chen, link["chat_code"])
            await telegram.wait_for_message(chen, containing="CA1", timeout_s=PATIENCE_S)
            assert mark in telegram.screen(chen)[-1].text
            # Exit 1 while the watchman's last look was before the coordinator's chat was linked.
            assert "ok      service" in await shell.do("health", expect=(0, 1))
        async with Shell(tmp_path, sqlite_url, telegram, **by_webhook).running():
            before = len(telegram.screen(chen))
            await telegram.type(chen, "/today")
            await telegram.wait_until(lambda: len(telegram.screen(chen)) > before + 1, timeout_s=PATIENCE_S)
            assert mark in telegram.screen(chen)[-1].text
        assert "verified" in await shell.do("audit", "verify")
        copy = tmp_path / "copy.db"
        await shell.do("db", "backup", str(copy))
        assert copy.stat().st_size > 0
        assert "exists already" in await shell.do("db", "backup", str(copy), expect=(1,))


async def test_live_is_refused_with_every_reason_at_once(sqlite_url: str, tmp_path: Path) -> None:
    async with StandIn(clock=SystemClock()) as telegram:
        shell = Shell(tmp_path, sqlite_url, telegram, MODE="live", CONSOLE_PORT=str(free_port()))
        refused = await shell.do("run", expect=(1,))
    assert "texts: still a default nobody has approved" in refused
    assert "there is no site yet" in refused


async def test_the_first_going_live_needs_cover_and_a_live_service_starts_without_it_and_rings(
    sqlite_url: str, tmp_path: Path, sink: tuple[list[dict[str, str]], str]
) -> None:
    """`suifang run` three times: nobody linked; covered; the last contact's telephone stolen."""
    told, operator = sink
    study = tmp_path / "approved"
    shutil.copytree(BUILT_IN, study)
    for file in study.rglob("*.toml"):
        signed = r'\1 = "approved", approved_by = "SI1", approved_on = 2026-03-01'
        file.write_text(re.sub(r'\b(kind|source) = "default"', signed, file.read_text()))
    async with StandIn(clock=SystemClock()) as telegram:
        more = {"MODE": "live", "STUDY": str(study), "CONSOLE_PORT": str(free_port()), "ALERT_URLS": operator}
        shell = Shell(tmp_path, sqlite_url, telegram, **more)
        settings = Settings(
            telegram_token=SecretStr(telegram.token),
            database_url=SecretStr(sqlite_url),
            secret_key=SecretStr(SECRET),
            study=str(study),
        )
        async with opened_desk(settings) as desk:
            await add_site(desk, site=cast.TIANJIN, by=OPERATOR)
            for code, role in PEOPLE.items():
                site = None if role is Role.CENTRAL else TIANJIN
                await add_staff(desk, code=code, role=role, site=site, language=Language.ZH, by=OPERATOR)
            refused = await shell.do("run", expect=(1,))
            assert "site TJ: nobody who can be reached for EMERGENCY from" in refused
            assert "default nobody has approved" not in refused
            for code in PEOPLE:
                person = await telegram.create_user(code)
                await telegram.type(person, "/start")
                async with desk.archive.begin() as uow:
                    await uow.identities.link(person.id, staff_as_recipient(code), desk.now())
            async with shell.running("live"):
                pass
            for code in PEOPLE:
                await revoke_staff(desk, code=code, reason="stolen", by=OPERATOR, lost=True)
        async with shell.running("live"):
            await told_of(told, "TJ EMERGENCY (nobody instead)")
