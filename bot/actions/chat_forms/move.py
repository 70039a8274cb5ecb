"""A visit gets another date, or is left out: which visit, which day, what time, why.

She comes once a day, so visits are chosen, not single activities: what belongs to the visit moves along.
The date that stood on the screen is kept: if somebody moved the visit meanwhile, the person is told who did,
to when and why, and starts from there.
Source: specification 1.4 (GIVE_LATE, SKIP); decisions "Consent and reminders".
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bot.actions.answer_wish import WISHES, decided_at
from bot.actions.chat_forms.asking import (
    DAYS_SHOWN,
    clock_question,
    coming_days,
    day_question,
    in_rows,
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
from bot.actions.move_visit import (
    MoveEntry,
    SkipEntry,
    move_visit_in,
    skip_activity_in,
    weigh_move,
    weigh_skip,
)
from bot.actions.speak import button, phrase
from bot.rules import schedule
from bot.rules.access import Act, acting_role
from bot.rules.activities import PlannedActivity, Visit
from bot.rules.changes import Effects, name_of
from bot.rules.entry_form import Form
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase
from bot.rules.participant import DecisionKind
from bot.rules.said_moments import said_clock
from bot.rules.usual_reasons import USUAL_REASONS

_SKIP = "skip"
# Days shown after the last one that counts, for a dose that is given late.
_LATER = timedelta(days=4)
_NO_LONGER_OPEN = frozenset({"refusal.activity_not_open", "refusal.no_such_activity"})


class MoveScript(Script):
    """`visit` is the key of its leading activity, `seen` the date it had when it was chosen."""

    title = phrase("staff.form.title_move")
    again = ("day", "time", "late")

    async def question(self, sheet: Sheet) -> Question | None:
        form = sheet.form
        if not form.answer("visit"):
            return _which_visit(sheet)
        if not form.answer("day"):
            return _which_day(sheet)
        if form.answers["day"] != _SKIP:
            if not form.answer("time"):
                return clock_question([planned_clock(sheet, _visit(sheet).target_at)])
            if not form.answer("late") and await _needs_leave(sheet):
                return _ask_leave(sheet)
        return None if form.answer("reason") else reason_question(sheet, USUAL_REASONS["move"].items())

    async def preview(self, sheet: Sheet) -> Preview:
        return Preview.of(await _weighed(sheet))

    async def save(self, sheet: Sheet) -> Done:
        lines = (await _weighed(sheet)).lines()
        chart = sheet.chart
        if sheet.form.answers["day"] == _SKIP:
            await skip_activity_in(sheet.chart, _skipped(sheet))
        else:
            await move_visit_in(sheet.chart, _moved(sheet))
        rows = tuple(
            (button("staff.form.end_wish", f"k:end:{case.id}", subject=sheet.chart.subject),)
            for case in await decided_at(chart.uow, chart.subject, chart.now)
        )
        return Done(said=saved(lines), rows=rows)

    def told(self, sheet: Sheet) -> tuple[Phrase, ...]:
        form, told = sheet.form, []
        if form.answer("visit"):
            visit = next((one for one in _visits(sheet) if one.key == form.answers["visit"]), None)
            told.append(_name(sheet, visit) if visit else phrase("staff.form.visit_gone"))
        if form.answer("day") == _SKIP:
            told.append(phrase("staff.form.told_skip"))
        elif form.answer("time"):
            told.append(phrase("staff.form.told_new", at=moment_to_come(sheet)))
        elif form.answer("day"):
            told.append(phrase("staff.form.told_new_day", day=date.fromisoformat(form.answers["day"])))
        if form.answer("reason"):
            told.append(phrase("staff.form.told_reason", reason=form.answers["reason"]))
        return tuple(told)

    async def from_line(self, sheet: Sheet, rest: str) -> tuple[tuple[str, str], ...]:
        """`D8 2026-12-03 09:30 she asked for it`: the time may be left out, the reason too."""
        visit, _, rest = rest.partition(" ")
        day, _, rest = rest.strip().partition(" ")
        first, _, others = rest.strip().partition(" ")
        clock, reason = (first, others) if said_clock(first) else ("", rest)
        parts = (("visit", visit), ("day", day), ("time", clock), ("reason", reason.strip()))
        return tuple(part for part in parts if part[1])

    async def mended(self, sheet: Sheet, refusal: Refusal) -> tuple[Form, Phrase] | None:
        form = sheet.form
        if refusal.key == "refusal.moved_meanwhile":
            visit = _visit(sheet)
            again = form.without(*self.again).answered(seen=visit.target_at.isoformat())
            return again, await _who_moved(sheet, visit) or told_of(refusal)
        if refusal.key in _NO_LONGER_OPEN and form.answer("visit"):
            return form.without("visit", "seen", *self.again), told_of(refusal)
        return await super().mended(sheet, refusal)


# ---------------------------------------------------------------- which visit


def _which_visit(sheet: Sheet) -> Question:
    """Her open visits; one that she asked to move stands first and says so."""
    visits = sorted(_visits(sheet), key=lambda one: (not _is_wished(sheet, one), one.target_at))
    if not visits:
        raise Refusal("refusal.nothing_to_move", subject=sheet.chart.subject)
    choices = [Choice(_label(sheet, one), one.key) for one in visits[:DAYS_SHOWN]]
    known = {name: one for one in visits for name in _names(sheet, one)}

    def read(said: str) -> Answers:
        visit = known.get(said.strip().lower())
        if visit is None:
            raise Refusal("refusal.form_visit")
        return {"visit": visit.key, "seen": visit.target_at.isoformat()}

    return Question(name="visit", ask=phrase("staff.form.ask_visit"), read=read, choices=in_rows(choices, 1))


def _visits(sheet: Sheet) -> tuple[Visit, ...]:
    """What is still to be done, day by day."""
    chart = sheet.chart
    planned = schedule.plan(chart.desk.study, chart.course)
    return schedule.visits((one for one in planned if one.is_open), chart.course.time_zone)


def _visit(sheet: Sheet) -> Visit:
    key = given(sheet.form, "visit")
    visit = next((one for one in _visits(sheet) if key in {act.key for act in one.activities}), None)
    if visit is None:
        raise Refusal("refusal.activity_not_open", activity=key)
    return visit


def _names(sheet: Sheet, visit: Visit) -> tuple[str, ...]:
    """Its key, those of its activities, and its study day: as it stands and as day 1 had put it."""
    day1 = sheet.chart.course.day_of(schedule.day1_of(sheet.chart.course))
    days = {visit.day, *(one.first_planned_on for one in visit.activities)}
    return (
        *(one.key.lower() for one in visit.activities),
        *(f"d{(day - day1).days + 1}" for day in sorted(days)),
    )


def _label(sheet: Sheet, visit: Visit) -> Phrase:
    key = "staff.form.visit_wished" if _is_wished(sheet, visit) else "staff.form.visit"
    return phrase(key, day=_study_day(sheet, visit), what=_content(visit), at=visit.target_at)


def _name(sheet: Sheet, visit: Visit) -> Phrase:
    return phrase("staff.form.visit", day=_study_day(sheet, visit), what=_content(visit), at=visit.target_at)


def _content(visit: Visit) -> tuple[Phrase, ...]:
    return tuple(name_of(one) for one in visit.activities)


def _study_day(sheet: Sheet, visit: Visit) -> int:
    course = sheet.chart.course
    return schedule.study_day(schedule.day1_of(course), visit.target_at, course.time_zone)


def _is_wished(sheet: Sheet, visit: Visit) -> bool:
    """She asked for another day, and nobody has moved it since."""
    last = [sheet.chart.course.last_stated(one.key) for one in visit.activities]
    return any(one is not None and one.what in WISHES for one in last)


# ---------------------------------------------------------------- which day


def _which_day(sheet: Sheet) -> Question:
    visit = _visit(sheet)
    lead = _lead(visit)
    skip = Choice(phrase("staff.form.skip"), _SKIP)
    return day_question(
        sheet,
        _days_for(sheet, lead),
        ask=phrase("staff.form.ask_new_day", first=lead.window.first, last=lead.window.last),
        window=lead.window,
        further=((skip,),),
        also={_SKIP: _SKIP},
    )


def _days_for(sheet: Sheet, lead: PlannedActivity) -> list[date]:
    """The days that count and are still to come, then those just after; never a day that is over."""
    course = sheet.chart.course
    today, stands_on = course.day_of(sheet.chart.now), course.day_of(lead.target_at)
    first = max(today, lead.window.first)
    last = max(lead.window.last, today) + _LATER
    if first > lead.window.last:
        return coming_days(sheet)
    days = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    return [day for day in days if day != stands_on][:DAYS_SHOWN]


def _lead(visit: Visit) -> PlannedActivity:
    return next(one for one in visit.activities if one.key == visit.key)


async def _who_moved(sheet: Sheet, visit: Visit) -> Phrase | None:
    """Who moved it meanwhile, to when and why; None where another fact did."""
    decisions = await sheet.chart.uow.decisions.of(sheet.chart.subject)
    theirs = [one for one in decisions if one.activity_key == visit.key and one.kind is DecisionKind.MOVE]
    last = max(theirs, key=lambda one: one.decided_at, default=None)
    if last is None or last.to_at != visit.target_at:
        return None
    return phrase("staff.form.moved_by", staff=last.decided_by, at=visit.target_at, reason=last.reason)


# ---------------------------------------------------------------- after the last day of treatment


async def _needs_leave(sheet: Sheet) -> bool:
    """A dose after the last day of treatment, and somebody is asking who may allow it."""
    if acting_role(sheet.chart.staff, Act.ALLOW_LATE_DOSE, sheet.site.code) is None:
        return False
    try:
        await weigh_move(sheet.chart, _moved(sheet))
    except Refusal as refusal:
        return refusal.key == "refusal.after_last_day"
    return False


def _ask_leave(sheet: Sheet) -> Question:
    def read(said: str) -> Answers:
        if said != "yes":
            raise Refusal("refusal.form_choice")
        return {"late": said}

    return Question(
        name="late",
        ask=phrase("staff.form.ask_late", last=sheet.chart.desk.study.doses.last_day),
        read=read,
        choices=((Choice(phrase("staff.form.allow_late"), "yes"),),),
    )


# ---------------------------------------------------------------- effect


async def _weighed(sheet: Sheet) -> Effects:
    if sheet.form.answers["day"] == _SKIP:
        return weigh_skip(sheet.chart, _skipped(sheet))[1]
    return (await weigh_move(sheet.chart, _moved(sheet)))[1]


def _moved(sheet: Sheet) -> MoveEntry:
    form = sheet.form
    return MoveEntry(
        subject=sheet.chart.subject,
        activity_key=given(form, "visit"),
        to_at=moment_to_come(sheet),
        reason=form.answer("reason"),
        seen_at=datetime.fromisoformat(given(form, "seen")),
        override=form.answer("late") == "yes",
        confirmed=True,
    )


def _skipped(sheet: Sheet) -> SkipEntry:
    return SkipEntry(
        subject=sheet.chart.subject,
        activity_key=given(sheet.form, "visit"),
        reason=sheet.form.answer("reason"),
    )
