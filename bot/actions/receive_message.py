"""One update, handled once: who is it, and what does it ask for?

Everything an update causes is one commit, with "this update is done": a crash before it changes nothing,
a repeat after it finds `AlreadyHandled`. Source: architecture, "How one message travels".
"""

from __future__ import annotations

from dataclasses import replace

from bot.actions.answer_staff import hear_staff
from bot.actions.answer_stranger import hear_stranger
from bot.actions.desk import Desk
from bot.actions.hear_group import hear_group
from bot.actions.hear_participant import hear_participant
from bot.actions.note_reach import note_staff_back
from bot.rules.inbound import Inbound, InboundKind
from bot.rules.messages import RecipientKind
from bot.rules.study import StaffCode
from storage.unit_of_work import UnitOfWork


async def receive_message(desk: Desk, inbound: Inbound) -> None:
    """Handles one update from a chat.

    Raises:
        AlreadyHandled: this update was done before; nothing was changed.
        StorageUnavailable: nothing was changed; the update stays in the inbox.
    """
    given = desk.direct_advice
    if given is not None and given.was_given(inbound.key.update_id):
        desk = replace(desk, already_advised=True)
    async with desk.archive.begin() as uow:
        await uow.inbox.begin(inbound.key)
        await _hear(uow, desk, inbound)
        await uow.inbox.done(inbound.key, desk.clock.real_now())


async def _hear(uow: UnitOfWork, desk: Desk, inbound: Inbound) -> None:
    if not inbound.private:
        await hear_group(uow, desk, inbound)
        return
    if inbound.kind is InboundKind.NOT_FOR_US:
        return
    owner = await uow.identities.owner_of(inbound.chat_id)
    if owner is None:
        await hear_stranger(uow, desk, inbound)
    elif owner.kind is RecipientKind.STAFF:
        if inbound.kind is not InboundKind.BLOCKED_US:
            await note_staff_back(uow, desk, code=StaffCode(owner.code))
        await hear_staff(uow, desk, inbound, owner)
    else:
        await hear_participant(uow, desk, inbound, owner)
