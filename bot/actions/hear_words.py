"""Free text of a participant: kept as typed, scanned for red flags at once, answered, put before a person.

Words may open a report, raise a level, or answer the open question; they never lower, close or grade.
Source: specification 6.1; decisions "Triage".
"""

from __future__ import annotations

from bot.actions.desk import Desk, site_of
from bot.actions.join_study import continue_joining
from bot.actions.raise_case import raise_case
from bot.actions.report_symptoms import answer_in_words, begin_report, show_again
from bot.actions.speak import advice, button, home_rows, phrase, to_participant
from bot.actions.stop_messages import ask_what_to_stop
from bot.clock import new_id
from bot.rules.case import CaseKind
from bot.rules.inbound import Inbound, InboundKind
from bot.rules.messages import Phrase, Recipient
from bot.rules.participant import Participant
from bot.rules.report import OpenedBy
from bot.rules.study import Level, TextId
from bot.understanding.findings import Understanding
from storage.unit_of_work import UnitOfWork


async def hear_words(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, whom: Recipient
) -> None:
    """Words, a caption, an edit, or content without words; joined or not."""
    said_id = await _keep(uow, desk, inbound, participant)
    if inbound.kind is InboundKind.CONTENT:
        await _answer_content(uow, desk, inbound, participant, said_id)
        return
    meant = desk.understander.understand(inbound.text)
    if meant.red_flags:
        await _alarm(uow, desk, inbound, participant, meant, said_id)
    elif meant.intent == "stop" and participant.joined_at is not None:
        await ask_what_to_stop(uow, desk, inbound, participant)
    elif meant.confirm:
        await _ask_if_now(uow, desk, inbound, participant, said_id)
    elif participant.joined_at is None:
        await continue_joining(uow, desk, inbound, participant, whom)
    elif not await answer_in_words(uow, desk, participant, inbound.text):
        await _put_before_person(uow, desk, inbound, participant, meant, said_id)


async def confirm_words(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, said_id: str, *, yes: bool
) -> Phrase | None:
    """Her answer to "is this happening to you now?"; a yes is an alarm, a no stays before a person."""
    said = next((one for one in await uow.said.of(participant.subject_code) if one.id == said_id), None)
    if said is None:
        return phrase("patient.stale")
    meant = desk.understander.understand(said.text)
    if yes:
        await _alarm(uow, desk, inbound, participant, meant, said_id)
    else:
        await _put_before_person(uow, desk, inbound, participant, meant, said_id)
    return None


async def _keep(uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant) -> str:
    said_id = new_id()
    kind = inbound.content or ("edit" if inbound.edited else "forward" if inbound.forwarded else "text")
    await uow.said.add(said_id, participant.subject_code, inbound.text, desk.now(), inbound.key, kind)
    return said_id


async def _alarm(
    uow: UnitOfWork,
    desk: Desk,
    inbound: Inbound,
    participant: Participant,
    meant: Understanding,
    said_id: str,
) -> None:
    """Advice and one case; an open report goes on with its question, else a report begins."""
    site = await site_of(uow, participant.site_code)
    flags = meant.red_flags or meant.confirm
    texts = dict.fromkeys(flag.text_id for flag in flags) or {desk.study.triage.emergency_fallback: None}
    level = max((flag.level for flag in flags), default=Level.EMERGENCY)
    report_id: str | None = None
    if participant.joined_at is not None:
        opened = tuple(dict.fromkeys(code for flag in flags for code in flag.symptoms))
        report_id = await begin_report(
            uow,
            desk,
            participant,
            OpenedBy.WORDS,
            symptoms=opened,
            level=level,
            advice_given=[TextId(text_id) for text_id in texts],
        )
    case = await raise_case(
        uow, desk, participant, kind=CaseKind.WORDS, level=level, about=said_id, report_id=report_id
    )
    for text_id in texts:
        key = f"advice:{inbound.key.bot_id}:{inbound.key.update_id}:{text_id}"
        text = desk.study.texts[TextId(text_id)]
        await uow.outbox.put(advice(participant, site, text, key, case_id=case.id), desk.now())


async def _ask_if_now(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, said_id: str
) -> None:
    rows = (
        (button("patient.words.now_yes", f"c:yes:{said_id}"),),
        (button("patient.words.now_no", f"c:no:{said_id}"),),
    )
    key = f"now:{participant.subject_code}:{inbound.key.update_id}"
    await uow.outbox.put(
        to_participant(participant, key, [phrase("patient.words.happening_now")], buttons=rows), desk.now()
    )


async def _put_before_person(
    uow: UnitOfWork,
    desk: Desk,
    inbound: Inbound,
    participant: Participant,
    meant: Understanding,
    said_id: str,
) -> None:
    """Nothing said is dropped: a case at the level of what was understood, ROUTINE at least."""
    level = max(meant.level, Level.ROUTINE)
    case = await raise_case(uow, desk, participant, kind=CaseKind.WORDS, level=level, about=said_id)
    site = await site_of(uow, participant.site_code)
    key = f"words:{participant.subject_code}:{inbound.key.update_id}"
    if level >= Level.URGENT:
        text = desk.study.texts[desk.study.triage.urgent_fallback]
        await uow.outbox.put(advice(participant, site, text, key, case_id=case.id), desk.now())
    else:
        said = phrase("patient.words.kept", site_phone=site.phone)
        await uow.outbox.put(to_participant(participant, key, [said], buttons=home_rows()), desk.now())
    await show_again(uow, desk, participant)


async def _answer_content(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, said_id: str
) -> None:
    """A voice note, photo, file …: we say that we cannot read it, and a person is asked to."""
    site = await site_of(uow, participant.site_code)
    key = f"content:{participant.subject_code}:{inbound.key.update_id}"
    said = phrase("patient.words.cannot_read", site_phone=site.phone)
    await uow.outbox.put(to_participant(participant, key, [said], buttons=home_rows()), desk.now())
    level = Level.SAME_DAY if inbound.content in ("voice", "video_note") else Level.ROUTINE
    await raise_case(
        uow,
        desk,
        participant,
        kind=CaseKind.WORDS,
        level=level,
        about=f"staff.story.content:{inbound.content}",
    )
    if participant.joined_at is not None:
        await show_again(uow, desk, participant)
