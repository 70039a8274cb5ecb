"""A dose that was given: a weekly one by its number, or the one before a therapy.

Source: specification 1.4, 1.7 (4 to 6).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.actions.chat_forms.asking import in_rows, moment_question
from bot.actions.chat_forms.script import (
    Answers,
    Choice,
    ChoiceRows,
    Done,
    Preview,
    Question,
    Script,
    Sheet,
    given,
    saved,
    told_of,
)
from bot.actions.record_dose import (
    DoseEntry,
    ProphylaxisEntry,
    record_dose_in,
    record_prophylaxis_in,
    treatment_dose,
    weigh_dose,
    weigh_prophylaxis,
)
from bot.actions.speak import phrase
from bot.rules import schedule
from bot.rules.activities import ActivityKind, PlannedActivity
from bot.rules.changes import Effects, name_of
from bot.rules.entry_form import Form
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase

# So long after its hour a dose is still the likeliest to be entered now.
_RECENT = timedelta(days=4)
# The number of a dose before therapy 2 is kept as `p2`.
_BEFORE_THERAPY = "p"
_ABOUT_THE_NUMBER = frozenset(
    {"refusal.dose_number", "refusal.dose_exists", "refusal.prophylaxis_exists", "refusal.no_such_therapy"}
)


class DoseScript(Script):
    title = phrase("staff.form.title_dose")
    again = ("number", "at", "whole")

    async def question(self, sheet: Sheet) -> Question | None:
        if not sheet.form.answer("number"):
            return _which_dose(sheet)
        return None if sheet.form.answer("at") else moment_question(sheet, _its_moments(sheet))

    async def preview(self, sheet: Sheet) -> Preview:
        return Preview.of(_weighed(sheet))

    async def save(self, sheet: Sheet) -> Done:
        lines = _weighed(sheet).lines()
        if _therapy(sheet.form) is not None:
            await record_prophylaxis_in(sheet.chart, _prophylaxis(sheet))
        else:
            await record_dose_in(sheet.chart, _dose(sheet))
        return Done(said=saved(lines))

    def told(self, sheet: Sheet) -> tuple[Phrase, ...]:
        form, told = sheet.form, []
        if (therapy := _therapy(form)) is not None:
            told.append(phrase("operator.activity.prophylaxis", number=therapy))
        elif form.answer("number"):
            told.append(phrase("staff.form.told_number", number=form.answers["number"]))
        if form.answer("at"):
            told.append(phrase("staff.form.at", at=datetime.fromisoformat(form.answers["at"])))
        if form.answer("whole"):
            told.append(phrase("staff.form.told_not_whole"))
        return tuple(told)

    def extras(self, sheet: Sheet) -> ChoiceRows:
        if sheet.form.answer("whole"):
            return ()
        return ((Choice(phrase("staff.form.not_whole"), "whole:no"),),)

    async def from_line(self, sheet: Sheet, rest: str) -> tuple[tuple[str, str], ...]:
        number, _, moment = rest.partition(" ")
        return tuple(part for part in (("number", number), ("at", moment)) if part[1])

    async def mended(self, sheet: Sheet, refusal: Refusal) -> tuple[Form, Phrase] | None:
        wrong = "number" if refusal.key in _ABOUT_THE_NUMBER else "at"
        if not sheet.form.answer(wrong):
            return None
        return sheet.form.without(wrong), told_of(refusal)


def _which_dose(sheet: Sheet) -> Question:
    """The weekly doses that the plan still asks for, and those before therapies; the nearest first."""

    def nearness(one: PlannedActivity) -> timedelta:
        return abs(one.target_at - sheet.chart.now)

    choices = [_as_choice(one) for one in sorted(_open_doses(sheet), key=nearness)]

    def read(said: str) -> Answers:
        typed = said.strip().lower()
        number = typed.removeprefix(_BEFORE_THERAPY)
        if not (number.isascii() and number.isdigit() and len(number) < 3):
            raise Refusal("refusal.form_number")
        return {"number": typed}

    ask = phrase("staff.form.ask_number" if choices else "staff.form.ask_number_unplanned")
    return Question(name="number", ask=ask, read=read, choices=in_rows(choices[:3], 1))


def _as_choice(one: PlannedActivity) -> Choice:
    if one.kind is ActivityKind.PROPHYLAXIS:
        label = phrase("staff.form.planned", activity=name_of(one), at=one.target_at)
        return Choice(label, f"{_BEFORE_THERAPY}{one.therapy}")
    return Choice(phrase("staff.form.number", number=one.number, at=one.target_at), str(one.number))


def _open_doses(sheet: Sheet) -> Iterator[PlannedActivity]:
    for one in schedule.plan(sheet.chart.desk.study, sheet.chart.course):
        if one.is_open and one.kind is not ActivityKind.DRAW:
            yield one


def _its_moments(sheet: Sheet) -> list[datetime]:
    """When this dose was planned, where that is past and not long ago."""
    now, wanted = sheet.chart.now, given(sheet.form, "number")
    return [
        one.target_at
        for one in _open_doses(sheet)
        if now - _RECENT <= one.target_at <= now and _as_choice(one).value == wanted
    ]


def _therapy(form: Form) -> int | None:
    number = form.answer("number")
    return int(number[1:]) if number.startswith(_BEFORE_THERAPY) else None


def _weighed(sheet: Sheet) -> Effects:
    if _therapy(sheet.form) is not None:
        return weigh_prophylaxis(sheet.chart, _prophylaxis(sheet))[1]
    return weigh_dose(sheet.chart, treatment_dose(sheet.chart, _dose(sheet)))


def _dose(sheet: Sheet) -> DoseEntry:
    form = sheet.form
    return DoseEntry(
        subject=sheet.chart.subject,
        number=int(given(form, "number")),
        given_at=datetime.fromisoformat(given(form, "at")),
        whole=not form.answer("whole"),
        confirmed=True,
    )


def _prophylaxis(sheet: Sheet) -> ProphylaxisEntry:
    form = sheet.form
    return ProphylaxisEntry(
        subject=sheet.chart.subject,
        therapy=_therapy(form) or 0,
        given_at=datetime.fromisoformat(given(form, "at")),
        whole=not form.answer("whole"),
        confirmed=True,
    )
