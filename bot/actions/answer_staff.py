"""What a member of staff taps or writes in the chat. Each tap asks the rights of the person who tapped."""

from __future__ import annotations

from dataclasses import replace

from bot.actions.acknowledge_case import acknowledge_in
from bot.actions.alert_staff import alert_card, case_rows
from bot.actions.close_case import close_in
from bot.actions.desk import Desk, entitled_to_case, site_of
from bot.actions.fill_form import begin_form, leave_form, tap_in_form, type_into_form
from bot.actions.log_contact import is_ended_by_call, log_contact_in
from bot.actions.mind_silence import is_about_silence
from bot.actions.note_reach import note_staff_lost
from bot.actions.show_menu import show_staff_menu
from bot.actions.show_patient import show_patient
from bot.actions.show_today import show_today
from bot.actions.speak import Rows, answer_tap, button, phrase, to_staff
from bot.rules import commands, escalation
from bot.rules.access import Act, Actor, AuthMethod, Staff, may
from bot.rules.case import Case, CaseId, Outcome, outcomes
from bot.rules.entry_form import FormKind
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.inbound import Inbound, InboundKind
from bot.rules.messages import Phrase, Priority, Recipient
from bot.rules.study import Language, StaffCode, SubjectCode
from storage.unit_of_work import UnitOfWork


async def hear_staff(uow: UnitOfWork, desk: Desk, inbound: Inbound, whom: Recipient) -> None:
    """One update of a linked member of staff. A refusal is said in their language and leaves a trace."""
    staff = await uow.staff.get(StaffCode(whom.code))
    if staff is None or staff.revoked_at is not None:
        return
    if inbound.kind in (InboundKind.BLOCKED_US, InboundKind.UNBLOCKED_US):
        if inbound.kind is InboundKind.BLOCKED_US:
            await note_staff_lost(uow, desk, code=staff.code, reason="blocked")
        return
    if inbound.kind is not InboundKind.TAP:
        await _written(uow, desk, inbound, staff)
        return
    notice = await _tapped(uow, desk, inbound, staff)
    await uow.outbox.put(answer_tap(inbound, whom, staff.language, desk.now(), notice), desk.now())


async def _written(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff) -> None:
    """A command, the answer to what a form asks, or any words, which show the open cases."""
    key = str(inbound.key.update_id)
    try:
        await _understood(uow, desk, inbound, staff, key)
    except Refusal as refusal:
        await _refused(uow, desk, inbound, staff, refusal)
        said = Phrase(key=refusal.key, values=refusal.values)
        await uow.outbox.put(to_staff(staff, None, f"refused:{staff.code}:{key}", [said]), desk.now())


async def _understood(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff, key: str) -> None:
    command = commands.command_in(inbound.text) if inbound.kind is InboundKind.TEXT else None
    if command is not None:
        await leave_form(uow, desk, staff)
        await _commanded(uow, desk, inbound, staff, command)
    elif inbound.kind is not InboundKind.TEXT:
        said = phrase("staff.cannot_read")
        await uow.outbox.put(to_staff(staff, None, f"content:{staff.code}:{key}", [said]), desk.now())
    elif inbound.edited or not await type_into_form(uow, desk, staff, inbound.text):
        await _looked_for(uow, desk, inbound, staff)


async def _looked_for(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff) -> None:
    """The code of a participant of theirs, written alone, shows her; any other words show the open cases."""
    code = inbound.text.strip().upper()
    participant = await uow.participants.get(SubjectCode(code))
    if participant is None or not may(staff, Act.READ_LOG, participant.site_code):
        await _show_open_cases(uow, desk, inbound, staff)
        return
    await show_patient(uow, desk, staff, code=code, key=f"{staff.code}:{inbound.key.update_id}")


async def _commanded(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff, command: commands.Command
) -> None:
    """What a person may do nowhere is refused like what is not theirs."""
    key = f"{staff.code}:{inbound.key.update_id}"
    if command.name in commands.STAFF_MENU and command.name not in commands.staff_menu(staff):
        raise NotEntitled()
    subject, _, rest = command.rest.partition(" ")
    match command.name:
        case "today":
            await show_today(uow, desk, staff, page=1, key=key)
        case "cases":
            await _show_open_cases(uow, desk, inbound, staff)
        case "patient" if command.rest:
            await show_patient(uow, desk, staff, code=command.rest, key=key)
        case "lab" | "dose" | "move" | "therapy" | "hold" | "correct" as kind:
            await begin_form(uow, desk, staff, FormKind(kind), subject=subject, rest=rest.strip())
        case "language":
            await _ask_language(uow, desk, staff, key)
        case "register":
            said = phrase("staff.group.type_in_group")
            await uow.outbox.put(to_staff(staff, None, f"group-where:{key}", [said]), desk.now())
        case "patient":
            said = phrase("staff.patient_which")
            await uow.outbox.put(to_staff(staff, None, f"which:{key}", [said]), desk.now())
        case _:
            await _help(uow, desk, staff, key)


