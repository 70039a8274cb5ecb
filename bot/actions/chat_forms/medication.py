"""Which medicine was changed, and how: asked where a case is closed with that outcome, which needs words.

Source: specification 3.3 (`MEDICATION_CHANGED`, free text).
"""

from __future__ import annotations

from bot.actions.chat_forms.script import Answers, Done, Preview, Question, Script, Sheet, given
from bot.actions.close_case import close_in
from bot.actions.speak import phrase
from bot.rules.case import CaseId, Outcome
from bot.rules.errors import Refusal


class MedicationScript(Script):
    title = phrase("staff.form.title_medication")
    again = ("changed",)
    ended_too = True

    async def question(self, sheet: Sheet) -> Question | None:
        if sheet.form.case_id is None:
            raise Refusal("staff.stale")
        if sheet.form.answer("changed"):
            return None

        def read(said: str) -> Answers:
            if not said.strip():
                raise Refusal("refusal.form_empty")
            return {"changed": said.strip()}

        return Question(name="changed", ask=phrase("staff.form.ask_medication"), read=read)

    async def preview(self, sheet: Sheet) -> Preview:
        words = given(sheet.form, "changed")
        return Preview(lines=(phrase("staff.form.told_medication", words=words),))

    async def save(self, sheet: Sheet) -> Done:
        chart, form = sheet.chart, sheet.form
        await close_in(
            chart.uow,
            chart.desk,
            case_id=CaseId(form.case_id or ""),
            by=chart.staff.code,
            outcome=Outcome.MEDICATION_CHANGED,
            auth=chart.actor.auth,
            note=given(form, "changed"),
        )
        return Done(said=phrase("staff.case.closed_now"))
