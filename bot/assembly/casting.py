"""The cast of the rehearsal: five sites, their staff, and made-up patients at different points of the study.

Everybody is brought in by the real ways, in the order in which it would have happened: enrolled, dosed,
sampled, invited, joined in the chat. Sites carry the names of cities only; their telephone numbers are
invented.
Source: specification 1.2 (organisations).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from bot.actions.manage_participants import invite_participant
from bot.actions.manage_staff import add_staff, invite_staff
from bot.actions.plan_therapy import TherapyEntry, plan_therapy
from bot.actions.record_dose import DoseEntry, record_dose
from bot.actions.record_lab import LabEntry, record_lab
from bot.assembly.peopling import OPERATOR, TELEGRAM_LANGUAGE, enrol, open_site
from bot.assembly.rehearsing import Rehearsal
from bot.rehearsal.cast import Cast, Character
from bot.rules.access import AuthMethod, Site
from bot.rules.study import Bilingual, Language, Role, SiteCode, StaffCode, SubjectCode

ZONE: Final = ZoneInfo("Asia/Shanghai")
_ZH, _EN = Language.ZH, Language.EN


def local(day: int, hour: int, minute: int = 0, *, month: int = 3) -> datetime:
    """A moment of 2026 as a clock in China shows it."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


# The curtain rises on Tuesday 10 March 2026.
MORNING: Final = local(10, 8, 30)
_JOINING: Final = local(9, 16, 30)

SITES: Final = tuple(
    Site(
        code=SiteCode(code),
        name=Bilingual(en=en, zh=zh),
        phone=f"{area}-5550-010{number}",
        time_zone=ZONE.key,
    )
    for number, (code, en, zh, area) in enumerate(
        (
            ("TJ", "Tianjin", "天津", "022"),
            ("BD", "Baoding", "保定", "0312"),
            ("WH", "Wuhan", "武汉", "027"),
            ("JN", "Jinan", "济南", "0531"),
            ("TS", "Tangshan", "唐山", "0315"),
        ),
        start=1,
    )
)


@dataclass(frozen=True, slots=True)
class _Job:
    code: str
    role: Role
    site: str | None
    language: Language = _ZH


_STAFF: Final = (
    _Job("CA1", Role.COORDINATOR, "TJ"),
    _Job("CA2", Role.COORDINATOR, "TJ", _EN),
    _Job("SI1", Role.SUB_INVESTIGATOR, "TJ"),
    _Job("SI2", Role.SUB_INVESTIGATOR, "TJ", _EN),
    _Job("PI1", Role.PRINCIPAL_INVESTIGATOR, "TJ"),
    _Job("CE1", Role.CENTRAL, None),
    *(
        _Job(f"{letter}{site}1", role, site)
        for site in ("BD", "WH", "JN", "TS")
        for letter, role in (
            ("C", Role.COORDINATOR),
            ("S", Role.SUB_INVESTIGATOR),
            ("P", Role.PRINCIPAL_INVESTIGATOR),
        )
    ),
)


@dataclass(frozen=True, slots=True)
class _Course:
    """A made-up patient. Doses and counts (in 10⁹/L) by when they were given and drawn."""

    code: str
    about: str
    consented_on: date
    day1_at: datetime
    baseline: str
    language: Language = _ZH
    doses: tuple[datetime, ...] = ()
    counts: tuple[tuple[datetime, str], ...] = ()
    joined: bool = True
    coordinator: str = field(default="CA1")


