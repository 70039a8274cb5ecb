"""Her words, kept as typed, what they are taken to mean, and the case in which a person reads them.

Source: specification 6.1; decisions "Triage".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.actions.alert_staff import show_progress
from bot.actions.correct_report import case_of_report
from bot.actions.desk import Desk
from bot.actions.hear_fragments import Burst, case_in_hand, keep_burst, meaning_of, note_together, pieces_with
from bot.actions.raise_case import raise_case
from bot.actions.speak import home_rows, to_participant
from bot.clock import new_id
from bot.rules.case import Case, CaseKind
from bot.rules.hearing import Told
from bot.rules.inbound import Inbound
from bot.rules.messages import Phrase
from bot.rules.participant import Participant
from bot.rules.study import Level, Symptom
from bot.understanding.derived import derived, versions
from bot.understanding.findings import Polarity, Span, Understanding
from bot.understanding.red_flags import CATALOGUE_CODES
from storage.understood import UnderstoodWords
from storage.unit_of_work import UnitOfWork

# What is no symptom to ask about by name: blood without a place is asked about by the gate.
_NOT_NAMED = ("bleeding", "death")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One message: who, under which id it is kept, what it means with the pieces before it, and alone."""

    inbound: Inbound
    participant: Participant
    said_id: str
    meant: Understanding
    alone: Understanding
    burst: Burst

    @property
    def key(self) -> str:
        return f"{self.participant.subject_code}:{self.inbound.key.update_id}"


async def keep_words(uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant) -> str:
    """The text exactly as typed; gives its id."""
    said_id = new_id()
    kind = inbound.content or ("edit" if inbound.edited else "forward" if inbound.forwarded else "text")
    await uow.said.add(said_id, participant.subject_code, inbound.text, desk.now(), inbound.key, kind)
    return said_id


async def keep_understood(
    uow: UnitOfWork,
    desk: Desk,
    participant: Participant,
    said_id: str,
    meant: Understanding,
    read_with: Sequence[str],
) -> None:
    """What this message was taken to mean among the pieces it was read with: derived, and marked so."""
    by = versions()
    await uow.understood.add(
        UnderstoodWords(
            subject_code=participant.subject_code,
            at=desk.now(),
            said_id=said_id,
            read_with=tuple(read_with) or (said_id,),
            rules_version=by.rules,
            lexicon_version=by.lexicon,
            meant=derived(meant),
        )
    )


async def meant_by(
    uow: UnitOfWork, desk: Desk, participant: Participant, said_id: str
) -> Understanding | None:
    """What she wrote then, read again with the pieces it was read with; None where it is not hers."""
    if all(one.id != said_id for one in await uow.said.of(participant.subject_code)):
        return None
    return await meaning_of(uow, desk, await pieces_with(uow, participant, said_id))


def has_words(text: str) -> bool:
    """Something to read: a letter, a figure, a sign; not only spaces and what cannot be seen."""
    return any(unicodedata.category(sign)[0] in "LNPS" for sign in text)


def named(desk: Desk, participant: Participant, meant: Understanding) -> tuple[Symptom, ...]:
    """The symptoms of the study that her words report, in its order.

    Blood without a place and what is merely "something else" are none: they are asked about, not shown back.
    """
    codes = {code for one in meant.symptoms if one not in _NOT_NAMED for code in CATALOGUE_CODES[one]}
    return tuple(
        symptom
        for symptom in desk.study.symptoms
        if symptom.code in codes and symptom.only_sex in (None, participant.sex) and not symptom.asks_words
    )


def told_of(meant: Understanding) -> dict[str, Told]:
    """What her words say of each symptom beyond its name, by catalogue code.

    A duration belongs to the symptom that stands nearest; of two durations at one symptom none counts.
    """
    reported = [one for one in meant.findings if one.polarity.is_reported]
    minutes: dict[str, set[int]] = {}
    for lasting in meant.durations:
        if reported:
            nearest = min(reported, key=lambda one: _apart(one.span, lasting.span))
            minutes.setdefault(nearest.symptom, set()).add(lasting.minutes)
    told: dict[str, Told] = {}
    for one in reported:
        lasted = minutes.get(one.symptom, set())
        for code in CATALOGUE_CODES[one.symptom]:
            told[code] = Told(
                minutes=max(lasted) if len(lasted) == 1 else None,
                stopped=one.polarity is Polarity.RESOLVED,
                going_on=one.polarity is Polarity.PRESENT and "not_stopping" in one.modifiers,
            )
    return told


def _apart(one: Span, other: Span) -> int:
    """Characters between the two; 0 where they touch."""
    return max(0, one.start - other.end, other.start - one.end)


async def please_read(uow: UnitOfWork, desk: Desk, heard: Heard, level: Level) -> Case:
    """A case "please read" about these words.

    The pieces of one sentence are one case, at the highest level of any; words that nobody has taken yet take
    further words of that level in.
    """
    subject = heard.participant.subject_code
    known = await case_in_hand(uow, heard.burst)
    if known is None:
        known = await _waiting_to_be_read(uow, heard.participant, level)
    if known is None:
        case = await raise_case(
            uow, desk, heard.participant, kind=CaseKind.WORDS, level=level, about=heard.said_id
        )
    else:
        await uow.cases.add_event(known.id, "ABOUT", desk.now(), subject, heard.said_id)
        case = await raise_case(
            uow, desk, heard.participant, kind=known.kind, level=level, about="", raising=known
        )
    await note_together(uow, desk, case, heard.burst)
    if known is not None:
        await show_progress(uow, desk, case, said_by=new_id())
    await keep_burst(uow, heard.participant, replace(heard.burst, case_id=case.id))
    return case


async def _waiting_to_be_read(uow: UnitOfWork, participant: Participant, level: Level) -> Case | None:
    for case in await uow.cases.open_of(participant.subject_code):
        untaken = case.kind is CaseKind.WORDS and case.acknowledged_at is None and case.report_id is None
        if untaken and case.level is level:
            return case
    return None


async def bind_to_report(uow: UnitOfWork, participant: Participant, said_id: str, report_id: str) -> None:
    """The case of these words goes on as the case of the report that they opened: one matter, one case."""
    if await case_of_report(uow, participant, report_id) is not None:
        return
    for case in await uow.cases.open_of(participant.subject_code):
        is_about = any(event.note == said_id for event in await uow.cases.events(case.id))
        if is_about and case.report_id is None:
            await uow.cases.save(replace(case, report_id=report_id))
            return


async def say(uow: UnitOfWork, desk: Desk, heard: Heard, said: Phrase, *, home: bool = True) -> None:
    """One answer to her words."""
    rows = home_rows() if home else ()
    message = to_participant(heard.participant, f"words:{heard.key}", [said], buttons=rows)
    await uow.outbox.put(message, desk.now())
