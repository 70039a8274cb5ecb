"""A laboratory result: which count, the value as on the slip, when the blood was taken.

In one line, `/lab TJ-001 WBC 3.2`; without a name the leading count of the study is meant, as at the command
line, and its name stands above every question. Source: specification 6.2 ("shown back"), 1.5.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.actions.chat_forms.asking import choice_question, moment_question
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
from bot.actions.record_lab import LabEntry, analyte_named, record_lab_in, weigh_lab
from bot.actions.speak import phrase
from bot.rules import schedule
from bot.rules.activities import ActivityKind
from bot.rules.entry_form import Form
from bot.rules.errors import Refusal
from bot.rules.lab_values import AskWhich, WhyNot, reading_of
from bot.rules.messages import Phrase
from bot.rules.study import Analyte

ABOUT_THE_VALUE = frozenset(f"refusal.value_{why.value.lower()}" for why in WhyNot)
_RECENT = timedelta(days=4)


class LabScript(Script):
    title = phrase("staff.form.title_lab")
    again = ("value", "at")

    async def question(self, sheet: Sheet) -> Question | None:
        form = sheet.form
        if not form.answer("analyte"):
            return _which_count(sheet)
        if not form.answer("value"):
            return value_question(_analyte(sheet))
        doubt = doubt_question(_analyte(sheet), form.answers["value"])
        if doubt is not None:
            return doubt
        return None if form.answer("at") else moment_question(sheet, _draws_of_late(sheet))

    async def preview(self, sheet: Sheet) -> Preview:
        _, _, found = await weigh_lab(sheet.chart, _entry(sheet))
        return Preview.of(found)

    async def save(self, sheet: Sheet) -> Done:
        _, _, found = await weigh_lab(sheet.chart, _entry(sheet))
        await record_lab_in(sheet.chart, _entry(sheet))
        return Done(said=saved(found.lines()))

    def told(self, sheet: Sheet) -> tuple[Phrase, ...]:
        form = sheet.form
        told = []
        if form.answer("analyte"):
            told.append(phrase("staff.form.told_analyte", analyte=_analyte(sheet).name))
        if form.answer("value"):
            told.append(phrase("staff.form.told_value", typed=form.answers["value"]))
        if form.answer("at"):
            told.append(phrase("staff.form.at", at=datetime.fromisoformat(form.answers["at"])))
        return tuple(told)

    async def from_line(self, sheet: Sheet, rest: str) -> tuple[tuple[str, str], ...]:
        name, _, value = rest.partition(" ")
        try:
            analyte = analyte_named(sheet.chart.desk, name)
        except Refusal:
            return ("analyte", sheet.chart.desk.study.labs.lead), ("value", rest)
        return (("analyte", analyte.code), *((("value", value),) if value else ()))

    async def mended(self, sheet: Sheet, refusal: Refusal) -> tuple[Form, Phrase] | None:
        wrong = "value" if refusal.key in ABOUT_THE_VALUE else "at"
        if not sheet.form.answer(wrong):
            return None
        return sheet.form.without(wrong), told_of(refusal)


def value_question(analyte: Analyte) -> Question:
    """The value as on the slip, in any of its usual units."""

    def read(said: str) -> Answers:
        if not said:
            raise Refusal("refusal.value_no_number", typed=said)
        return {"value": said}

    ask = phrase("staff.form.ask_value", analyte=analyte.name, unit=analyte.unit)
    return Question(name="value", ask=ask, read=read)


def doubt_question(analyte: Analyte, typed: str) -> Question | None:
    """Digits that may mean two values: both are shown. None where they mean one.

    Raises:
        Refusal: they mean none.
    """
    try:
        reading_of(analyte, typed)
    except AskWhich as doubt:
        choices = tuple(
            (
                Choice(
                    phrase("staff.form.value", value=one.value, unit=analyte.unit),
                    f"{one.value} {analyte.unit}",
                ),
            )
            for one in doubt.readings
        )
        return Question(
            name="unit",
            ask=phrase("staff.form.ask_unit", typed=typed),
            read=lambda said: {"value": said},
            choices=choices,
        )
    return None


def _which_count(sheet: Sheet) -> Question:
    choices = [
        Choice(phrase("staff.form.analyte", code=one.code, analyte=one.name), one.code)
        for one in sheet.chart.desk.study.labs.analytes
    ]
    return choice_question("analyte", phrase("staff.form.ask_analyte"), choices)


def _analyte(sheet: Sheet) -> Analyte:
    return sheet.chart.desk.study.labs.analyte(given(sheet.form, "analyte"))


def _entry(sheet: Sheet) -> LabEntry:
    form = sheet.form
    return LabEntry(
        subject=sheet.chart.subject,
        analyte=given(form, "analyte"),
        typed=given(form, "value"),
        sampled_at=datetime.fromisoformat(given(form, "at")),
        confirmed=True,
    )


def _draws_of_late(sheet: Sheet) -> list[datetime]:
    """The planned draws of the last days that are past, the newest first."""
    now = sheet.chart.now
    return sorted(
        (
            one.target_at
            for one in schedule.plan(sheet.chart.desk.study, sheet.chart.course)
            if one.kind is ActivityKind.DRAW and now - _RECENT <= one.target_at <= now
        ),
        reverse=True,
    )[:2]
