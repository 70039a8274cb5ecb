"""The staff group of a site: registered by a person with the right, followed when it moves, taken away.

A one-time code from the command line or the console is typed in the group (`/register XXXX-XXXX`). The code
alone gives nothing: whoever types it must hold the right at that site. The group's number is an identifier
and is sealed like that of a private chat.

Source: specification 3.2, 5.4; lessons 22; decisions "Roles and rights" (one-time codes).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.actions.alert_staff import alert_card
from bot.actions.desk import Desk, actor_of, site_of
from bot.actions.invite import Invitation, Purpose, invite
from bot.actions.speak import phrase, to_staff
from bot.actions.tell_group import group_as_recipient, ring_group, to_group
from bot.clock import new_id
from bot.rules.access import SYSTEM, Act, Actor, AuthMethod, Staff, may
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.messages import Message, Priority, Recipient, RecipientKind
from bot.rules.staff_group import StaffGroup
from bot.rules.study import Role, SiteCode, StaffCode
from storage.identities import MOVED
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Who keeps a group: the operator, or a member of staff whose right is asked."""

    operator: Actor | None = None
    staff: StaffCode | None = None


async def invite_group(desk: Desk, *, site: SiteCode, by: Keeper) -> Invitation:
    """A code to be typed in the group; an earlier one stops working.

    Raises:
        NotEntitled: a person without the right at this site, or an unknown site.
        Refusal: the operator named a site that does not exist.
    """
    async with desk.archive.begin() as uow:
        actor = await _actor(uow, by, site)
        whom = group_as_recipient(site)
        return await invite(uow, desk, whom=whom, purpose=Purpose.GROUP, by=actor, subject=None)


async def remove_group(desk: Desk, *, site: SiteCode, reason: str, by: Keeper) -> None:
    """The group gets no more alerts, and hears that; what waits for it is not said.

    Raises:
        NotEntitled: a person without the right at this site, or an unknown site.
        Refusal: no reason; the site has no group.
    """
    async with desk.archive.begin() as uow:
        actor = await _actor(uow, by, site)
        if not reason.strip():
            raise Refusal("refusal.reason_needed")
        group = await uow.groups.get(site)
        if group is None:
            raise Refusal("refusal.no_group", site=site)
        now, whom = desk.now(), group_as_recipient(site)
        await _take_leave(uow, desk, group)
        await uow.outbox.cancel_all(whom, "the group was removed", now)
        await uow.identities.end(whom, now, "removed")
        await uow.groups.end(site, now)
        await uow.audit.record(
            kind="operator:group:removed",
            actor=actor,
            at=now,
            subject=None,
            entity="group",
            entity_id=site,
            reason=reason.strip(),
        )


async def register_group(
    uow: UnitOfWork, desk: Desk, *, chat_id: int, site: SiteCode, by: Staff, key: str
) -> None:
    """This chat is the staff group of the site from now on; another one it had hears that it is not.

    The caller has taken the code and asked the right. The cases that are open are told at once.
    """
    now, whom = desk.now(), group_as_recipient(site)
    before = await uow.groups.get(site)
    chat_before = await uow.identities.chat_of(whom)
    if before is not None and chat_before not in (None, chat_id):
        await _take_leave(uow, desk, before)
    if chat_before != chat_id:
        await uow.identities.link(chat_id, whom, now, because="another group was registered")
        await uow.outbox.forget_numbers(whom)
    group = StaffGroup(site=site, language=by.language, registered_by=by.code, registered_at=now)
    await uow.groups.set(group)
    await uow.audit.record(
        kind="staff:group:registered",
        actor=actor_of(by, Act.KEEP_GROUP, site, AuthMethod.TELEGRAM),
        at=now,
        subject=None,
        entity="group",
        entity_id=site,
        old=None if before is None else before.registered_by,
        new=by.code,
    )
    said = phrase("staff.group.registered", site=site, staff=by.code)
    where = await site_of(uow, site)
    await uow.outbox.put(to_group(group, where, f"registered:{key}", [said], priority=Priority.ALERT), now)
    await uow.outbox.put(to_staff(by, where, f"group-registered:{key}", [said]), now)
    await _tell_open_cases(uow, desk, site, key)


