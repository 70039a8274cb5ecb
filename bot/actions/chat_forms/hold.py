"""Doses wait, or go on: a hold with its reason, or its release with another.

Source: specification 1.4 SCH-5.
"""

from __future__ import annotations

from bot.actions.chat_forms.asking import choice_question, reason_question
from bot.actions.chat_forms.script import Choice, Done, Preview, Question, Script, Sheet, given, saved
from bot.actions.place_hold import (
    HoldEntry,
    ReleaseEntry,
    is_medical,
    place_hold_in,
    release_hold_in,
    weigh_hold,
    weigh_release,
)
from bot.actions.speak import phrase
from bot.rules.access import Act, acting_role
from bot.rules.entry_form import Form
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase
from bot.rules.participant import Hold, HoldReason

_PLACE = "place"
_NO_NOTE = "-"


class HoldScript(Script):
    """`what` is `place`, or the id of the hold that is released."""

    title = phrase("staff.form.title_hold")
    again = ("what", "why", "reason")

    async def question(self, sheet: Sheet) -> Question | None:
        form = sheet.form
        if not form.answer("what"):
            return _what(sheet)
        if form.answers["what"] != _PLACE:
            if form.answer("reason"):
                return None
            return reason_question(sheet, ask=phrase("staff.form.ask_release_reason"))
        if not form.answer("why"):
            return _why(sheet)
        return None if form.answer("reason") else _note(sheet)

    async def preview(self, sheet: Sheet) -> Preview:
        if sheet.form.answers["what"] == _PLACE:
            return Preview.of(weigh_hold(sheet.chart, _hold(sheet))[1])
        return Preview.of(weigh_release(sheet.chart, _release(sheet))[1])

    async def save(self, sheet: Sheet) -> Done:
        lines = (await self.preview(sheet)).lines
        if sheet.form.answers["what"] == _PLACE:
            await place_hold_in(sheet.chart, _hold(sheet))
        else:
            await release_hold_in(sheet.chart, _release(sheet))
        return Done(said=saved(lines))

    def told(self, sheet: Sheet) -> tuple[Phrase, ...]:
        form, told = sheet.form, []
        hold = _standing(sheet, form)
        if hold is not None:
            told.append(phrase("staff.form.told_release", reason=hold.reason))
        if form.answer("why"):
            told.append(phrase("staff.form.told_hold", reason=HoldReason(form.answers["why"])))
        if form.answer("reason") not in ("", _NO_NOTE):
            told.append(phrase("staff.form.told_reason", reason=form.answers["reason"]))
        return tuple(told)

    async def from_line(self, sheet: Sheet, rest: str) -> tuple[tuple[str, str], ...]:
        why, _, note = rest.partition(" ")
        return tuple(part for part in (("what", _PLACE), ("why", why), ("reason", note)) if part[1])


def _what(sheet: Sheet) -> Question:
    """What stands on hold, each to be released by whoever may, and a further hold."""
    chart = sheet.chart
    choices = [
        Choice(phrase("staff.form.release", reason=one.reason, at=one.placed_at), one.id)
        for one in chart.course.held()
        if not is_medical(one) or acting_role(chart.staff, Act.RELEASE_MEDICAL_HOLD, sheet.site.code)
    ]
    told = tuple(
        phrase("staff.form.held", reason=one.reason, at=one.placed_at) for one in chart.course.held()
    )
    label = "staff.form.hold_further" if told else "staff.form.hold_place"
    return choice_question(
        "what",
        phrase("staff.form.ask_hold", held=told or (phrase("staff.form.nothing_held"),)),
        [*choices, Choice(phrase(label), _PLACE)],
    )


def _why(sheet: Sheet) -> Question:
    standing = {one.reason for one in sheet.chart.course.held()}
    choices = [
        Choice(phrase("staff.form.hold_reason", reason=one), one.value)
        for one in HoldReason
        if one not in standing
    ]
    return choice_question("why", phrase("staff.form.ask_hold_reason"), choices)


def _note(sheet: Sheet) -> Question:
    question = reason_question(sheet, ask=phrase("staff.form.ask_note"))
    nothing = Choice(phrase("staff.form.no_note"), _NO_NOTE)
    return Question(name=question.name, ask=question.ask, read=question.read, choices=((nothing,),))


def _standing(sheet: Sheet, form: Form) -> Hold | None:
    return next((one for one in sheet.chart.course.holds if one.id == form.answer("what")), None)


def _hold(sheet: Sheet) -> HoldEntry:
    note = sheet.form.answer("reason")
    return HoldEntry(
        subject=sheet.chart.subject,
        reason=HoldReason(given(sheet.form, "why")),
        note="" if note == _NO_NOTE else note,
    )


def _release(sheet: Sheet) -> ReleaseEntry:
    """The hold that was chosen.

    Raises:
        Refusal: somebody released it meanwhile.
    """
    hold = _standing(sheet, sheet.form)
    if hold is None or hold.released_at is not None:
        raise Refusal("refusal.nothing_held", subject=sheet.chart.subject)
    return ReleaseEntry(subject=sheet.chart.subject, note=given(sheet.form, "reason"), hold_id=hold.id)
