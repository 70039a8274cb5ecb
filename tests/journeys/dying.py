"""A whole Suifang in a process of its own that can be killed: at a named moment, or by whoever likes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
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


def serve_until_killed(
    database_url: str, api_url: str, token: str, clock: Path, moment: str, operator: str
) -> None:
    """The process: a service that dies by its own hand at `moment`, or never when that is empty.

    `claimed alert:` is the moment at which a message whose key begins so was claimed and is not sent yet
    (SQLite only). `operator` is where the watchman tells him; may be empty.
    """
    wanted, _, key = moment.partition(" ")

    def die(reached: Moment) -> None:
        if reached == wanted and (not key or is_claimed(database_url, key)):
            os.kill(os.getpid(), signal.SIGKILL)

    async def serve() -> None:
        settings = Settings(
            telegram_token=SecretStr(token),
            telegram_api_url=api_url,
            database_url=SecretStr(database_url),
            secret_key=SecretStr(SECRET),
            mode=Mode.REHEARSAL,
            alert_urls=SecretStr(operator) if operator else None,
        )
        async with opened_service(settings, clock=FileClock(clock), checkpoint=die) as service:
            await service.run_chat(asyncio.Event())

    asyncio.run(serve())


def is_claimed(database_url: str, key: str) -> bool:
    """Whether a message whose key begins so is on its way, as far as was noted."""
    with closing(sqlite3.connect(database_url.partition(":///")[2])) as looking:
        found = looking.execute(
            "SELECT count(*) FROM outbox WHERE status = 'CLAIMED' AND unique_key LIKE ?", (f"{key}%",)
        ).fetchone()
    return bool(found[0])


@dataclass
class Mortal:
    """The service as the test holds it: started, killed, started again."""

    processes: ForkServerContext
    database_url: str
    api_url: str
    token: str
    clock: Path
    operator: str = ""
    deaths: int = 0
    ahead: timedelta = timedelta()
    process: BaseProcess | None = None

    def start(self, moment: str = "") -> None:
        self.process = self.processes.Process(
            target=serve_until_killed,
            args=(self.database_url, self.api_url, self.token, self.clock, moment, self.operator),
            daemon=True,
        )
        self.process.start()

    def kill(self, down: timedelta = AFTER_THE_LEASES) -> None:
        """`kill -9`, and the next one starts so much later, when every lease has run out."""
        assert self.process is not None
        self.process.kill()
        self.died(down)

    def died(self, down: timedelta = AFTER_THE_LEASES) -> None:
        """By its own hand: waits for the end."""
        assert self.process is not None
        self.process.join(30)
        assert self.process.exitcode == -signal.SIGKILL
        self.deaths += 1
        self.ahead += down
        self.at(FileClock(self.clock).now())

    def at(self, moment: datetime) -> None:
        """The study's time."""
        FileClock(self.clock).set(moment, self.ahead)


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
