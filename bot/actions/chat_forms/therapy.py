"""Anti-tumour therapy: a new session, another time for one, its cancelling, when it began in truth.

Its prophylactic dose and draw go with it; both counts that "baseline" may mean stand with the effect.
The dose itself is entered under `/dose`. Source: registry F6; specification 1.7.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

from bot.actions.chat_forms.asking import (
    choice_question,
    clock_question,
    coming_days,
    day_question,
    in_rows,
    moment_question,
    moment_to_come,
    planned_clock,
    reason_question,
)
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
from bot.actions.plan_therapy import (
    InfusionStart,
    TherapyEnd,
    TherapyEntry,
    cancel_therapy_in,
    note_infusion_in,
    plan_therapy_in,
    weigh_infusion,
    weigh_therapy,
    weigh_therapy_end,
)
from bot.actions.speak import phrase
from bot.rules.changes import Effects
from bot.rules.entry_form import Form
from bot.rules.errors import Refusal
from bot.rules.lab_values import reading_of
from bot.rules.messages import Phrase
from bot.rules.participant import Therapy
from bot.rules.usual_reasons import USUAL_REASONS

_NEW, _MOVE, _CANCEL, _BEGUN = "new", "move", "cancel", "begun"
_SHOWN = 4
_COUNTS_SHOWN = 3
_UNKNOWN = "-"


class TherapyScript(Script):
    """`which` is `new` or the number of a therapy, `seen` the start it had when it was chosen."""

    title = phrase("staff.form.title_therapy")
    again = ("day", "time", "at")

    async def question(self, sheet: Sheet) -> Question | None:
        form = sheet.form
        if sheet.chart.desk.study.prophylaxis is None:
            raise Refusal("refusal.no_prophylaxis")
        if not form.answer("which"):
            return _which(sheet)
        if form.answers["which"] == _NEW:
            return _when(sheet) or _of_a_new_one(sheet)
        if not form.answer("what"):
            return _what(sheet)
        match form.answers["what"]:
            case "begun":
                return None if form.answer("at") else moment_question(sheet, _planned_start(sheet))
            case "move" if (asked := _when(sheet)) is not None:
                return asked
        return None if form.answer("reason") else reason_question(sheet, USUAL_REASONS["therapy"].items())

    async def preview(self, sheet: Sheet) -> Preview:
        return Preview.of(await _weighed(sheet))

    async def save(self, sheet: Sheet) -> Done:
        lines = (await _weighed(sheet)).lines()
        match _what_is_done(sheet):
            case "cancel":
                await cancel_therapy_in(sheet.chart, _end(sheet))
            case "begun":
                await note_infusion_in(sheet.chart, _start(sheet))
            case _:
                await plan_therapy_in(sheet.chart, _entry(sheet))
        return Done(said=saved(lines))

    def told(self, sheet: Sheet) -> tuple[Phrase, ...]:
        form, told = sheet.form, []
        therapy = _chosen(sheet)
        if therapy is not None:
            told.append(phrase("staff.form.therapy", number=therapy.number, at=therapy.starts_at))
        if form.answer("what"):
            told.append(phrase(f"staff.form.told_therapy_{form.answers['what']}"))
        if form.answer("time"):
            told.append(phrase("staff.form.told_new", at=moment_to_come(sheet)))
        elif form.answer("day"):
            told.append(phrase("staff.form.told_new_day", day=date.fromisoformat(form.answers["day"])))
        if form.answer("at"):
            told.append(phrase("staff.form.at", at=datetime.fromisoformat(form.answers["at"])))
        if form.answer("cytotoxic"):
            told.append(phrase(f"staff.form.therapy_cytotoxic_{form.answers['cytotoxic']}"))
        if form.answer("reason"):
            told.append(phrase("staff.form.told_reason", reason=form.answers["reason"]))
        return tuple(told)

    async def from_line(self, sheet: Sheet, rest: str) -> tuple[tuple[str, str], ...]:
        """`2026-12-10 09:00`: a new session."""
        day, _, clock = rest.partition(" ")
        return tuple(part for part in (("which", _NEW), ("day", day), ("time", clock.strip())) if part[1])

    async def mended(self, sheet: Sheet, refusal: Refusal) -> tuple[Form, Phrase] | None:
        form, therapy = sheet.form, _chosen(sheet)
        if refusal.key == "refusal.moved_meanwhile" and therapy is not None:
            again = form.without(*self.again).answered(seen=therapy.starts_at.isoformat())
            told = phrase(
                "staff.form.moved_by",
                staff=therapy.decided_by,
                at=therapy.starts_at,
                reason=therapy.reason or "-",
            )
            return again, told
        if refusal.key == "refusal.therapy_cancelled":
            return form.without("which", "what", "seen", *self.again), told_of(refusal)
        return await super().mended(sheet, refusal)


def _which(sheet: Sheet) -> Question:
    """A new session, or one of those that stand, the next one first."""
    standing = [one for one in sheet.chart.course.therapies if not one.cancelled]
    latest = sorted(standing, key=lambda one: one.starts_at, reverse=True)[:_SHOWN]
    choices = [
        Choice(phrase("staff.form.therapy", number=one.number, at=one.starts_at), str(one.number))
        for one in sorted(latest, key=lambda one: one.starts_at)
    ]
    known = {str(one.number): one for one in standing}
    asked = choice_question(
        "which",
        phrase("staff.form.ask_therapy"),
        [*choices, Choice(phrase("staff.form.therapy_new"), _NEW)],
    )

    def read(said: str) -> dict[str, str]:
        chosen = dict(asked.read(said))
        therapy = known.get(chosen["which"])
        return {**chosen, "seen": therapy.starts_at.isoformat()} if therapy else chosen

    return Question(name=asked.name, ask=asked.ask, read=read, choices=asked.choices)


def _what(sheet: Sheet) -> Question:
    therapy = _chosen(sheet)
    begun = therapy is not None and therapy.infusion_started_at is not None
    names = (_BEGUN,) if begun else (_MOVE, _CANCEL, _BEGUN)
    choices = [Choice(phrase(f"staff.form.therapy_{name}"), name) for name in names]
    return choice_question("what", phrase("staff.form.ask_therapy_what"), choices)


def _of_a_new_one(sheet: Sheet) -> Question | None:
    """What kind it is, and the count before it: the other one that "baseline" may mean."""
    if not sheet.form.answer("cytotoxic"):
        return _ask_cytotoxic()
    return None if sheet.form.answer("before") else _ask_count_before(sheet)


def _ask_count_before(sheet: Sheet) -> Question:
    study = sheet.chart.desk.study
    analyte = study.labs.analyte(study.labs.lead)
    latest = reversed(sheet.chart.course.counts(analyte.code)[-_COUNTS_SHOWN:])
    known = [
        Choice(phrase("staff.form.count", value=one.value, at=one.sampled_at), str(one.value))
        for one in latest
    ]

    def read(said: str) -> Answers:
        if said == _UNKNOWN:
            return {"before": said}
        return {"before": str(reading_of(analyte, said).value)}

    unknown = Choice(phrase("staff.form.count_unknown"), _UNKNOWN)
    ask = phrase("staff.form.ask_count_before", analyte=analyte.name, unit=analyte.unit)
    return Question(name="before", ask=ask, read=read, choices=in_rows([*known, unknown], 1))


def _ask_cytotoxic() -> Question:
    choices = [Choice(phrase(f"staff.form.therapy_cytotoxic_{one}"), one) for one in ("yes", "no")]
    return choice_question("cytotoxic", phrase("staff.form.ask_cytotoxic"), choices)


def _when(sheet: Sheet) -> Question | None:
    """Day, then hour; of one that moves, its own hour is the likeliest."""
    form = sheet.form
    if not form.answer("day"):
        days = coming_days(sheet, working_only=True)
        return day_question(sheet, days, ask=phrase("staff.form.ask_therapy_day"))
    if form.answer("time"):
        return None
    therapy = _chosen(sheet)
    last = max(sheet.chart.course.therapies, key=lambda one: one.number, default=None)
    hours = sheet.chart.desk.calendar_of(sheet.site).hours
    likely: list[time] = [planned_clock(sheet, one.starts_at) for one in (therapy, last) if one is not None]
    return clock_question([*likely, hours.opens], ask=phrase("staff.form.ask_therapy_time"))


def _chosen(sheet: Sheet) -> Therapy | None:
    which = sheet.form.answer("which")
    return next((one for one in sheet.chart.course.therapies if str(one.number) == which), None)


def _planned_start(sheet: Sheet) -> list[datetime]:
    therapy = _chosen(sheet)
    return [therapy.starts_at] if therapy is not None and therapy.starts_at <= sheet.chart.now else []


def _what_is_done(sheet: Sheet) -> str:
    return _NEW if sheet.form.answer("which") == _NEW else given(sheet.form, "what")


async def _weighed(sheet: Sheet) -> Effects:
    match _what_is_done(sheet):
        case "cancel":
            return weigh_therapy_end(sheet.chart, _end(sheet))[1]
        case "begun":
            return weigh_infusion(sheet.chart, _start(sheet))[1]
        case _:
            return (await weigh_therapy(sheet.chart, _entry(sheet)))[1]


def _entry(sheet: Sheet) -> TherapyEntry:
    form, therapy = sheet.form, _chosen(sheet)
    seen = form.answer("seen")
    return TherapyEntry(
        subject=sheet.chart.subject,
        starts_at=moment_to_come(sheet),
        number=therapy.number if therapy else None,
        cytotoxic=therapy.cytotoxic if therapy else given(form, "cytotoxic") == "yes",
        count_before=None if form.answer("before") in ("", _UNKNOWN) else Decimal(form.answers["before"]),
        reason=form.answer("reason"),
        seen_at=datetime.fromisoformat(seen) if seen else None,
        confirmed=True,
    )


def _end(sheet: Sheet) -> TherapyEnd:
    number = int(given(sheet.form, "which"))
    return TherapyEnd(subject=sheet.chart.subject, number=number, reason=sheet.form.answer("reason"))


def _start(sheet: Sheet) -> InfusionStart:
    return InfusionStart(
        subject=sheet.chart.subject,
        number=int(given(sheet.form, "which")),
        started_at=datetime.fromisoformat(given(sheet.form, "at")),
    )
