"""Staff: who belongs to which site in which role; linking to a chat and to the console; revoking."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.actions.desk import Desk, site_of
from bot.actions.hold_over_night import cannot_wait
from bot.actions.invite import Invitation, Purpose, invite
from bot.actions.speak import phrase, staff_as_recipient, to_staff
from bot.actions.who_is_called import is_reachable
from bot.rules import escalation
from bot.rules.access import Act, Actor, Posting, Staff, may
from bot.rules.errors import Refusal
from bot.rules.messages import OutboxStatus, Priority
from bot.rules.participant import ParticipantState
from bot.rules.study import Language, Role, SiteCode, StaffCode
from storage.unit_of_work import UnitOfWork

_CODE = re.compile(r"[A-Z][A-Z0-9]{1,11}")
# No alert can come from these any more.
_NOT_ACTIVE = frozenset(
    {
        ParticipantState.DECLINED,
        ParticipantState.SCREEN_FAILED,
        ParticipantState.WITHDRAWN,
        ParticipantState.DIED,
    }
)
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


async def revoke_staff(desk: Desk, *, code: StaffCode, reason: str, by: Actor, lost: bool = False) -> None:
    """Ends every right of a person at once: chat link, codes, console sessions, open cases in their hands.

    `lost`: the account is lost or stolen; access ends whoever is left.

    Raises:
        Refusal: no reason; unknown or revoked; the last contact of a site with active patients, unless lost.
    """
    if not reason.strip():
        raise Refusal("refusal.reason_needed")
    async with desk.archive.begin() as uow:
        staff = await _active(uow, code)
        if not lost:
            await _refuse_last_contact(uow, staff, left_with=())
        now = desk.now()
        whom = staff_as_recipient(code)
        await uow.staff.revoke(code, now, reason)
        await uow.identities.end(whom, now, reason)
        await uow.second_roads.set(whom, (), now)
        for purpose in Purpose:
            await uow.invitations.revoke(whom, purpose.value, now)
        await uow.accounts.end_sessions_of(code)
        await _pass_on_cases(uow, desk, code)
        await _have_taken_out_of_group(uow, desk, staff, left_with=())
        await uow.audit.record(
            kind="operator:staff:revoked",
            actor=by,
            at=now,
            subject=None,
            entity="staff",
            entity_id=code,
            field="lost" if lost else None,
            reason=reason,
        )


async def remove_role(
    desk: Desk, *, code: StaffCode, role: Role, site: SiteCode | None, reason: str, by: Actor
) -> None:
    """Takes one of several roles from a person; what the others let them do goes on.

    What of the site they have no right to any more leaves their hands at once: cases, messages on their way,
    the group.

    Raises:
        Refusal: no reason; unknown or revoked; the role is not held; it is the only one (revoke instead); the
        last contact of a site with active patients.
    """
    if not reason.strip():
        raise Refusal("refusal.reason_needed")
    posting = Posting(role, site)
    async with desk.archive.begin() as uow:
        staff = await _active(uow, code)
        if posting not in staff.postings:
            raise Refusal("refusal.role_not_held", staff=code, role=role)
        left_with = tuple(one for one in staff.postings if one != posting)
        if not left_with:
            raise Refusal("refusal.only_role", staff=code)
        await _refuse_last_contact(uow, staff, left_with=left_with)
        now = desk.now()
        await uow.staff.remove_posting(code, posting)
        await _pass_on_cases(uow, desk, code)
        await _stop_on_the_way(uow, replace(staff, postings=left_with), now)
        await _have_taken_out_of_group(uow, desk, staff, left_with=left_with)
        await uow.audit.record(
            kind="operator:staff:role_removed",
            actor=by,
            at=now,
            subject=None,
            entity="staff",
            entity_id=code,
            field="role",
            old=f"{role.value} {site or 'all sites'}",
            reason=reason,
        )


async def _stop_on_the_way(uow: UnitOfWork, staff: Staff, now: datetime) -> None:
    """What waits to be told to this person of participants and sites they have no role at any more.

    A ring ends as one that is known to have failed: the watchman counts it as accounted for.
    """
    sites = {site.code for site in await uow.sites.all()}
    here = {site for site in sites if any(one.works_at(site) for one in staff.postings)}
    coordinated = {site for site in sites if staff.holds(Role.COORDINATOR, site)}
    foreign = {one.subject_code for one in await uow.participants.of_sites(tuple(sites - here))}
    digests = tuple(f"digest:{site}:" for site in sites - coordinated)
    for row in await uow.outbox.waiting_for(staff_as_recipient(staff.code), ""):
        if row.message.about in foreign or row.message.unique_key.startswith(digests):
            await uow.outbox.end(row.id, OutboxStatus.REFUSED, "role removed", now)


async def _refuse_last_contact(uow: UnitOfWork, leaving: Staff, *, left_with: Sequence[Posting]) -> None:
    """Somebody whose chat works must be left at every site that has patients; who has none is no contact.

    `left_with`: the postings this person keeps.
    """
    if not is_reachable(leaving):
        return
    kept = replace(leaving, postings=tuple(left_with))
    others = [one for one in await uow.staff.all() if one.code != leaving.code and is_reachable(one)]
    for site in await uow.sites.all():
        if not any(leaving.holds(role, site.code) for role in _SITE_ROLES):
            continue
        left = any(one.holds(role, site.code) for one in (*others, kept) for role in _SITE_ROLES)
        if not left and any(
            one.state not in _NOT_ACTIVE for one in await uow.participants.of_sites([site.code])
        ):
            raise Refusal("refusal.last_contact", staff=leaving.code, site=site.code)


async def _pass_on_cases(uow: UnitOfWork, desk: Desk, code: StaffCode) -> None:
    """Open cases in this person's hands, who may have them no longer, ring for the others from the start."""
    now = desk.now()
    staff = await uow.staff.get(code)
    for case in await uow.cases.open_at(None):
        if case.acknowledged_by != code:
            continue
        if staff is not None and may(staff, Act.ACKNOWLEDGE_CASE, case.site_code):
            continue
        site = await site_of(uow, case.site_code)
        her = await uow.participants.get(case.subject_code)
        at_once = her is not None and await cannot_wait(uow, desk.bound_to(her), her, case.level)
        passed_on = escalation.let_go(case, now, desk.calendar_of(site), cannot_wait=at_once)
        if passed_on != case:
            await uow.cases.save(passed_on)
            await uow.cases.add_event(case.id, "LET_GO", now, "system", code)


async def _have_taken_out_of_group(
    uow: UnitOfWork, desk: Desk, leaving: Staff, *, left_with: Sequence[Posting]
) -> None:
    """Telegram lets nobody but its administrators end a membership: those who keep the group are asked to.

    `left_with`: the postings this person keeps.
    """
    now = desk.now()
    kept = replace(leaving, postings=tuple(left_with))
    for group in await uow.groups.all():
        if not may(leaving, Act.ACKNOWLEDGE_CASE, group.site) or may(kept, Act.ACKNOWLEDGE_CASE, group.site):
            continue
        site = await site_of(uow, group.site)
        said = phrase("staff.group.take_out", staff=leaving.code, site=site.code)
        for keeper in await uow.staff.all():
            if keeper.code == leaving.code or not may(keeper, Act.KEEP_GROUP, group.site):
                continue
            key = f"take-out:{leaving.code}:{group.site}:{now.isoformat()}:{keeper.code}"
            await uow.outbox.put(to_staff(keeper, site, key, [said], priority=Priority.ALERT), now)


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
