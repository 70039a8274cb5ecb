"""Who looked at whom, and who asked for what they may not see: each leaves a trace.

Source: specification 5.2 and 5.4; product, promise 8.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from bot.actions.console_account import as_visitor
from bot.actions.desk import Desk, actor_of
from bot.rules.access import Act, AuthMethod, Staff
from bot.rules.participant import Participant
from bot.rules.study import StaffCode
from storage.unit_of_work import UnitOfWork

# A page that is read on, reloaded or refreshes itself is one look.
ONE_LOOK = timedelta(minutes=10)
_PLAIN = re.compile(r"[A-Za-z0-9-]{1,20}")


async def note_view(
    uow: UnitOfWork,
    desk: Desk,
    staff: Staff,
    participant: Participant,
    auth: AuthMethod = AuthMethod.CONSOLE,
) -> None:
    """This person looks at this participant; noted once in a while, not for each page."""
    actor = actor_of(staff, Act.READ_LOG, participant.site_code, auth)
    kind, subject = "staff:participant:viewed", participant.subject_code
    since = desk.clock.real_now() - ONE_LOOK
    if not await uow.audit.was_recorded_since(since, kind=kind, actor_code=staff.code, subject=subject):
        await uow.audit.record(
            kind=kind,
            actor=actor,
            at=desk.now(),
            subject=subject,
            entity="participant",
            entity_id=subject,
        )


async def note_refusal(desk: Desk, *, by: StaffCode, asked_for: str) -> None:
    """This person asked for something that is not theirs, or is not there: the answer was the same.

    `asked_for` is the code of a subject or site or the id of a case as it was asked for, nothing else.
    """
    async with desk.archive.begin() as uow:
        staff = await uow.staff.get(by)
        if staff is not None:
            await note_refusal_in(uow, desk, staff, asked_for, AuthMethod.CONSOLE)


async def note_refusal_in(
    uow: UnitOfWork, desk: Desk, staff: Staff, asked_for: str, auth: AuthMethod
) -> None:
    """As `note_refusal`, in a transaction that is open."""
    await uow.audit.record(
        kind="staff:access:refused",
        actor=replace(as_visitor(staff), auth=auth),
        at=desk.now(),
        subject=None,
        entity="asked for",
        entity_id=asked_for if _PLAIN.fullmatch(asked_for) else "something else",
    )
