"""Facts and corrections in any order, the process dying at any commit: the same plan, nothing said twice.

Two copies of one archive live through the same days. In the first nothing happens. In the second what is
entered at one time comes in another order, and the process dies just before or just after a commit, whichever
it is; a new one opens the archive, and whoever was entering something that was not stored enters it again.
`REPLAYS=200` looks at more days than the few of a usual run.
Source: issue "the protocol to the letter" (Proof); specification 1.4; architecture, "How a reminder travels".
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from bot.actions.correct_fact import DoseCorrection, LabCorrection, correct_dose, correct_lab
from bot.actions.keep_profile import TransfusionEntry, record_transfusion
from bot.actions.move_visit import MoveEntry, SkipEntry, move_visit, skip_activity
from bot.actions.place_hold import HoldEntry, ReleaseEntry, place_hold, release_hold
from bot.actions.plan_therapy import TherapyEnd, TherapyEntry, cancel_therapy, plan_therapy
from bot.actions.plan_visits import course_of
from bot.actions.record_dose import DoseEntry, record_dose
from bot.actions.record_lab import LabEntry, record_lab
from bot.actions.send_due_reminders import send_due_reminders
from bot.actions.speak import participant_as_recipient
from bot.clock import MovableClock, new_id
from bot.rules import schedule
from bot.rules.errors import Refusal
from bot.rules.participant import HoldReason
from storage.archive import Archive
from storage.keyring import Keyring
from storage.unit_of_work import UnitOfWork
from tests.databases import SECRET
from tests.ward import CONSOLE, MONDAY, PI1, TJ_001, Ward, local, ward_of

REPLAYS = int(os.environ.get("REPLAYS", "3"))
BEGIN = local("2026-03-03 12:00")

# What is entered at one moment, one of each kind at most. The first four only add to what is known, so that
# they may come in any order; the others are decided on what is seen, and come after them.
_DOSE = st.sampled_from(("give", "anchor", "partly"))
_COUNT = st.sampled_from(("24", "38", "62", "99.9", "100", "102", "180"))
_RIGHT = st.sampled_from(("void", "26", "74", "101"))
_PLAN = st.tuples(
    st.sampled_from(("move", "move", "skip")),
    st.sampled_from(("injection-2", "injection-3", "injection-4", "draw-L3")),
    st.integers(1, 6),
)
_THERAPY = st.tuples(st.sampled_from(("new", "new", "move", "cancel")), st.integers(2, 12))


@dataclass(frozen=True)
class Moment:
    """So many hours later, this is entered; then everything happens that is due."""

    hours: int
    dose: str | None
    count: str | None
    right: str | None
    transfused: bool
    plan: tuple[str, str, int] | None
    therapy: tuple[str, int] | None
    hold: bool


_moments = st.lists(
    st.builds(
        Moment,
        hours=st.integers(3, 90),
        dose=st.none() | _DOSE,
        count=st.none() | _COUNT,
        right=st.none() | st.none() | _RIGHT,
        transfused=st.sampled_from((False, False, False, True)),
        plan=st.none() | st.none() | _PLAN,
        therapy=st.none() | st.none() | _THERAPY,
        hold=st.sampled_from((False, False, False, True)),
    ),
    min_size=5,
    max_size=8,
)
# How many commits go well until one does not, and on which side of it the process dies.
_deaths = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(("before", "after"))), min_size=1, max_size=12
)


Fact = tuple[str, str]


class Died(BaseException):
    """The process is no more; nothing in it can catch this."""


class Life:
    """One archive through the days; `deaths` are still to come, `died` have been."""

    def __init__(self, ward: Ward, url: str, deaths: Iterable[tuple[int, str]] = ()) -> None:
        self.ward = ward
        self._url = url
        self._deaths = list(deaths)
        self.died: list[str] = []
        self._make_mortal(ward.desk.archive)

    async def live(self, moments: list[Moment], order: Callable[[list[Fact]], None]) -> None:
        self.ward.phones.clock.move_to(BEGIN)
        for moment in moments:
            self.ward.phones.clock.move(timedelta(hours=moment.hours))
            facts: list[Fact] = [
                *([("dose", moment.dose)] if moment.dose else []),
                *([("count", moment.count)] if moment.count else []),
                *([("right", moment.right)] if moment.right else []),
                *([("blood", "")] if moment.transfused else []),
            ]
            order(facts)
            for kind, what in facts:
                await self._entered(partial(self._fact, kind, what))
            if moment.plan:
                await self._entered(partial(self._decision, *moment.plan))
            if moment.therapy:
                await self._entered(partial(self._therapy, *moment.therapy))
            if moment.hold:
                await self._entered(self._hold)
            await self._settled()

    async def told(self) -> dict[str, object]:
        """Her plan, where she stands, and everything she was ever reminded of or spared."""
        async with self.ward.desk.archive.read() as uow:
            her = await uow.participants.get(TJ_001)
            assert her is not None
            planned = schedule.plan(self.ward.desk.study, await course_of(uow, her))
            noted = [one for one in await uow.audit.of(TJ_001) if one.entity == "reminder"]
            rows = await uow.outbox.to(participant_as_recipient(TJ_001), 10_000)
            _, broken = await uow.audit.verify()
        assert broken is None
        keys = Counter(one.entity_id for one in noted)
        keys.update(f"row of {one.message.unique_key}" for one in rows)
        assert {key: number for key, number in keys.items() if number > 1} == {}
        reminders = {
            row.message.unique_key: (row.status, row.created_at, row.message.expires_at)
            for row in rows
            if row.message.unique_key in keys
        }
        return {
            "plan": planned,
            "her": (her.state, her.day1_at, her.next_look_at),
            "noted": sorted((one.kind, one.entity_id, one.at) for one in noted),
            "reminders": reminders,
        }

    # ── what is entered ──────────────────────────────────────────────────────

    async def _fact(self, kind: str, what: str) -> None:
        desk, now = self.ward.desk, self.ward.now
        async with desk.archive.read() as uow:
            doses = await uow.doses.of(TJ_001)
            labs = [one for one in await uow.labs.of(TJ_001) if one.recorded_at < now and not one.baseline]
        match kind, what:
            case "dose", "give":
                entry = DoseEntry(
                    subject=TJ_001,
                    number=len(doses) + 1,
                    given_at=now - timedelta(hours=1),
                    confirmed=True,
                )
                await record_dose(desk, entry=entry, by=PI1, auth=CONSOLE)
            case "dose", _ if doses:
                wrong = doses[-1]
                right = DoseCorrection(
                    dose_id=wrong.id,
                    reason="misread",
                    given_at=wrong.given_at - timedelta(hours=1) if what == "anchor" else None,
                    whole=False if what == "partly" else None,
                    confirmed=True,
                )
                await correct_dose(desk, entry=right, by=PI1, auth=CONSOLE)
            case "count", _:
                sampled_at = now - timedelta(hours=2)
                slip = LabEntry(
                    subject=TJ_001, typed=what, unit="10^9/L", sampled_at=sampled_at, confirmed=True
                )
                await record_lab(desk, entry=slip, by=PI1, auth=CONSOLE)
            case "right", _ if labs:
                void = what == "void"
                slip_again = LabCorrection(
                    lab_id=labs[-1].id,
                    reason="misread",
                    typed=None if void else what,
                    unit=None if void else "10^9/L",
                    void=void,
                    confirmed=True,
                )
                await correct_lab(desk, entry=slip_again, by=PI1, auth=CONSOLE)
            case "blood", _:
                blood = TransfusionEntry(subject=TJ_001, at=now - timedelta(hours=3), confirmed=True)
                await record_transfusion(desk, entry=blood, by=PI1, auth=CONSOLE)
            case _:
                return  # there is nothing yet that could be corrected

    async def _decision(self, what: str, key: str, days: int) -> None:
        desk = self.ward.desk
        if what == "skip":
            never = SkipEntry(subject=TJ_001, activity_key=key, reason="ill")
            await skip_activity(desk, entry=never, by=PI1, auth=CONSOLE)
            return
        to_at = self.ward.now.replace(hour=2) + timedelta(days=days)
        entry = MoveEntry(
            subject=TJ_001,
            activity_key=key,
            to_at=to_at,
            reason="she travels",
            override=False,
            confirmed=True,
        )
        await move_visit(desk, entry=entry, by=PI1, auth=CONSOLE)

    async def _therapy(self, what: str, days: int) -> None:
        desk, starts_at = self.ward.desk, self.ward.now.replace(hour=4) + timedelta(days=days)
        async with desk.archive.read() as uow:
            known = max((one.number for one in await uow.therapies.of(TJ_001)), default=None)
        if what == "cancel":
            ended = TherapyEnd(subject=TJ_001, number=known or 1, reason="no bed")
            await cancel_therapy(desk, entry=ended, by=PI1, auth=CONSOLE)
            return
        number = known if what == "move" else None
        entry = TherapyEntry(subject=TJ_001, number=number, starts_at=starts_at, reason="bed", confirmed=True)
        await plan_therapy(desk, entry=entry, by=PI1, auth=CONSOLE)

    async def _hold(self) -> None:
        """Placed, or released where one stands."""
        desk = self.ward.desk
        async with desk.archive.read() as uow:
            stands = any(one.released_at is None for one in await uow.holds.of(TJ_001))
        if stands:
            freed = ReleaseEntry(subject=TJ_001, note="seen")
            await release_hold(desk, entry=freed, by=PI1, auth=CONSOLE)
            return
        entry = HoldEntry(subject=TJ_001, reason=HoldReason.INVESTIGATOR)
        await place_hold(desk, entry=entry, by=PI1, auth=CONSOLE)

    # ── dying ────────────────────────────────────────────────────────────────

    async def _entered(self, enter: Callable[[], Awaitable[None]]) -> None:
        """Until it is stored or refused: whoever saw it die looks what is there, and enters it again."""
        while True:
            try:
                with suppress(Refusal):
                    await enter()
                return
            except Died:
                await self._restarted()
                if self.died[-1] == "after":
                    return

    async def _settled(self) -> None:
        """Every reminder that is due, and everything said; who is rung when is another test's business."""
        busy = 1
        while busy:
            try:
                busy = await send_due_reminders(self.ward.desk) + await self.ward.phones.deliver()
            except Died:
                await self._restarted()

    async def _restarted(self) -> None:
        """Nothing lived in memory: another process opens the archive."""
        phones = self.ward.phones
        await phones.desk.archive.close()
        archive = await Archive.open(self._url, Keyring(SECRET), clock=phones.clock)
        self._make_mortal(archive)
        phones.desk = replace(phones.desk, archive=archive)

    def _make_mortal(self, archive: Archive) -> None:
        begin = archive.begin

        @asynccontextmanager
        async def mortal() -> AsyncIterator[UnitOfWork]:
            end = self._next_end()
            async with begin() as uow:
                yield uow
                if end == "before":
                    self.died.append(end)
                    raise Died
            if end == "after":
                self.died.append(end)
                raise Died

        archive.begin = mortal  # type: ignore[method-assign]

    def _next_end(self) -> Literal["before", "after"] | None:
        if not self._deaths:
            return None
        left, end = self._deaths[0]
        if left:
            self._deaths[0] = (left - 1, end)
            return None
        self._deaths.pop(0)
        return "before" if end == "before" else "after"


