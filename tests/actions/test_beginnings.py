"""A beginning that is a copy is as good as one that was played; after anything else it is played."""

from __future__ import annotations

from bot.actions.manage_staff import add_staff
from bot.rules.study import Language, Role, StaffCode
from tests.actions.conftest import phones_of
from tests.databases import courses
from tests.household import COORDINATOR, HER, MONDAY, OPERATOR, SUBJECT, joined, staffed
from tests.phones import Phones


async def what_stands(phones: Phones) -> tuple[object, ...]:
    """What people read, and the record without its identifiers."""
    async with phones.desk.archive.read() as uow:
        assert (await uow.audit.verify())[1] is None
        trail = [(one.kind, one.actor_code, one.at) for one in await uow.audit.of(SUBJECT)]
        staff = [one.code for one in await uow.staff.all()]
        waiting = await uow.outbox.waiting()
    texts = {chat: phones.said(chat) for chat in phones.chats}
    return trail, staff, waiting, texts, phones.clock.now()


async def begun(phones: Phones) -> tuple[object, ...]:
    await staffed(phones)
    await joined(phones, Language.EN)
    return await what_stands(phones)


async def test_a_copy_is_as_good_as_what_was_played(phones: Phones) -> None:
    first = await begun(phones)
    archive = phones.desk.archive
    for _ in range(2):
        phones.clock.move_to(MONDAY)
        again = phones_of(archive, phones.clock)
        courses[archive].begun, courses[archive].commits_then = (), courses[archive].commits
        assert await begun(again) == first
        await again.type(HER, "bleeding wont stop")
        assert "TJ-001" in again.said(COORDINATOR)


async def test_what_happened_before_is_not_lost(chats: Phones) -> None:
    await staffed(chats)
    await add_staff(
        chats.desk, code=StaffCode("CE1"), role=Role.CENTRAL, site=None, language=Language.ZH, by=OPERATOR
    )
    await joined(chats, Language.EN)
    async with chats.desk.archive.read() as uow:
        assert await uow.staff.get(StaffCode("CE1")) is not None
        assert await uow.participants.get(SUBJECT) is not None
