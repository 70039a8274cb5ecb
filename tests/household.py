"""A small town for the tests of actions: two sites, their staff, and one participant, with their phones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from bot.actions.manage_participants import Enrolment, add_participant, invite_participant
from bot.actions.manage_sites import add_site
from bot.actions.manage_staff import add_staff, invite_staff
from bot.actions.record_dose import DoseEntry, record_dose
from bot.actions.record_lab import LabEntry, record_lab
from bot.rules.access import Actor, AuthMethod
from bot.rules.study import Language, Role, Sex, SiteCode, StaffCode, SubjectCode
from tests import cast
from tests.beginnings import beginning
from tests.phones import Phones

OPERATOR = Actor(code="operator", role="operator", auth=AuthMethod.COMMAND_LINE)
HER, COORDINATOR, INVESTIGATOR, FOREIGNER, STRANGER = 11, 21, 22, 23, 31
SUBJECT = SubjectCode("TJ-001")
# Monday 2 March 2026, 10:00 in Tianjin; dose 1 is planned for the next morning.
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)

GOOD_DAY = {
    Language.ZH: ("都没有", "没有", "都没有，我本人，完成"),
    Language.EN: ("None of these", "No", "None of these, it is me, finish"),
}
WORDS = {
    Language.ZH: {
        "language": "中文",
        "go": "往下",
        "done": "好了",
        "unwell": "我不舒服",
        "bleeding": "血止不住",
        "advice": "请马上拨打120",
        "got it": "知道了",
        "dose done": "打了",
    },
    Language.EN: {
        "language": "English",
        "go": "Go on",
        "done": "Done",
        "unwell": "I feel unwell",
        "bleeding": "Bleeding that will not stop",
        "advice": "Call 120 now",
        "got it": "Got it",
        "dose done": "Done",
    },
}


@beginning
async def staffed(phones: Phones) -> None:
    """Two sites; coordinator and investigator at Tianjin, a coordinator at Wuhan, all with their phones."""
    for site in (cast.TIANJIN, cast.WUHAN):
        await add_site(phones.desk, site=site, by=OPERATOR)
    people = (
        ("CA1", Role.COORDINATOR, "TJ", COORDINATOR),
        ("SI1", Role.SUB_INVESTIGATOR, "TJ", INVESTIGATOR),
        ("CW1", Role.COORDINATOR, "WH", FOREIGNER),
    )
    for code, role, at_site, chat in people:
        await add_staff(
            phones.desk,
            code=StaffCode(code),
            role=role,
            site=SiteCode(at_site),
            language=Language.ZH,
            by=OPERATOR,
        )
        invitation, _ = await invite_staff(phones.desk, code=StaffCode(code), by=OPERATOR)
        await phones.type(chat, f"/start {invitation.code}")


@beginning
async def enrolled(phones: Phones, language: Language = Language.ZH) -> None:
    enrolment = Enrolment(
        subject_code=SUBJECT,
        site_code=SiteCode("TJ"),
        language=language,
        sex=Sex.FEMALE,
        consent_signed_on=date(2026, 3, 1),
        day1_at=datetime(2026, 3, 3, 1, 30, tzinfo=UTC),
        baseline_platelets=Decimal(38),
        baseline_sampled_at=datetime(2026, 3, 2, 1, 0, tzinfo=UTC),
    )
    await add_participant(phones.desk, enrolment=enrolment, by=OPERATOR)


@beginning
async def joined(phones: Phones, language: Language = Language.ZH) -> None:
    """She scanned the card, chose her language and ticked what is needed."""
    await enrolled(phones, language)
    invitation = await invite_participant(phones.desk, subject=SUBJECT, by=OPERATOR)
    await phones.type(HER, invitation.code.lower())
    await consents(phones, language)


async def consents(phones: Phones, language: Language = Language.ZH) -> None:
    """She chooses her language and ticks what is needed."""
    words = WORDS[language]
    await phones.tap(HER, words["language"])
    await phones.tap(HER, words["go"])
    for item in phones.desk.study.consent.items[:2]:
        await phones.tap(HER, item.label.said_in(language))
    await phones.tap(HER, words["done"])


async def dose(phones: Phones, number: int, at: datetime) -> None:
    entry = DoseEntry(subject=SUBJECT, number=number, given_at=at)
    await record_dose(phones.desk, entry=entry, by=StaffCode("CA1"), auth=AuthMethod.COMMAND_LINE)
    await phones.settle()


async def lab(phones: Phones, value: str, at: datetime) -> None:
    entry = LabEntry(subject=SUBJECT, typed=value, unit="10^9/L", sampled_at=at, confirmed=True)
    await record_lab(phones.desk, entry=entry, by=StaffCode("CA1"), auth=AuthMethod.COMMAND_LINE)
    await phones.settle()
