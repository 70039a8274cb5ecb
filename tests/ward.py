"""A ward for the tests of actions: two sites with staff, one participant, and what a coordinator does to her.

Everything goes through the actions; what people read is read off their `phones`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from bot.actions.desk import Desk
from bot.actions.manage_participants import Enrolment, add_participant
from bot.actions.manage_sites import add_site
from bot.actions.manage_staff import add_staff
from bot.actions.note_sae import advance_sae_tasks
from bot.actions.plan_visits import course_of, replan_in
from bot.actions.record_dose import DoseEntry, record_dose
from bot.actions.record_lab import LabEntry, record_lab
from bot.actions.speak import participant_as_recipient, staff_as_recipient
from bot.calendars import SiteCalendars
from bot.clock import MovableClock
from bot.rules import schedule
from bot.rules.access import Actor, AuthMethod
from bot.rules.activities import PlannedActivity
from bot.rules.case import Case
from bot.rules.messages import Recipient
from bot.rules.participant import Dose, LabResult, Participant, ParticipantState
from bot.rules.study import Language, Role, Sex, SiteCode, StaffCode, Study, SubjectCode
from bot.study_file import load_study
from bot.texts import Texts
from bot.understanding.understander import Understander
from storage.archive import Archive
from tests import cast
from tests.beginnings import beginning
from tests.databases import cheap
from tests.phones import Phones

OPERATOR: Final = Actor(code="operator", role="operator", auth=AuthMethod.COMMAND_LINE)
TIANJIN: Final = ZoneInfo("Asia/Shanghai")
CONSOLE: Final = AuthMethod.CONSOLE
HER, CRC, SUBI, PI, CRC_WUHAN, CENTRAL = 11, 21, 22, 23, 31, 41
CA1, SI1, PI1, CW1 = (StaffCode(code) for code in ("CA1", "SI1", "PI1", "CW1"))
TJ_001 = SubjectCode("TJ-001")
# Monday 2 March 2026, 10:00 in Tianjin; dose 1 is planned for the next morning at 09:30.
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
_PEOPLE = (
    (CA1, Role.COORDINATOR, "TJ", CRC),
    (SI1, Role.SUB_INVESTIGATOR, "TJ", SUBI),
    (PI1, Role.PRINCIPAL_INVESTIGATOR, "TJ", PI),
    (CW1, Role.COORDINATOR, "WH", CRC_WUHAN),
    (StaffCode("CEN"), Role.CENTRAL, None, CENTRAL),
)


def local(words: str, zone: ZoneInfo = TIANJIN) -> datetime:
    """Such as `2026-03-10 09:30`, by the clock of Tianjin."""
    return datetime.fromisoformat(words).replace(tzinfo=zone)


@dataclass
class Ward:
    """`her` language may be given; `clock` stands still between what the tests do."""

    phones: Phones

    @property
    def desk(self) -> Desk:
        return self.phones.desk

    @property
    def now(self) -> datetime:
        return self.phones.clock.now()

    @beginning
    async def open(
        self,
        *,
        language: Language = Language.ZH,
        baseline: str = "38",
        day1: str = "2026-03-03 09:30",
        subject: SubjectCode = TJ_001,
    ) -> None:
        """Sites, staff with their phones, and her: enrolled and joined."""
        for site in (cast.TIANJIN, cast.WUHAN):
            await add_site(self.desk, site=site, by=OPERATOR)
        for code, role, at_site, chat in _PEOPLE:
            site_code = None if at_site is None else SiteCode(at_site)
            await add_staff(
                self.desk, code=code, role=role, site=site_code, language=Language.ZH, by=OPERATOR
            )
            await self._link(staff_as_recipient(code), chat)
        await self.enrol(subject, language=language, baseline=baseline, day1=day1)
        await self.join(subject, HER)

    async def enrol(
        self,
        subject: SubjectCode,
        *,
        language: Language = Language.ZH,
        baseline: str = "38",
        day1: str = "2026-03-03 09:30",
    ) -> None:
        enrolment = Enrolment(
            subject_code=subject,
            site_code=SiteCode(subject.split("-")[0]),
            language=language,
            sex=Sex.FEMALE,
            consent_signed_on=date(2025, 12, 1),
            day1_at=local(day1),
            baseline_platelets=Decimal(baseline),
            baseline_sampled_at=self.now - timedelta(hours=2),
        )
        await add_participant(self.desk, enrolment=enrolment, by=OPERATOR)

    async def join(self, subject: SubjectCode, chat: int) -> None:
        """As if she had joined in the chat (tests/actions/test_story.py does it tap by tap)."""
        await self._link(participant_as_recipient(subject), chat)
        async with self.desk.archive.begin() as uow:
            participant = await uow.participants.lock(subject)
            assert participant is not None
            joined = replace(participant, joined_at=self.now)
            await replan_in(uow, self.desk, joined)

    async def _link(self, whom: Recipient, chat: int) -> None:
        async with self.desk.archive.begin() as uow:
            await uow.identities.link(chat, whom, self.now)

    async def until(self, words: str) -> None:
        """Jumps to this time and lets everything happen that is due; what is too late by then is missed."""
        self.phones.clock.move_to(local(words))
        await self.settle()

    async def settle(self) -> None:
        await advance_sae_tasks(self.desk)
        await self.phones.settle()

    async def dose(self, number: int, at: str, *, confirmed: bool = False, **more: object) -> Dose:
        entry = DoseEntry(
            subject=TJ_001,
            number=number,
            given_at=local(at),
            confirmed=confirmed,
            **more,  # type: ignore[arg-type]
        )
        dose = await record_dose(self.desk, entry=entry, by=CA1, auth=CONSOLE)
        await self.settle()
        return dose

    async def lab(
        self, typed: str, at: str, *, confirmed: bool = False, subject: SubjectCode = TJ_001, **more: object
    ) -> LabResult:
        entry = LabEntry(
            subject=subject,
            typed=typed,
            unit="10^9/L",
            sampled_at=local(at),
            confirmed=confirmed,
            **more,  # type: ignore[arg-type]
        )
        result = await record_lab(self.desk, entry=entry, by=CA1, auth=CONSOLE)
        await self.settle()
        return result

    async def her(self, subject: SubjectCode = TJ_001) -> Participant:
        async with self.desk.archive.read() as uow:
            found = await uow.participants.get(subject)
        assert found is not None
        return found

    async def state(self) -> ParticipantState:
        return (await self.her()).state

    async def plan(self, subject: SubjectCode = TJ_001) -> dict[str, PlannedActivity]:
        async with self.desk.archive.read() as uow:
            participant = await uow.participants.get(subject)
            assert participant is not None
            course = await course_of(uow, participant)
        return {one.key: one for one in schedule.plan(self.desk.study, course)}

    async def at(self, key: str) -> str:
        """When an activity stands now, by the clock of Tianjin."""
        return f"{(await self.plan())[key].target_at.astimezone(TIANJIN):%Y-%m-%d %H:%M}"

    async def open_cases(self, subject: SubjectCode = TJ_001) -> tuple[Case, ...]:
        async with self.desk.archive.read() as uow:
            return await uow.cases.open_of(subject)

    def heard(self, chat: int = HER, since: int = 0) -> list[str]:
        """The messages on a phone from number `since` on."""
        return [screen.text for screen in self.phones.chats.get(chat, [])[since:]]


@beginning
async def with_dose_1(ward: Ward) -> None:
    """She joined on Monday 2 March and had dose 1 on Tuesday at 09:40, recorded at once."""
    await ward.open()
    await ward.until("2026-03-03 09:45")
    await ward.dose(1, "2026-03-03 09:40")


# Both are read from many files and never change.
_TEXTS = cache(Texts.load)
_UNDERSTANDER = cache(Understander.load)
_STUDY = cache(load_study)


def ward_of(archive: Archive, *, study: Study | None = None, now: datetime = MONDAY) -> Ward:
    """A ward on this archive; nobody is in it yet."""
    used = study or _STUDY("ql-ctit-ruls-1002")
    clock = MovableClock(now, frozen=True)
    desk = Desk(
        archive=cheap(archive),
        study=used,
        clock=clock,
        calendars=SiteCalendars(used.working_hours),
        understander=_UNDERSTANDER(),
    )
    return Ward(Phones(desk=desk, clock=clock, texts=_TEXTS()))