async def _help(uow: UnitOfWork, desk: Desk, staff: Staff, key: str) -> None:
    lines = tuple(
        phrase("staff.help_line", command=f"/{name}", told=phrase(f"staff.command.{name}"))
        for name in commands.staff_menu(staff)
    )
    await uow.outbox.put(
        to_staff(staff, None, f"help:{key}", [phrase("staff.help", lines=lines)]), desk.now()
    )
    await show_staff_menu(uow, desk, staff, key)


async def _ask_language(uow: UnitOfWork, desk: Desk, staff: Staff, key: str) -> None:
    rows: Rows = ((button("patient.join.chinese", "sl:zh"), button("patient.join.english", "sl:en")),)
    message = to_staff(staff, None, f"language:{key}", [phrase("staff.language_ask")], buttons=rows)
    await uow.outbox.put(replace(message, both_languages=True), desk.now())


async def _choose_language(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff, code: str) -> None:
    language = Language.ZH if code == "zh" else Language.EN
    await uow.staff.set_language(staff.code, language)
    await uow.audit.record(
        kind="staff:language:chosen",
        actor=Actor(code=staff.code, role="staff", auth=AuthMethod.TELEGRAM),
        at=desk.now(),
        subject=None,
        entity="staff",
        entity_id=staff.code,
        field="language",
        old=staff.language.value,
        new=language.value,
    )
    changed = replace(staff, language=language)
    await _help(uow, desk, changed, f"{staff.code}:{inbound.key.update_id}")


async def _refused(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff, refusal: Refusal) -> None:
    await uow.audit.record(
        kind="staff:tap:refused",
        actor=Actor(code=staff.code, role="staff", auth=AuthMethod.TELEGRAM),
        at=desk.now(),
        subject=None,
        entity="tap",
        entity_id=str(inbound.key.update_id),
        new=inbound.token[:64] or None,
        reason=refusal.key,
    )


async def _tapped(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff) -> Phrase | None:
    try:
        return await _act(uow, desk, inbound, staff)
    except Refusal as refusal:
        await _refused(uow, desk, inbound, staff, refusal)
        return Phrase(key=refusal.key, values=refusal.values)


async def _act(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff) -> Phrase | None:
    by, auth = staff.code, AuthMethod.TELEGRAM
    key = f"{staff.code}:{inbound.key.update_id}"
    match inbound.token.split(":", 3):
        case ["t", page] if page.isascii() and page.isdigit() and len(page) < 4:
            await show_today(uow, desk, staff, page=int(page), key=key)
        case ["y", code]:
            await show_patient(uow, desk, staff, code=code, key=key)
        case ["n", kind, code] if kind in FormKind.__members__.values():
            await begin_form(uow, desk, staff, FormKind(kind), subject=code)
        case ["n", kind, code, answer] if kind in FormKind.__members__.values():
            await begin_form(uow, desk, staff, FormKind(kind), subject=code, rest=answer)
        case ["f", form_id, verb, value]:
            return await tap_in_form(uow, desk, staff, form_id, verb, value)
        case ["sl", "zh" | "en" as code]:
            await _choose_language(uow, desk, inbound, staff, code)
        case ["k", "show", case_id]:
            await _show_one(uow, desk, inbound, staff, CaseId(case_id))
        case ["k", "say", case_id]:
            await _answer_words_of(uow, desk, staff, CaseId(case_id))
        case ["k", "take", case_id]:
            await acknowledge_in(uow, desk, case_id=CaseId(case_id), by=by, auth=auth)
        case ["k", "over", case_id]:
            await acknowledge_in(uow, desk, case_id=CaseId(case_id), by=by, auth=auth, take_over=True)
        case ["k", "met" | "miss" as how, case_id]:
            await _log_call(uow, desk, staff, CaseId(case_id), reached=how == "met")
        case ["k", "end", case_id]:
            await _ask_outcome(uow, desk, inbound, staff, CaseId(case_id))
        case ["k", "out", case_id, Outcome.MEDICATION_CHANGED]:
            case = await _case_to_close(uow, staff, CaseId(case_id))
            kind, subject = FormKind.MEDICATION, case.subject_code
            await begin_form(uow, desk, staff, kind, subject=subject, case_id=case.id)
        case ["k", "out", case_id, outcome] if outcome in Outcome.__members__:
            await close_in(
                uow, desk, case_id=CaseId(case_id), by=by, outcome=Outcome[outcome], auth=auth, note=""
            )
            return phrase("staff.case.closed_now")
        case _:
            return phrase("staff.stale")
    return None


