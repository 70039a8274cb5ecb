"""A whole Suifang in a process of its own that can be killed: at a named moment, or by whoever likes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from pydantic import SecretStr

from bot.actions.checkpoint import Moment
from bot.assembly.service import opened_service
from bot.clock import SystemClock
from bot.settings import Mode, Settings
from bot.understanding.understander import Understander
from tests.databases import SECRET

# Read once by the process that the dying ones are forked from, so that each of them lives at once.
Understander.load()

# Longer than every lease: what the dead process held is free for the next.
AFTER_THE_LEASES = timedelta(minutes=5)


class FileClock(SystemClock):
    """The study's time stands in a file that the test writes; the machine's is so many seconds ahead."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        return datetime.fromisoformat(json.loads(self._path.read_text())["now"])

    def real_now(self) -> datetime:
        return super().real_now() + timedelta(seconds=json.loads(self._path.read_text())["ahead_s"])

    def set(self, now: datetime, ahead: timedelta) -> None:
        """Whole or not at all: a reader never sees half of it."""
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps({"now": now.isoformat(), "ahead_s": ahead.total_seconds()}))
        draft.replace(self._path)


def serve_until_killed(database_url: str, api_url: str, token: str, clock: Path, moment: str) -> None:
    """The process: a service that dies by its own hand at `moment`, or never when that is empty."""

    def die(reached: Moment) -> None:
        if reached == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    async def serve() -> None:
        settings = Settings(
            telegram_token=SecretStr(token),
            telegram_api_url=api_url,
            database_url=SecretStr(database_url),
            secret_key=SecretStr(SECRET),
            mode=Mode.REHEARSAL,
        )
        async with opened_service(settings, clock=FileClock(clock), checkpoint=die) as service:
            await service.run_chat(asyncio.Event())

    asyncio.run(serve())


@dataclass
class Mortal:
    """The service as the test holds it: started, killed, started again."""

    processes: ForkServerContext
    database_url: str
    api_url: str
    token: str
    clock: Path
    deaths: int = 0
    process: BaseProcess | None = None

    def start(self, moment: str = "") -> None:
        self.process = self.processes.Process(
            target=serve_until_killed,
            args=(self.database_url, self.api_url, self.token, self.clock, moment),
            daemon=True,
        )
        self.process.start()

    def kill(self) -> None:
        """`kill -9`, and the next one starts when every lease has run out."""
        assert self.process is not None
        self.process.kill()
        self.process.join(30)
        self.deaths += 1
        clock = FileClock(self.clock)
        clock.set(clock.now(), self.deaths * AFTER_THE_LEASES)


@contextmanager
def mortal(
    processes: ForkServerContext, database_url: str, api_url: str, token: str, clock: Path
) -> Iterator[Mortal]:
    service = Mortal(processes, database_url, api_url, token, clock)
    try:
        yield service
    finally:
        if service.process is not None and service.process.is_alive():
            service.process.kill()
            service.process.join(30)
