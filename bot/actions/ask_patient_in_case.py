"""The patient loop of a case: "have you called 120?", "has the team reached you?" and her answers.

An answer never closes or lowers a case; *worse* raises it. Source: specification 3.3; decisions "Triage".
"""

from __future__ import annotations

from bot.actions.alert_staff import tell_answer
from bot.actions.desk import Desk, patient_actor, site_of
from bot.actions.raise_case import raise_case
from bot.actions.speak import advice, phrase, to_participant
from bot.rules.case import CaseId
from bot.rules.inbound import Inbound
from bot.rules.messages import Phrase
from bot.rules.participant import Participant
from bot.rules.study import Level
from storage.unit_of_work import UnitOfWork

ANSWERS = frozenset({"called", "onway", "notyet", "stopped", "reached", "notreached", "worse"})


async def answer_in_case(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, case_id: str, answer: str
) -> Phrase | None:
    """Stores the answer with the case and tells the staff on it. Returns a notice for an old button."""
    case = await uow.cases.get(CaseId(case_id))
    if case is None or case.subject_code != participant.subject_code or answer not in ANSWERS:
        return phrase("patient.stale")
    now = desk.now()
    await uow.cases.add_event(case.id, "PATIENT_ANSWERED", now, participant.subject_code, answer)
    await uow.audit.record(
        kind="patient:case:answered",
        actor=patient_actor(participant),
        at=now,
        subject=participant.subject_code,
        entity="case",
        entity_id=case.id,
        new=answer,
    )
    site = await site_of(uow, participant.site_code)
    key = f"loop:{case.id}:{inbound.key.update_id}"
    if answer == "worse" and case.closed_at is None:
        case = await raise_case(
            uow,
            desk,
            participant,
            kind=case.kind,
            level=Level.EMERGENCY,
            about="staff.story.worse",
            report_id=case.report_id,
        )
    if answer in ("notyet", "worse"):
        text = desk.study.texts[desk.study.triage.emergency_fallback]
        await uow.outbox.put(advice(participant, site, text, key, case_id=case.id), desk.now())
    else:
        said = phrase(f"patient.case.{answer}", site_phone=site.phone)
        await uow.outbox.put(to_participant(participant, key, [said], case_id=case.id), desk.now())
    await tell_answer(uow, desk, case, answer, inbound)
    return None
