"""Who may do what. Rights are checked in the action, on the person, never on a group or a button.

Source: specification 3.2; decisions "Roles and rights": a coordinator acknowledges, logs contact, enters
doses and labs; EMERGENCY and URGENT are closed by a sub- or principal investigator only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.rules.roster import OutOfHours
from bot.rules.study import Bilingual, Language, Role, SiteCode, StaffCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """`phone` is the site's number that patients are given; `time_zone` an IANA name."""

    code: SiteCode
    name: Bilingual
    phone: str
    time_zone: str
    out_of_hours: OutOfHours = OutOfHours.COVERED


@dataclass(frozen=True, slots=True)
class Posting:
    """A role at a site; `site` None means all sites (central, data manager, …)."""

    role: Role
    site: SiteCode | None

    def works_at(self, site: SiteCode) -> bool:
        """Whether it holds at this site."""
        return self.site in (None, site)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    code: StaffCode
    language: Language
    postings: tuple[Posting, ...]
    revoked_at: datetime | None = None
    linked: bool = False
    unreachable_since: datetime | None = None

    @property
    def acts_at_several_sites(self) -> bool:
        """Whether this person must be told for which site something is: more than one, or all."""
        sites = {posting.site for posting in self.postings}
        return len(sites) > 1 or None in sites

    def holds(self, role: Role, site: SiteCode) -> bool:
        """Has this role at this site and is not revoked."""
        return self.revoked_at is None and any(
            posting.role is role and posting.works_at(site) for posting in self.postings
        )


