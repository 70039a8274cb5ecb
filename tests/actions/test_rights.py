"""Rights where actions ask for them: of the person, at the site of the subject."""

from __future__ import annotations

import pytest

from bot.actions.desk import entitled
from bot.actions.manage_staff import add_staff, revoke_staff
from bot.rules.access import Act
from bot.rules.errors import NotEntitled
from bot.rules.study import Language, Role, SiteCode, StaffCode, SubjectCode
from storage.unit_of_work import UnitOfWork
from tests.household import OPERATOR, SUBJECT, enrolled, staffed
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
