"""What an investigator judges: whether an event was serious, and which grade a symptom had."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from bot.actions.answer_sae import (
    NOTED_BY_HAND,
    EventAnswer,
    EventNote,
    answer_sae,
    note_event,
    preview_answer,
    preview_event,
)
from bot.actions.confirm_grade import CTCAE, WHO, GradeEntry, confirm_grade, preview_grade
from bot.actions.open_entry import judged_of, sae_task_of
from bot.rules.access import Act
from bot.rules.messages import Phrase
from bot.rules.report import Assessment, ReportId
from bot.rules.sae import Causality, SaeAnswer, SaeCause, SaeCriterion, SaeTask, SaeTaskId
from handlers.console.forms import Entry, Field, FieldKind, Form, Values, choice, day, moment, whole_number
from handlers.console.sheets import REASON, Sheet, optional, served, sheet_of

_AWARE = Field(
    name="aware", label="console.entry.aware", kind=FieldKind.MOMENT, hint="console.entry.aware_hint"
)
_WHAT_HAPPENED = Field(
    name="narrative",
    label="console.entry.narrative",
    kind=FieldKind.WORDS,
    hint="console.entry.narrative_hint",
)


async def event(request: Request) -> Response:
    """An event that may be serious, noted by hand."""
    return await served(request, _event_form(await sheet_of(request, Act.NOTE_SAE)))


async def event_answer(request: Request) -> Response:
    """Serious or not: the investigator's answer."""
    sheet = await sheet_of(request, Act.ANSWER_SAE)
    task_id = SaeTaskId(request.path_params["task_id"])
    return await served(request, _answer_form(sheet, await sae_task_of(sheet.desk, sheet.opened, task_id)))


async def grade(request: Request) -> Response:
    """The grade of a symptom, confirmed or another one."""
    sheet = await sheet_of(request, Act.CONFIRM_GRADE)
    report_id, symptom = ReportId(request.path_params["report_id"]), request.path_params["symptom"]
    judged = await judged_of(sheet.desk, sheet.opened, report_id, symptom)
    return await served(request, _grade_form(sheet, judged))


# ---------------------------------------------------------------- serious events


def _event_form(sheet: Sheet) -> Form:
    def read(values: Values) -> Entry:
        def made(confirmed: bool) -> EventNote:
            return EventNote(
                subject=sheet.subject,
                cause=choice(values, "cause", SaeCause),
                aware_at=moment(values, "aware", sheet.zone),
                note=values["narrative"],
                confirmed=confirmed,
            )

        return sheet.entry(
            made, preview=preview_event, action=note_event, back_to=lambda task: f"#event-{task.id}"
        )

    causes = [(one.name, sheet.speech.word(one)) for one in NOTED_BY_HAND]
    return sheet.form(
        sheet.titled("event"),
        Field(name="cause", label="console.entry.cause", kind=FieldKind.CHOICE, choices=[("", ""), *causes]),
        _AWARE,
        _WHAT_HAPPENED,
        read=read,
    )


def _answer_form(sheet: Sheet, task: SaeTask) -> Form:
    def read(values: Values) -> Entry:
        answer = SaeAnswer(
            serious=values["serious"] == "yes",
            narrative=values["narrative"],
            criteria=tuple(one for one in SaeCriterion if values[one.value] == "yes"),
            started_on=day(values, "started"),
            to_study_drug=_causality(values, "to_study_drug"),
            to_other_therapy=_causality(values, "to_other_therapy"),
            action_with_drug=values["action"],
            outcome=values["outcome"],
            grade=whole_number(values, "grade") if values["grade"] else None,
        )
        entry = EventAnswer(task_id=task.id, answer=answer)
        return sheet.entry(
            lambda _: entry, preview=preview_answer, action=answer_sae, back_to=f"#event-{task.id}"
        )

    speech = sheet.speech
    answers = [
        ("", ""),
        ("yes", speech.say("console.sae.serious")),
        ("no", speech.say("console.sae.not_serious")),
    ]
    return sheet.form(
        sheet.titled("event_answer", at=task.raised_at),
        Field(name="serious", label="console.sae.question", kind=FieldKind.CHOICE, choices=answers),
        *(
            Field(
                name=one.value,
                label=f"operator.sae.{one.value.lower()}",
                kind=FieldKind.TICK,
                required=False,
            )
            for one in SaeCriterion
        ),
        Field(name="started", label="console.sae.started", kind=FieldKind.DAY, required=False),
        _causality_field(sheet, "to_study_drug"),
        _causality_field(sheet, "to_other_therapy"),
        Field(name="action", label="console.sae.action", required=False),
        Field(name="outcome", label="console.sae.outcome", required=False),
        Field(
            name="grade",
            label="console.entry.grade",
            kind=FieldKind.CHOICE,
            choices=[("", ""), *((str(one), f"G{one}") for one in CTCAE if one)],
            required=False,
        ),
        _WHAT_HAPPENED,
        read=read,
        told=tuple(_told_of(task)),
    )


def _told_of(task: SaeTask) -> list[Phrase]:
    causes = tuple(Phrase(key=f"staff.sae_cause.{one.name}") for one in task.causes)
    told = [Phrase(key="console.sae.causes", values={"causes": causes})]
    if task.due_at is not None:
        told.append(Phrase(key="console.worklist.answer_by", values={"at": task.due_at}))
    return told


def _causality_field(sheet: Sheet, name: str) -> Field:
    words = [(one.name, sheet.speech.word(one)) for one in Causality]
    return Field(
        name=name,
        label=f"console.sae.{name}",
        kind=FieldKind.CHOICE,
        choices=[("", ""), *words],
        required=False,
    )


def _causality(values: Values, name: str) -> Causality | None:
    return choice(values, name, Causality) if values[name] else None


# ---------------------------------------------------------------- grades


def _grade_form(sheet: Sheet, judged: Assessment) -> Form:
    def read(values: Values) -> Entry:
        entry = GradeEntry(
            subject=sheet.subject,
            report_id=judged.report_id,
            symptom=judged.symptom,
            grade=whole_number(values, "grade"),
            who=whole_number(values, "who") if values.get("who") else None,
            reason=values["reason"],
        )
        return sheet.entry(
            lambda _: entry,
            preview=preview_grade,
            action=confirm_grade,
            back_to=f"#report-{judged.report_id}",
        )

    symptom = sheet.opened.study.symptom(judged.symptom)
    proposed = f"G{judged.grade}" if judged.who is None else f"G{judged.grade} WHO {judged.who}"
    told = [Phrase(key="console.entry.proposed", values={"grade": proposed})]
    if judged.term:
        told.append(Phrase(key="console.entry.term", values={"term": judged.term}))
    return sheet.form(
        sheet.titled("grade_title", symptom=sheet.speech.said(symptom.label), at=judged.at),
        _graded("grade", "G", CTCAE),
        *(() if judged.who is None else (_graded("who", "WHO ", WHO),)),
        optional(REASON),
        read=read,
        told=tuple(told),
    )


def _graded(name: str, before: str, grades: range) -> Field:
    """Nothing is chosen beforehand: the investigator says it."""
    return Field(
        name=name,
        label=f"console.entry.{name}",
        kind=FieldKind.CHOICE,
        choices=[("", ""), *((str(one), f"{before}{one}") for one in grades)],
    )