class AuthMethod(StrEnum):
    TELEGRAM = "telegram"
    CONSOLE = "console"
    COMMAND_LINE = "cli"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did it: `code` is a subject or staff code, `operator` or `system`; `on_behalf_of` for `--by`."""

    code: str
    role: str
    auth: AuthMethod
    on_behalf_of: str | None = None


SYSTEM = Actor(code="system", role="system", auth=AuthMethod.SYSTEM)


class Act(StrEnum):
    """Everything that needs a right.

    Each action asks for one; READ_WORDS decides beside it whether free text is shown.
    """

    READ_LOG = "READ_LOG"
    READ_WORDS = "READ_WORDS"
    READ_AUDIT = "READ_AUDIT"
    READ_SYSTEM_AUDIT = "READ_SYSTEM_AUDIT"
    READ_COVERAGE = "READ_COVERAGE"
    EXPORT = "EXPORT"
    ENROL = "ENROL"
    ANSWER_PATIENT = "ANSWER_PATIENT"
    RECORD_DOSE = "RECORD_DOSE"
    RECORD_LAB = "RECORD_LAB"
    ACKNOWLEDGE_CASE = "ACKNOWLEDGE_CASE"
    LOG_CONTACT = "LOG_CONTACT"
    CLOSE_ROUTINE_CASE = "CLOSE_ROUTINE_CASE"
    CLOSE_URGENT_CASE = "CLOSE_URGENT_CASE"
    CORRECT_FACT = "CORRECT_FACT"
    MOVE_VISIT = "MOVE_VISIT"
    ALLOW_LATE_DOSE = "ALLOW_LATE_DOSE"
    PLAN_THERAPY = "PLAN_THERAPY"
    ORDER_PROPHYLAXIS = "ORDER_PROPHYLAXIS"
    HOLD_DOSES = "HOLD_DOSES"
    RELEASE_MEDICAL_HOLD = "RELEASE_MEDICAL_HOLD"
    STOP_TREATMENT = "STOP_TREATMENT"
    END_PARTICIPATION = "END_PARTICIPATION"
    KEEP_PROFILE = "KEEP_PROFILE"
    TRANSFER = "TRANSFER"
    NOTE_SAE = "NOTE_SAE"
    ANSWER_SAE = "ANSWER_SAE"
    CONFIRM_GRADE = "CONFIRM_GRADE"
    CHANGE_VERSION = "CHANGE_VERSION"
    KEEP_GROUP = "KEEP_GROUP"


_SITE_CLINICAL = frozenset({Role.COORDINATOR, Role.SUB_INVESTIGATOR, Role.PRINCIPAL_INVESTIGATOR})
_INVESTIGATORS = frozenset({Role.SUB_INVESTIGATOR, Role.PRINCIPAL_INVESTIGATOR})

RIGHTS: Mapping[Act, frozenset[Role]] = {
    Act.READ_LOG: _SITE_CLINICAL | {Role.CENTRAL, Role.DATA_MANAGER, Role.INSPECTOR},
    # What she typed may name her or somebody else, so whoever works without identities does not read it.
    Act.READ_WORDS: _SITE_CLINICAL | {Role.CENTRAL, Role.INSPECTOR},
    Act.READ_AUDIT: _INVESTIGATORS | {Role.CENTRAL, Role.DATA_MANAGER, Role.PRIVACY_OFFICER, Role.INSPECTOR},
    # Sign-ins, exports and refusals of every site; only for those who are posted to all sites.
    Act.READ_SYSTEM_AUDIT: frozenset(
        {Role.CENTRAL, Role.PRIVACY_OFFICER, Role.INSPECTOR, Role.ADMINISTRATOR}
    ),
    # Who can be reached at a site, and when nobody can; holds nothing of a participant.
    Act.READ_COVERAGE: _SITE_CLINICAL | {Role.CENTRAL, Role.DATA_MANAGER, Role.INSPECTOR, Role.ADMINISTRATOR},
    Act.EXPORT: _SITE_CLINICAL | {Role.CENTRAL, Role.DATA_MANAGER},
    Act.ENROL: frozenset({Role.COORDINATOR}),
    Act.ANSWER_PATIENT: _SITE_CLINICAL,
    Act.RECORD_DOSE: _SITE_CLINICAL,
    Act.RECORD_LAB: _SITE_CLINICAL,
    Act.ACKNOWLEDGE_CASE: _SITE_CLINICAL | {Role.CENTRAL},
    Act.LOG_CONTACT: _SITE_CLINICAL | {Role.CENTRAL},
    Act.CLOSE_ROUTINE_CASE: _SITE_CLINICAL,
    Act.CLOSE_URGENT_CASE: _INVESTIGATORS,
    Act.CORRECT_FACT: _SITE_CLINICAL,
    Act.MOVE_VISIT: _SITE_CLINICAL,
    Act.ALLOW_LATE_DOSE: frozenset({Role.PRINCIPAL_INVESTIGATOR}),
    Act.PLAN_THERAPY: _SITE_CLINICAL,
    Act.ORDER_PROPHYLAXIS: _INVESTIGATORS,
    Act.HOLD_DOSES: _SITE_CLINICAL,
    Act.RELEASE_MEDICAL_HOLD: _INVESTIGATORS,
    Act.STOP_TREATMENT: _INVESTIGATORS,
    Act.END_PARTICIPATION: _SITE_CLINICAL,
    Act.KEEP_PROFILE: _SITE_CLINICAL,
    Act.TRANSFER: frozenset({Role.COORDINATOR, Role.PRINCIPAL_INVESTIGATOR}),
    Act.NOTE_SAE: _SITE_CLINICAL,
    Act.ANSWER_SAE: _INVESTIGATORS,
    Act.CONFIRM_GRADE: _INVESTIGATORS,
    Act.CHANGE_VERSION: frozenset({Role.PRINCIPAL_INVESTIGATOR}),
    # Decides who hears the alerts of a site, so it is the site's own matter.
    Act.KEEP_GROUP: frozenset({Role.COORDINATOR, Role.PRINCIPAL_INVESTIGATOR}),
}


def may(staff: Staff, act: Act, site: SiteCode) -> bool:
    """Whether this person may do this at this site now; a revoked person may do nothing."""
    return any(staff.holds(role, site) for role in RIGHTS[act])


def is_rung(staff: Staff) -> bool:
    """Whether alerts go to this person at all: not revoked, and in a role that takes cases."""
    roles = RIGHTS[Act.ACKNOWLEDGE_CASE]
    return staff.revoked_at is None and any(posting.role in roles for posting in staff.postings)


def acting_role(staff: Staff, act: Act, site: SiteCode) -> Role | None:
    """The role in which this person does it, as the audit trail names it; None when not entitled."""
    return next((role for role in Role if role in RIGHTS[act] and staff.holds(role, site)), None)


def sites_for(staff: Staff, act: Act, sites: tuple[SiteCode, ...]) -> tuple[SiteCode, ...]:
    """Those of `sites` where this person may do this, in the order given."""
    return tuple(site for site in sites if may(staff, act, site))
