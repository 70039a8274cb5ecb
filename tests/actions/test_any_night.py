"""Whatever happens in a night, in any order: no case falls silent, no step is lost or doubled, one owner.

Reports, answers, taking, contacting, closing (in private chats and in the site's group), duty, leave, lost
telephones, a group that comes, moves, is lost and comes back, blocked chats, a Telegram that gives no answer,
a second road that is down, restarts, hours in which the service is down and a clock that is set back, drawn
at random with a fixed seed. `NIGHTS=200` plays more of them, anew each time.
Source: issue of the escalation (Proof); lessons 2 and 3.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.actions.audit_escalation import audit_escalation
from bot.actions.keep_group import Keeper, invite_group
from bot.actions.keep_roster import add_duty, end_duty, roster_of
from bot.actions.manage_staff import revoke_staff
from bot.clock import MovableClock, new_id
from bot.rules import escalation
from bot.rules.case import Case, CaseId
from bot.rules.errors import Refusal
from bot.rules.inbound import InboundKind
from bot.rules.roster import DutyKind
from bot.rules.study import Level, StaffCode
from bot.rules.watch import Trouble
from storage.archive import Archive
from storage.cases import CaseEvent
from storage.keyring import Keyring
from tests import cast
from tests.actions.conftest import phones_of
from tests.actions.test_at_night import MINUTE, PEOPLE, SATURDAY, TJ, Night
from tests.databases import SECRET, cheap
from tests.household import HER, OPERATOR, SUBJECT
from tests.phones import Phones

NIGHTS = int(os.environ.get("NIGHTS", "5"))
SAYS = ("流鼻血40分钟了止不住，要晕倒", "大便发黑两次", "吐血了，一大口", "请让研究医生联系我")
HERS, THEIRS = ("p:",), ("k:take", "k:over", "k:met", "k:miss", "k:end", "k:out")
CODES = tuple(PEOPLE)
NEVER = frozenset(
    {Trouble.CASE_WITHOUT_MOMENT, Trouble.STEP_OVERDUE, Trouble.SENDS_UNACCOUNTED, Trouble.OUTBOX_LATE}
)
# Nothing of an EMERGENCY that nobody has is silent for longer; the chain's own longest wait.
LONGEST_SILENCE = 10 * MINUTE
GROUPS = (-501, -1000501, -1000502)
IN_GROUP = ("register", "let in", "put out", "moves", "tap", "tap", "tap", "blocks", "unblocks")
TURNS = ("RAISED", "RUNG_ANEW", "REOPENED", "LET_GO")

who = st.integers(0, len(CODES) - 1)
step = st.one_of(
    st.tuples(st.just("she writes"), st.integers(0, len(SAYS) - 1)),
    st.tuples(st.just("she answers"), st.integers(0, 9)),
    *[st.tuples(st.just("staff tap"), st.integers(0, 60))] * 3,
    *[st.tuples(st.just("group"), st.integers(0, len(IN_GROUP) * len(CODES) - 1))] * 2,
    *[st.tuples(st.just("wait"), st.sampled_from((1, 2, 5, 11, 40)))] * 3,
    st.tuples(st.just("down"), st.sampled_from((3, 17, 180, 900))),
    st.tuples(st.just("clock back"), st.sampled_from((1, 7))),
    *[st.tuples(st.just(what), who) for what in ("duty", "leave", "end duty", "blocks", "unblocks", "lost")],
    st.tuples(st.sampled_from(("no answer", "answers again")), who),
    st.tuples(st.sampled_from(("roads break", "roads mended", "restart")), st.just(0)),
)


@dataclass
class AnyNight:
    """One night with what must stay true after every step."""

    phones: Phones
    url: str
    lost: set[str] = field(default_factory=set)
    gone_before: frozenset[str] = frozenset()
    groups: int = 0
    wrote_at: datetime | None = None
    since: int = 0
    hindered_at: datetime = SATURDAY

    async def do(self, what: str, which: int) -> None:
        """One step; what is refused changes nothing."""
        phones, code = self.phones, CODES[which % len(CODES)]
        chat = PEOPLE[code][2]
        self.since, self.gone_before = len(phones.told), frozenset(self.lost)
        match what:
            case "she writes":
                await self._she_writes(SAYS[which])
            case "she answers":
                await self._tap(HER, HERS, which)
            case "staff tap":
                await self._tap(chat, THEIRS, which // len(CODES))
            case "group":
                await self._group(IN_GROUP[which // len(CODES)], chat)
            case "wait":
                await self._wait(which)
            case "down":
                phones.clock.move(which * MINUTE)
            case "clock back":
                phones.clock.move(-which * MINUTE)
            case "duty" | "leave":
                await self._roster(code, DutyKind.DUTY if what == "duty" else DutyKind.LEAVE)
            case "end duty":
                for duty in (await roster_of(phones.desk, site=TJ))[:1]:
                    await end_duty(phones.desk, duty_id=duty.id, by=OPERATOR)
            case "blocks":
                phones.blocked.add(chat)
            case "unblocks":
                phones.blocked.discard(chat)
                await phones._send(chat, InboundKind.UNBLOCKED_US)
            case "lost" if len(self.lost) < 2:
                with suppress(Refusal):
                    await revoke_staff(
                        phones.desk, code=StaffCode(code), reason="lost", by=OPERATOR, lost=True
                    )
                    self.lost.add(code)
            case "no answer":
                phones.silent.add(chat)
            case "answers again":
                phones.silent.clear()
            case "roads break" | "roads mended":
                phones.roads_down = what == "roads break"
            case "restart":
                await self._restart()
            case _:  # a third telephone is not lost in one night
                pass
        await phones.settle()
        await self._check(jumped=what == "clock back")

    async def _tap(self, chat: int, kinds: tuple[str, ...], which: int) -> None:
        tokens = self._tokens(chat, kinds)
        if tokens:
            await self.phones.tap_token(chat, tokens[which % len(tokens)])

    async def _she_writes(self, text: str) -> None:
        """She is answered every time; pieces of one sentence are one thing said."""
        now, heard = self.phones.clock.now(), len(self.phones.chats.get(HER, []))
        await self.phones.type(HER, text)
        is_piece = self.wrote_at is not None and abs(now - self.wrote_at) < MINUTE
        assert len(self.phones.chats[HER]) > heard or is_piece, "she was not answered"
        self.wrote_at = now

    async def _group(self, what: str, chat: int) -> None:
        """The site's group, as long as it has no other number: `chat` is whoever acts there."""
        phones, group = self.phones, GROUPS[self.groups]
        match what:
            case "register":
                with suppress(Refusal):
                    code = await invite_group(phones.desk, site=TJ, by=Keeper(operator=OPERATOR))
                    await phones.type_in(group, PEOPLE["PI1"][2], f"/register {code.code}")
            case "let in":
                await phones.bot_let_in(group)
            case "put out":
                await phones.bot_put_out(group)
            case "moves" if self.groups + 1 < len(GROUPS):
                self.groups += 1
                await phones.group_moved(group, GROUPS[self.groups])
            case "blocks":
                phones.blocked.add(group)
            case "unblocks":
                phones.blocked.discard(group)
            case "tap":
                tokens = self._tokens(group, THEIRS)
                if tokens:
                    await phones.tap_token_in(group, chat, tokens[chat % len(tokens)])
            case _:
                pass

    def _tokens(self, chat: int, kinds: tuple[str, ...]) -> list[str]:
        return [
            button.data
            for screen in self.phones.chats.get(chat, [])[-8:]
            for button in screen.buttons
            if button.data.startswith(kinds)
        ]

    async def _wait(self, minutes: int) -> None:
        """Minute by minute, as the timer would; each is checked."""
        until = self.phones.clock.now() + minutes * MINUTE
        while self.phones.clock.now() < until:
            self.phones.clock.move(MINUTE)
            await self.phones.settle()
            if minutes < 12:
                await self._check()

    async def _roster(self, code: str, kind: DutyKind) -> None:
        if code == "SI2" or PEOPLE[code][1] is None:
            return
        starts = self.phones.clock.now() - timedelta(hours=1)
        with suppress(Refusal):
            await add_duty(
                self.phones.desk,
                site=TJ,
                staff=StaffCode(code),
                kind=kind,
                starts_at=starts,
                ends_at=starts + timedelta(hours=3),
                deputy=StaffCode("PI1") if kind is DutyKind.LEAVE and code != "PI1" else None,
                by=OPERATOR,
            )

    async def _restart(self) -> None:
        await self.phones.desk.archive.close()
        archive = await Archive.open(self.url, Keyring(SECRET), clock=self.phones.clock)
        self.phones.desk = replace(self.phones.desk, archive=cheap(archive))

    # ── what must stay true ──

    async def _check(self, *, jumped: bool = False) -> None:
        now = self.phones.clock.now()
        calendar = self.phones.desk.calendar_of(cast.TIANJIN)
        async with self.phones.desk.archive.read() as uow:
            cases = await uow.cases.all_of(SUBJECT)
            events = {case.id: await uow.cases.events(case.id) for case in cases}
            trail = await uow.audit.of(SUBJECT)
        turns = {case: [one.at for one in known if one.kind in TURNS] for case, known in events.items()}
        for case in cases:
            if case.closed_at is not None:
                assert case.next_step_at is None
                assert case.closed_by is not None
                assert case.outcome is not None
                continue
            assert case.next_step_at is not None
            assert case.next_step_at > now
            assert isinstance(escalation.next_step(case, now, calendar), escalation.Wait)
            assert case.acknowledged_by not in self.lost, "somebody who is gone still has the case"
            assert (case.acknowledged_by is None) == (case.acknowledged_at is None)
            if not jumped:
                self._nothing_is_skipped(case, now)
            assert _owner(events[case.id]) == case.acknowledged_by
        for case in cases:
            rings = [
                one.field for one in trail if one.kind == "system:case:rung" and one.entity_id == case.id
            ]
            assert rings == [f"ring {number + 1}" for number in range(case.rings)]
        self._nobody_hears_too_much(cases)
        self._nothing_is_doubled(turns)
        await self._somebody_hears(cases, now)
        found = {one.trouble for one in await audit_escalation(self.phones.desk)}
        assert not found & NEVER, found

    def _nothing_is_skipped(self, case: Case, now: datetime) -> None:
        """What the chain had to do by now while nobody has the case is done."""
        if case.acknowledged_at is not None or case.contacted_at is not None or case.level < Level.URGENT:
            return
        due = sum(case.rung_from + one.after <= now for one in case.chain.steps)
        assert case.steps_done >= due, (case.steps_done, due)
        assert case.last_rung_at is not None

    def _nothing_is_doubled(self, turns: dict[CaseId, list[datetime]]) -> None:
        """Nobody is rung twice at one moment for one thing by one road."""
        rung = Counter(
            (one.at, one.to, case, one.key.partition(":")[0])
            for one in self.phones.told[self.since :]
            for case in turns
            if one.key.startswith((f"alert:{case}:", f"second:{case}:"))
        )
        for (at, to, case, road), times in rung.items():
            assert times <= 1 + turns[case].count(at), (at, to, road, times)

    def _nobody_hears_too_much(self, cases: tuple[Case, ...]) -> None:
        """Not who is gone, and nobody of what is closed."""
        closed = {case.id: case.closed_at for case in cases if case.closed_at is not None}
        for one in self.phones.told[self.since :]:
            if not one.key.startswith(("alert:", "second:")):
                continue
            assert one.to not in self.gone_before, one
            at = closed.get(CaseId(one.key.split(":")[1]))
            assert at is None or one.at <= at, one

    async def _somebody_hears(self, cases: tuple[Case, ...], now: datetime) -> None:
        """Of an EMERGENCY that nobody has, somebody hears every ten minutes, if anybody can.

        Not while a chat is blocked that nobody knows of, or Telegram gives no answer for somebody.
        """
        async with self.phones.desk.archive.read() as uow:
            staff = [one for one in await uow.staff.all() if one.code not in self.lost]
        can = [one for one in staff if one.linked and one.unreachable_since is None]
        if not can or self.phones.silent or any(PEOPLE[one.code][2] in self.phones.blocked for one in can):
            self.hindered_at = now
            return
        for case in cases:
            if (
                case.level is not Level.EMERGENCY
                or case.closed_at
                or case.acknowledged_at
                or case.contacted_at
            ):
                continue
            heard = [one.at for one in self.phones.told if one.key.startswith(f"alert:{case.id}:")]
            assert heard, "nobody has ever heard of it"
            silent_since = max(*heard, self.hindered_at)
            assert now - silent_since <= LONGEST_SILENCE, (now - silent_since, case)


