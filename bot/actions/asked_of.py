"""The check-ins that a participant was asked, with their answers or without, from the record."""

from __future__ import annotations

from bot.rules.asked_check_ins import AskedCheckIn, Told, asked_check_ins
from bot.rules.study import SubjectCode
from storage.unit_of_work import UnitOfWork

_SENT, _MISSED = "system:reminder:sent", "system:reminder:missed"


async def asked_of(uow: UnitOfWork, subject: SubjectCode) -> tuple[AskedCheckIn, ...]:
    """Every check-in of this participant, oldest first."""
    told = [
        Told(entry.entity_id, entry.at, entry.kind == _SENT)
        for entry in await uow.audit.of(subject)
        if entry.kind in (_SENT, _MISSED)
    ]
    return asked_check_ins(told, await uow.reports.of(subject))
