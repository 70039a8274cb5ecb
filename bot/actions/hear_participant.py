"""What a participant writes or taps: red flags first, whatever question is open; then what she meant.

Source: architecture, "How one message travels"; decisions "Triage".
"""

from __future__ import annotations

from dataclasses import replace

from bot.actions.answer_stranger import code_in
from bot.actions.answer_wish import waits_for_answer
from bot.actions.ask_patient_in_case import answer_in_case
from bot.actions.ask_unit import answer_unit
from bot.actions.ask_who_died import answer_who_died
from bot.actions.ask_whose import answer_whose
from bot.actions.choose_language import ask_language, change_language
from bot.actions.confirm_activity import answer_reminder
from bot.actions.desk import Desk, patient_actor, site_of
from bot.actions.hear_words import confirm_understood, confirm_words, hear_words
from bot.actions.join_study import continue_joining
from bot.actions.plan_visits import next_visit_phrase
from bot.actions.relay_question import waiting_questions
from bot.actions.report_symptoms import answer_question, begin_report
from bot.actions.speak import answer_tap, home_rows, phrase, to_participant, whole_home_rows
from bot.actions.stop_messages import answer_stop, ask_what_to_stop
from bot.rules import commands
from bot.rules.inbound import Inbound, InboundKind
from bot.rules.messages import Phrase, Recipient
from bot.rules.participant import Participant
from bot.rules.report import OpenedBy
from bot.rules.study import SubjectCode
from storage.unit_of_work import UnitOfWork


async def hear_participant(uow: UnitOfWork, desk: Desk, inbound: Inbound, whom: Recipient) -> None:
    """One update of a linked participant, joined or not."""
    participant = await uow.participants.lock(SubjectCode(whom.code))
    if participant is None:
        raise LookupError("a chat is linked to a participant that does not exist")
    desk = desk.bound_to(participant)
    if inbound.kind is InboundKind.BLOCKED_US:
        await _note_reachable(uow, desk, participant, reachable=False)
        return
    if participant.unreachable_since is not None:
        participant = await _note_reachable(uow, desk, participant, reachable=True)
    if inbound.kind is InboundKind.UNBLOCKED_US:
        return
    match inbound.kind:
        case InboundKind.TAP if participant.joined_at is None and not _answers_alarm(inbound):
            await continue_joining(uow, desk, inbound, participant, whom)
        case InboundKind.TAP:
            await _tapped(uow, desk, inbound, participant, whom)
        case InboundKind.TEXT if (command := _command_in(inbound)) is not None:
            await _commanded(uow, desk, inbound, participant, whom, command)
        case _:
            await hear_words(uow, desk, inbound, participant, whom)


def _answers_alarm(inbound: Inbound) -> bool:
    """Her answer to emergency advice or to "is this happening now?" counts before she has joined, too."""
    return inbound.token.split(":")[0] in ("p", "c")


def _command_in(inbound: Inbound) -> str | None:
    """A command that is the whole message; with words behind it, it is read as the sentence it is."""
    command = commands.command_in(inbound.text)
    if command is None or inbound.edited or inbound.forwarded:
        return None
    if command.name == "start":
        return "start" if not command.rest or code_in(inbound.text) is not None else None
    return command.name if not command.rest else None


async def _commanded(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, whom: Recipient, command: str
) -> None:
    if participant.joined_at is None:
        await continue_joining(uow, desk, inbound, participant, whom)
        return
    match command:
        case "unwell" | "report":
            await begin_report(uow, desk, participant, OpenedBy.TAP)
        case "visits":
            await _say_visits(uow, desk, inbound, participant)
        case "phone":
            await _say_phone(uow, desk, inbound, participant)
        case "language":
            await ask_language(uow, desk, inbound, participant)
        case "stop":
            await ask_what_to_stop(uow, desk, inbound, participant)
        case "start" | "home":
            await _say_home(uow, desk, inbound, participant, phrase("patient.home"))
        case _:
            site = await site_of(uow, participant.site_code)
            await _say_home(uow, desk, inbound, participant, phrase("patient.help", site_phone=site.phone))


