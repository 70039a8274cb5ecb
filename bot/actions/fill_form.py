"""A result, a dose, another date for a visit, words to a patient …, entered in the chat step by step.

What is missing is asked, likely answers as buttons, and the effect is shown before anything is stored. What
is asked, shown and stored is the business of each form (`bot/actions/chat_forms`); here people are taken
through. Where a form stands is kept with the conversation of the person, so that it survives a restart; a
button of an earlier question or form is told so. Every step asks the rights anew, on the person who tapped.
Source: issue "rehearse a trial" (staff in the chat); specification 6.2 ("shown back").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from bot.actions.chart import chart_in
from bot.actions.chat_forms.call import CallScript
from bot.actions.chat_forms.correction import CorrectionScript
from bot.actions.chat_forms.dose import DoseScript
from bot.actions.chat_forms.hold import HoldScript
from bot.actions.chat_forms.lab import LabScript
from bot.actions.chat_forms.medication import MedicationScript
from bot.actions.chat_forms.move import MoveScript
from bot.actions.chat_forms.script import Done, Preview, Question, Script, Sheet, told_of
from bot.actions.chat_forms.therapy import TherapyScript
from bot.actions.chat_forms.words import WordsScript
from bot.actions.desk import Desk, site_of
from bot.actions.note_access import note_refusal_in
from bot.actions.speak import Rows, button, phrase, remove_buttons, staff_as_recipient, to_staff
from bot.clock import new_id
from bot.rules.access import AuthMethod, Site, Staff, may, sites_for
from bot.rules.changes import trace_of
from bot.rules.entry_form import CONFIRM, RIGHTS, SUBJECT, Form, FormKind
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.messages import Button, Phrase
from bot.rules.participant import TERMINAL_STATES
from bot.rules.study import SiteCode, SubjectCode
from storage.unit_of_work import UnitOfWork

SCRIPTS: Mapping[FormKind, Script] = MappingProxyType(
    {
        FormKind.LAB: LabScript(),
        FormKind.DOSE: DoseScript(),
        FormKind.MOVE: MoveScript(),
        FormKind.THERAPY: TherapyScript(),
        FormKind.HOLD: HoldScript(),
        FormKind.CORRECT: CorrectionScript(),
        FormKind.WORDS: WordsScript(),
        FormKind.CALL: CallScript(),
        FormKind.MEDICATION: MedicationScript(),
    }
)
# As many as a thumb finds; anybody else is typed.
_SUBJECTS_SHOWN = 12
_A_ROW = 3
# Free text needs no reading: in a command of one line it may stand before something that is still asked.
_FREE = "reason"
# A refusal takes answers away; more often than this in one step and nothing can help.
_MOST_MENDED = 4


@dataclass(frozen=True, slots=True)
class _Worker:
    """The person at the form, and where it is written."""

    uow: UnitOfWork
    desk: Desk
    staff: Staff


async def begin_form(
    uow: UnitOfWork,
    desk: Desk,
    staff: Staff,
    kind: FormKind,
    *,
    subject: str | None = None,
    rest: str = "",
    case_id: str | None = None,
) -> None:
    """Opens a form; another one that was open is left, and its buttons go. `rest`: answers in one line.

    Raises:
        NotEntitled: a foreign or unknown subject, or somebody who may do this nowhere.
        Refusal: this cannot be done for her now.
    """
    who = _Worker(uow, desk, staff)
    await leave_form(uow, desk, staff)
    form = Form(id=new_id(), kind=kind, case_id=case_id)
    first = None
    if subject:
        form = await _with_subject(who, form, subject)
        if rest:
            form, first = await _from_line(who, form, rest)
    await _go_on(who, form, first=first)


async def leave_form(uow: UnitOfWork, desk: Desk, staff: Staff) -> Form | None:
    """The open form is given up, nothing is stored; None where there was none."""
    form = await open_form(uow, staff)
    if form is not None:
        await _end(_Worker(uow, desk, staff), form)
    return form


async def open_form(uow: UnitOfWork, staff: Staff) -> Form | None:
    """The form this person is filling in."""
    state = await uow.conversations.get(staff_as_recipient(staff.code)) or {}
    kept = state.get("form")
    return Form.from_json(kept) if isinstance(kept, dict) else None


async def type_into_form(uow: UnitOfWork, desk: Desk, staff: Staff, text: str) -> bool:
    """Words as the answer to the question that stands; False where no form is open, or none any more.

    A form that was left standing takes no words: whoever writes an hour later has something else in mind.
    """
    who = _Worker(uow, desk, staff)
    form = await open_form(uow, staff)
    if form is None:
        return False
    if form.has_lapsed(desk.now()):
        await _end(who, form)
        await _say(who, form, Done(said=phrase("staff.form.lapsed", title=SCRIPTS[form.kind].title)))
        return False
    await _answered(who, form, text.strip())
    return True


async def tap_in_form(
    uow: UnitOfWork, desk: Desk, staff: Staff, form_id: str, name: str, value: str
) -> Phrase | None:
    """A button of a form. Returns a notice for one that no longer counts."""
    who = _Worker(uow, desk, staff)
    form = await open_form(uow, staff)
    if form is None or form.id != form_id:
        return phrase("staff.stale")
    at_the_end = form.asked == CONFIRM
    match name:
        case "cancel":
            await _end(who, form)
            await _say(who, form, Done(said=phrase("staff.form.left")))
        case "save" if at_the_end:
            await _save(who, form)
        case "change" if at_the_end:
            await _go_on(who, form.without(*SCRIPTS[form.kind].again))
        case "extra" if at_the_end:
            extra, _, said = value.partition(":")
            await _go_on(who, form.answered(**{extra: said}))
        case _ if name == form.asked and not at_the_end:
            await _answered(who, form, value)
        case _:
            return phrase("staff.stale")
    return None


# ---------------------------------------------------------------- answers


async def _answered(who: _Worker, form: Form, said: str) -> None:
    """The answer to the question that stands; what is no answer is told, and the question stands on."""
    try:
        filled = await _filled(who, form, said)
    except NotEntitled:
        await _end(who, form)
        raise
    except Refusal as refusal:
        await _go_on(who, form, first=told_of(refusal))
    else:
        await _go_on(who, filled)


async def _filled(who: _Worker, form: Form, said: str) -> Form:
    """The form with this answer.

    Raises:
        Refusal: it is no answer to what is asked.
    """
    if form.asked == SUBJECT:
        return await _with_subject(who, form, said)
    question = await SCRIPTS[form.kind].question(await _sheet(who, form))
    if question is None:
        raise Refusal("refusal.form_confirm")
    return form.answered(**question.read(said))


async def _from_line(who: _Worker, form: Form, rest: str) -> tuple[Form, Phrase | None]:
    """What a command says in one line, as far as it can be read; then why not further."""
    script = SCRIPTS[form.kind]
    try:
        for name, said in await script.from_line(await _sheet(who, form), rest):
            if name == _FREE:
                form = form.answered(**{_FREE: said})
                continue
            question = await script.question(await _sheet(who, form))
            if question is not None and question.name == name:
                form = form.answered(**question.read(said))
    except NotEntitled:
        raise
    except Refusal as refusal:
        return form, told_of(refusal)
    return form, None


async def _with_subject(who: _Worker, form: Form, said: str) -> Form:
    """The participant, if this person may do this with her; a foreign one and none at all are told alike."""
    subject = SubjectCode(said.strip().upper())
    participant = await who.uow.participants.get(subject)
    if participant is None or not may(who.staff, RIGHTS[form.kind], participant.site_code):
        raise NotEntitled(subject=subject)
    return replace(form, subject=subject)


async def _sheet(who: _Worker, form: Form) -> Sheet:
    """The form with her chart as it stands now.

    Raises:
        NotEntitled: the right is gone, or she is at another site by now.
        Refusal: she has left the study.
    """
    if form.subject is None:
        raise NotEntitled()
    chart = await chart_in(
        who.uow,
        who.desk,
        form.subject,
        by=who.staff.code,
        act=RIGHTS[form.kind],
        auth=AuthMethod.TELEGRAM,
        ended_too=SCRIPTS[form.kind].ended_too,
    )
    return Sheet(form=form, chart=chart, site=await site_of(who.uow, chart.participant.site_code))


# ---------------------------------------------------------------- questions


async def _go_on(who: _Worker, form: Form, *, first: Phrase | None = None) -> None:
    """Asks for what is missing, or shows the effect; `first` is said above it.

    Where an answer cannot stand it is asked for anew, with the reason; where nothing can help the form ends.
    """
    if form.subject is None:
        await _ask_subject(who, form, first)
        return
    try:
        for _ in range(_MOST_MENDED):
            sheet = await _sheet(who, form)
            try:
                await _ask_or_show(who, sheet, first)
                return
            except Refusal as refusal:
                mended = await SCRIPTS[form.kind].mended(sheet, await _of_another(who, form, refusal))
                if mended is None:
                    raise
                form, first = mended
        raise Refusal("refusal.form_choice")
    except Refusal as refusal:
        await _end(who, form)
        if isinstance(refusal, NotEntitled):
            raise
        await _say(who, form, Done(said=told_of(refusal)))


async def _of_another(who: _Worker, form: Form, refusal: Refusal) -> Refusal:
    """A second person who was named and is foreign or unknown may be a slip: told, with a trace.

    Raises:
        NotEntitled: it is about the person of the form.
    """
    if not isinstance(refusal, NotEntitled):
        return refusal
    asked_for = refusal.values.get("subject")
    if asked_for in (None, form.subject):
        raise refusal
    await note_refusal_in(who.uow, who.desk, who.staff, str(asked_for), AuthMethod.TELEGRAM)
    return Refusal("refusal.not_yours", subject=asked_for)


async def _ask_or_show(who: _Worker, sheet: Sheet, first: Phrase | None) -> None:
    question = await SCRIPTS[sheet.form.kind].question(sheet)
    if question is not None:
        await _ask(who, sheet, question, first)
    else:
        await _show(who, sheet, await SCRIPTS[sheet.form.kind].preview(sheet), first)


async def _ask_subject(who: _Worker, form: Form, first: Phrase | None) -> None:
    said = [SCRIPTS[form.kind].title, phrase("staff.form.ask_subject")]
    rows = (*await _likely_subjects(who, form), _cancel(form))
    await _put(who, form, SUBJECT, [first, *said] if first else said, rows)


async def _ask(who: _Worker, sheet: Sheet, question: Question, first: Phrase | None) -> None:
    """The next question; the one before loses its buttons."""
    form = sheet.form
    likely = tuple(
        tuple(_button(form, one.label, question.name, one.value) for one in row) for row in question.choices
    )
    said = [_title(sheet), question.ask]
    rows = (*likely, _cancel(form))
    await _put(who, form, question.name, [first, *said] if first else said, rows, sheet.site)


async def _show(who: _Worker, sheet: Sheet, preview: Preview, first: Phrase | None) -> None:
    """What saving would do; what is odd is to be looked at twice."""
    form, script = sheet.form, SCRIPTS[sheet.form.kind]
    doubt = (phrase("staff.form.look_twice"),) if preview.doubtful else ()
    said = [_title(sheet), *doubt, *preview.lines, script.confirm]
    save = "staff.form.save_doubtful" if preview.doubtful else script.save_label
    extras = tuple(
        tuple(_button(form, one.label, "extra", one.value) for one in row) for row in script.extras(sheet)
    )
    rows: Rows = (
        (button(save, _token(form, "save")),),
        *extras,
        (button("staff.form.change", _token(form, "change")),),
        _cancel(form),
    )
    shown = replace(form, shown=trace_of(preview.lines))
    await _put(who, shown, CONFIRM, [first, *said] if first else said, rows, sheet.site)


def _title(sheet: Sheet) -> Phrase:
    """What is being entered so far, so that no question stands alone on the phone."""
    script = SCRIPTS[sheet.form.kind]
    told = (script.title, phrase("staff.form.code", subject=sheet.form.subject), *script.told(sheet))
    return phrase("staff.form.title", told=told)


def _button(form: Form, label: Phrase, name: str, value: str) -> Button:
    return Button(label=label, data=_token(form, name, value))


def _token(form: Form, name: str, value: str = "") -> str:
    return f"f:{form.id}:{name}:{value}"


def _cancel(form: Form) -> tuple[Button, ...]:
    return (button("staff.form.cancel", _token(form, "cancel")),)


async def _likely_subjects(who: _Worker, form: Form) -> Rows:
    sites = tuple(SiteCode(site.code) for site in await who.uow.sites.all())
    mine = sites_for(who.staff, RIGHTS[form.kind], sites)
    if not mine:
        raise NotEntitled()
    ended_too = SCRIPTS[form.kind].ended_too
    people = [
        line.participant
        for line in await who.uow.overviews.participants(mine)
        if ended_too or line.participant.state not in TERMINAL_STATES
    ][:_SUBJECTS_SHOWN]
    several = len(mine) > 1
    key, in_a_row = ("staff.form.code_at", 2) if several else ("staff.form.code", _A_ROW)
    buttons = [
        button(key, _token(form, SUBJECT, one.subject_code), subject=one.subject_code, site=one.site_code)
        for one in people
    ]
    return tuple(tuple(buttons[start : start + in_a_row]) for start in range(0, len(buttons), in_a_row))


# ---------------------------------------------------------------- saving


async def _save(who: _Worker, form: Form) -> None:
    """Stores what was confirmed; what the record says otherwise by now is shown anew, or asked anew."""
    script = SCRIPTS[form.kind]
    try:
        sheet = await _sheet(who, form)
        if trace_of((await script.preview(sheet)).lines) != form.shown:
            await _go_on(who, form, first=phrase("staff.form.changed_meanwhile"))
            return
        done = await script.save(sheet)
    except NotEntitled:
        await _end(who, form)
        raise
    except Refusal:
        await _go_on(who, form)  # says why, and asks what has to be answered anew
        return
    await _end(who, form)
    await _say(who, form, done)


# ---------------------------------------------------------------- on the phone


async def _put(
    who: _Worker,
    form: Form,
    asked: str,
    said: Sequence[Phrase],
    rows: Rows,
    site: Site | None = None,
) -> None:
    await _take_buttons(who, form)
    key = f"form:{form.id}:{new_id()}"
    message = to_staff(who.staff, site, key, said, buttons=rows, about=form.subject)
    await who.uow.outbox.put(message, who.desk.now())
    await _keep(who, replace(form, asked=asked, asked_at=who.desk.now(), screen=key))


async def _say(who: _Worker, form: Form, done: Done) -> None:
    key = f"form-end:{form.id}:{new_id()}"
    participant = await who.uow.participants.get(form.subject) if form.subject else None
    site = await site_of(who.uow, participant.site_code) if participant is not None else None
    message = to_staff(who.staff, site, key, [done.said], buttons=done.rows, about=form.subject)
    await who.uow.outbox.put(message, who.desk.now())


async def _end(who: _Worker, form: Form) -> None:
    await _take_buttons(who, form)
    await _keep(who, None)


async def _take_buttons(who: _Worker, form: Form) -> None:
    if form.screen:
        to = staff_as_recipient(who.staff.code)
        message = remove_buttons(to, who.staff.language, form.screen)
        await who.uow.outbox.put(message, who.desk.now())


async def _keep(who: _Worker, form: Form | None) -> None:
    to = staff_as_recipient(who.staff.code)
    state = await who.uow.conversations.get(to) or {}
    kept = {name: value for name, value in state.items() if name != "form"}
    await who.uow.conversations.put(to, {**kept, "form": form.to_json()} if form is not None else kept)
