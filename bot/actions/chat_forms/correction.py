"""A result or a dose that was entered wrongly: corrected, voided, or given to whom it belongs.

Source: specification 5.2; issue "The protocol to the letter" (corrections).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.actions.chat_forms.asking import choice_question, in_rows, moment_question, reason_question
from bot.actions.chat_forms.lab import ABOUT_THE_VALUE, doubt_question, value_question
from bot.actions.chat_forms.script import (
    Answers,
    Choice,
    Done,
    Preview,
    Question,
    Script,
    Sheet,
    given,
    saved,
    told_of,
)
from bot.actions.correct_fact import (
    DoseCorrection,
    LabCorrection,
    correct_dose_in,
    correct_lab_in,
    weigh_dose_correction,
    weigh_lab_correction,
)
from bot.actions.speak import phrase
from bot.rules.access import AuthMethod
from bot.rules.changes import Effects
from bot.rules.entry_form import Form
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase
from bot.rules.participant import Dose, DoseKind, LabResult
from bot.rules.study import SubjectCode
from bot.rules.usual_reasons import USUAL_REASONS

_SHOWN = 8
_VALUE, _AT, _OTHER, _VOID, _PARTLY = "value", "at", "other", "void", "partly"


class CorrectionScript(Script):
    """`fact` is the id of what is wrong, `how` what is wrong about it."""

    title = phrase("staff.form.title_correct")
    again = ("how", "value", "at", "other", "reason")
    ended_too = True

    async def question(self, sheet: Sheet) -> Question | None:
        form = sheet.form
        if not form.answer("fact"):
            return _which(sheet)
        fact = _fact(sheet)
        if not form.answer("how"):
            return _how(fact)
        match form.answers["how"]:
            case "value" if isinstance(fact, LabResult):
                analyte = sheet.chart.desk.study.labs.analyte(fact.analyte)
                if not form.answer("value"):
                    return value_question(analyte)
                if (doubt := doubt_question(analyte, form.answers["value"])) is not None:
                    return doubt
            case "at" if not form.answer("at"):
                return moment_question(sheet, ())
            case "other" if not form.answer("other"):
                return _whose()
        return None if form.answer("reason") else reason_question(sheet, USUAL_REASONS["correct"].items())

    async def preview(self, sheet: Sheet) -> Preview:
        return Preview.of(await _weighed(sheet))

    async def save(self, sheet: Sheet) -> Done:
        chart, by = sheet.chart, sheet.chart.staff.code
        lines = (await _weighed(sheet)).lines()
        if isinstance(_fact(sheet), LabResult):
            await correct_lab_in(chart.uow, chart.desk, _lab(sheet), by, AuthMethod.TELEGRAM)
        else:
            await correct_dose_in(chart.uow, chart.desk, _dose(sheet), by, AuthMethod.TELEGRAM)
        return Done(said=saved(lines))

    def told(self, sheet: Sheet) -> tuple[Phrase, ...]:
        form, told = sheet.form, []
        fact = next((one for one in _facts(sheet) if one.id == form.answer("fact")), None)
        if fact is not None:
            told.append(_name(fact))
        if form.answer("how"):
            told.append(phrase(f"staff.form.wrong_{form.answers['how']}"))
        if form.answer("value"):
            told.append(phrase("staff.form.told_value", typed=form.answers["value"]))
        if form.answer("at"):
            told.append(phrase("staff.form.at", at=datetime.fromisoformat(form.answers["at"])))
        if form.answer("other"):
            told.append(phrase("staff.form.code", subject=form.answers["other"]))
        if form.answer("reason"):
            told.append(phrase("staff.form.told_reason", reason=form.answers["reason"]))
        return tuple(told)

    async def mended(self, sheet: Sheet, refusal: Refusal) -> tuple[Form, Phrase] | None:
        form = sheet.form
        if refusal.key in ABOUT_THE_VALUE and form.answer("value"):
            return form.without("value"), told_of(refusal)
        if refusal.key == "refusal.not_yours":
            return form.without("other"), told_of(refusal)
        if refusal.key in ("refusal.corrected_before", "refusal.fact_voided", "refusal.no_such_fact"):
            return form.without("fact", *self.again), told_of(refusal)
        return await super().mended(sheet, refusal)


def _which(sheet: Sheet) -> Question:
    facts = _facts(sheet)[:_SHOWN]
    if not facts:
        raise Refusal("refusal.nothing_to_correct", subject=sheet.chart.subject)
    choices = [Choice(_name(one), one.id) for one in facts]
    return choice_question("fact", phrase("staff.form.ask_fact"), choices)


def _facts(sheet: Sheet) -> list[LabResult | Dose]:
    """The results and doses that stand, the last entered first."""
    standing: Sequence[LabResult | Dose] = (*sheet.chart.course.labs, *sheet.chart.course.doses)
    return sorted(
        (one for one in standing if one.voided_at is None), key=lambda one: one.recorded_at, reverse=True
    )


def _fact(sheet: Sheet) -> LabResult | Dose:
    """What is to be corrected.

    Raises:
        Refusal: somebody corrected it meanwhile; the list shows what stands instead.
    """
    found = next((one for one in _facts(sheet) if one.id == given(sheet.form, "fact")), None)
    if found is None:
        raise Refusal("refusal.no_such_fact")
    return found


def _name(fact: LabResult | Dose) -> Phrase:
    if isinstance(fact, Dose):
        if fact.kind is DoseKind.PROPHYLAXIS:
            activity = phrase("operator.activity.prophylaxis", number=fact.therapy)
        else:
            activity = phrase("operator.activity.injection", number=fact.number)
        return phrase("staff.form.fact_dose", activity=activity, at=fact.given_at)
    values = {"analyte": fact.analyte, "value": fact.value, "entered": fact.as_entered}
    if fact.sampled_at is None:
        return phrase("staff.form.fact_lab_untimed", **values)
    return phrase("staff.form.fact_lab", **values, at=fact.sampled_at)


def _how(fact: LabResult | Dose) -> Question:
    ways = (_VALUE, _AT, _OTHER, _VOID) if isinstance(fact, LabResult) else (_AT, _PARTLY, _OTHER, _VOID)
    choices = [Choice(phrase(f"staff.form.wrong_{way}"), way) for way in ways]
    return choice_question("how", phrase("staff.form.ask_wrong"), choices)


def _whose() -> Question:
    def read(said: str) -> Answers:
        if not said.strip():
            raise Refusal("refusal.form_empty")
        return {"other": said.strip().upper()}

    return Question(name="other", ask=phrase("staff.form.ask_other"), read=read, choices=in_rows(()))


async def _weighed(sheet: Sheet) -> Effects:
    chart, by = sheet.chart, sheet.chart.staff.code
    if isinstance(_fact(sheet), LabResult):
        return await weigh_lab_correction(chart.uow, chart.desk, _lab(sheet), by, AuthMethod.TELEGRAM)
    return await weigh_dose_correction(chart.uow, chart.desk, _dose(sheet), by, AuthMethod.TELEGRAM)


def _lab(sheet: Sheet) -> LabCorrection:
    form = sheet.form
    return LabCorrection(
        lab_id=given(form, "fact"),
        reason=form.answer("reason"),
        typed=form.answer("value") or None,
        sampled_at=_at_of(form),
        subject=_other(form),
        void=form.answers["how"] == _VOID,
        confirmed=True,
    )


def _dose(sheet: Sheet) -> DoseCorrection:
    form = sheet.form
    return DoseCorrection(
        dose_id=given(form, "fact"),
        reason=form.answer("reason"),
        given_at=_at_of(form),
        whole=False if form.answers["how"] == _PARTLY else None,
        subject=_other(form),
        void=form.answers["how"] == _VOID,
        confirmed=True,
    )


def _at_of(form: Form) -> datetime | None:
    return datetime.fromisoformat(form.answers["at"]) if form.answer("at") else None


def _other(form: Form) -> SubjectCode | None:
    return SubjectCode(form.answers["other"]) if form.answer("other") else None
