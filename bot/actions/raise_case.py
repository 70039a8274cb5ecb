"""Opens a case, or raises the one this report already has, in the commit that stored what caused it.

The case keeps a copy of the chain in force. The patient's advice never waits for it.
Source: specification 2.6 and 3.3; architecture, "How an escalation travels".
"""

from __future__ import annotations

from dataclasses import replace

from bot.actions.desk import Desk, site_of
from bot.actions.note_sae import note_potential_sae
from bot.clock import new_id
from bot.rules import escalation, sae
from bot.rules.access import SYSTEM
from bot.rules.case import Case, CaseId, CaseKind
from bot.rules.participant import Participant
from bot.rules.study import Level
from storage.unit_of_work import UnitOfWork


async def raise_case(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    *,
    kind: CaseKind,
    level: Level,
    about: str,
    report_id: str | None = None,
    lab_id: str | None = None,
    is_news: bool = True,
    raising: Case | None = None,
) -> Case:
    """The case for this matter at no less than `level`.

    `about` says what the case is about: a message key `staff.story.…`, or the id of what the patient said.
    One case per report: a second call with the same report adds to it, and raises it if worse. A report
    that only goes on or falls silent after a person has closed its case (not `is_news`) opens no other.
    `raising`: this very case, while it is open.
    """
    if raising is not None and raising.closed_at is None:
        return await _raise(uow, desk, participant, raising, level, about)
    known = [
        case
        for case in await uow.cases.all_of(participant.subject_code)
        if report_id is not None and case.report_id == report_id
    ]
    if known and known[-1].closed_at is None:
        return await _raise(uow, desk, participant, known[-1], level, about)
    if known and not is_news and level <= max(case.level for case in known):
        return known[-1]
    return await _open(
        uow, desk, participant, kind=kind, level=level, about=about, report_id=report_id, lab_id=lab_id
    )


async def _open(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    *,
    kind: CaseKind,
    level: Level,
    about: str,
    report_id: str | None,
    lab_id: str | None,
) -> Case:
    now = desk.now()
    site = await site_of(uow, participant.site_code)
    case = escalation.open_case(
        case_id=CaseId(new_id()),
        participant=participant,
        kind=kind,
        level=level,
        chain=desk.study.chains[level],
        now=now,
        calendar=desk.calendar_of(site),
    )
    case = replace(case, report_id=report_id, lab_id=lab_id)
    await uow.cases.add(case)
    if about:
        await uow.cases.add_event(case.id, "ABOUT", now, "system", about)
    await _audit(uow, desk, case, "system:case:opened", old=None)
    await _ask_if_serious(uow, desk, participant, case)
    return case


async def _raise(
    uow: UnitOfWork, desk: Desk, participant: Participant, case: Case, level: Level, about: str
) -> Case:
    now = desk.now()
    if about:
        await uow.cases.add_event(case.id, "ABOUT", now, "system", about)
    if level <= case.level:
        return case
    site = await site_of(uow, case.site_code)
    raised = escalation.raise_level(case, level, desk.study.chains[level], now, desk.calendar_of(site))
    saved = await uow.cases.save(raised)
    await uow.cases.add_event(case.id, "RAISED", now, "system", f"{case.level.name} {level.name}")
    await _audit(uow, desk, saved, "system:case:raised", old=case.level.name)
    await _ask_if_serious(uow, desk, participant, saved)
    return saved


async def _ask_if_serious(uow: UnitOfWork, desk: Desk, participant: Participant, case: Case) -> None:
    """A case of this level may be a serious event; a person answers within its clock. Source: 3.6."""
    if case.kind is CaseKind.SYSTEM:
        return
    causes = sae.causes_of(desk.study.sae, level=case.level)
    await note_potential_sae(uow, desk, participant, causes, case_id=case.id)


async def _audit(uow: UnitOfWork, desk: Desk, case: Case, kind: str, *, old: str | None) -> None:
    await uow.audit.record(
        kind=kind,
        actor=SYSTEM,
        at=desk.now(),
        subject=case.subject_code,
        entity="case",
        entity_id=case.id,
        field="level",
        old=old,
        new=case.level.name,
    )
