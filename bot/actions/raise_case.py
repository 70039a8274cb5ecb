"""Opens a case, or raises the one this report already has, in the commit that stored what caused it.

The case keeps a copy of the chain in force. The patient's advice never waits for it.
Source: specification 2.6 and 3.3; architecture, "How an escalation travels".
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.actions.alert_staff import TOLD_AGAIN, show_progress, tell_rung
from bot.actions.desk import Desk, site_of
from bot.actions.hold_over_night import ask_if_it_can_wait, cannot_wait
from bot.actions.note_sae import note_potential_sae
from bot.actions.speak import phrase
from bot.clock import new_id
from bot.rules import escalation, sae
from bot.rules.access import SYSTEM
from bot.rules.case import Case, CaseId, CaseKind
from bot.rules.matters import How, Matter, belongs
from bot.rules.participant import Participant
from bot.rules.study import Level, Role, SubjectCode
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
    symptoms: Collection[str] = (),
    acknowledge_within: timedelta | None = None,
    also: Sequence[Role] = (),
) -> Case:
    """The case for this matter at no less than `level`.

    `about` says what the case is about: a message key `staff.story.…`, or the id of what the patient said.
    `symptoms` are the catalogue codes that it names. One case per report: a second call with the same report
    adds to it, and raises it if worse. A report that only goes on or falls silent after a person has closed
    its case (not `is_news`) opens no other. A new report of the same symptoms belongs to the case they have.
    `raising`: this very case, while it is open. `acknowledge_within`: the limit that a new case of this
    matter has instead of its chain's. `also`: who has a copy of its first alert.
    """
    named = frozenset(symptoms)
    if raising is not None and raising.closed_at is None:
        return await _raise(uow, desk, participant, raising, level, about, named)
    matters = await matters_of(uow, participant.subject_code)
    known = [] if report_id is None else await _of_report(uow, matters, report_id)
    still_open = [one for one in known if one.case.closed_at is None]
    own = next((one for one in still_open if one.case.report_id == report_id), None)
    if own is not None:
        return await _raise(uow, desk, participant, own.case, level, about, named)
    if still_open and named <= still_open[-1].symptoms:
        return await _raise(uow, desk, participant, still_open[-1].case, level, about, named)
    if known and not is_news and level <= max(one.case.level for one in known):
        return known[-1].case
    where = belongs(matters, participant.site_code, named, level, desk.now())
    if where.case is not None:
        return await _join(uow, desk, participant, where.case, where.how, level, about, named, report_id)
    return await _open(
        uow,
        desk,
        participant,
        kind=kind,
        level=level,
        about=about,
        report_id=report_id,
        lab_id=lab_id,
        symptoms=named,
        acknowledge_within=acknowledge_within,
        also=also,
    )


async def ring_case_anew(
    uow: UnitOfWork, desk: Desk, participant: Participant, case: Case, level: Level, about: str
) -> Case:
    """An open case of which the same is told once more: rung from the start of its chain, taken by nobody."""
    saved = await _ring_anew(uow, desk, participant, case, level, about, frozenset(), "RUNG_ANEW")
    await _ask_if_serious(uow, desk, participant, saved)
    return saved


async def matters_of(uow: UnitOfWork, subject: SubjectCode) -> tuple[Matter, ...]:
    """Her cases with the symptoms they are about, oldest first."""
    return tuple(
        [
            Matter(case, frozenset(await _notes(uow, case, "SYMPTOMS")))
            for case in await uow.cases.all_of(subject)
        ]
    )


async def _of_report(uow: UnitOfWork, matters: Sequence[Matter], report_id: str) -> list[Matter]:
    """The cases of this report: the one it opened, and one it has joined; oldest first."""
    return [
        one
        for one in matters
        if one.case.report_id == report_id or report_id in await _notes(uow, one.case, "REPORT")
    ]


async def _notes(uow: UnitOfWork, case: Case, kind: str) -> list[str]:
    notes = [event.note for event in await uow.cases.events(case.id) if event.kind == kind]
    return [code for note in notes for code in note.split(",") if code]


async def _join(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    case: Case,
    how: How,
    level: Level,
    about: str,
    symptoms: frozenset[str],
    report_id: str | None,
) -> Case:
    """The new report goes to the case there is: said to those who were rung, or rung from the start."""
    now = desk.now()
    if report_id is not None:
        await uow.cases.add_event(case.id, "REPORT", now, "system", report_id)
    match how:
        case How.RAISE:
            return await _raise(uow, desk, participant, case, level, about, symptoms)
        case How.RING_ANEW | How.REOPEN:
            event = "REOPENED" if how is How.REOPEN else "RUNG_ANEW"
            saved = await _ring_anew(uow, desk, participant, case, level, about, symptoms, event)
            await _ask_if_serious(uow, desk, participant, saved)
            return saved
        case How.JOIN | How.OWN:
            await _note(uow, desk, case, about, symptoms)
            said = phrase("staff.alert.reported_again", subject=case.subject_code, at=now)
            await tell_rung(uow, desk, case, said, f"reported-again:{case.id}:{new_id()}")
            await show_progress(uow, desk, case, said_by=new_id())
            return case


async def _ring_anew(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    case: Case,
    level: Level,
    about: str,
    symptoms: frozenset[str],
    event: str,
) -> Case:
    await _note(uow, desk, case, about, symptoms)
    site = await site_of(uow, case.site_code)
    higher = max(level, case.level)
    anew = escalation.ring_anew(
        case,
        desk.study.chain_at(case.site_code, higher),
        desk.now(),
        desk.calendar_of(site),
        level=higher,
        cannot_wait=await cannot_wait(uow, desk, participant, higher),
    )
    saved = await uow.cases.save(anew)
    seen_to = TOLD_AGAIN if case.acknowledged_at is not None else ""
    before = case.outcome.value if case.outcome is not None else seen_to
    await uow.cases.add_event(case.id, event, desk.now(), "system", before)
    await _audit(uow, desk, saved, f"system:case:{event.lower()}", old=case.level.name)
    await ask_if_it_can_wait(uow, desk, participant, saved)
    return saved


async def _note(uow: UnitOfWork, desk: Desk, case: Case, about: str, symptoms: frozenset[str]) -> None:
    """What a case is about, and which symptoms it names that it did not name before."""
    if about:
        await uow.cases.add_event(case.id, "ABOUT", desk.now(), "system", about)
    fresh = symptoms - set(await _notes(uow, case, "SYMPTOMS"))
    if fresh:
        await uow.cases.add_event(case.id, "SYMPTOMS", desk.now(), "system", ",".join(sorted(fresh)))


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
    symptoms: frozenset[str],
    acknowledge_within: timedelta | None,
    also: Sequence[Role],
) -> Case:
    now = desk.now()
    site = await site_of(uow, participant.site_code)
    chain = desk.study.chain_at(site.code, level)
    case = escalation.open_case(
        case_id=CaseId(new_id()),
        participant=participant,
        kind=kind,
        level=level,
        chain=escalation.with_copy(escalation.with_limit(chain, acknowledge_within), also),
        now=now,
        calendar=desk.calendar_of(site),
        cannot_wait=await cannot_wait(uow, desk, participant, level),
    )
    case = replace(case, report_id=report_id, lab_id=lab_id)
    await uow.cases.add(case)
    await _note(uow, desk, case, about, symptoms)
    await _audit(uow, desk, case, "system:case:opened", old=None)
    await _ask_if_serious(uow, desk, participant, case)
    await ask_if_it_can_wait(uow, desk, participant, case)
    return case


async def _raise(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    case: Case,
    level: Level,
    about: str,
    symptoms: frozenset[str],
) -> Case:
    now = desk.now()
    await _note(uow, desk, case, about, symptoms)
    if level <= case.level:
        return case
    site = await site_of(uow, case.site_code)
    raised = escalation.raise_level(
        case,
        level,
        desk.study.chain_at(case.site_code, level),
        now,
        desk.calendar_of(site),
        cannot_wait=await cannot_wait(uow, desk, participant, level),
    )
    saved = await uow.cases.save(raised)
    note = f"{case.level.name} {level.name} {case.acknowledged_by or ''}".strip()
    await uow.cases.add_event(case.id, "RAISED", now, "system", note)
    await _audit(uow, desk, saved, "system:case:raised", old=case.level.name)
    await _ask_if_serious(uow, desk, participant, saved)
    await ask_if_it_can_wait(uow, desk, participant, saved)
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
