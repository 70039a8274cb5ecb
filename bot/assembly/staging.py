"""The rehearsal as people step into it: a cast in place, a clock that runs, scenes, and undo to the start.

The people are brought in once. What stood then (database and telephones) is kept, so that undoing everything
takes a moment and not the time it took to bring them in.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

from bot.actions.console_account import set_password
from bot.actions.manage_participants import invite_participant
from bot.actions.manage_staff import invite_staff
from bot.assembly import scenes
from bot.assembly.casting import MORNING, ZONE, bring_in, local
from bot.assembly.peopling import OPERATOR
from bot.assembly.rehearsing import Rehearsal, opened_rehearsal
from bot.assembly.scenes import Playing
from bot.clock import MovableClock, new_secret
from bot.rehearsal.cast import Cast
from bot.rehearsal.chats import Happening
from bot.rehearsal.journal import Journal, Line, Sort
from bot.rehearsal.record_lines import record_line
from bot.rehearsal.stage import Changes, ConsolePass, Due, Jump, NextEvent, Scene
from bot.rehearsal.stand_in import StandIn
from bot.rehearsal.world import Kept
from bot.rules.errors import NotEntitled
from bot.rules.messages import OutboxRow, Priority, Recipient, RecipientKind
from bot.rules.study import Language, StaffCode, SubjectCode
from bot.texts import Texts
from handlers.console.pages import session_cookie

_BEFORE_ANYBODY: Final = local(16, 9, month=2)
_MORNING_HOUR: Final = 8, 30
_LOOK_EVERY_S: Final = 1.0
# "Next event" goes on until something is seen; looks that change nothing are passed by.
_MOST_LOOKS: Final = 500
_SORTS: Final = {
    Priority.SAFETY: Sort.ADVICE,
    Priority.ALERT: Sort.ALERT,
    Priority.REPLY: Sort.REPLY,
    Priority.REMINDER: Sort.REMINDER,
    Priority.DIGEST: Sort.DIGEST,
}


class Staged:
    """Implements `bot.rehearsal.stage.Stage`. One thing is done at a time: people wait for the clock."""

    def __init__(self, folder: Path, texts: Texts, console_url: str) -> None:
        self.texts = texts
        self.clock = MovableClock(_BEFORE_ANYBODY)
        self.telegram = StandIn(clock=self.clock)
        self.cast = Cast({}, ())
        self.journal = Journal(self.clock, lambda chat_id: self.cast.code_of(chat_id))
        self.changes = Changes()
        self.raised = 0
        self.scene = Scene.START
        self.busy = False
        self.next_event: NextEvent | None = None
        self._folder = folder
        self._console_url = console_url
        self._secret = new_secret()
        self._turn = asyncio.Lock()
        self._acted = asyncio.Event()
        self._open = AsyncExitStack()
        self._rehearsal: Rehearsal | None = None
        self._console: ASGIApp | None = None
        self._kept: Kept | None = None
        self._recorded = 0
        self._enough = False
        self.telegram.listen(self._happens)

    # ── the curtain ──────────────────────────────────────────────────────────

    async def raise_curtain(self) -> None:
        """Brings everybody in, keeps how it stands, and begins on Tuesday morning."""
        await self.telegram.start()
        rehearsal = await self._opened()
        self.cast = await bring_in(rehearsal)
        await rehearsal.service.desk.archive.backup(self._folder / "start.db")
        self._kept = self.telegram.keep()
        await self._begin()
        self.raised += 1

    async def close(self) -> None:
        await self._open.aclose()
        await self.telegram.stop()

    @property
    def rehearsal(self) -> Rehearsal:
        if self._rehearsal is None:
            raise RuntimeError("the curtain is not up")
        return self._rehearsal

    def console(self) -> ASGIApp:
        """The console of the service that runs now."""
        if self._console is None:
            self._console = self.rehearsal.service.web_app()
        return self._console

    async def _opened(self) -> Rehearsal:
        self._console = None
        self._rehearsal = await self._open.enter_async_context(
            opened_rehearsal(
                database_url=f"sqlite:///{self._folder / 'stage.db'}",
                secret=self._secret,
                clock=self.clock,
                texts=self.texts,
                telegram=self.telegram,
                console_url=self._console_url,
            )
        )
        return self._rehearsal

    async def _begin(self) -> None:
        """It is Tuesday morning and the log is empty."""
        self.clock.move_to(MORNING)
        async with self.rehearsal.service.desk.archive.read() as uow:
            entries = await uow.audit.since(0)
        self._recorded = entries[-1].number if entries else 0
        self.journal.begin_anew()
        await self._look_ahead()

    async def _undo(self) -> None:
        if self._kept is None:
            raise RuntimeError("the curtain is not up")
        await self._open.aclose()
        for leftover in self._folder.glob("stage.db*"):
            leftover.unlink()
        await asyncio.to_thread(shutil.copyfile, self._folder / "start.db", self._folder / "stage.db")
        self.telegram.put_back(self._kept)
        self.clock.move_to(MORNING)
        await self._opened()
        await self._begin()

    async def play(self, scene: Scene, language: Language) -> None:
        async with self._moving():
            await self._undo()
            self.scene = scene
            playing = Playing(rehearsal=self.rehearsal, cast=self.cast, to=self._pass_until)
            await scenes.play(scene, playing, language)
            self.raised += 1

    def focus(self, language: Language) -> tuple[str, str]:
        return scenes.FOCUS[self.scene][language]

    # ── time ─────────────────────────────────────────────────────────────────

    def now(self) -> datetime:
        return self.clock.now()

    async def keep_going(self, stop: asyncio.Event) -> None:
        """Time passes: whatever people do and whatever falls due is worked off, until `stop`."""
        while not stop.is_set():
            async with self._turn:
                self._acted.clear()
                await self._settle()
            try:
                await asyncio.wait_for(self._acted.wait(), _LOOK_EVERY_S)
            except TimeoutError:
                continue

    async def heard(self) -> None:
        async with self._turn:
            await self._settle()

    def stop_here(self) -> None:
        self._enough = True

    async def jump(self, jump: Jump) -> None:
        async with self._moving():
            self._enough = False
            await self._settle()
            if jump is Jump.EVENT:
                await self._to_next_event()
            else:
                await self._to(self._target(jump))

    def _target(self, jump: Jump) -> datetime:
        if jump is Jump.HOUR:
            return self.now() + timedelta(hours=1)
        here = self.now().astimezone(ZONE)
        hour, minute = _MORNING_HOUR
        morning = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return morning if morning > here else morning + timedelta(days=1)

    async def _to(self, moment: datetime) -> None:
        while not self._enough and await self._step(until=moment):
            pass
        if moment > self.now() and not self._enough:
            self.clock.move_to(moment)
        self.journal.time_jumps(self.now())
        await self._settle()

    async def _pass_until(self, moment: datetime) -> None:
        """As a jump, but of the play: the log does not speak of it."""
        await self._settle()
        while await self._step(until=moment):
            pass
        if moment > self.now():
            self.clock.move_to(moment)
        await self._settle()

    async def _to_next_event(self) -> None:
        far = self.now() + timedelta(days=60)
        for _ in range(_MOST_LOOKS):
            seen = len(self.journal.lines)
            if self._enough or not await self._step(until=far) or len(self.journal.lines) > seen:
                return

    async def _step(self, *, until: datetime) -> bool:
        ahead = self.next_event
        if ahead is None or ahead.at > until:
            return False
        if ahead.at > self.now():
            self.clock.move_to(ahead.at)
        self.journal.nobody_acted()
        await self._settle()
        return True

    @asynccontextmanager
    async def _moving(self) -> AsyncIterator[None]:
        async with self._turn:
            self.busy = True
            self.changes.note()
            try:
                yield
            finally:
                self.busy = False
                self.changes.note()

    # ── people ───────────────────────────────────────────────────────────────

    async def open_card(self, code: str) -> None:
        character = self.cast.get(code)
        if character is None or not character.is_patient:
            raise NotEntitled(subject=code)
        invitation = await invite_participant(
            self.rehearsal.service.desk, subject=SubjectCode(code), by=OPERATOR
        )
        await self.telegram.open_link(character.person, invitation.code)

    async def console_pass(self, code: StaffCode) -> ConsolePass:
        desk = self.rehearsal.service.desk
        _, invitation = await invite_staff(desk, code=code, by=OPERATOR)
        signed_in = await set_password(desk, code=invitation.code, password=new_secret(), address="rehearsal")
        return ConsolePass(session_cookie(secure=False), signed_in.token)

    # ── what happened ────────────────────────────────────────────────────────

    def _happens(self, happening: Happening) -> None:
        self.journal.hear(happening)
        self.changes.note(happening.chat_id)
        self._acted.set()

    async def _settle(self) -> None:
        """Everything that is due has happened and stands in the log."""
        await self.rehearsal.settle()
        await self._name_what_was_said()
        if self.journal.end_step(await self._record_lines()):
            self.changes.note()
        await self._look_ahead()

    async def _name_what_was_said(self) -> None:
        """Whether a message was advice, an alert, a reminder: the outbox knows."""
        said = [line for line in self.journal.fresh if line.sort is Sort.REPLY]
        if not said:
            return
        async with self.rehearsal.service.desk.archive.read() as uow:
            for who in {line.who for line in said}:
                character = self.cast.get(who)
                if character is None:
                    continue
                hers = [line for line in said if line.who == who]
                kind = RecipientKind.PARTICIPANT if character.is_patient else RecipientKind.STAFF
                rows = await uow.outbox.to(Recipient(kind, who), len(hers) + 3)
                _name(hers, {row.telegram_message_id: row for row in rows})

    async def _record_lines(self) -> list[Line]:
        async with self.rehearsal.service.desk.archive.read() as uow:
            entries = await uow.audit.since(self._recorded)
        lines = []
        for one in entries:
            self._recorded = one.number
            entry = one.entry
            line = record_line(
                kind=entry.kind,
                at=entry.at,
                actor=entry.actor_code,
                subject=one.chain if self.cast.get(one.chain) else "",
                field=entry.field,
                new=entry.new,
            )
            if line is not None:
                lines.append(line)
        return lines

    async def _look_ahead(self) -> None:
        """What is due next, and to what it belongs."""
        async with self.rehearsal.service.desk.archive.read() as uow:
            moments = (
                (await uow.participants.next_look(), Due.PLAN),
                (await uow.cases.next_step(), Due.CASE),
                (await uow.sae_tasks.next_step(), Due.CASE),
                (await uow.outbox.next_due(), Due.MESSAGE),
            )
        ahead = [NextEvent(at, due) for at, due in moments if at is not None]
        self.next_event = min(ahead, key=lambda one: one.at) if ahead else None


def _name(lines: list[Line], rows: dict[int | None, OutboxRow]) -> None:
    for line in lines:
        row = rows.get(line.message_id)
        if row is not None:
            line.sort = _SORTS[row.message.priority]
            line.subject = row.message.about or ""
