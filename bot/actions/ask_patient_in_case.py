"""The patient loop of a case: "have you called 120?", "has the team reached you?" and her answers.

An answer never closes or lowers a case; *worse* raises it. Source: specification 3.3; decisions "Triage".
"""

from __future__ import annotations

from bot.actions.advance_escalations import ring_for_her
from bot.actions.alert_staff import tell_answer
from bot.actions.desk import Desk, patient_actor, site_of
from bot.actions.give_advice import give_advice
from bot.actions.raise_case import raise_case
from bot.actions.report_death import end_questions
from bot.actions.report_symptoms import begin_report
from bot.actions.speak import phrase, to_participant
from bot.rules.case import Case, CaseId
from bot.rules.inbound import Inbound
from bot.rules.messages import Phrase
from bot.rules.participant import Participant
from bot.rules.report import OpenedBy
from bot.rules.study import Level
from storage.unit_of_work import UnitOfWork

ANSWERS = frozenset(
    {
        "called",
        "onway",
        "notyet",
        "stopped",
        "reached",
        "notreached",
        "better",
        "same",
        "worse",
        "canwait",
        "cannotwait",
    }
)
# After these she is asked no more; staff are rung on.
_SETTLED = frozenset({"called", "onway", "reached"})
_ALARMING = frozenset({"notyet", "worse"})


async def answer_in_case(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, case_id: str, answer: str
) -> Phrase | None:
    """Stores the answer with the case and tells the staff on it. Returns a notice for an old button."""
    case = await uow.cases.get(CaseId(case_id))
    if case is None or case.subject_code != participant.subject_code or answer not in ANSWERS:
        return phrase("patient.stale")
    now = desk.now()
    if case.closed_at is not None and answer != "worse":
        return phrase("patient.case.over")
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
    await tell_answer(uow, desk, case, answer, inbound)
    await _answer(uow, desk, inbound, participant, case, answer)
    return None


async def _answer(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, case: Case, answer: str
) -> None:
    site = await site_of(uow, participant.site_code)
    key = f"heard:{case.id}:{inbound.key.update_id}"
    if answer == "worse" and case.level < Level.URGENT:
        # A morning after: she is asked anew, and the answers say how bad it is. Source: specification 3.3.
        await begin_report(uow, desk, participant, OpenedBy.TAP)
        return
    if answer in _ALARMING:
        alarm = await _raised(uow, desk, participant, case, answer)
        await give_advice(uow, desk, participant, (desk.study.triage.emergency_fallback,), key, alarm)
        return
    if answer == "cannotwait" and case.level < Level.URGENT:
        urgent = await _urgent(uow, desk, participant, case)
        await give_advice(uow, desk, participant, (desk.study.triage.urgent_fallback,), key, urgent)
        return
    if answer == "notreached" and case.level >= Level.URGENT:
        await ring_for_her(uow, desk, case)
    if answer in _SETTLED:
        await end_questions(uow, case, desk, site.time_zone)
    said = phrase(f"patient.case.{answer}", site_phone=site.phone)
    await uow.outbox.put(to_participant(participant, key, [said], case_id=case.id), desk.now())


async def _urgent(uow: UnitOfWork, desk: Desk, participant: Participant, case: Case) -> Case:
    """It cannot wait until the morning. Source: specification 3.4 ("no → URGENT")."""
    return await raise_case(
        uow,
        desk,
        participant,
        kind=case.kind,
        level=Level.URGENT,
        about="staff.story.cannot_wait",
        report_id=case.report_id,
        lab_id=case.lab_id,
        raising=case,
    )


async def _raised(uow: UnitOfWork, desk: Desk, participant: Participant, case: Case, answer: str) -> Case:
    """*Worse* is an EMERGENCY, also where the case was closed; *not yet* leaves the case as it is."""
    if answer != "worse":
        return case
    return await raise_case(
        uow,
        desk,
        participant,
        kind=case.kind,
        level=Level.EMERGENCY,
        about="staff.story.worse",
        report_id=case.report_id,
        lab_id=case.lab_id,
        raising=case,
    )
