"""02:10 on a Saturday: every branch of who reacts when, to the minute, from a table a clinician can read.

The branches stand in `at_night.toml`; each is played with the real actions on a real archive, and everything
that was rung, by both roads, and everything she was told of the case must be as written, no more and no less.
"""

from __future__ import annotations

import shutil
import sqlite3
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pytest

from bot.actions.keep_group import Keeper, invite_group
from bot.actions.keep_roster import add_duty
from bot.actions.keep_second_road import keep_second_road
from bot.actions.manage_sites import add_site
from bot.actions.manage_staff import add_staff, revoke_staff
from bot.actions.speak import participant_as_recipient, staff_as_recipient
from bot.clock import MovableClock
from bot.rules.case import Case
from bot.rules.inbound import InboundKind
from bot.rules.messages import Recipient
from bot.rules.roster import DutyKind
from bot.rules.study import Language, Role, SiteCode, StaffCode
from storage.archive import Archive
from storage.keyring import Keyring
from tests import cast
from tests.actions.conftest import phones_of
from tests.databases import SECRET
from tests.household import HER, OPERATOR, SUBJECT, enrolled
from tests.phones import Phones, Told

SATURDAY: Final = datetime(2026, 3, 6, 18, 10, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
TJ: Final = SiteCode("TJ")
PEOPLE: Final[Mapping[str, tuple[Role, SiteCode | None, int]]] = {
    "CA1": (Role.COORDINATOR, TJ, 21),
    "SI1": (Role.SUB_INVESTIGATOR, TJ, 22),
    "SI2": (Role.SUB_INVESTIGATOR, TJ, 23),
    "PI1": (Role.PRINCIPAL_INVESTIGATOR, TJ, 24),
    "CE1": (Role.CENTRAL, None, 41),
}
# What the table calls what she is told.
HEARS: Final = {
    "patient.case.called_120": "called 120?",
    "patient.case.reached_you": "reached you?",
    "patient.case.go_now": "go now",
    "patient.case.taken": "taken",
    "patient.case.taken_still_go": "taken, still go",
    "patient.case.over": "over",
}
RINGS: Final = ("alert:", "second:", "group:", "closed-unreached:")
GROUP: Final = -501
SUPERGROUP: Final = -1000501
BRANCHES: Final = tomllib.loads((Path(__file__).parent / "at_night.toml").read_text(encoding="utf-8"))[
    "branch"
]


@dataclass
class Night:
    """One night: `away` while the service is down; `unheard` is what she wrote meanwhile."""

    phones: Phones
    away: bool = False
    unheard: list[tuple[datetime, str]] = field(default_factory=list)

    async def begin(self) -> None:
        desk = self.phones.desk
        await add_site(desk, site=cast.TIANJIN, by=OPERATOR)
        for code, (role, site, chat) in PEOPLE.items():
            if code == "SI2":
                continue
            await self._hire(code, role, site, chat)
        await enrolled(self.phones)
        await self._link(participant_as_recipient(SUBJECT), HER)
        async with self.phones.desk.archive.begin() as uow:
            her = await uow.participants.lock(SUBJECT)
            assert her is not None
            await uow.participants.save(replace(her, joined_at=her.enrolled_at))
        await self.phones.settle()

    async def _hire(self, code: str, role: Role, site: SiteCode | None, chat: int) -> None:
        desk, who = self.phones.desk, staff_as_recipient(StaffCode(code))
        await add_staff(desk, code=StaffCode(code), role=role, site=site, language=Language.ZH, by=OPERATOR)
        await self._link(who, chat)
        await keep_second_road(desk, owner=who, addresses=[f"sms://{code}"], by=OPERATOR)

    async def _link(self, whom: Recipient, chat: int) -> None:
        async with self.phones.desk.archive.begin() as uow:
            await uow.identities.link(chat, whom, self.phones.clock.now())

    async def case(self) -> Case:
        async with self.phones.desk.archive.read() as uow:
            return max(await uow.cases.all_of(SUBJECT), key=lambda one: one.level)

    # ── what people do, as the table says it ──

    async def do(self, who: str, what: str) -> None:
        """Such as `CA1`, `takes`."""
        verb, _, more = what.partition(" ")
        if who == "she":
            await self._she(verb, more)
        elif who == "service":
            self.away = verb == "dies"
            while self.unheard and not self.away:
                said_at, words = self.unheard.pop(0)
                await self.phones.type(HER, words, said_at=said_at)
        elif who == "group":
            await self._group(verb)
        elif who == "roads":
            self.phones.roads_down = verb == "break"
        else:
            await self._person(who, verb, more)

    async def _she(self, verb: str, more: str) -> None:
        if verb == "writes" and self.away:
            self.unheard.append((self.phones.clock.now(), more))
        elif verb == "writes":
            await self.phones.type(HER, more)
        else:
            await self._press(HER, "p:", f":{more}")

    async def _group(self, verb: str) -> None:
        match verb:
            case "is-registered":
                code = await invite_group(self.phones.desk, site=TJ, by=Keeper(operator=OPERATOR))
                await self.phones.type_in(GROUP, PEOPLE["PI1"][2], f"/register {code.code}")
            case "moves":
                await self.phones.group_moved(GROUP, SUPERGROUP)
            case _:
                await self.phones.bot_put_out(GROUP)

    async def _person(self, who: str, verb: str, more: str) -> None:
        role, site, chat = PEOPLE[who]
        deeds: dict[str, Callable[[], Awaitable[object]]] = {
            "joins": lambda: self._hire(who, role, site, chat),
            "takes": lambda: self._press(chat, "k:take:"),
            "takes-over": lambda: self._press(chat, "k:over:"),
            "reached-her": lambda: self._press(chat, "k:met:"),
            "missed-her": lambda: self._press(chat, "k:miss:"),
            "closes": lambda: self._close(chat, more),
            "is-told-of-the-block": lambda: self.phones._send(chat, InboundKind.BLOCKED_US),
            "loses-the-phone": lambda: revoke_staff(
                self.phones.desk, code=StaffCode(who), reason="lost", by=OPERATOR, lost=True
            ),
            "on-duty": lambda: self._roster(who, DutyKind.DUTY, more),
            "on-leave": lambda: self._roster(who, DutyKind.LEAVE, more),
        }
        match verb:
            case "blocks":
                self.phones.blocked.add(chat)
            case "unblocks":
                self.phones.blocked.discard(chat)
                await self.phones._send(chat, InboundKind.UNBLOCKED_US)
            case "gets-no-answer-from-telegram":
                self.phones.silent.add(chat)
            case "never-started":
                async with self.phones.desk.archive.begin() as uow:
                    await uow.identities.end(
                        staff_as_recipient(StaffCode(who)), self.phones.clock.now(), "new"
                    )
            case _:
                await deeds[verb]()

    async def _roster(self, who: str, kind: DutyKind, more: str) -> None:
        """`02:00-08:00` on that Saturday, `for SI2` the deputy."""
        hours, _, deputy = more.partition(" deputy ")
        starts, ends = (f"2026-03-07 {clock}" for clock in hours.split("-"))
        zone = cast.TIANJIN_ZONE
        await add_duty(
            self.phones.desk,
            site=TJ,
            staff=StaffCode(who),
            kind=kind,
            starts_at=datetime.fromisoformat(starts).replace(tzinfo=zone),
            ends_at=datetime.fromisoformat(ends).replace(tzinfo=zone),
            deputy=StaffCode(deputy) if deputy else None,
            by=OPERATOR,
        )

    async def _press(self, chat: int, begins: str, ends: str = "") -> None:
        """The newest button of this kind on that phone."""
        for screen in reversed(self.phones.chats.get(chat, [])):
            for button in screen.buttons:
                if button.data.startswith(begins) and button.data.endswith(ends):
                    await self.phones.tap_token(chat, button.data)
                    return
        raise AssertionError(f"no button {begins}…{ends} on phone {chat}")

    async def _close(self, chat: int, outcome: str) -> None:
        await self._press(chat, "k:end:")
        await self._press(chat, "k:out:", f":{outcome}")

    # ── what was told ──

    def told(self) -> list[str]:
        """One line a minute: `10: CA1 SI1 PI1 PI1*, she: called 120?`."""
        lines = []
        for minute, group in groupby(self.phones.told, key=self._minute):
            together = list(group)
            rung = [_rung(one) for one in together if one.key.startswith(RINGS)]
            heard = [HEARS.get(one.about, "") or _advice(one) for one in together if one.to == SUBJECT]
            parts = [" ".join(rung), *(f"she: {said}" for said in dict.fromkeys(heard) if said)]
            if minute >= 0 and any(parts):
                lines.append(f"{minute}: " + ", ".join(part for part in parts if part))
        return lines

    def _minute(self, one: Told) -> int:
        return int((one.at - SATURDAY) // MINUTE)


def _rung(one: Told) -> str:
    if one.key.startswith("group:"):
        return "group"
    if one.about == "staff.alert.closed_unreached":
        return f"{one.to}(unreached)"
    return f"{one.to}*" if one.key.startswith("second:") else one.to


def _advice(one: Told) -> str:
    return "emergency advice" if one.key.startswith(("advice:", "loop:")) and not one.about else ""


def deed(line: str) -> tuple[int, str, str]:
    """`8: CA1 takes` as minute, who and what; `before` is minute -1."""
    when, _, rest = line.partition(": ")
    who, _, what = rest.partition(" ")
    return -1 if when == "before" else int(when), who, what


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the archive of the evening before is kept once it is made; each night begins with a copy."""
    return tmp_path_factory.mktemp("evening") / "evening.db"


@pytest.fixture
def the_same_evening(sqlite_url: str, evening: Path) -> bool:
    """Whether this night begins with the copy of an evening; the first one makes it."""
    known = evening.exists()
    if known:
        shutil.copy(evening, sqlite_url.partition(":///")[2])
    return known


@pytest.fixture
async def chats(
    sqlite_url: str, monday: MovableClock, evening: Path, the_same_evening: bool
) -> AsyncIterator[Phones]:
    """Everybody's phones at 02:10 on the Saturday."""
    archive = await Archive.open(sqlite_url, Keyring(SECRET), clock=monday)
    try:
        if not the_same_evening:
            await Night(phones_of(archive, monday)).begin()
            mine = sqlite3.connect(sqlite_url.partition(":///")[2])
            with closing(mine), closing(sqlite3.connect(evening)) as copy:
                mine.backup(copy)
        monday.move_to(SATURDAY)
        yield phones_of(archive, monday)
    finally:
        await archive.close()


@pytest.mark.parametrize("branch", BRANCHES, ids=lambda branch: branch["name"])
async def test_the_night_goes_as_the_table_says(chats: Phones, branch: dict[str, Any]) -> None:
    night = Night(chats)
    deeds = [deed(line) for line in branch["happens"]]
    for minute, who, what in deeds:
        if minute >= 0 and not night.away:
            await chats.move_to(SATURDAY + minute * MINUTE)
        chats.clock.move_to(SATURDAY + max(minute, 0) * MINUTE)
        await night.do(who, what)
        if not night.away:
            await chats.settle()
    await chats.move_to(SATURDAY + branch["until"] * MINUTE)
    told = night.told()
    if branch.get("from") is not None:
        told = [line for line in told if int(line.partition(":")[0]) >= branch["from"]]
    assert told == branch["told"], "\n" + "\n".join(f'  "{line}",' for line in told)
    case = await night.case()
    assert (case.closed_at is not None) == branch.get("closed", False)
    if case.closed_at is None:
        assert case.next_step_at is not None
        assert case.next_step_at > chats.clock.now()