_COURSES: Final = (
    _Course(
        "TJ-001",
        "rehearsal.about.second_dose_today",
        date(2026, 3, 2),
        local(3, 9, 30),
        "38",
        doses=(local(3, 9, 30),),
        counts=((local(6, 8, 20), "56"),),
    ),
    _Course(
        "TJ-002",
        "rehearsal.about.second_dose_today",
        date(2026, 3, 2),
        local(3, 10, 30),
        "44",
        language=_EN,
        doses=(local(3, 10, 30),),
        counts=((local(6, 8, 40), "61"),),
    ),
    _Course("TJ-003", "rehearsal.about.not_joined", date(2026, 3, 9), local(11, 9, 30), "41", joined=False),
    _Course(
        "TJ-004",
        "rehearsal.about.endpoint_today",
        date(2026, 2, 23),
        local(24, 9, 0, month=2),
        "52",
        doses=(local(24, 9, 0, month=2), local(3, 9, 0)),
        counts=((local(27, 8, 10, month=2), "63"), (local(3, 8, 15), "71"), (local(6, 8, 30), "84")),
    ),
    _Course(
        "BD-001",
        "rehearsal.about.responded",
        date(2026, 2, 16),
        local(17, 9, 30, month=2),
        "62",
        doses=(local(17, 9, 30, month=2), local(24, 9, 30, month=2)),
        counts=((local(20, 8, 30, month=2), "79"), (local(3, 8, 20), "112")),
        coordinator="CBD1",
    ),
    _Course(
        "WH-001",
        "rehearsal.about.first_week",
        date(2026, 3, 5),
        local(6, 10, 0),
        "57",
        doses=(local(6, 10, 0),),
        coordinator="CWH1",
    ),
    _Course(
        "JN-001",
        "rehearsal.about.low_count",
        date(2026, 3, 2),
        local(3, 14, 0),
        "47",
        doses=(local(3, 14, 0),),
        counts=((local(9, 15, 40), "43"),),
        coordinator="CJN1",
    ),
    _Course(
        "TS-001",
        "rehearsal.about.first_dose_today",
        date(2026, 3, 9),
        local(10, 14, 0),
        "66",
        coordinator="CTS1",
    ),
)


_ANSWER_REMINDERS: Final = ("TJ-001", "TJ-002")


async def bring_in(rehearsal: Rehearsal) -> Cast:
    """Everybody in place on the morning of 10 March, as if the study had been running for weeks."""
    for site in SITES:
        await open_site(rehearsal, site)
    staff = await _hire_all(rehearsal)
    patients = [await _enrol(rehearsal, course) for course in _by_consent(_COURSES)]
    await _record_past(rehearsal)
    rehearsal.clock.move_to(_JOINING)
    await _join_all(rehearsal, [one for one in patients if _course_of(one).joined])
    await _take_low_count(rehearsal, next(one for one in staff if one.code == "CJN1"))
    await rehearsal.move_to(local(9, 19, 6))
    for one in patients:
        if one.code in _ANSWER_REMINDERS:
            await rehearsal.tap(
                one.person, rehearsal.service.texts.say("patient.stated.button.got_it", one.language)
            )
    await rehearsal.move_to(MORNING)
    in_order = sorted(patients, key=lambda one: [course.code for course in _COURSES].index(one.code))
    return Cast({one.code: one for one in (*in_order, *staff)}, SITES)


async def _hire_all(rehearsal: Rehearsal) -> list[Character]:
    desk, hired = rehearsal.service.desk, []
    for job in _STAFF:
        code, site = StaffCode(job.code), SiteCode(job.site) if job.site else None
        await add_staff(desk, code=code, role=job.role, site=site, language=job.language, by=OPERATOR)
        invitation, _ = await invite_staff(desk, code=code, by=OPERATOR)
        person = await rehearsal.telegram.create_user(code, language_code=TELEGRAM_LANGUAGE[job.language])
        await rehearsal.telegram.open_link(person, invitation.code)
        hired.append(Character(code=code, person=person, site=site, language=job.language, role=job.role))
    await rehearsal.settle()
    return hired


def _by_consent(courses: Sequence[_Course]) -> list[_Course]:
    return sorted(courses, key=lambda one: (one.consented_on, one.code))


