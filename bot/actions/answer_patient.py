"""Words of staff to a patient, relayed by the bot: neither sees the account of the other.

The patient reads them as from her study team; the record keeps who wrote them. Writing closes nothing, and in
an emergency nobody should type: such cases offer no button for it.
Source: issue "rehearse a trial" (answer a patient's message through the bot); specification 5.4.
"""

from __future__ import annotations

from bot.actions.alert_staff import show_progress
from bot.actions.desk import Desk, actor_of, entitled
from bot.actions.relay_question import show_answered
from bot.actions.report_death import death_is_reported
from bot.actions.speak import home_rows, participant_as_recipient, phrase, to_participant
from bot.rules.access import Act, AuthMethod, Staff
from bot.rules.case import CaseId
from bot.rules.errors import Refusal
from bot.rules.participant import TERMINAL_STATES, Participant
from bot.rules.study import SubjectCode
from storage.unit_of_work import UnitOfWork

# Leaves room for the heading within one message of Telegram.
LONGEST = 3000


async def check_answerable(uow: UnitOfWork, participant: Participant) -> None:
    """Somebody can be written to in this chat.

    Raises:
        Refusal: she has left, a death was reported, or nobody reads here; phone instead.
    """
    subject = participant.subject_code
    if participant.state in TERMINAL_STATES or await death_is_reported(uow, participant):
        raise Refusal("refusal.participant_ended", subject=subject)
    linked = await uow.identities.chat_of(participant_as_recipient(subject)) is not None
    if not linked or participant.joined_at is None or participant.unreachable_since is not None:
        raise Refusal("refusal.no_chat_with_patient", subject=subject)


async def send_words(
    uow: UnitOfWork,
    desk: Desk,
    staff: Staff,
    *,
    subject: SubjectCode,
    text: str,
    case_id: str | None,
    key: str,
) -> None:
    """Puts the words into her chat; `case_id`: the case they answer.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: nobody can be written to there, or the words are too long.
    """
    staff, participant = await entitled(uow, staff.code, Act.ANSWER_PATIENT, subject)
    await check_answerable(uow, participant)
    if len(text) > LONGEST:
        raise Refusal("refusal.words_too_long", most=LONGEST)
    now = desk.now()
    case = await uow.cases.get(CaseId(case_id)) if case_id else None
    said = phrase("patient.from_team", words=text)
    await uow.outbox.put(
        to_participant(
            participant,
            f"from-team:{key}",
            [said],
            buttons=home_rows(),
            case_id=case.id if case is not None else None,
        ),
        now,
    )
    if case is not None and case.subject_code == subject:
        await show_answered(uow, desk, participant, case)
        await uow.cases.add_event(case.id, "ANSWERED", now, staff.code, text)
        await show_progress(uow, desk, case, said_by=key)
    await uow.audit.record(
        kind="staff:patient:written_to",
        actor=actor_of(staff, Act.ANSWER_PATIENT, participant.site_code, AuthMethod.TELEGRAM),
        at=now,
        subject=subject,
        entity="case" if case is not None else "participant",
        entity_id=case.id if case is not None else subject,
    )
