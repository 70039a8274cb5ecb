"""An update that failed three times was set aside: a person is told, and she hears one calm sentence.

What she wrote is still in the inbox. If its words can be read at all, the plain red-flag list looks at them,
so that a fault of ours never swallows an emergency.
Source: decisions, "Telegram intake and delivery"; specification 6.1.
"""

from __future__ import annotations

from bot.actions.desk import Desk, site_of
from bot.actions.raise_case import raise_case
from bot.actions.speak import advice, phrase, to_participant
from bot.rules.access import SYSTEM
from bot.rules.case import CaseKind
from bot.rules.inbound import Inbound, UpdateKey
from bot.rules.messages import RecipientKind
from bot.rules.participant import Participant
from bot.rules.study import Level, SubjectCode
from storage.unit_of_work import UnitOfWork


async def note_parked(desk: Desk, *, key: UpdateKey, inbound: Inbound | None) -> None:
    """Writes it down; where it came from a participant, her site gets a case and she gets an answer."""
    async with desk.archive.begin() as uow:
        participant = None if inbound is None else await _participant(uow, inbound)
        await uow.audit.record(
            kind="system:update:parked",
            actor=SYSTEM,
            at=desk.now(),
            subject=participant.subject_code if participant else None,
            entity="update",
            entity_id=f"{key.bot_id}:{key.update_id}",
        )
        if participant is not None and inbound is not None:
            await _answer(uow, desk, participant, inbound)


async def _participant(uow: UnitOfWork, inbound: Inbound) -> Participant | None:
    owner = await uow.identities.owner_of(inbound.chat_id)
    if owner is None or owner.kind is not RecipientKind.PARTICIPANT:
        return None
    return await uow.participants.lock(SubjectCode(owner.code))


async def _answer(uow: UnitOfWork, desk: Desk, participant: Participant, inbound: Inbound) -> None:
    flagged = bool(desk.understander.plain_red_flags(inbound.text).now)
    case = await raise_case(
        uow,
        desk,
        participant,
        kind=CaseKind.SYSTEM,
        level=Level.EMERGENCY if flagged else Level.SAME_DAY,
        about="staff.story.parked",
    )
    site = await site_of(uow, participant.site_code)
    key = f"parked:{inbound.key.bot_id}:{inbound.key.update_id}"
    if flagged:
        text = desk.study.texts[desk.study.triage.emergency_fallback]
        await uow.outbox.put(advice(participant, site, text, key, case_id=case.id), desk.now())
    else:
        said = phrase("patient.words.fault", site_phone=site.phone)
        await uow.outbox.put(to_participant(participant, key, [said], case_id=case.id), desk.now())