async def _enrol(rehearsal: Rehearsal, course: _Course) -> Character:
    consented = datetime.combine(course.consented_on, datetime.min.time(), ZONE) + timedelta(hours=10)
    rehearsal.clock.move_to(consented)
    person = await enrol(
        rehearsal,
        SubjectCode(course.code),
        language=course.language,
        consent_signed_on=course.consented_on,
        day1_at=course.day1_at,
        baseline=(Decimal(course.baseline), consented - timedelta(hours=2)),
    )
    return Character(
        code=course.code,
        person=person,
        site=SiteCode(course.code.partition("-")[0]),
        language=course.language,
        about=course.about,
    )


async def _record_past(rehearsal: Rehearsal) -> None:
    """What the coordinators entered in the weeks before, each at its time."""
    entries: list[tuple[datetime, _Course, int | str]] = []
    for course in _COURSES:
        entries += [(at, course, number) for number, at in enumerate(course.doses, start=1)]
        entries += [(at, course, value) for at, value in course.counts]
    for at, course, what in sorted(entries, key=lambda one: one[0]):
        rehearsal.clock.move_to(at + timedelta(minutes=25))
        await enter(rehearsal, SubjectCode(course.code), what, at=at, by=StaffCode(course.coordinator))


async def enter(
    rehearsal: Rehearsal, subject: SubjectCode, what: int | str, *, at: datetime, by: StaffCode
) -> None:
    """A coordinator enters a dose by its number, or a platelet count in 10⁹/L as text."""
    desk = rehearsal.service.desk
    if isinstance(what, int):
        dose = DoseEntry(subject=subject, number=what, given_at=at)
        await record_dose(desk, entry=dose, by=by, auth=AuthMethod.CONSOLE)
    else:
        lab = LabEntry(subject=subject, typed=str(what), unit="10^9/L", sampled_at=at, confirmed=True)
        await record_lab(desk, entry=lab, by=by, auth=AuthMethod.CONSOLE)


async def plan_chemotherapy(
    rehearsal: Rehearsal, subject: SubjectCode, *, starts_at: datetime, by: StaffCode
) -> None:
    """An investigator enters when chemotherapy resumes, and orders the dose before it."""
    entry = TherapyEntry(subject=subject, starts_at=starts_at, ordered=True, confirmed=True)
    await plan_therapy(rehearsal.service.desk, entry=entry, by=by, auth=AuthMethod.CONSOLE)


async def _join_all(rehearsal: Rehearsal, patients: Sequence[Character]) -> None:
    """Side by side, screen by screen, from the printed card to the welcome."""
    telegram = rehearsal.telegram
    for one in patients:
        invitation = await invite_participant(
            rehearsal.service.desk, subject=SubjectCode(one.code), by=OPERATOR
        )
        await telegram.open_link(one.person, invitation.code)
    screens = {one.language: _ways_to_join(rehearsal, one.language) for one in patients}
    for labels in zip(*screens.values(), strict=True):
        await rehearsal.settle()
        label_in = dict(zip(screens, labels, strict=True))
        for one in patients:
            shown = rehearsal.button_of(one.person, label_in[one.language])
            await telegram.tap(one.person, shown.message_id, label_in[one.language])
    await rehearsal.settle()


async def _take_low_count(rehearsal: Rehearsal, coordinator: Character) -> None:
    """The coordinator in Jinan has taken the case of the low count and reached the patient."""
    for key in ("staff.case.take", "staff.case.contacted"):
        await rehearsal.tap(coordinator.person, rehearsal.service.texts.say(key, coordinator.language))


def _ways_to_join(rehearsal: Rehearsal, language: Language) -> list[str]:
    """The buttons from the first screen to the welcome, in the order of tapping."""
    texts, consent = rehearsal.service.texts, rehearsal.service.desk.study.consent
    chosen = "patient.join.chinese" if language is _ZH else "patient.join.english"
    return [
        texts.say(chosen, language),
        texts.say("patient.join.go_on", language),
        *(f"☐ {item.label.said_in(language)}" for item in consent.items if item.required),
        texts.say("patient.join.done", language),
    ]


def _course_of(character: Character) -> _Course:
    return next(course for course in _COURSES if course.code == character.code)
