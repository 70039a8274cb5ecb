"""The cast of characters: made-up people at made-up sites."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from bot.rules.access import Posting, Site, Staff
from bot.rules.participant import Participant, ParticipantState
from bot.rules.study import Bilingual, Language, Role, Sex, SiteCode, StaffCode, SubjectCode

TIANJIN_ZONE = ZoneInfo("Asia/Shanghai")

# 08:30 on Tuesday 10 March 2026 in Tianjin.
MORNING = datetime(2026, 3, 10, 0, 30, tzinfo=UTC)
DAY1 = datetime(2026, 3, 3, 1, 30, tzinfo=UTC)

TIANJIN = Site(
    code=SiteCode("TJ"),
    name=Bilingual(en="Tianjin", zh="天津"),
    phone="022-5550-0101",
    time_zone="Asia/Shanghai",
)
WUHAN = Site(
    code=SiteCode("WH"),
    name=Bilingual(en="Wuhan", zh="武汉"),
    phone="027-5550-0102",
    time_zone="Asia/Shanghai",
)

COORDINATOR = Staff(
    code=StaffCode("CA1"), language=Language.ZH, postings=(Posting(Role.COORDINATOR, TIANJIN.code),)
)
INVESTIGATOR = Staff(
    code=StaffCode("SI1"), language=Language.EN, postings=(Posting(Role.SUB_INVESTIGATOR, TIANJIN.code),)
)
FOREIGN_COORDINATOR = Staff(
    code=StaffCode("CW1"), language=Language.ZH, postings=(Posting(Role.COORDINATOR, WUHAN.code),)
)


def participant(code: str = "TJ-001", language: Language = Language.ZH) -> Participant:
    """She joined on the day before her first dose."""
    return Participant(
        subject_code=SubjectCode(code),
        site_code=SiteCode(code.split("-")[0]),
        state=ParticipantState.CONSENTED,
        language=language,
        sex=Sex.FEMALE,
        time_zone="Asia/Shanghai",
        consent_signed_on=date(2026, 3, 1),
        day1_at=DAY1,
        study_id="ql-ctit-ruls-1002",
        study_version="0.1.0",
        enrolled_at=DAY1,
        joined_at=DAY1,
    )