async def follow_group(uow: UnitOfWork, at: datetime, *, old: int, new: int) -> bool:
    """A group of ours goes on under another number; whether there was one to follow.

    Told in two service messages in either order, and by the refusal of a sending: the first one counts.
    """
    owner = await uow.identities.owner_of(old)
    if owner is None or owner.kind is not RecipientKind.GROUP:
        return False
    if await uow.identities.owner_of(new) is not None:
        return False
    await uow.identities.link(new, owner, at, because=MOVED)
    await uow.outbox.forget_numbers(owner)
    await uow.groups.set_unreachable(SiteCode(owner.code), None)
    await uow.audit.record(
        kind="system:group:moved",
        actor=SYSTEM,
        at=at,
        subject=None,
        entity="group",
        entity_id=owner.code,
    )
    return True


async def note_group_lost(uow: UnitOfWork, desk: Desk, *, site: SiteCode, reason: str) -> None:
    """The bot was removed from the group or may not write there, or it is gone: told once, to people.

    The alerts go on in the private chats; they never waited for the group.
    """
    group = await uow.groups.get(site)
    if group is None or group.unreachable_since is not None:
        return
    now = desk.now()
    await uow.groups.set_unreachable(site, now)
    await uow.audit.record(
        kind="system:group:unreachable",
        actor=SYSTEM,
        at=now,
        subject=None,
        entity="group",
        entity_id=site,
        reason=reason,
    )
    where = await site_of(uow, site)
    said = phrase("staff.group.lost", site=site, at=now)
    for staff in await uow.staff.all():
        if may(staff, Act.KEEP_GROUP, site) or staff.holds(Role.ADMINISTRATOR, site):
            message = to_staff(staff, where, f"group-lost:{site}:{new_id()}", [said], priority=Priority.ALERT)
            await uow.outbox.put(message, now)


async def note_group_back(uow: UnitOfWork, desk: Desk, *, site: SiteCode, key: str) -> None:
    """The bot is in the group again and may write: what is open is told there."""
    group = await uow.groups.get(site)
    if group is None or group.unreachable_since is None:
        return
    await uow.groups.set_unreachable(site, None)
    await uow.audit.record(
        kind="system:group:reachable",
        actor=SYSTEM,
        at=desk.now(),
        subject=None,
        entity="group",
        entity_id=site,
        old=group.unreachable_since.isoformat(),
    )
    await _tell_open_cases(uow, desk, site, key)


async def list_groups(desk: Desk) -> tuple[StaffGroup, ...]:
    """The registered groups, by site; may be empty."""
    async with desk.archive.read() as uow:
        return await uow.groups.all()


async def _tell_open_cases(uow: UnitOfWork, desk: Desk, site: SiteCode, key: str) -> None:
    for case in await uow.cases.open_at([site]):
        if case.rings:
            await ring_group(uow, desk, case, await alert_card(uow, desk, case), ring=f"open-{key}")


async def _take_leave(uow: UnitOfWork, desk: Desk, group: StaffGroup) -> None:
    """Said to the chat itself: the site's group is another one, or none, when this is sent."""
    chat_id = await uow.identities.chat_of(group_as_recipient(group.site))
    if chat_id is None or group.unreachable_since is not None:
        return
    message = Message(
        unique_key=f"group-left:{group.site}:{new_id()}",
        to=Recipient(RecipientKind.STRANGER, uow.keyring.lane(chat_id)),
        language=group.language,
        priority=Priority.REPLY,
        phrases=(phrase("staff.group.no_longer", site=group.site),),
        protect_content=True,
    )
    await uow.outbox.put(message, desk.now(), chat_id=chat_id)


async def _actor(uow: UnitOfWork, by: Keeper, site: SiteCode) -> Actor:
    if by.operator is not None:
        await site_of(uow, site)
        return by.operator
    staff = None if by.staff is None else await uow.staff.get(by.staff)
    if staff is None or not may(staff, Act.KEEP_GROUP, site):
        raise NotEntitled()
    return actor_of(staff, Act.KEEP_GROUP, site, AuthMethod.CONSOLE)
