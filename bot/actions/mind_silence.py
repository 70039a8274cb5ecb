"""The case about a participant from whom nobody hears: one at a time, until she is heard of.

A person phones and writes down what came of it (`record_call`), or she answers by herself, which ends it.
Source: specification 1.8 (non-response).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.actions.alert_staff import show_progress
from bot.actions.desk import Desk, patient_actor
from bot.actions.raise_case import raise_case, ring_case_anew
from bot.rules import escalation
from bot.rules.asked_check_ins import AskedCheckIn
from bot.rules.case import Case, CaseKind, Outcome
from bot.rules.participant import Participant
from bot.rules.silence import ABOUT_SILENCE, Silence
from bot.rules.study import Level, StaffCode, SubjectCode
from storage.unit_of_work import UnitOfWork


async def silence_of(
    uow: UnitOfWork, subject: SubjectCode, asked: tuple[AskedCheckIn, ...], reported_at: Sequence[datetime]
) -> Silence:
    """What is on record of being asked and being heard, by whatever way."""
    by_herself = Silence(asked=asked, heard_at=tuple(reported_at))
    if not by_herself.unanswered():
        return by_herself
    cases = await uow.cases.all_of(subject)
    about_it = [case for case in cases if await is_about_silence(uow, case)]
    spoken_at = [case.contacted_at for case in cases if case.contacted_at is not None]
    ended_at = [case.closed_at for case in about_it if case.closed_at is not None]
    waiting = [case.level for case in about_it if case.closed_at is None and case.contacted_at is None]
    return Silence(
        asked=asked,
        heard_at=(*reported_at, *spoken_at, *ended_at),
        waits_at=max(waiting, default=None),
    )


async def is_about_silence(uow: UnitOfWork, case: Case) -> bool:
    """Whether this case asks for a call because she did not answer."""
    if case.kind is not CaseKind.REQUEST:
        return False
    return any(one.kind == "ABOUT" and one.note in ABOUT_SILENCE for one in await uow.cases.events(case.id))


async def raise_silence(
    uow: UnitOfWork, desk: Desk, participant: Participant, level: Level, about: str
) -> Case:
    """The one case about her silence: opened, raised, or rung anew where she was spoken with meanwhile."""
    standing = await _open_case(uow, participant.subject_code)
    if standing is not None and standing.contacted_at is not None:
        return await ring_case_anew(uow, desk, participant, standing, level, about)
    return await raise_case(
        uow, desk, participant, kind=CaseKind.REQUEST, level=level, about=about, raising=standing
    )


async def end_silence(uow: UnitOfWork, desk: Desk, participant: Participant) -> None:
    """She has begun a report: nobody needs to phone her for being silent any more, and every card says so."""
    for case in await uow.cases.open_of(participant.subject_code):
        if await is_about_silence(uow, case):
            await _end(uow, desk, participant, case)


async def _end(uow: UnitOfWork, desk: Desk, participant: Participant, case: Case) -> None:
    now, her = desk.now(), StaffCode(participant.subject_code)
    ended = await uow.cases.save(escalation.close(case, her, Outcome.ANSWERED, now, attempts=0))
    await uow.cases.add_event(case.id, "CLOSED", now, her, "")
    await uow.audit.record(
        kind="patient:silence:ended",
        actor=patient_actor(participant),
        at=now,
        subject=participant.subject_code,
        entity="case",
        entity_id=case.id,
        field="outcome",
        new=Outcome.ANSWERED.value,
    )
    await show_progress(uow, desk, ended)


async def _open_case(uow: UnitOfWork, subject: SubjectCode) -> Case | None:
    for case in await uow.cases.open_of(subject):
        if await is_about_silence(uow, case):
            return case
    return None
