"""A result, a dose or words to a patient, entered in the chat step by step.

What is missing is asked, likely answers as buttons, and the effect is shown before anything is stored.
Where a form stands is kept with the conversation of the person, so that it survives a restart; a button of an
earlier form is told so. Every step asks the rights anew, on the person who tapped.
Source: issue "rehearse a trial" (staff in the chat); specification 6.2 ("shown back").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from bot.actions.answer_patient import check_answerable, send_words
from bot.actions.chart import Chart, chart_in
from bot.actions.desk import Desk, site_of
from bot.actions.record_dose import DoseEntry, record_dose_in, treatment_dose, weigh_dose
from bot.actions.record_lab import LabEntry, analyte_named, record_lab_in, weigh_lab
from bot.actions.speak import (
    Rows,
    button,
    phrase,
    remove_buttons,
    staff_as_recipient,
    to_staff,
)
from bot.clock import new_id
from bot.rules import schedule
from bot.rules.access import AuthMethod, Staff, may, sites_for
from bot.rules.activities import ActivityKind
from bot.rules.entry_form import RIGHTS, Asked, Form, FormKind
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.lab_values import AskWhich, WhyNot, reading_of
from bot.rules.messages import Phrase
from bot.rules.said_moments import said_at
from bot.rules.study import SiteCode, SubjectCode
from storage.unit_of_work import UnitOfWork

# As many as a thumb finds; anybody else is typed.
_SUBJECTS_SHOWN = 12
_ABOUT_THE_VALUE = frozenset(f"refusal.value_{why.value.lower()}" for why in WhyNot)
_A_ROW = 3
_RECENT = timedelta(days=4)
# A moment on a button: the seconds of its clock, after a sign that nobody types.
_TAPPED = "@"


async def begin_form(
    uow: UnitOfWork,
    desk: Desk,
    staff: Staff,
    kind: FormKind,
    *,
    subject: str | None = None,
    typed: str | None = None,
    case_id: str | None = None,
) -> None:
    """Opens a form; another one that was open is left, and its buttons go.

    Raises:
        NotEntitled: a foreign or unknown subject, or somebody who may do this nowhere.
    """
    await leave_form(uow, desk, staff)
    form = Form(id=new_id(), kind=kind, typed=typed or None, case_id=case_id)
    if subject:
        form = await _with_subject(uow, desk, staff, form, subject)
    await _go_on(uow, desk, staff, form)


async def leave_form(uow: UnitOfWork, desk: Desk, staff: Staff) -> Form | None:
    """The open form is given up, nothing is stored; None where there was none."""
    form = await open_form(uow, staff)
    if form is None:
        return None
    await _take_buttons(uow, desk, staff, form)
    await _keep(uow, staff, None)
    return form


async def open_form(uow: UnitOfWork, staff: Staff) -> Form | None:
    """The form this person is filling in."""
    state = await uow.conversations.get(staff_as_recipient(staff.code)) or {}
    kept = state.get("form")
    return Form.from_json(kept) if isinstance(kept, dict) else None


async def type_into_form(uow: UnitOfWork, desk: Desk, staff: Staff, text: str) -> bool:
    """Words as the answer to the question that stands; False where no form is open."""
    form = await open_form(uow, staff)
    if form is None:
        return False
    await _answered(uow, desk, staff, form, form.asked, text.strip())
    return True


async def tap_in_form(
    uow: UnitOfWork, desk: Desk, staff: Staff, form_id: str, verb: str, value: str
) -> Phrase | None:
    """A button of a form. Returns a notice for one that no longer counts."""
    form = await open_form(uow, staff)
    if form is None or form.id != form_id:
        return phrase("staff.stale")
    match verb:
        case "cancel":
            await leave_form(uow, desk, staff)
            await _say(uow, desk, staff, form, phrase("staff.form.left"))
        case "save" if form.asked is Asked.CONFIRM:
            await _save(uow, desk, staff, form)
        case "change":
            again = replace(form, at=None) if form.kind is not FormKind.WORDS else replace(form, typed=None)
            await _go_on(uow, desk, staff, again)
        case _ if verb in Asked.__members__.values():
            await _answered(uow, desk, staff, form, Asked(verb), value)
        case _:
            return phrase("staff.stale")
    return None


# ---------------------------------------------------------------- answers


async def _answered(uow: UnitOfWork, desk: Desk, staff: Staff, form: Form, asked: Asked, said: str) -> None:
    try:
        filled = await _filled(uow, desk, staff, form, asked, said)
    except NotEntitled:
        await leave_form(uow, desk, staff)
        raise
    except Refusal as refusal:
        await _go_on(uow, desk, staff, form, first=Phrase(refusal.key, refusal.values))
    else:
        await _go_on(uow, desk, staff, filled)


async def _filled(uow: UnitOfWork, desk: Desk, staff: Staff, form: Form, asked: Asked, said: str) -> Form:
    """The form with this answer.

    Raises:
        Refusal: it is no answer to what is asked.
    """
    match asked:
        case Asked.SUBJECT:
            return await _with_subject(uow, desk, staff, form, said)
        case Asked.VALUE | Asked.TEXT:
            return replace(form, typed=said or None)
        case Asked.UNIT:
            return replace(form, typed=said)
        case Asked.NUMBER:
            if not (said.isascii() and said.isdigit() and len(said) < 3):
                raise Refusal("refusal.form_number")
            return replace(form, number=int(said))
        case Asked.AT:
            return replace(form, at=await _moment(uow, desk, form, said))
        case Asked.CONFIRM:
            raise Refusal("refusal.form_confirm")


async def _with_subject(uow: UnitOfWork, desk: Desk, staff: Staff, form: Form, said: str) -> Form:
    """The participant, if this person may do this with her; a foreign one and none at all are told alike."""
    subject = SubjectCode(said.strip().upper())
    participant = await uow.participants.get(subject)
    if participant is None or not may(staff, RIGHTS[form.kind], participant.site_code):
        raise NotEntitled(subject=subject)
    if form.kind is FormKind.WORDS:
        await check_answerable(uow, participant)
    return replace(form, subject=subject)


async def _moment(uow: UnitOfWork, desk: Desk, form: Form, said: str) -> datetime:
    if said.startswith(_TAPPED) and said[1:].isdigit():
        return datetime.fromtimestamp(int(said[1:]), UTC)
    zone = await _zone(uow, form)
    moment = said_at(said, desk.now(), zone)
    if moment is None:
        raise Refusal("refusal.form_moment")
    return moment


# ---------------------------------------------------------------- questions


async def _go_on(
    uow: UnitOfWork, desk: Desk, staff: Staff, form: Form, *, first: Phrase | None = None
) -> None:
    """Asks for what is missing, or shows the effect; `first` is said above it."""
    missing = form.missing()
    try:
        if form.kind is FormKind.LAB and form.typed is not None:
            reading_of(analyte_named(desk, None), form.typed)
        if missing is not Asked.CONFIRM or form.kind is FormKind.WORDS:
            await _ask(uow, desk, staff, form, missing, first=first)
            return
        lines = await _effect(uow, desk, staff, form)
    except AskWhich as doubt:
        await _ask_which(uow, desk, staff, form, doubt)
    except NotEntitled:
        await leave_form(uow, desk, staff)
        raise
    except Refusal as refusal:
        again, asked = _to_mend(form, refusal)
        await _ask(uow, desk, staff, again, asked, first=Phrase(refusal.key, refusal.values))
    else:
        shown = replace(form, shown=_trace(lines))
        await _ask(uow, desk, staff, shown, Asked.CONFIRM, first=first, lines=lines)


def _to_mend(form: Form, refusal: Refusal) -> tuple[Form, Asked]:
    """What has to be answered anew after a refusal: the value where that was wrong, else the time."""
    if form.kind is FormKind.LAB and refusal.key in _ABOUT_THE_VALUE:
        return replace(form, typed=None), Asked.VALUE
    if form.kind is FormKind.DOSE and refusal.key in ("refusal.dose_number", "refusal.dose_exists"):
        return replace(form, number=None), Asked.NUMBER
    return replace(form, at=None), Asked.AT


async def _ask(
    uow: UnitOfWork,
    desk: Desk,
    staff: Staff,
    form: Form,
    asked: Asked,
    *,
    first: Phrase | None = None,
    lines: Sequence[Phrase] = (),
) -> None:
    """The next question; the one before loses its buttons."""
    if asked is Asked.CONFIRM and form.kind is FormKind.WORDS:
        said = [phrase("staff.form.confirm_words", subject=form.subject, words=form.typed)]
    elif asked is Asked.CONFIRM:
        said = [await _title(uow, desk, form), *lines, phrase("staff.form.confirm")]
    else:
        said = [await _title(uow, desk, form), phrase(f"staff.form.ask_{asked.value}", **_values(form))]
    rows = await _rows(uow, desk, staff, form, asked)
    await _put(uow, desk, staff, form, asked, [first, *said] if first else said, rows)


def _values(form: Form) -> dict[str, Any]:
    return {"subject": form.subject} if form.kind is FormKind.WORDS and form.subject else {}


async def _ask_which(uow: UnitOfWork, desk: Desk, staff: Staff, form: Form, doubt: AskWhich) -> None:
    """The digits may mean two values: both are shown."""
    analyte = analyte_named(desk, None)
    rows: Rows = tuple(
        (
            button(
                "staff.form.value",
                f"f:{form.id}:unit:{reading.value} {analyte.unit}",
                value=reading.value,
                unit=analyte.unit,
            ),
        )
        for reading in doubt.readings
    )
    said = [await _title(uow, desk, form), phrase("staff.form.ask_unit", typed=form.typed)]
    await _put(uow, desk, staff, form, Asked.UNIT, said, (*rows, _cancel(form)))


async def _rows(uow: UnitOfWork, desk: Desk, staff: Staff, form: Form, asked: Asked) -> Rows:
    match asked:
        case Asked.SUBJECT:
            likely = await _likely_subjects(uow, staff, form)
        case Asked.NUMBER:
            likely = await _likely_numbers(uow, desk, staff, form)
        case Asked.AT:
            likely = await _likely_moments(uow, desk, staff, form)
        case Asked.CONFIRM:
            save = "staff.form.send" if form.kind is FormKind.WORDS else "staff.form.save"
            likely = (
                (button(save, f"f:{form.id}:save:"),),
                (button("staff.form.change", f"f:{form.id}:change:"),),
            )
        case _:
            likely = ()
    return (*likely, _cancel(form))


def _cancel(form: Form) -> tuple[Any, ...]:
    return (button("staff.form.cancel", f"f:{form.id}:cancel:"),)


async def _likely_subjects(uow: UnitOfWork, staff: Staff, form: Form) -> Rows:
    sites = tuple(SiteCode(site.code) for site in await uow.sites.all())
    mine = sites_for(staff, RIGHTS[form.kind], sites)
    if not mine:
        raise NotEntitled()
    lines = await uow.overviews.participants(mine)
    codes = [line.participant.subject_code for line in lines][:_SUBJECTS_SHOWN]
    buttons = [button("staff.form.code", f"f:{form.id}:subject:{code}", subject=code) for code in codes]
    return tuple(tuple(buttons[start : start + _A_ROW]) for start in range(0, len(buttons), _A_ROW))


async def _likely_numbers(uow: UnitOfWork, desk: Desk, staff: Staff, form: Form) -> Rows:
    """The doses that the plan still asks for, the next one first."""
    chart = await _chart(uow, desk, staff, form)
    coming = [
        one
        for one in schedule.plan(chart.desk.study, chart.course)
        if one.kind is ActivityKind.INJECTION and one.is_open and one.number is not None
    ]
    return tuple(
        (
            button(
                "staff.form.number", f"f:{form.id}:number:{one.number}", number=one.number, at=one.target_at
            ),
        )
        for one in coming[:2]
    )


async def _likely_moments(uow: UnitOfWork, desk: Desk, staff: Staff, form: Form) -> Rows:
    """The planned times of the last days that are past, the newest first, and now."""
    chart = await _chart(uow, desk, staff, form)
    wanted = ActivityKind.DRAW if form.kind is FormKind.LAB else ActivityKind.INJECTION
    planned = [
        one.target_at
        for one in schedule.plan(chart.desk.study, chart.course)
        if one.kind is wanted
        and chart.now - _RECENT <= one.target_at <= chart.now
        and (form.number is None or one.number == form.number)
    ]
    moments = list(dict.fromkeys([*sorted(planned, reverse=True)[:2]]))
    rows = [(button("staff.form.at", _at(form, moment), at=moment),) for moment in moments]
    now = chart.now.replace(second=0, microsecond=0)
    return (*rows, (button("staff.form.now", _at(form, now), at=now),))


def _at(form: Form, moment: datetime) -> str:
    return f"f:{form.id}:at:{_TAPPED}{int(moment.timestamp())}"


async def _title(uow: UnitOfWork, desk: Desk, form: Form) -> Phrase:
    """What is being entered so far, so that no question stands alone on the phone."""
    told = [phrase(f"staff.form.title_{form.kind.value}")]
    if form.subject:
        told.append(phrase("staff.form.code", subject=form.subject))
    if form.number is not None:
        told.append(phrase("staff.form.told_number", number=form.number))
    if form.kind is FormKind.LAB and form.typed:
        told.append(phrase("staff.form.told_value", typed=form.typed))
    if form.at is not None:
        told.append(phrase("staff.form.at", at=form.at))
    return phrase("staff.form.title", told=tuple(told))


# ---------------------------------------------------------------- effect and saving


async def _chart(uow: UnitOfWork, desk: Desk, staff: Staff, form: Form) -> Chart:
    if form.subject is None:
        raise NotEntitled()
    return await chart_in(
        uow, desk, form.subject, by=staff.code, act=RIGHTS[form.kind], auth=AuthMethod.TELEGRAM
    )


async def _effect(uow: UnitOfWork, desk: Desk, staff: Staff, form: Form) -> tuple[Phrase, ...]:
    """What saving would change, in words.

    Raises:
        Refusal: it would not be saved.
    """
    chart = await _chart(uow, desk, staff, form)
    if form.kind is FormKind.LAB:
        _, _, found = await weigh_lab(chart, _lab(form))
    else:
        found = weigh_dose(chart, treatment_dose(chart, _dose(form)))
    return found.lines()


async def _save(uow: UnitOfWork, desk: Desk, staff: Staff, form: Form) -> None:
    """Stores what was confirmed; what the record says otherwise by now is shown anew, or refused."""
    try:
        done = await _stored(uow, desk, staff, form)
    except Refusal as refusal:
        done = Phrase(refusal.key, refusal.values)
    if done is None:
        await _go_on(uow, desk, staff, form)
        return
    await _take_buttons(uow, desk, staff, form)
    await _keep(uow, staff, None)
    await _say(uow, desk, staff, form, done)


async def _stored(uow: UnitOfWork, desk: Desk, staff: Staff, form: Form) -> Phrase | None:
    """Stores it and gives the words of what was done; None where the effect is no longer what was shown."""
    if form.kind is FormKind.WORDS:
        text = form.typed or ""
        await send_words(
            uow, desk, staff, subject=_subject(form), text=text, case_id=form.case_id, key=form.id
        )
        return phrase("staff.form.sent", subject=form.subject)
    lines = await _effect(uow, desk, staff, form)
    if _trace(lines) != form.shown:
        return None
    chart = await _chart(uow, desk, staff, form)
    if form.kind is FormKind.LAB:
        await record_lab_in(chart, _lab(form))
    else:
        await record_dose_in(chart, _dose(form))
    return phrase("staff.form.saved", lines=lines)


def _trace(lines: Sequence[Phrase]) -> str:
    """Whether two effects say the same."""
    return sha256(repr(lines).encode()).hexdigest()[:16]


def _lab(form: Form) -> LabEntry:
    if form.at is None or form.typed is None:
        raise LookupError("a result was weighed before it was whole")
    return LabEntry(
        subject=_subject(form), typed=form.typed, unit=form.unit, sampled_at=form.at, confirmed=True
    )


def _dose(form: Form) -> DoseEntry:
    if form.at is None or form.number is None:
        raise LookupError("a dose was weighed before it was whole")
    return DoseEntry(subject=_subject(form), number=form.number, given_at=form.at, confirmed=True)


def _subject(form: Form) -> SubjectCode:
    if form.subject is None:
        raise LookupError("a form was saved before it was whole")
    return form.subject


# ---------------------------------------------------------------- on the phone


async def _put(
    uow: UnitOfWork,
    desk: Desk,
    staff: Staff,
    form: Form,
    asked: Asked,
    said: Sequence[Phrase],
    rows: Rows,
) -> None:
    await _take_buttons(uow, desk, staff, form)
    key = f"form:{form.id}:{new_id()}"
    site = await _site(uow, form)
    message = to_staff(staff, site, key, said, buttons=rows, about=form.subject)
    await uow.outbox.put(message, desk.now())
    await _keep(uow, staff, replace(form, asked=asked, screen=key))


async def _say(uow: UnitOfWork, desk: Desk, staff: Staff, form: Form, said: Phrase) -> None:
    key = f"form-end:{form.id}:{new_id()}"
    message = to_staff(staff, await _site(uow, form), key, [said], about=form.subject)
    await uow.outbox.put(message, desk.now())


async def _site(uow: UnitOfWork, form: Form) -> Any:
    participant = await uow.participants.get(form.subject) if form.subject else None
    return await site_of(uow, participant.site_code) if participant is not None else None


async def _zone(uow: UnitOfWork, form: Form) -> str:
    site = await _site(uow, form)
    return site.time_zone if site is not None else "Asia/Shanghai"


async def _take_buttons(uow: UnitOfWork, desk: Desk, staff: Staff, form: Form) -> None:
    if form.screen:
        to = staff_as_recipient(staff.code)
        await uow.outbox.put(remove_buttons(to, staff.language, form.screen), desk.now())


async def _keep(uow: UnitOfWork, staff: Staff, form: Form | None) -> None:
    to = staff_as_recipient(staff.code)
    state = await uow.conversations.get(to) or {}
    kept = {name: value for name, value in state.items() if name != "form"}
    await uow.conversations.put(to, {**kept, "form": form.to_json()} if form is not None else kept)
