"""What a report leaves in the record: its row, each answer as given, each judgement, and its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.actions.desk import Desk
from bot.actions.mind_silence import end_silence
from bot.clock import new_id
from bot.rules.participant import Participant
from bot.rules.progress import Progress
from bot.rules.report import Answer, AnswerId, Assessment, Report, ReportId, ReportStatus
from bot.rules.step import Finished, Given, Step
from bot.rules.study import Level
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """An answer she has changed: as it was, and as it is now."""

    before: Answer
    now: Given


async def open_row(
    uow: UnitOfWork, desk: Desk, participant: Participant, progress: Progress, check_in_key: str | None
) -> None:
    """The report's row, once she has begun it: one that was only offered leaves no trace of a report."""
    if await uow.reports.get(progress.report_id) is not None:
        return
    await uow.reports.open(
        Report(
            id=ReportId(progress.report_id),
            subject_code=participant.subject_code,
            opened_at=desk.now(),
            status=ReportStatus.OPEN,
            opened_by=progress.opened_by,
            reporter=None,
            language=participant.language,
            catalogue_version=progress.catalogue_version,
            level=Level.NONE,
            check_in_key=check_in_key,
        )
    )
    await end_silence(uow, desk, participant)


async def store_answers(
    uow: UnitOfWork, desk: Desk, participant: Participant, progress: Progress, given: Iterable[Given]
) -> Sequence[Replaced]:
    """Stores them as given; gives those that change an earlier answer, which stays stored."""
    given = tuple(given)
    if not given:
        return ()
    standing = {
        (one.symptom, one.question): one
        for one in await uow.reports.answers(progress.report_id)
        if one.replaced_by is None
    }
    changed = []
    for one in given:
        before = standing.get((one.symptom, one.question))
        if before is not None and (before.codes, before.typed) != (one.codes, one.typed):
            changed.append(Replaced(before=before, now=one))
        await uow.reports.add_answer(_answer(participant, progress, one))
    return changed


def _answer(participant: Participant, progress: Progress, given: Given) -> Answer:
    return Answer(
        id=AnswerId(new_id()),
        report_id=ReportId(progress.report_id),
        symptom=given.symptom,
        question=given.question,
        codes=given.codes,
        typed=given.typed,
        language=participant.language,
        wording_shown=given.asked.words.said_in(participant.language)
        if given.asked.words
        else given.asked.key,
        catalogue_version=progress.catalogue_version,
        shown_at=given.shown_at,
        answered_at=given.answered_at,
        assumed=given.assumed,
    )


async def store_assessments(uow: UnitOfWork, desk: Desk, step: Step) -> None:
    """Each symptom as judged now; only what changed since the last time is written."""
    judged = step.finished.assessed if step.finished is not None else step.assessed
    if not judged:
        return
    report_id = ReportId(step.progress.report_id)
    last = {one.symptom: one for one in await uow.reports.assessments(report_id)}
    for one in judged:
        new = Assessment(
            report_id=report_id,
            symptom=one.symptom,
            grade=one.graded.grade,
            who=one.graded.who,
            base_level=one.graded.level,
            level=one.level,
            term=one.graded.term,
            rules=one.rules,
            at=desk.now(),
        )
        known = last.get(one.symptom)
        if known is None or replace(known, at=new.at) != new:
            await uow.reports.add_assessment(new)


async def close_row(uow: UnitOfWork, desk: Desk, report_id: str, finished: Finished) -> None:
    """The report as it ended."""
    report = await uow.reports.get(report_id)
    if report is None:
        raise LookupError("a report under way is not in the archive")
    await uow.reports.save(
        replace(
            report,
            status=finished.status,
            level=finished.level,
            reporter=finished.reporter,
            closed_at=desk.now(),
        )
    )


async def close_unfinished(uow: UnitOfWork, desk: Desk, report_id: str, level: Level) -> None:
    """A report that cannot go on ends as INCOMPLETE, never as "no symptoms"."""
    report = await uow.reports.get(report_id)
    if report is not None and report.status is ReportStatus.OPEN:
        ended = replace(report, status=ReportStatus.INCOMPLETE, level=level, closed_at=desk.now())
        await uow.reports.save(ended)
