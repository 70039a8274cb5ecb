"""What is tapped and written in a group. Rights are those of the person, never of the group.

A registered group is told nothing but alerts; a person of its site may take a case there, and everything else
they ask for is answered in their private chat. Whoever is not of the site gets a short neutral word on a tap
and nothing on a command; an ordinary group and an anonymous administrator get nothing. Each leaves a trace,
one for a person (or a group) in ten minutes. What was written in a group is not kept.

Source: specification 3.2, 5.4; issue of the escalation, "Rights"; core.telegram.org/bots/api (an anonymous
administrator writes as the chat, but whoever taps is always named).
"""

from __future__ import annotations

from dataclasses import replace

from bot.actions.acknowledge_case import acknowledge_in
from bot.actions.answer_staff import hear_staff, show_case
from bot.actions.answer_stranger import SILENCE, WRONG_TRIES
from bot.actions.desk import Desk
from bot.actions.hear_participant import hear_participant
from bot.actions.invite import Purpose, as_typed
from bot.actions.keep_group import (
    follow_group,
    note_group_back,
    note_group_lost,
    register_group,
)
from bot.actions.note_access import ONE_LOOK
from bot.actions.speak import answer_tap, phrase, staff_as_recipient, to_staff
from bot.actions.tell_group import say_in_group
from bot.rules import commands
from bot.rules.access import RIGHTS, Act, Actor, AuthMethod, Staff, may
from bot.rules.case import CaseId
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.inbound import Inbound, InboundKind
from bot.rules.messages import Phrase, Recipient, RecipientKind
from bot.rules.staff_group import StaffGroup
from bot.rules.study import Language, SiteCode, StaffCode
from storage.unit_of_work import UnitOfWork

_NAME_SHOWN = 64


async def hear_group(uow: UnitOfWork, desk: Desk, inbound: Inbound) -> None:
    """One update from a chat with more than one person in it."""
    match inbound.kind:
        case InboundKind.MOVED if inbound.moved_to is not None:
            await follow_group(uow, desk.now(), old=inbound.chat_id, new=inbound.moved_to)
        case InboundKind.BLOCKED_US | InboundKind.UNBLOCKED_US:
            await _membership(uow, desk, inbound)
        case InboundKind.TAP:
            await _tapped(uow, desk, inbound)
        case InboundKind.TEXT:
            await _written(uow, desk, inbound)
        case _:
            pass
    await uow.inbox.tombstone(inbound.key)


async def _membership(uow: UnitOfWork, desk: Desk, inbound: Inbound) -> None:
    group = await _group_here(uow, inbound)
    if group is None:
        return
    if inbound.kind is InboundKind.BLOCKED_US:
        await note_group_lost(uow, desk, site=group.site, reason="the bot may not write there")
    else:
        await note_group_back(uow, desk, site=group.site, key=f"back-{inbound.key.update_id}")


# ── taps ─────────────────────────────────────────────────────────────────────


async def _tapped(uow: UnitOfWork, desk: Desk, inbound: Inbound) -> None:
    group = await _group_here(uow, inbound) or await _group_before(uow, inbound)
    staff = await _staff_behind(uow, inbound)
    if staff is None:
        await _trace(uow, desk, inbound, group, None, "no staff")
        notice: Phrase | None = phrase("staff.group.not_for_you")
    elif group is None:
        await _trace(uow, desk, inbound, group, staff, "not a group of ours")
        notice = phrase("staff.group.not_for_you")
    else:
        notice = await _act(uow, desk, inbound, group, staff)
    of_group = group.language if group else inbound.language_hint or Language.ZH
    language = staff.language if staff else of_group
    to = Recipient(RecipientKind.STRANGER, inbound.lane)
    answer = answer_tap(inbound, to, language, desk.now(), notice)
    await uow.outbox.put(answer, desk.now(), chat_id=inbound.chat_id)


async def _act(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, group: StaffGroup, staff: Staff
) -> Phrase | None:
    """What a tap of a member of staff does. Told in the popup, which only they see."""
    match inbound.token.split(":"):
        case ["k", "take" | "over" as how, case_id]:
            try:
                await _take(uow, desk, inbound, staff, CaseId(case_id), take_over=how == "over")
            except NotEntitled:
                await _trace(uow, desk, inbound, group, staff, "not theirs")
                return phrase("staff.group.not_for_you")
            except Refusal as refusal:
                return Phrase(key=refusal.key, values=refusal.values)
            return phrase("staff.group.yours")
        case _:
            await _trace(uow, desk, inbound, group, staff, "not in a group")
            return phrase("staff.group.in_private")


async def _take(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff, case_id: CaseId, *, take_over: bool
) -> None:
    """Takes it, and sees to it that the taker has its card in the private chat, where the rest is done."""
    case = await acknowledge_in(
        uow, desk, case_id=case_id, by=staff.code, auth=AuthMethod.TELEGRAM, take_over=take_over
    )
    card = f"alert:{case.id}:"
    rung = [one.message for one in await uow.outbox.of_case(case.id)]
    if not any(one.to.code == staff.code and one.unique_key.startswith(card) for one in rung):
        await show_case(uow, desk, inbound, staff, case)


# ── words ────────────────────────────────────────────────────────────────────


