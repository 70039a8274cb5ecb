"""Whatever a patient does, in any order: one question stands, nothing is lost or shifted, all is answered.

Taps on any button that ever stood there, words, pictures, edits, repeats of an update, restarts, and time
passing, drawn at random with a fixed seed. Source: issue "rehearse a trial" (Proof).
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.clock import MovableClock, new_id
from bot.rules import agenda, callback
from bot.rules.inbound import InboundKind
from bot.rules.messages import Recipient, RecipientKind
from bot.rules.progress import Place, Progress
from bot.rules.report import CLOSING, DECLINED, Answer
from bot.rules.study import QuestionKind
from storage.archive import Archive
from storage.errors import AlreadyHandled
from storage.keyring import Keyring
from tests.actions.conftest import phones_of
from tests.databases import SECRET, cheap, watched_from_empty
from tests.household import HER, INVESTIGATOR, MONDAY, SUBJECT, joined, staffed
from tests.phones import Phones

WHO = Recipient(RecipientKind.PARTICIPANT, SUBJECT)
QUESTIONS = ("q:", "w:", "c:", "l:", "s:")
WORDS = (
    "没有",
    "38.5",
    "有点头痛",
    "谢谢",
    "刷牙出了点血",
    "English please",
    "要带什么东西吗",
    "   ",
    "/report",
    "/language",
    "/stop",
    "/help",
    "流鼻血止不住怎么办",
)
CONTENTS = ("sticker", "photo", "voice")

step = st.one_of(
    st.tuples(st.just("tap"), st.integers(0, 60)),
    st.tuples(st.just("tap"), st.integers(0, 60)),
    st.tuples(st.just("tap"), st.integers(0, 60)),
    st.tuples(st.just("old"), st.integers(0, 200)),
    st.tuples(st.just("words"), st.integers(0, len(WORDS) - 1)),
    st.tuples(st.just("content"), st.integers(0, len(CONTENTS) - 1)),
    st.tuples(st.just("edit"), st.integers(0, len(WORDS) - 1)),
    st.tuples(st.just("again"), st.just(0)),
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from((3, 10, 40))),
)


class Patient:
    """One patient's phone, with what must stay true after every step."""

    def __init__(self, chats: Phones, url: str) -> None:
        self.chats = chats
        self.url = url
        self.tokens: list[str] = []
        self.answers: dict[str, Answer] = {}
        self.edits = count(1)

    async def do(self, what: str, which: int) -> None:
        """One step, and everything checked after it."""
        spoken = await self._spoken()
        expected = None
        match what:
            case "tap":
                tokens = [button.data for screen in self.chats.chats[HER][-4:] for button in screen.buttons]
                if not tokens:
                    return
                token = tokens[which % len(tokens)]
                expected = await self._expected(token)
                await self.chats.tap_token(HER, token)
            case "old":
                if not self.tokens:
                    return
                await self.chats.tap_token(HER, self.tokens[which % len(self.tokens)])
            case "words":
                await self.chats.type(HER, WORDS[which])
            case "content":
                await self.chats.send(HER, CONTENTS[which])
            case "edit":
                await self.chats.edit(HER, f"{WORDS[which]} {next(self.edits)}")
            case "again":
                await self._same_update_again()
                return
            case "restart":
                await self._restart()
                return
            case _:
                await self.chats.move_to(self.chats.clock.now() + timedelta(minutes=which))
        if what != "wait":
            assert await self._spoken() > spoken, f"{what} {which} was not answered"
        await self._check(expected)
        await self._taken()

    async def _check(self, expected: tuple[Place, str] | None) -> None:
        asking = [
            screen
            for screen in self.chats.chats[HER]
            if any(button.data.startswith(QUESTIONS) for button in screen.buttons)
        ]
        assert len(asking) <= 1, [screen.text for screen in asking]
        self.tokens += [button.data for screen in asking for button in screen.buttons]
        stored = await self._stored()
        for known, answer in self.answers.items():
            assert replace(stored[known], replaced_by=None) == replace(answer, replaced_by=None)
        self.answers = stored
        for answer in stored.values():
            assert self._fits(answer), answer
        if expected is not None:
            place, code = expected
            standing = [one for one in stored.values() if one.replaced_by is None]
            assert any((one.symptom, one.question) == place and code in one.codes for one in standing), (
                place,
                code,
            )

    async def _taken(self) -> None:
        """Somebody reaches her at once, so that no alarm rings on through the test."""
        async with self.chats.desk.archive.read() as uow:
            cases = await uow.cases.open_of(SUBJECT)
        for case in cases:
            if case.contacted_at is None:
                await self.chats.tap_token(INVESTIGATOR, f"k:met:{case.id}")

    def _fits(self, answer: Answer) -> bool:
        """The codes are options of the very question they are stored under."""
        place = Place(answer.symptom, answer.question)
        question = agenda.question_at(self.chats.desk.study, place)
        if question is None or question.kind is QuestionKind.NUMBER or answer.codes == (DECLINED,):
            return True
        return set(answer.codes) <= {option.code for option in question.options}

    async def _expected(self, token: str) -> tuple[Place, str] | None:
        """What a tap on the question that stands must leave in the record."""
        tapped, progress = callback.parse(token), await self._progress()
        if tapped is None or progress is None or progress.report_id != tapped.report_id:
            return None
        code = tapped.code
        if tapped.screen_no != progress.screen_no or code[0] in (*callback.SIGNS, "*"):
            return None
        question = agenda.question_at(self.chats.desk.study, progress.place)
        if question is None or code not in {option.code for option in question.options}:
            return None
        return (progress.place, code) if progress.place.about != CLOSING else None

    async def _progress(self) -> Progress | None:
        async with self.chats.desk.archive.read() as uow:
            kept = (await uow.conversations.get(WHO) or {}).get("report")
        return Progress.from_json(kept) if kept else None

    async def _stored(self) -> dict[str, Answer]:
        async with self.chats.desk.archive.read() as uow:
            return {
                answer.id: answer
                for report in await uow.reports.of(SUBJECT)
                for answer in await uow.reports.answers(report.id)
            }

    async def _spoken(self) -> int:
        """The newest row that was put into the outbox for her."""
        async with self.chats.desk.archive.read() as uow:
            return int((await uow.outbox.to(WHO, 1))[0].id)

    async def _same_update_again(self) -> None:
        """Telegram sends an update twice: nothing changes."""
        spoken, stored = await self._spoken(), await self._stored()
        self.chats.next_update -= 1
        with pytest.raises(AlreadyHandled):
            await self.chats._send(HER, InboundKind.TEXT, text="流鼻血止不住")
        assert (spoken, stored) == (await self._spoken(), await self._stored())

    async def _restart(self) -> None:
        """The process ends and another opens the same archive: nothing lived in memory."""
        await self.chats.desk.archive.close()
        archive = await Archive.open(self.url, Keyring(SECRET), clock=self.chats.clock)
        self.chats.desk = replace(self.chats.desk, archive=cheap(archive))


@asynccontextmanager
async def a_patient(empty: Path, clock: MovableClock) -> AsyncIterator[Patient]:
    """A patient who has just joined, on an archive of her own."""
    copy = empty.with_name(f"{new_id()}.db")
    shutil.copy(empty, copy)
    url = f"sqlite+aiosqlite:///{copy}"
    clock.move_to(MONDAY)
    archive = watched_from_empty(await Archive.open(url, Keyring(SECRET), clock=clock))
    her = Patient(phones_of(archive, clock), url)
    try:
        await staffed(her.chats)
        await joined(her.chats)
        yield her
    finally:
        await her.chats.desk.archive.close()


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(step, min_size=15, max_size=25))
async def test_one_question_stands_nothing_is_lost_and_everything_is_answered(
    sqlite_url: str, monday: MovableClock, steps: list[tuple[str, int]]
) -> None:
    async with a_patient(Path(sqlite_url.partition(":///")[2]), monday) as patient:
        for what, which in steps:
            await patient.do(what, which)
