"""Rights where actions ask for them: of the person, at the site of the subject."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from functools import partial

import pytest

from bot.actions.desk import entitled
from bot.actions.manage_participants import Enrolment, add_participant, invite_participant
from bot.actions.manage_staff import add_staff, revoke_staff
from bot.rules.access import Act
from bot.rules.errors import NotEntitled
from bot.rules.study import Language, Role, Sex, SiteCode, StaffCode, SubjectCode
from storage.unit_of_work import UnitOfWork
from tests.databases import asked_of_the_archive
from tests.household import FOREIGNER, HER, OPERATOR, SUBJECT, enrolled, joined, staffed
from tests.phones import Phones
from tests.rules.test_rights import by_hand


def code_of(role: Role, where: str) -> StaffCode:
    return StaffCode(f"X{list(Role).index(role)}{where}")


async def everybody(phones: Phones) -> None:
    """Each role at her site, at another, and revoked at hers."""
    for role in Role:
        for where, site in (("OWN", "TJ"), ("OTHER", "WH"), ("GONE", "TJ")):
            code = code_of(role, where)
            await add_staff(
                phones.desk, code=code, role=role, site=SiteCode(site), language=Language.ZH, by=OPERATOR
            )
        await revoke_staff(phones.desk, code=code_of(role, "GONE"), reason="left", by=OPERATOR)


async def is_let(uow: UnitOfWork, code: StaffCode, act: Act, subject: SubjectCode) -> bool:
    try:
        await entitled(uow, code, act, subject)
    except NotEntitled:
        return False
    return True


async def test_every_cell_of_the_table_holds_where_actions_ask(chats: Phones) -> None:
    await staffed(chats)
    await enrolled(chats)
    await everybody(chats)
    table = by_hand()
    wrong: list[str] = []
    async with chats.desk.archive.begin() as uow:
        for act in Act:
            for role in Role:
                wanted = {"OWN": table[act.value][role], "OTHER": False, "GONE": False}
                for where, let in wanted.items():
                    if await is_let(uow, code_of(role, where), act, SUBJECT) is not let:
                        wrong.append(f"{act.value} {role.value} {where}")
    assert wrong == []


@pytest.mark.parametrize("subject", ["TJ-001", "TJ-999", "QQ-001"])
async def test_a_foreign_subject_is_refused_like_one_that_does_not_exist(chats: Phones, subject: str) -> None:
    await staffed(chats)
    await enrolled(chats)
    async with chats.desk.archive.begin() as uow:
        with pytest.raises(NotEntitled) as refused:
            await entitled(uow, StaffCode("CW1"), Act.READ_LOG, SubjectCode(subject))
    assert refused.value.key == "refusal.not_entitled"


WRITTEN = (
    "/patient {}",
    "/lab {} 86 10^9/L",
    "/dose {} 1 09:40",
    "/move {} D8 2026-03-11 09:30 she asked",
    "/therapy {} 12-10 09:00",
    "/hold {}",
    "/correct {}",
)
TAPPED = ("y:{}", "n:lab:{}", "n:move:{}:visit-D8")
TAPPED_ON_A_CASE = (
    *(f"k:{verb}:{{}}" for verb in ("take", "over", "met", "miss", "show", "say", "end")),
    "k:out:{}:FALSE_ALARM",
)


async def test_the_chat_answers_for_a_foreign_code_as_for_none_with_the_same_work(chats: Phones) -> None:
    """Same words, same traces, and the very same questions to the archive: not a word, not a pause tells."""
    await staffed(chats)
    await joined(chats)
    await chats.type(HER, "血止不住，已经半小时了")
    async with chats.desk.archive.read() as uow:
        (case,) = await uow.cases.all_of(SUBJECT)
    no_case = "0" * len(case.id)

    async def answered(deed: Callable[[], Awaitable[object]]) -> tuple[list[str], list[str], int]:
        before = len(chats.chats[FOREIGNER]) if FOREIGNER in chats.chats else 0
        notices = len(chats.notices)
        with asked_of_the_archive() as asked:
            await deed()
        words = [screen.text for screen in chats.chats[FOREIGNER][before:]] + chats.notices[notices:]
        async with chats.desk.archive.read() as uow:
            traces = len([one for one in await uow.audit.of(None) if one.kind == "staff:tap:refused"])
        return asked, words, traces

    async def alike(deed: Callable[[str], Awaitable[object]], foreign: str, unknown: str) -> None:
        await deed(unknown)  # what only a first time needs is done
        *theirs, traces = await answered(lambda: deed(foreign))
        *nobodys, later = await answered(lambda: deed(unknown))
        assert theirs == nobodys
        assert nobodys[1][0] == "找不到，或您没有权限。"
        assert later == traces + 1

    async def says(line: str, code: str) -> None:
        await chats.type(FOREIGNER, line.format(code))

    async def taps(token: str, code: str) -> None:
        await chats.tap_token(FOREIGNER, token.format(code))

    for line in WRITTEN:
        await alike(partial(says, line), "TJ-001", "TJ-999")
    for token in TAPPED:
        await alike(partial(taps, token), "TJ-001", "TJ-999")
    for token in TAPPED_ON_A_CASE:
        await alike(partial(taps, token), case.id, no_case)


async def test_enrolling_on_behalf_of_somebody_asks_their_right_and_names_them(chats: Phones) -> None:
    """The coordinator of her site; not an investigator, nor the coordinator of another site."""
    await staffed(chats)
    enrolment = Enrolment(
        subject_code=SubjectCode("TJ-002"),
        site_code=SiteCode("TJ"),
        language=Language.ZH,
        sex=Sex.FEMALE,
        consent_signed_on=date(2026, 3, 1),
        day1_at=datetime(2026, 3, 3, 1, 30, tzinfo=UTC),
    )
    for code in ("SI1", "CW1", "XX9"):
        with pytest.raises(NotEntitled):
            await add_participant(chats.desk, enrolment=enrolment, by=StaffCode(code))
    await add_participant(chats.desk, enrolment=enrolment, by=StaffCode("CA1"))
    with pytest.raises(NotEntitled):
        await invite_participant(chats.desk, subject=SubjectCode("TJ-002"), by=StaffCode("CW1"))
    await invite_participant(chats.desk, subject=SubjectCode("TJ-002"), by=StaffCode("CA1"))
    async with chats.desk.archive.read() as uow:
        trail = await uow.audit.of(SubjectCode("TJ-002"))
    assert {(one.actor_code, one.on_behalf_of) for one in trail} == {("operator", "CA1")}
