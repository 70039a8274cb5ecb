"""`suifang participant event`, `event-answer` and `grade`: what staff note and investigators judge."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.actions.answer_sae import (
    EventAnswer,
    EventNote,
    answer_sae,
    note_event,
    preview_answer,
    preview_event,
)
from bot.actions.confirm_grade import GradeEntry, confirm_grade, preview_grade
from bot.actions.desk import Desk
from bot.actions.review_participant import report_id_of, sae_task_id_of
from bot.commands.showing import Confirm, Preview, Reason, carried_out
from bot.commands.speaking import AsJson, By, day_typed, moment_typed, tell
from bot.rules.access import AuthMethod
from bot.rules.sae import Causality, SaeAnswer, SaeCause, SaeCriterion
from bot.rules.study import SubjectCode

_CLI = AuthMethod.COMMAND_LINE
_Related = Annotated[Causality | None, typer.Option(case_sensitive=False)]


def event_command(
    code: str,
    cause: Annotated[SaeCause, typer.Option(case_sensitive=False, help="What happened.")],
    aware: Annotated[str, typer.Option(help="When the site learned of it; the clock begins then.")],
    reason: Reason,
    by: By,
    confirm: Confirm = False,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Notes an event that may be serious; an investigator answers whether it was."""
    entry = EventNote(
        subject=SubjectCode(code), cause=cause, aware_at=moment_typed(aware), note=reason, confirmed=confirm
    )
    task = carried_out(entry, by, weigh=preview_event, save=note_event, preview=preview, as_json=as_json)
    tell(as_json, {"event": task.id, "due": task.due_at}, [f"{code}: event {task.id}, due {task.due_at}."])


def event_answer_command(
    code: str,
    serious: Annotated[bool, typer.Option("--serious/--not-serious", help="The investigator's decision.")],
    narrative: Annotated[str, typer.Option(help="What happened, or why it is not serious; no names.")],
    by: By,
    event: Annotated[str | None, typer.Option(help="Its id; needed where several are open.")] = None,
    criterion: Annotated[list[SaeCriterion] | None, typer.Option(case_sensitive=False)] = None,
    started: Annotated[str | None, typer.Option(help="Date on which it began.")] = None,
    to_study_drug: _Related = None,
    to_other_therapy: _Related = None,
    action: Annotated[str, typer.Option(help="What was done with the study drug.")] = "",
    outcome: Annotated[str, typer.Option(help="Of the event.")] = "",
    grade: Annotated[int | None, typer.Option(help="CTCAE.", min=1, max=5)] = None,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Serious or not: ends the clock; the report itself goes the site's own way."""
    answer = SaeAnswer(
        serious=serious,
        narrative=narrative,
        criteria=tuple(one for one in SaeCriterion if one in (criterion or ())),
        started_on=None if started is None else day_typed(started),
        to_study_drug=to_study_drug,
        to_other_therapy=to_other_therapy,
        action_with_drug=action,
        outcome=outcome,
        grade=grade,
    )

    async def entry(desk: Desk) -> EventAnswer:
        return EventAnswer(task_id=await sae_task_id_of(desk, SubjectCode(code), event), answer=answer)

    task = carried_out(entry, by, weigh=preview_answer, save=answer_sae, preview=preview, as_json=as_json)
    told = "serious" if task.serious else "not serious"
    tell(as_json, {"event": task.id, "serious": task.serious}, [f"{code}: event {task.id} is {told}."])


def grade_command(
    code: str,
    symptom: Annotated[str, typer.Argument(help="Its code, as `participant show` names it.")],
    grade: Annotated[int, typer.Argument(help="CTCAE.", min=0, max=5)],
    by: By,
    who: Annotated[int | None, typer.Option(help="WHO bleeding grade, where proposed.", min=0, max=4)] = None,
    report: Annotated[
        str | None, typer.Option(help="Its id or time; needed where it was reported several times.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Needed for another grade than proposed.")] = "",
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Confirms the proposed grade of a symptom, or gives another one with a reason (investigators)."""

    async def entry(desk: Desk) -> GradeEntry:
        return GradeEntry(
            subject=SubjectCode(code),
            report_id=await report_id_of(desk, SubjectCode(code), symptom, report),
            symptom=symptom,
            grade=grade,
            who=who,
            reason=reason,
        )

    decided = carried_out(
        entry, by, weigh=preview_grade, save=confirm_grade, preview=preview, as_json=as_json
    )
    document = {"report": decided.report_id, "symptom": symptom, "grade": decided.grade, "who": decided.who}
    tell(as_json, document, [f"{code}: {symptom} is G{decided.grade}."])
