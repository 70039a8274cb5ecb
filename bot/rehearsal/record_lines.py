"""Which entries of the audit trail the rehearsal's log shows, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bot.rehearsal.journal import Line, Sort
from bot.rules.messages import Phrase
from bot.rules.study import Level

# By kind of the entry, with the new value where only one is told. What a person did on a telephone stands in
# the log already.
_SHOWN: Final[Mapping[str, str]] = {
    "patient:consent:agreed": "rehearsal.record.agreed",
    "patient:activity:stated": "rehearsal.record.stated",
    "staff:chat:linked": "rehearsal.record.linked",
    "patient:chat:linked": "rehearsal.record.linked",
    "system:case:opened": "rehearsal.record.case_opened",
    "system:case:raised": "rehearsal.record.case_raised",
    "system:alert:not_delivered": "rehearsal.record.not_delivered",
    "staff:case:acknowledged": "rehearsal.record.taken",
    "staff:case:contacted": "rehearsal.record.contacted",
    "staff:case:contact_failed": "rehearsal.record.attempted",
    "staff:case:closed": "rehearsal.record.closed",
    "staff:dose:recorded": "rehearsal.record.dose",
    "staff:lab:recorded": "rehearsal.record.lab",
    "system:participant:state RESPONDED": "rehearsal.record.responded",
    "staff:therapy:planned": "rehearsal.record.therapy_planned",
    "staff:therapy:moved": "rehearsal.record.therapy_moved",
    "staff:therapy:cancelled": "rehearsal.record.therapy_cancelled",
    "staff:tap:refused": "rehearsal.record.refused",
}


def record_line(
    *, kind: str, at: datetime, actor: str, subject: str, field: str | None, new: str | None
) -> Line | None:
    """The line for an entry of the trail; None where it adds nothing to what the telephones show."""
    key = _SHOWN.get(kind) or _SHOWN.get(f"{kind} {new}")
    if key is None:
        return None
    level = new if kind.startswith("system:case:") and new in Level.__members__ else ""
    values = {"actor": actor, "subject": subject, "field": field or "", "new": new or ""}
    said = Phrase(
        key=key, values=values | ({"level": Phrase(key=f"rehearsal.level.{level}")} if level else {})
    )
    return Line(at, Sort.RECORD, subject, said=said, level=level or "", subject=subject)
