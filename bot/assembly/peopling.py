"""Brings made-up people into a rehearsal by the real ways: added, invited by code, joined in the chat."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from bot.actions.manage_participants import Enrolment, add_participant, invite_participant
from bot.actions.manage_sites import add_site
from bot.actions.manage_staff import add_staff, invite_staff
from bot.assembly.rehearsing import Rehearsal
from bot.rehearsal.chats import Person
from bot.rules.access import Actor, AuthMethod, Site
from bot.rules.study import Language, Role, Sex, SiteCode, StaffCode, SubjectCode

OPERATOR = Actor(code="operator", role="operator", auth=AuthMethod.COMMAND_LINE)
TELEGRAM_LANGUAGE = {Language.ZH: "zh-hans", Language.EN: "en"}


async def open_site(rehearsal: Rehearsal, site: Site) -> None:
    """A site of the trial."""
    await add_site(rehearsal.service.desk, site=site, by=OPERATOR)


async def hire(
    rehearsal: Rehearsal, code: StaffCode, role: Role, site: SiteCode | None, language: Language
) -> Person:
    """A member of staff whose telephone is linked."""
    desk = rehearsal.service.desk
    await add_staff(desk, code=code, role=role, site=site, language=language, by=OPERATOR)
    invitation, _ = await invite_staff(desk, code=code, by=OPERATOR)
    person = await rehearsal.telegram.create_user(code, language_code=TELEGRAM_LANGUAGE[language])
    await rehearsal.telegram.open_link(person, invitation.code)
    await rehearsal.settle()
    return person


async def enrol(
    rehearsal: Rehearsal,
    subject: SubjectCode,
    *,
    language: Language,
    consent_signed_on: date,
    day1_at: datetime,
    sex: Sex = Sex.FEMALE,
    baseline: tuple[Decimal, datetime] | None = None,
) -> Person:
    """A participant with a telephone, not yet invited; her site stands in her code."""
    enrolment = Enrolment(
        subject_code=subject,
        site_code=SiteCode(subject.partition("-")[0]),
        language=language,
        sex=sex,
        consent_signed_on=consent_signed_on,
        day1_at=day1_at,
        baseline_platelets=baseline[0] if baseline else None,
        baseline_sampled_at=baseline[1] if baseline else None,
    )
    await add_participant(rehearsal.service.desk, enrolment=enrolment, by=OPERATOR)
    return await rehearsal.telegram.create_user(subject, language_code=TELEGRAM_LANGUAGE[language])


async def join(rehearsal: Rehearsal, person: Person, subject: SubjectCode, language: Language) -> None:
    """From the printed card to the two consents that are needed; the third, for a caregiver, stays open."""
    desk, texts = rehearsal.service.desk, rehearsal.service.texts
    invitation = await invite_participant(desk, subject=subject, by=OPERATOR)
    await rehearsal.telegram.open_link(person, invitation.code)
    await rehearsal.settle()
    chosen = "patient.join.chinese" if language is Language.ZH else "patient.join.english"
    await rehearsal.tap(person, texts.say(chosen, language))
    await rehearsal.tap(person, texts.say("patient.join.go_on", language))
    for item in desk.study.consent.items:
        if item.required:
            await rehearsal.tap(person, f"☐ {item.label.said_in(language)}")
    await rehearsal.tap(person, texts.say("patient.join.done", language))
