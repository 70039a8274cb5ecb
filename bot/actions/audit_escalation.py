"""Does the escalation itself go on? Read only; codes and numbers, no identity and no words of a person.

Every alert and every question to a patient that was decided on is accounted for: told = delivered + failed +
still young. Case by case, so that one lost alert among a thousand is seen. Source: lessons 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.actions.check_coverage import DAYS_AHEAD, Gap, uncovered
from bot.actions.desk import Desk
from bot.actions.report_death import death_is_reported
from bot.rules.access import Staff, is_rung
from bot.rules.case import Case
from bot.rules.messages import OutboxStatus
from bot.rules.participant import TERMINAL_STATES
from bot.rules.watch import Found, Trouble
from storage.cases import CaseEvent
from storage.unit_of_work import UnitOfWork

# An alert that has waited longer than this is late; so is a case whose moment has passed.
LATE_AFTER: Final = timedelta(minutes=2)
_ACCOUNTED: Final = frozenset(
    {
        OutboxStatus.WAITING,  # the late ones are found apart
        OutboxStatus.CLAIMED,
        OutboxStatus.DELIVERED,
        OutboxStatus.UNCERTAIN,
        OutboxStatus.UNREACHABLE,
        OutboxStatus.REFUSED,
        OutboxStatus.EXPIRED,
    }
)


async def audit_escalation(desk: Desk) -> tuple[Found, ...]:
    """What does not go on as it must; empty when all is well.

    Raises:
        StorageUnavailable: the archive cannot be read.
    """
    since = desk.now() - LATE_AFTER
    async with desk.archive.read() as uow:
        cases = await uow.cases.open_at(None)
        timeless = sum(case.next_step_at is None for case in cases)
        overdue = sum(case.next_step_at is not None and case.next_step_at < since for case in cases)
        lost = [await _unaccounted(uow, case) for case in cases]
        late = await uow.outbox.late(since)
        parked = len(await uow.inbox.parked())
        silent = [one.site for one in await uow.groups.all() if one.unreachable_since is not None]
        people = await uow.staff.all()
    found = [
        Found(trouble, str(count))
        for trouble, count in (
            (Trouble.CASE_WITHOUT_MOMENT, timeless),
            (Trouble.STEP_OVERDUE, overdue),
            (Trouble.SENDS_UNACCOUNTED, sum(lost)),
            (Trouble.OUTBOX_LATE, late),
            (Trouble.INBOX_PARKED, parked),
        )
        if count
    ]
    found += _of_coverage(await uncovered(desk, ahead=DAYS_AHEAD), desk.now())
    if silent:
        found.append(Found(Trouble.GROUP_UNREACHABLE, ", ".join(silent)))
    found += [
        Found(Trouble.STAFF_UNREACHABLE, unreachable_in_codes(one), one.code)
        for one in people
        if is_rung(one) and one.unreachable_since is not None
    ]
    return tuple(found)


def _of_coverage(gaps: Sequence[Gap], now: datetime) -> list[Found]:
    """Nobody now, and nobody within the days ahead: site, level, moment, and who is rung instead."""
    by_trouble = {
        Trouble.NOBODY_REACHABLE: [gap for gap in gaps if gap.at <= now],
        Trouble.NOBODY_SOON: [gap for gap in gaps if gap.at > now],
    }
    return [
        Found(trouble, gap_in_codes(gap, now), f"{gap.site} {gap.level.name}")
        for trouble, found in by_trouble.items()
        for gap in found
    ]


def gap_in_codes(gap: Gap, now: datetime) -> str:
    """A gap for machines, mails and command lines."""
    since = "" if gap.at <= now else f" from {gap.at.isoformat(timespec='minutes')}"
    return f"{gap.site} {gap.level.name}{since} ({gap.fallback or 'nobody'} instead)"


def unreachable_in_codes(staff: Staff) -> str:
    """Who cannot be reached, since when and why as far as known, for machines, mails and command lines."""
    since = "" if staff.unreachable_since is None else f" since {staff.unreachable_since:%Y-%m-%dT%H:%MZ}"
    return f"{staff.code}{since} ({'chat lost' if staff.linked else 'never began the chat'})"


async def _unaccounted(uow: UnitOfWork, case: Case) -> int:
    """How many rings of this case are neither waiting, nor delivered, nor known to have failed."""
    events = await uow.cases.events(case.id)
    asked = sum(event.kind == "ASKED" for event in events)
    return sum(
        [
            max(_told(events, "RUNG") - await _accounted(uow, f"alert:{case.id}:"), 0),
            max(_told(events, "RUNG_BESIDE") - await _accounted(uow, f"second:{case.id}:"), 0),
            max(asked - await _asked_and_accounted(uow, case), 0) if asked else 0,
        ]
    )


async def _asked_and_accounted(uow: UnitOfWork, case: Case) -> int:
    """Questions and repeated advice to her; what was cancelled because she died or left is accounted for."""
    by_status = await uow.outbox.count_by_status(f"loop:{case.id}:")
    found = sum(by_status.get(status, 0) for status in _ACCOUNTED)
    cancelled = by_status.get(OutboxStatus.CANCELLED, 0)
    if not cancelled:
        return found
    her = await uow.participants.get(case.subject_code)
    gone = her is None or her.state in TERMINAL_STATES or await death_is_reported(uow, her)
    return found + (cancelled if gone else 0)


def _told(events: Sequence[CaseEvent], kind: str) -> int:
    return sum(len(_codes(event.note)) for event in events if event.kind == kind)


async def _accounted(uow: UnitOfWork, key_prefix: str) -> int:
    by_status = await uow.outbox.count_by_status(key_prefix)
    return sum(by_status.get(status, 0) for status in _ACCOUNTED)


def _codes(note: str) -> list[str]:
    return [code for code in note.split(",") if code]
