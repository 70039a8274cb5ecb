"""Words to a patient, relayed by the bot as from her study team. Source: specification 5.4."""

from __future__ import annotations

from bot.actions.answer_patient import check_answerable, send_words
from bot.actions.chat_forms.script import Answers, Done, Preview, Question, Script, Sheet, given
from bot.actions.speak import phrase
from bot.rules.errors import Refusal


class WordsScript(Script):
    title = phrase("staff.form.title_words")
    again = ("text",)
    ended_too = True  # who has left is told apart by `check_answerable`
    confirm = phrase("staff.form.confirm_sending")
    save_label = "staff.form.send"

    async def question(self, sheet: Sheet) -> Question | None:
        await check_answerable(sheet.chart.uow, sheet.chart.participant)
        if sheet.form.answer("text"):
            return None

        def read(said: str) -> Answers:
            if not said:
                raise Refusal("refusal.form_empty")
            return {"text": said}

        return Question(
            name="text", ask=phrase("staff.form.ask_text", subject=sheet.chart.subject), read=read
        )

    async def preview(self, sheet: Sheet) -> Preview:
        told = phrase(
            "staff.form.confirm_words", subject=sheet.chart.subject, words=given(sheet.form, "text")
        )
        return Preview(lines=(told,))

    async def save(self, sheet: Sheet) -> Done:
        chart, form = sheet.chart, sheet.form
        await send_words(
            chart.uow,
            chart.desk,
            chart.staff,
            subject=chart.subject,
            text=given(form, "text"),
            case_id=form.case_id,
            key=form.id,
        )
        return Done(said=phrase("staff.form.sent", subject=chart.subject))
