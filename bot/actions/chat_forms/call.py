"""What was learnt when she was phoned because nobody heard from her. That she was reached is kept already.

Source: specification 1.8 (non-response).
"""

from __future__ import annotations

from bot.actions.chat_forms.script import Answers, Choice, Done, Preview, Question, Script, Sheet, given
from bot.actions.log_contact import end_with_call
from bot.actions.speak import phrase
from bot.rules.case import CaseId
from bot.rules.errors import Refusal

_NOTHING = "-"


class CallScript(Script):
    title = phrase("staff.form.title_call")
    again = ("learnt",)
    ended_too = True

    async def question(self, sheet: Sheet) -> Question | None:
        if sheet.form.case_id is None:
            raise Refusal("staff.stale")
        if sheet.form.answer("learnt"):
            return None

        def read(said: str) -> Answers:
            if not said:
                raise Refusal("refusal.form_empty")
            return {"learnt": said}

        return Question(
            name="learnt",
            ask=phrase("staff.form.ask_learnt"),
            read=read,
            choices=((Choice(phrase("staff.form.nothing_learnt"), _NOTHING),),),
        )

    async def preview(self, sheet: Sheet) -> Preview:
        learnt = given(sheet.form, "learnt")
        if learnt == _NOTHING:
            return Preview(lines=(phrase("staff.form.nothing_learnt"),))
        return Preview(lines=(phrase("staff.form.told_learnt", words=learnt),))

    async def save(self, sheet: Sheet) -> Done:
        chart, form = sheet.chart, sheet.form
        learnt = given(form, "learnt")
        await end_with_call(
            chart.uow,
            chart.desk,
            case_id=CaseId(form.case_id or ""),
            by=chart.staff.code,
            auth=chart.actor.auth,
            learnt="" if learnt == _NOTHING else learnt,
        )
        return Done(said=phrase("staff.case.closed_now"))
