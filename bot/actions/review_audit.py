"""The audit trail as a person reads it: of a participant or the system; newest first, narrowed, in pages.

Source: specification 5.2 ("audit trail reviewable by people; filter by user, field, date").
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.actions.console_account import as_visitor
from bot.actions.desk import Desk
from bot.actions.list_participants import reader
from bot.actions.note_access import ONE_LOOK
from bot.rules.access import RIGHTS, Act, Site, Staff, may
from bot.rules.errors import NotEntitled
from bot.rules.study import StaffCode, SubjectCode
from storage.audit_trail import AuditEntry
from storage.unit_of_work import UnitOfWork

PER_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditWish:
    """What is looked for; empty words narrow nothing. `page` counts from 1."""

    actor: str = ""
    kind: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """`entries` of this page, newest first. `actors` and `kinds`: what there is to narrow by.

    `found` of `all` entries fit the wish. `site` is None for the system's own chain.
    """

    subject: SubjectCode | None
    site: Site | None
    entries: tuple[AuditEntry, ...]
    actors: tuple[str, ...]
    kinds: tuple[str, ...]
    found: int
    all: int
    pages: int


async def review_audit(
    desk: Desk, *, subject: SubjectCode | None, wish: AuditWish, by: StaffCode
) -> AuditPage:
    """A page of the chain of this subject, of the system's for None. The look itself is noted.

    Raises:
        NotEntitled: alike for a foreign subject, an unknown one, and a chain that is not theirs to read.
    """
    async with desk.archive.begin() as uow:
        staff = await reader(uow, by)
        site = await _readable(uow, staff, subject)
        await _note(uow, desk, staff, subject)
    async with desk.archive.read() as uow:
        entries = await uow.audit.of(subject)
    fitting = [one for one in reversed(entries) if _fits(one, wish)]
    first = (max(wish.page, 1) - 1) * PER_PAGE
    return AuditPage(
        subject=subject,
        site=site,
        entries=tuple(fitting[first : first + PER_PAGE]),
        actors=tuple(sorted({one.actor_code for one in entries})),
        kinds=tuple(sorted({one.kind for one in entries})),
        found=len(fitting),
        all=len(entries),
        pages=max(-(-len(fitting) // PER_PAGE), 1),
    )


def reads_system_audit(staff: Staff) -> bool:
    """Whether this person may read what belongs to no one site."""
    return staff.revoked_at is None and any(
        posting.site is None and posting.role in RIGHTS[Act.READ_SYSTEM_AUDIT] for posting in staff.postings
    )


async def _readable(uow: UnitOfWork, staff: Staff, subject: SubjectCode | None) -> Site | None:
    if subject is None:
        if not reads_system_audit(staff):
            raise NotEntitled()
        return None
    participant = await uow.participants.get(subject)
    if participant is None or not may(staff, Act.READ_AUDIT, participant.site_code):
        raise NotEntitled(subject=subject)
    return await uow.sites.get(participant.site_code)


async def _note(uow: UnitOfWork, desk: Desk, staff: Staff, subject: SubjectCode | None) -> None:
    kind, since = "staff:audit:viewed", desk.clock.real_now() - ONE_LOOK
    if await uow.audit.was_recorded_since(since, kind=kind, actor_code=staff.code, subject=subject):
        return
    await uow.audit.record(
        kind=kind,
        actor=as_visitor(staff),
        at=desk.now(),
        subject=subject,
        entity="audit",
        entity_id=subject or "system",
    )


def _fits(entry: AuditEntry, wish: AuditWish) -> bool:
    return wish.actor in ("", entry.actor_code) and wish.kind in ("", entry.kind)