async def _written(uow: UnitOfWork, desk: Desk, inbound: Inbound) -> None:
    if await _is_patient_in_danger(uow, desk, inbound):
        return
    command = commands.command_in(inbound.text)
    if command is None or inbound.edited or inbound.forwarded:
        return
    group, staff = await _group_here(uow, inbound), await _staff_behind(uow, inbound)
    if inbound.sender_id is None:
        await _trace(uow, desk, inbound, group, None, "an anonymous administrator")
    elif staff is None:
        await _trace(uow, desk, inbound, group, None, "no staff")
    elif command.name == "register":
        await _register(uow, desk, inbound, group, staff, command.rest)
    elif group is None:
        await _trace(uow, desk, inbound, group, staff, "not a group of ours")
    elif not may(staff, Act.ACKNOWLEDGE_CASE, group.site):
        await _trace(uow, desk, inbound, group, staff, "not theirs")
    else:
        await hear_staff(uow, desk, _in_private(inbound), staff_as_recipient(staff.code))
        key = f"in-private:{inbound.key.bot_id}:{inbound.key.update_id}"
        await say_in_group(uow, desk, group, key, phrase("staff.group.in_private"))


async def _is_patient_in_danger(uow: UnitOfWork, desk: Desk, inbound: Inbound) -> bool:
    """A red flag of a participant is heard wherever she writes it; all that follows is in her own chat."""
    if inbound.sender_id is None or not desk.understander.understand(inbound.text).red_flags:
        return False
    owner = await uow.identities.owner_of(inbound.sender_id)
    if owner is None or owner.kind is not RecipientKind.PARTICIPANT:
        return False
    await hear_participant(uow, desk, _in_private(inbound), owner)
    return True


async def _register(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, group: StaffGroup | None, staff: Staff, typed: str
) -> None:
    """The code and the right; what is wrong is said in the private chat, the group hears nothing."""
    now, lane = desk.now(), f"group-code:{staff.code}"
    if not any(posting.role in RIGHTS[Act.KEEP_GROUP] for posting in staff.postings):
        await _trace(uow, desk, inbound, group, staff, "not theirs")
        return
    if await uow.invitations.wrong_tries(lane, now - SILENCE) >= WRONG_TRIES:
        await _trace(uow, desk, inbound, group, staff, "too many wrong codes")
        return
    code = desk.archive.keyring.hash_code(as_typed(typed) or "")
    whom = await uow.invitations.is_for(code, now, Purpose.GROUP.value)
    key = f"{staff.code}:{inbound.key.update_id}"
    if whom is None or not may(staff, Act.KEEP_GROUP, SiteCode(whom.code)):
        await uow.invitations.add_wrong_try(lane, now)
        await _trace(uow, desk, inbound, group, staff, "no such code")
        said = phrase("staff.group.wrong_code")
    elif group is not None and group.site != whom.code:
        said = phrase("staff.group.of_another_site")
    else:
        await uow.invitations.take(code, now, Purpose.GROUP.value)
        await register_group(uow, desk, chat_id=inbound.chat_id, site=SiteCode(whom.code), by=staff, key=key)
        return
    await uow.outbox.put(to_staff(staff, None, f"group-code:{key}", [said]), now)


# ── who and where ────────────────────────────────────────────────────────────


async def _group_here(uow: UnitOfWork, inbound: Inbound) -> StaffGroup | None:
    """The registered group that this chat is."""
    owner = await uow.identities.owner_of(inbound.chat_id)
    if owner is None or owner.kind is not RecipientKind.GROUP:
        return None
    return await uow.groups.get(SiteCode(owner.code))


async def _group_before(uow: UnitOfWork, inbound: Inbound) -> StaffGroup | None:
    """The registered group that had this number before it moved: its old messages can still be tapped."""
    owner = await uow.identities.moved_from(inbound.chat_id)
    return None if owner is None else await uow.groups.get(SiteCode(owner.code))


async def _staff_behind(uow: UnitOfWork, inbound: Inbound) -> Staff | None:
    """Who wrote or tapped, if it is staff whose rights hold: found by their private chat with the bot."""
    owner = None if inbound.sender_id is None else await uow.identities.owner_of(inbound.sender_id)
    if owner is None or owner.kind is not RecipientKind.STAFF:
        return None
    staff = await uow.staff.get(StaffCode(owner.code))
    return None if staff is None or staff.revoked_at is not None else staff


def _in_private(inbound: Inbound) -> Inbound:
    """As if it had been written in the private chat: that is where it is answered."""
    assert inbound.sender_id is not None  # noqa: S101 -- the caller knows who wrote
    return replace(inbound, chat_id=inbound.sender_id, private=True)


async def _trace(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, group: StaffGroup | None, staff: Staff | None, why: str
) -> None:
    """Who asked in a group for what is not theirs; somebody we do not know stands there as a keyed hash."""
    kind = "staff:group:refused" if staff else "visitor:group:refused"
    code, role = (staff.code, "staff") if staff else ("visitor", "unknown")
    unnamed = inbound.lane if inbound.sender_id is None else uow.keyring.lane(inbound.sender_id)
    asked = inbound.token if inbound.kind is InboundKind.TAP else inbound.text.split(maxsplit=1)[0]
    since = desk.clock.real_now() - ONE_LOOK
    if await uow.audit.was_recorded_since(
        since, kind=kind, actor_code=code, subject=None, entity_id=unnamed[:_NAME_SHOWN]
    ):
        return
    await uow.audit.record(
        kind=kind,
        actor=Actor(code=code, role=role, auth=AuthMethod.TELEGRAM),
        at=desk.now(),
        subject=None,
        entity="group" if inbound.sender_id is None else "account",
        entity_id=unnamed[:_NAME_SHOWN],
        field=group.site if group else None,
        new=asked[:_NAME_SHOWN],
        reason=why,
    )