@asynccontextmanager
async def lived(
    begun: Path,
    moments: list[Moment],
    order: Callable[[list[Fact]], None],
    deaths: Iterable[tuple[int, str]],
) -> AsyncIterator[Life]:
    """A life on a copy of its own."""
    copy = begun.with_name(f"{new_id()}.db")
    shutil.copy(begun, copy)
    url = f"sqlite+aiosqlite:///{copy}"
    archive = await Archive.open(url, Keyring(SECRET), clock=MovableClock(BEGIN, frozen=True))
    life = Life(ward_of(archive, now=BEGIN), url, deaths)
    try:
        await life.live(moments, order)
        yield life
    finally:
        await life.ward.desk.archive.close()
        copy.unlink()


@pytest.fixture
async def begun(sqlite_url: str) -> Path:
    """She joined on Monday and had dose 1 on Tuesday; no process has it open."""
    archive = await Archive.open(sqlite_url, Keyring(SECRET), clock=MovableClock(MONDAY, frozen=True))
    ward = ward_of(archive)
    await ward.open()
    ward.phones.clock.move_to(local("2026-03-03 09:45"))
    await ward.dose(1, "2026-03-03 09:40")
    await archive.close()
    return Path(sqlite_url.partition(":///")[2])


def as_it_came(facts: list[Fact]) -> None:
    """In the order in which they were drawn."""


@pytest.mark.timeout(30 * REPLAYS)
@settings(
    max_examples=REPLAYS,
    deadline=None,
    derandomize="REPLAYS" not in os.environ,
    database=None,
    phases=[Phase.generate] if "REPLAYS" not in os.environ else [Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(moments=_moments, deaths=_deaths, chance=st.randoms(use_true_random=False))
async def test_in_any_order_and_any_pattern_of_crashes_the_plan_and_the_reminders_are_the_same(
    begun: Path, moments: list[Moment], deaths: list[tuple[int, str]], chance: object
) -> None:
    async with lived(begun, moments, as_it_came, ()) as calm:
        expected = await calm.told()
    async with lived(begun, moments, chance.shuffle, deaths) as hard:  # type: ignore[attr-defined]
        assert hard.died
        event(f"died {len(hard.died)} times")
        assert await hard.told() == expected