def _owner(events: Sequence[CaseEvent]) -> str | None:
    """Who has the case by its own history: nobody takes it from another without a trace."""
    owner: str | None = None
    for one in events:
        if one.kind in ("ACKNOWLEDGED", "HANDED_TO") or (one.kind == "CONTACTED" and owner is None):
            owner = one.actor_code
        elif one.kind in TURNS:
            owner = None
    return owner


@pytest.fixture
def evening(sqlite_url: str) -> Path:
    """An archive that everybody is in; every night begins with a copy."""
    return Path(sqlite_url.partition(":///")[2])


async def _prepared(empty: Path, clock: MovableClock) -> Path:
    """The evening before, made once."""
    ready = empty.with_name("evening.db")
    if not ready.exists():
        archive = await Archive.open(f"sqlite+aiosqlite:///{empty}", Keyring(SECRET), clock=clock)
        await Night(phones_of(archive, clock)).begin()
        await archive.close()
        shutil.copy(empty, ready)
    return ready


@settings(
    max_examples=NIGHTS,
    deadline=None,
    derandomize=NIGHTS <= 5,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(step, min_size=12, max_size=22))
async def test_no_case_falls_silent_no_step_is_lost_or_doubled_and_one_person_has_it(
    evening: Path, monday: MovableClock, steps: list[tuple[str, int]]
) -> None:
    ready = await _prepared(evening, monday)
    copy = ready.with_name(f"{new_id()}.db")
    shutil.copy(ready, copy)
    url = f"sqlite+aiosqlite:///{copy}"
    monday.move_to(SATURDAY)
    archive = await Archive.open(url, Keyring(SECRET), clock=monday)
    night = AnyNight(phones_of(archive, monday), url)
    try:
        for what, which in [("she writes", 0), *steps]:
            await night.do(what, which)
    finally:
        await night.phones.desk.archive.close()
