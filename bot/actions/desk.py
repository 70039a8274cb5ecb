"""What every action has at hand: the archive, the study, the clock, the calendars."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from bot.clock import Clock
from bot.rules.access import Act, Actor, AuthMethod, Site, Staff, acting_role
from bot.rules.calendar import WorkingCalendar
from bot.rules.case import Case, CaseId
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.participant import Participant
from bot.rules.study import SiteCode, StaffCode, Study, SubjectCode
from bot.understanding.understander import ReadsWords
from storage.archive import Archive
from storage.unit_of_work import UnitOfWork


class Calendars(Protocol):
    """Gives the working calendar of a site, with holidays and make-up working days."""

    def of(self, time_zone: str) -> WorkingCalendar: ...


class GivenDirectly(Protocol):
    """Knows which updates were answered with emergency advice while the archive could not be written."""

    def was_given(self, update_id: int) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Passed to every action; holds no state of its own.

    `already_advised` is true for one update only: its sender has the emergency advice already. `seen` is
    there for one form only: whose record a person looked at, and its version then (optimistic locking).
    """

    archive: Archive
    study: Study
    clock: Clock
    calendars: Calendars
    understander: ReadsWords
    marks_demo: bool = False
    direct_advice: GivenDirectly | None = None
    already_advised: bool = False
    seen: tuple[SubjectCode, int] | None = None
    versions: dict[str, Study] = field(default_factory=dict)

    def now(self) -> datetime:
        return self.clock.now()

    def bound_to(self, participant: Participant) -> Desk:
        """This desk with the study version she is bound to.

        Before anything was published there is one, that of the settings. A version that is not at hand yet
        (published a moment ago) counts as the one of the settings until `learn_versions` has read it.
        """
        study = self.versions.get(participant.study_version, self.study)
        return self if study is self.study else replace(self, study=study)

    @property
    def in_force(self) -> Study:
        """The version that a new participant is bound to: the one published last."""
        return list(self.versions.values())[-1] if self.versions else self.study

    def having_seen(self, participant: Participant) -> Desk:
        """This desk for a person who looked at her record as it stands in `participant`."""
        return replace(self, seen=(participant.subject_code, participant.version))

    def check_seen(self, participant: Participant) -> None:
        """What the person looked at is still how it stands.

        Raises:
            Refusal: her record changed meanwhile.
        """
        if self.seen is None or self.seen[0] != participant.subject_code:
            return
        if self.seen[1] != participant.version:
            raise Refusal("refusal.changed_meanwhile")

    def calendar_of(self, site: Site) -> WorkingCalendar:
        return self.calendars.of(site.time_zone)


# The code of no participant: every code has letters.
_NOBODY = SubjectCode("")

# As long as a course with its follow-up lasts: a visit may be planned that far.
DAYS_PLANNED_AHEAD = 60


def years_without_holidays(desk: Desk, site: Site) -> tuple[int, ...]:
    """Years in which visits of this site may be planned and whose holidays are not known: weekdays count.

    Said once in each place where somebody sets up or looks; it never blocks. Source: specification 3.4.
    """
    return desk.calendar_of(site).unknown_years(desk.now(), days_ahead=DAYS_PLANNED_AHEAD)


async def site_of(uow: UnitOfWork, code: SiteCode) -> Site:
    """The site; a participant or case always names one that exists."""
    site = await uow.sites.get(code)
    if site is None:
        raise Refusal("refusal.no_such_site", site=code)
    return site


async def entitled(
    uow: UnitOfWork, staff_code: StaffCode, act: Act, subject: SubjectCode
) -> tuple[Staff, Participant]:
    """The person and the participant, if that person may do this there.

    Raises:
        NotEntitled: alike for a foreign subject, an unknown one and a revoked person; leaves a trace.
    """
    staff = await uow.staff.get(staff_code)
    participant = await uow.participants.lock(subject)
    if staff is None or participant is None or acting_role(staff, act, participant.site_code) is None:
        raise NotEntitled(subject=subject)
    return staff, participant


async def entitled_to_case(
    uow: UnitOfWork, staff_code: StaffCode, act: Act, case_id: CaseId
) -> tuple[Staff, Participant, Case]:
    """The person, the participant and the case as it stands, if that person may do this there.

    A case of another site and one that does not exist ask the archive the same questions.

    Raises:
        NotEntitled: alike for both.
    """
    case = await uow.cases.get(case_id)
    subject = _NOBODY if case is None else case.subject_code
    staff, participant = await entitled(uow, staff_code, act, subject)
    fresh = await uow.cases.get(case_id)  # she is locked now; nobody changes it before this commit
    if fresh is None:
        raise NotEntitled()
    return staff, participant, fresh


def actor_of(staff: Staff, act: Act, site: SiteCode, auth: AuthMethod) -> Actor:
    """How the audit trail names this person; by command line it is the operator on their behalf."""
    role = acting_role(staff, act, site)
    if role is None:
        raise NotEntitled()
    if auth is AuthMethod.COMMAND_LINE:
        return Actor(code="operator", role=role.value, auth=auth, on_behalf_of=staff.code)
    return Actor(code=staff.code, role=role.value, auth=auth)


def patient_actor(participant: Participant) -> Actor:
    """How the audit trail names a participant."""
    return Actor(code=participant.subject_code, role="participant", auth=AuthMethod.TELEGRAM)
