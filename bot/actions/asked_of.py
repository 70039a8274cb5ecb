"""The check-ins that a participant was asked, with their answers or without, from the record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.rules.asked_check_ins import AskedCheckIn, Told, asked_check_ins
from bot.rules.report import Report
from bot.rules.study import SubjectCode
from storage.audit_trail import AuditEntry
from storage.unit_of_work import UnitOfWork

_SENT, _MISSED = "system:reminder:sent", "system:reminder:missed"


async def asked_of(uow: UnitOfWork, subject: SubjectCode) -> tuple[AskedCheckIn, ...]:
    """Every check-in of this participant, oldest first."""
    return asked_in(await uow.audit.of(subject), await uow.reports.of(subject))


def asked_in(entries: Iterable[AuditEntry], reports: Sequence[Report]) -> tuple[AskedCheckIn, ...]:
    """As `asked_of`, from a record that is at hand."""
    told = [
        Told(entry.entity_id, entry.at, entry.kind == _SENT)
        for entry in entries
        if entry.kind in (_SENT, _MISSED)
    ]
    return asked_check_ins(told, reports)
