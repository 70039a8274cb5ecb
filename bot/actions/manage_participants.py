"""Enrolling a participant and inviting her to the chat."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.actions.desk import Desk, actor_of, site_of
from bot.actions.invite import Invitation, Purpose, invite
from bot.actions.record_lab import store_baseline
from bot.actions.speak import participant_as_recipient
from bot.rules.access import Act, Actor, AuthMethod
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.participant import Participant, ParticipantState
from bot.rules.study import Language, Sex, SiteCode, StaffCode, SubjectCode
from storage.unit_of_work import UnitOfWork

_CODE = re.compile(r"([A-Z]{2,6})-\d{3,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What the coordinator enters. `baseline_platelets` in 10⁹/L by definition; `day1_at` is planned."""

    subject_code: SubjectCode
    site_code: SiteCode
    language: Language
    sex: Sex
    consent_signed_on: date
    day1_at: datetime
    baseline_platelets: Decimal | None = None
    baseline_sampled_at: datetime | None = None


async def add_participant(desk: Desk, *, enrolment: Enrolment, by: Actor | StaffCode) -> Participant:
    """Enrols; nothing is sent until she has joined and consented in the chat.

    `by`: the operator alone, or the person on whose behalf the command line enrols.

    Raises:
        NotEntitled: that person may not enrol at this site.
        Refusal: malformed code, code of another site, known code, unknown site, consent in the future or
        after
            day 1, implausible baseline.
    """
    now = desk.now()
    async with desk.archive.begin() as uow:
        site = await site_of(uow, enrolment.site_code)
        actor = await _actor(uow, by, site.code)
        _check(enrolment, now, site.time_zone)
        if await uow.participants.get(enrolment.subject_code) is not None:
            raise Refusal("refusal.subject_exists", subject=enrolment.subject_code)
        participant = Participant(
            subject_code=enrolment.subject_code,
            site_code=site.code,
            state=ParticipantState.INVITED,
            language=enrolment.language,
            sex=enrolment.sex,
            time_zone=site.time_zone,
            consent_signed_on=enrolment.consent_signed_on,
            day1_at=enrolment.day1_at,
            study_id=desk.study.id,
            study_version=desk.in_force.version,
            enrolled_at=now,
        )
        await uow.participants.add(participant)
        await uow.audit.record(
            kind="staff:participant:enrolled",
            actor=actor,
            at=now,
            subject=participant.subject_code,
            entity="participant",
            entity_id=participant.subject_code,
            field="day1_at",
            new=participant.day1_at.isoformat(),
        )
        if enrolment.baseline_platelets is not None:
            await store_baseline(
                uow, desk, participant, enrolment.baseline_platelets, enrolment.baseline_sampled_at, actor
            )
        return participant


async def invite_participant(desk: Desk, *, subject: SubjectCode, by: Actor | StaffCode) -> Invitation:
    """A one-time code for her chat; an earlier code stops working.

    Raises:
        NotEntitled: an unknown participant, or one of a site where this person may not enrol.
    """
    async with desk.archive.begin() as uow:
        participant = await uow.participants.get(subject)
        if participant is None:
            raise NotEntitled(subject=subject)
        actor = await _actor(uow, by, participant.site_code)
        return await invite(
            uow, desk, whom=participant_as_recipient(subject), purpose=Purpose.CHAT, by=actor, subject=subject
        )


async def _actor(uow: UnitOfWork, by: Actor | StaffCode, site: SiteCode) -> Actor:
    if isinstance(by, Actor):
        return by
    staff = await uow.staff.get(by)
    if staff is None:
        raise NotEntitled()
    return actor_of(staff, Act.ENROL, site, AuthMethod.COMMAND_LINE)


def _check(enrolment: Enrolment, now: datetime, zone: str) -> None:
    code = _CODE.fullmatch(enrolment.subject_code)
    if code is None or code.group(1) != enrolment.site_code:
        raise Refusal("refusal.subject_code", subject=enrolment.subject_code, site=enrolment.site_code)
    local = ZoneInfo(zone)
    if enrolment.consent_signed_on > now.astimezone(local).date():
        raise Refusal("refusal.consent_in_future")
    if enrolment.consent_signed_on > enrolment.day1_at.astimezone(local).date():
        raise Refusal("refusal.consent_after_day1")