async def _log_call(uow: UnitOfWork, desk: Desk, staff: Staff, case_id: CaseId, *, reached: bool) -> None:
    """Kept at once; where the call was all there was to do, what was learnt is asked and ends the case."""
    auth = AuthMethod.TELEGRAM
    case = await log_contact_in(uow, desk, case_id=case_id, by=staff.code, reached=reached, auth=auth)
    if reached and await is_ended_by_call(uow, case, staff.code):
        await begin_form(uow, desk, staff, FormKind.CALL, subject=case.subject_code, case_id=case.id)


async def _ask_outcome(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff, case_id: CaseId) -> None:
    case = await _case_to_close(uow, staff, case_id)
    site = await site_of(uow, case.site_code)
    rows: Rows = tuple(
        (button(f"staff.outcome.{outcome.value}", f"k:out:{case.id}:{outcome.value}"),)
        for outcome in outcomes(silence=await is_about_silence(uow, case))
    )
    said = phrase("staff.case.ask_outcome", subject=case.subject_code, level=case.level)
    key = f"outcome:{case.id}:{inbound.key.update_id}"
    await uow.outbox.put(
        to_staff(staff, site, key, [said], buttons=rows, about=case.subject_code, case_id=case.id), desk.now()
    )


async def _case_to_close(uow: UnitOfWork, staff: Staff, case_id: CaseId) -> Case:
    """The case, if this person may close it and nobody has."""
    _, _, case = await entitled_to_case(uow, staff.code, Act.ACKNOWLEDGE_CASE, case_id)
    if not may(staff, escalation.act_to_close(case.level), case.site_code):
        raise NotEntitled()
    return case


async def _case_for(uow: UnitOfWork, staff: Staff, case_id: CaseId) -> Case:
    """The case, if this person may see it; another site's and none at all are told alike."""
    case = await uow.cases.get(case_id)
    if case is None or not may(staff, Act.ACKNOWLEDGE_CASE, case.site_code):
        raise NotEntitled()
    return case


async def _show_one(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff, case_id: CaseId) -> None:
    await show_case(uow, desk, inbound, staff, await _case_for(uow, staff, case_id))


async def _answer_words_of(uow: UnitOfWork, desk: Desk, staff: Staff, case_id: CaseId) -> None:
    case = await _case_for(uow, staff, case_id)
    await begin_form(uow, desk, staff, FormKind.WORDS, subject=case.subject_code, case_id=case.id)


async def _show_open_cases(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff) -> None:
    """Any words of staff get the open cases of their sites, the most urgent first, each with its buttons."""
    mine = [
        case for case in await uow.cases.open_at(None) if may(staff, Act.ACKNOWLEDGE_CASE, case.site_code)
    ]
    mine.sort(key=lambda case: (-case.level, case.opened_at))
    if not mine:
        key = f"none-open:{staff.code}:{inbound.key.update_id}"
        rows: Rows = ((button("staff.command.today", "t:1"),),)
        said = [phrase("staff.no_open_cases")]
        await uow.outbox.put(to_staff(staff, None, key, said, buttons=rows), desk.now())
    for case in mine[:10]:
        await show_case(uow, desk, inbound, staff, case)


async def show_case(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff, case: Case) -> None:
    """The card of a case in this person's chat, with the buttons they have on it now."""
    site = await site_of(uow, case.site_code)
    await uow.outbox.put(
        to_staff(
            staff,
            site,
            f"shown:{case.id}:{inbound.key.update_id}:{staff.code}",
            await alert_card(uow, desk, case),
            buttons=case_rows(case, staff),
            priority=Priority.REPLY,
            about=case.subject_code,
            case_id=case.id,
        ),
        desk.now(),
    )
