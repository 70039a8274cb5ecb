"""A chat nobody has linked: it learns nothing but how to get help, and every wrong code has the same answer.

A red flag is always answered, even while the chat is silenced after five wrong codes in an hour.
Source: specification 6.6; decisions "Roles and rights", "Triage", "Settled on a second reading".
"""

from __future__ import annotations

from datetime import timedelta

from bot.actions.desk import Desk, patient_actor
from bot.actions.invite import Purpose, as_typed
from bot.actions.join_study import begin_joining
from bot.actions.note_reach import note_staff_back
from bot.actions.show_menu import show_staff_menu
from bot.actions.speak import phrase, to_staff
from bot.rules.access import Actor, AuthMethod
from bot.rules.inbound import Inbound, InboundKind
from bot.rules.messages import Message, Phrase, Priority, Recipient, RecipientKind
from bot.rules.study import Bilingual, Language, StaffCode, SubjectCode
from storage.unit_of_work import UnitOfWork

WRONG_TRIES = 5
SILENCE = timedelta(hours=1)


async def hear_stranger(uow: UnitOfWork, desk: Desk, inbound: Inbound) -> None:
    """Answers a chat that belongs to nobody we know; its raw update becomes a tombstone."""
    if inbound.kind in (InboundKind.BLOCKED_US, InboundKind.UNBLOCKED_US):
        return
    code = code_in(inbound.text)
    # "I fainted" has the letters of a code, and a code may read like a red flag.
    flagged = bool(inbound.text) and bool(desk.understander.understand(inbound.text).red_flags)
    was_right = code is not None and await _try_code(uow, desk, inbound, code, is_answered=flagged)
    if flagged and not was_right:
        if not desk.already_advised:
            await _say(uow, desk, inbound, [Phrase(words=_emergency_words(desk))], Priority.SAFETY)
    elif code is None:
        await _say(uow, desk, inbound, [phrase("patient.stranger")])
    await uow.inbox.tombstone(inbound.key)


def code_in(text: str) -> str | None:
    """The one-time code in `/start CODE` or in a code typed alone, else None."""
    typed = text.strip()
    if typed.lower().startswith("/start"):
        typed = typed[len("/start") :]
    return as_typed(typed)


async def _try_code(uow: UnitOfWork, desk: Desk, inbound: Inbound, code: str, *, is_answered: bool) -> bool:
    """Whether the code was right; a wrong one has no answer of its own where its words have one."""
    now = desk.now()
    if await uow.invitations.wrong_tries(inbound.lane, now - SILENCE) >= WRONG_TRIES:
        return False
    whom = await uow.invitations.take(desk.archive.keyring.hash_code(code), now, Purpose.CHAT.value)
    if whom is None:
        await uow.invitations.add_wrong_try(inbound.lane, now)
        if not is_answered:
            await _say(uow, desk, inbound, [phrase("patient.stranger")])
        return False
    await uow.identities.link(inbound.chat_id, whom, now)
    if whom.kind is RecipientKind.STAFF:
        await _welcome_staff(uow, desk, inbound, StaffCode(whom.code))
    else:
        await _welcome_participant(uow, desk, inbound, whom)
    return True


async def _welcome_participant(uow: UnitOfWork, desk: Desk, inbound: Inbound, whom: Recipient) -> None:
    participant = await uow.participants.lock(SubjectCode(whom.code))
    if participant is None:
        raise LookupError("an invitation names a participant that does not exist")
    await uow.audit.record(
        kind="patient:chat:linked",
        actor=patient_actor(participant),
        at=desk.now(),
        subject=participant.subject_code,
        entity="identity",
        entity_id=participant.subject_code,
    )
    await begin_joining(uow, desk, inbound, participant)


async def _welcome_staff(uow: UnitOfWork, desk: Desk, inbound: Inbound, code: StaffCode) -> None:
    staff = await uow.staff.get(code)
    if staff is None:
        raise LookupError("an invitation names a member of staff that does not exist")
    await note_staff_back(uow, desk, code=code)
    await uow.audit.record(
        kind="staff:chat:linked",
        actor=Actor(code=code, role="staff", auth=AuthMethod.TELEGRAM),
        at=desk.now(),
        subject=None,
        entity="identity",
        entity_id=code,
    )
    postings = tuple(
        phrase("staff.posting", role=posting.role, site=posting.site or phrase("staff.every_site"))
        for posting in staff.postings
    )
    key = f"welcome:{code}:{inbound.key.update_id}"
    await uow.outbox.put(
        to_staff(staff, None, key, [phrase("staff.welcome", staff=code, postings=postings)]), desk.now()
    )
    await show_staff_menu(uow, desk, staff, str(inbound.key.update_id))


def _emergency_words(desk: Desk) -> Bilingual:
    text = desk.study.texts[desk.study.triage.emergency_fallback]
    return text.to_stranger or text.text


async def _say(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, phrases: list[Phrase], priority: Priority = Priority.REPLY
) -> None:
    """Both languages, the one of her Telegram first: we know nothing else of a stranger."""
    message = Message(
        unique_key=f"stranger:{inbound.key.bot_id}:{inbound.key.update_id}",
        to=Recipient(RecipientKind.STRANGER, inbound.lane),
        language=inbound.language_hint or Language.ZH,
        priority=priority,
        phrases=tuple(phrases),
        both_languages=True,
    )
    await uow.outbox.put(message, desk.now(), chat_id=inbound.chat_id)
