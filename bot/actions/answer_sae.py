"""A potentially serious event noted by a person, and answered by an investigator: serious or not.

The bot never decides seriousness, causality or expectedness; the report itself goes the site's own way.
Source: specification 3.6.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from bot.actions.chart import Chart, chart_in, confirmed, opened, reasoned
from bot.actions.desk import Desk
from bot.actions.note_sae import note_potential_sae
from bot.actions.speak import phrase
from bot.rules import sae
from bot.rules.access import Act, AuthMethod
from bot.rules.changes import Effects
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.sae import SaeAnswer, SaeCause, SaeTask, SaeTaskId
from bot.rules.study import StaffCode, SubjectCode

# What a person notes by hand; the rest follows from reports, results and the end of participation.
NOTED_BY_HAND = (
    SaeCause.ADMITTED,
    SaeCause.TREATED,
    SaeCause.PREGNANCY,
    SaeCause.MEDICATION_ERROR,
    SaeCause.SPECIAL_INTEREST,
    SaeCause.SITE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventNote:
    """`aware_at`: when the site learned of it; the clock begins then. `note` says what happened."""

    subject: SubjectCode
    cause: SaeCause
    aware_at: datetime
    note: str
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventAnswer:
    task_id: SaeTaskId
    answer: SaeAnswer


async def preview_event(desk: Desk, *, entry: EventNote, by: StaffCode, auth: AuthMethod) -> Effects:
    """What noting it would begin; writes nothing."""
    async with opened(
        desk, entry.subject, by=by, act=Act.NOTE_SAE, auth=auth, writing=False, ended_too=True
    ) as chart:
        return await weigh_event(chart, entry)


async def note_event(desk: Desk, *, entry: EventNote, by: StaffCode, auth: AuthMethod) -> SaeTask:
    """Raises the question whether it was serious; its clock runs from when the site knew.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: in the future; no word of what happened.
        Held: a question of this kind stands open already; not yet confirmed.
    """
    note = reasoned(entry.note)
    async with opened(desk, entry.subject, by=by, act=Act.NOTE_SAE, auth=auth, ended_too=True) as chart:
        confirmed(await weigh_event(chart, entry), by_person=entry.confirmed)
        task = await note_potential_sae(
            chart.uow, chart.desk, chart.participant, (entry.cause,), aware_at=entry.aware_at
        )
        if task is None:
            raise LookupError("a cause raises a question")
        await chart.write("staff:sae:noted", "sae", task.id, new=entry.cause.value, reason=note)
        return task


async def weigh_event(chart: Chart, entry: EventNote) -> Effects:
    """When the answer is due, and whether the same question stands open already.

    Raises:
        Refusal: in the future.
    """
    if entry.aware_at > chart.now:
        raise Refusal("refusal.in_future")
    due_at = entry.aware_at + chart.desk.study.sae.due_within
    late = due_at <= chart.now
    notes = (phrase("operator.effect.sae_overdue" if late else "operator.effect.sae_due", due=due_at),)
    known = await chart.uow.sae_tasks.of(chart.subject)
    standing = [one for one in known if one.answered_at is None and entry.cause in one.causes]
    asks = tuple(phrase("operator.ask.sae_open", at=one.raised_at) for one in standing[:1])
    return chart.weigh(chart.course, asks=asks, notes=notes)


async def preview_answer(desk: Desk, *, entry: EventAnswer, by: StaffCode, auth: AuthMethod) -> Effects:
    """What the answer would settle; writes nothing."""
    async with _asked(desk, entry, by=by, auth=auth, writing=False) as (chart, task):
        return weigh_answer(chart, task, entry.answer)


async def answer_sae(desk: Desk, *, entry: EventAnswer, by: StaffCode, auth: AuthMethod) -> SaeTask:
    """The investigator's decision ends the clock; the report itself goes the site's own way.

    Raises:
        NotEntitled: not an investigator of this site, or no such task.
        Refusal: answered already; serious without a criterion; without a reason.
        StaleVersion: somebody answered it meanwhile.
    """
    async with _asked(desk, entry, by=by, auth=auth, writing=True) as (chart, task):
        weigh_answer(chart, task, entry.answer)
        answer = entry.answer
        answered = replace(
            task,
            answered_by=chart.staff.code,
            answered_at=chart.now,
            serious=answer.serious,
            next_step_at=None,
        )
        saved = await chart.uow.sae_tasks.save(answered, answer)
        await chart.write(
            "staff:sae:answered",
            "sae",
            task.id,
            new="serious" if answer.serious else "not serious",
            reason=",".join(answer.criteria) or None,
        )
        return saved


def weigh_answer(chart: Chart, task: SaeTask, answer: SaeAnswer) -> Effects:
    """What stands on record with this answer, and whether it came in time.

    Raises:
        Refusal: see `answer_sae`.
    """
    sae.check_answer(task, answer)
    if answer.serious:
        boxes = tuple(phrase(f"operator.sae.{one.value.lower()}") for one in answer.criteria)
        notes = [phrase("operator.effect.sae_serious", criteria=boxes)]
        notes.append(phrase("operator.effect.sae_own_way"))
    else:
        notes = [phrase("operator.effect.sae_not_serious")]
    if task.due_at is not None:
        in_time = chart.now <= task.due_at
        key = "operator.effect.sae_in_time" if in_time else "operator.effect.sae_late"
        notes.append(phrase(key, due=task.due_at))
    return chart.weigh(chart.course, notes=tuple(notes))


@asynccontextmanager
async def _asked(
    desk: Desk, entry: EventAnswer, *, by: StaffCode, auth: AuthMethod, writing: bool
) -> AsyncIterator[tuple[Chart, SaeTask]]:
    async with desk.archive.begin() if writing else desk.archive.read() as uow:
        task = await uow.sae_tasks.get(entry.task_id)
        if task is None:
            raise NotEntitled()
        chart = await chart_in(
            uow, desk, task.subject_code, by=by, act=Act.ANSWER_SAE, auth=auth, ended_too=True
        )
        yield chart, task
