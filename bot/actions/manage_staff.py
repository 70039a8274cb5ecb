"""Staff: who belongs to which site in which role; linking to a chat and to the console; revoking."""

from __future__ import annotations

import re

from bot.actions.desk import Desk
from bot.actions.invite import Invitation, Purpose, invite
from bot.actions.speak import staff_as_recipient
from bot.rules.access import Actor, Posting, Staff
from bot.rules.errors import Refusal
from bot.rules.study import Language, Role, SiteCode, StaffCode
from storage.unit_of_work import UnitOfWork

_CODE = re.compile(r"[A-Z][A-Z0-9]{1,11}")
_SITE_ROLES = frozenset({Role.COORDINATOR, Role.SUB_INVESTIGATOR, Role.PRINCIPAL_INVESTIGATOR})


async def add_staff(
    desk: Desk, *, code: StaffCode, role: Role, site: SiteCode | None, language: Language, by: Actor
) -> None:
    """Adds a person, or a further role of a person already known.

    Raises:
        Refusal: malformed code, a site role without a site, unknown site, revoked person, or the role is
        held already.
    """
    if not _CODE.fullmatch(code):
        raise Refusal("refusal.staff_code", staff=code)
    if role in _SITE_ROLES and site is None:
        raise Refusal("refusal.role_needs_site", role=role)
    posting = Posting(role, site)
    async with desk.archive.begin() as uow:
        if site is not None and await uow.sites.get(site) is None:
            raise Refusal("refusal.no_such_site", site=site)
        known = await uow.staff.get(code)
        if known is None:
            await uow.staff.add(Staff(code=code, language=language, postings=(posting,)))
        elif known.revoked_at is not None:
            raise Refusal("refusal.staff_revoked", staff=code)
        elif posting in known.postings:
            raise Refusal("refusal.role_held", staff=code, role=role)
        else:
            await uow.staff.add_posting(code, posting, desk.now())
        await uow.audit.record(
            kind="operator:staff:role_added",
            actor=by,
            at=desk.now(),
            subject=None,
            entity="staff",
            entity_id=code,
            field="role",
            new=f"{role.value} {site or 'all sites'}",
        )


async def invite_staff(desk: Desk, *, code: StaffCode, by: Actor) -> tuple[Invitation, Invitation]:
    """One code for the chat and one for a first sign-in to the console."""
    async with desk.archive.begin() as uow:
        await _active(uow, code)
        whom = staff_as_recipient(code)
        chat = await invite(uow, desk, whom=whom, purpose=Purpose.CHAT, by=by, subject=None)
        console = await invite(uow, desk, whom=whom, purpose=Purpose.CONSOLE, by=by, subject=None)
        return chat, console


async def revoke_staff(desk: Desk, *, code: StaffCode, reason: str, by: Actor) -> None:
    """Ends every right of a person at once: chat link, codes, console sessions."""
    if not reason.strip():
        raise Refusal("refusal.reason_needed")
    async with desk.archive.begin() as uow:
        await _active(uow, code)
        now = desk.now()
        whom = staff_as_recipient(code)
        await uow.staff.revoke(code, now, reason)
        await uow.identities.end(whom, now, reason)
        for purpose in Purpose:
            await uow.invitations.revoke(whom, purpose.value, now)
        await uow.accounts.end_sessions_of(code)
        await uow.audit.record(
            kind="operator:staff:revoked",
            actor=by,
            at=now,
            subject=None,
            entity="staff",
            entity_id=code,
            reason=reason,
        )


async def list_staff(desk: Desk) -> tuple[Staff, ...]:
    """Everybody, by code, revoked ones included."""
    async with desk.archive.read() as uow:
        return await uow.staff.all()


async def _active(uow: UnitOfWork, code: StaffCode) -> Staff:
    staff = await uow.staff.get(code)
    if staff is None:
        raise Refusal("refusal.no_such_staff", staff=code)
    if staff.revoked_at is not None:
        raise Refusal("refusal.staff_revoked", staff=code)
    return staff