async def _tapped(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, whom: Recipient
) -> None:
    """A tap is always answered, so that the button does not keep spinning; an old one is told so."""
    notice: Phrase | None = None
    match inbound.token.split(":"):
        case ["h", "unwell" | "report"]:
            await begin_report(uow, desk, participant, OpenedBy.TAP)
        case ["h", "visits"]:
            await _say_visits(uow, desk, inbound, participant)
        case ["h", "phone"]:
            await _say_phone(uow, desk, inbound, participant)
        case ["h", "language"]:
            await ask_language(uow, desk, inbound, participant)
        case ["h", "stop"]:
            await ask_what_to_stop(uow, desk, inbound, participant)
        case ["l", code]:
            participant = await change_language(uow, desk, inbound, participant, code)
        case ["q", *_]:
            notice = await answer_question(uow, desk, participant, inbound.token)
        case ["v", *rest]:
            notice = await answer_reminder(uow, desk, inbound, participant, rest)
        case ["p", case_id, answer]:
            notice = await answer_in_case(uow, desk, inbound, participant, case_id, answer)
        case ["s", choice]:
            await answer_stop(uow, desk, inbound, participant, choice)
        case ["c", "yes" | "no" as now_happening, said_id]:
            notice = await confirm_words(uow, desk, inbound, participant, said_id, yes=now_happening == "yes")
        case ["w", "yes" | "no" as right, said_id]:
            notice = await confirm_understood(uow, desk, inbound, participant, said_id, right=right == "yes")
        case ["o", answer, said_id]:
            notice = await answer_whose(uow, desk, inbound, participant, answer, said_id)
        case ["d", answer, said_id]:
            notice = await answer_who_died(uow, desk, inbound, participant, answer, said_id)
        case ["u", answer, lab_id]:
            notice = await answer_unit(uow, desk, inbound, participant, answer, lab_id)
        case _:
            notice = phrase("patient.stale")
    await uow.outbox.put(answer_tap(inbound, whom, participant.language, desk.now(), notice), desk.now())


async def _say_home(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, said: Phrase
) -> None:
    key = f"home:{participant.subject_code}:{inbound.key.update_id}"
    waiting = await waiting_questions(uow, participant)
    told = [said, phrase("patient.question.still_waiting", count=waiting)] if waiting else [said]
    if await waits_for_answer(uow, participant.subject_code):
        told.append(phrase("patient.wish_still_waits"))
    await uow.outbox.put(to_participant(participant, key, told, buttons=whole_home_rows()), desk.now())


async def _say_visits(uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant) -> None:
    key = f"visits:{participant.subject_code}:{inbound.key.update_id}"
    said = [await next_visit_phrase(uow, desk, participant)]
    if await waits_for_answer(uow, participant.subject_code):
        site = await site_of(uow, participant.site_code)
        said.append(phrase("patient.wish_waits", site_phone=site.phone))
    await uow.outbox.put(to_participant(participant, key, said, buttons=home_rows()), desk.now())


async def _say_phone(uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant) -> None:
    site = await site_of(uow, participant.site_code)
    key = f"phone:{participant.subject_code}:{inbound.key.update_id}"
    said = [phrase("patient.phone", site=site.name, site_phone=site.phone)]
    await uow.outbox.put(to_participant(participant, key, said, buttons=home_rows()), desk.now())


async def _note_reachable(
    uow: UnitOfWork, desk: Desk, participant: Participant, *, reachable: bool
) -> Participant:
    now = desk.now()
    await uow.audit.record(
        kind="patient:chat:reachable" if reachable else "patient:chat:blocked",
        actor=patient_actor(participant),
        at=now,
        subject=participant.subject_code,
        entity="participant",
        entity_id=participant.subject_code,
        field="unreachable_since",
        old=participant.unreachable_since.isoformat() if participant.unreachable_since else None,
        new=None if reachable else now.isoformat(),
    )
    return await uow.participants.save(replace(participant, unreachable_since=None if reachable else now))
