"""What staff are told of a case: the alert, who took it, what the patient answered.

Alerts carry the subject code and the site, never an identity. Source: chat.md "The coordinator's phone";
specification 2.6 (one alert per report, rules named) and 3.3.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import structlog

from bot.actions.desk import Desk, site_of
from bot.actions.speak import Rows, button, phrase, to_staff, words
from bot.actions.tell_group import said_again, show_in_group, tell_group
from bot.actions.who_is_called import everybody_of
from bot.rules import escalation, schedule
from bot.rules.access import Act, Staff, may
from bot.rules.case import Case, CaseKind, Outcome
from bot.rules.inbound import Inbound
from bot.rules.masking import masked
from bot.rules.messages import OutboxRow, Phrase, Priority, RecipientKind, SendKind
from bot.rules.report import CLOSING, DECLINED, Answer
from bot.rules.study import Level, Role, StaffCode
from bot.understanding.together import understand_together
from storage.cases import CaseEvent
from storage.errors import StorageUnavailable
from storage.unit_of_work import UnitOfWork

_log = structlog.get_logger(__name__)

# Answers that must be heard, not only seen: in the group an edit makes no sound.
ALARMING = frozenset({"notyet", "notreached", "worse", "cannotwait"})
# Of her answers the card shows the newest.
_ANSWERS_SHOWN = 3

# The note of a case that rings from its start although somebody had seen to it: it is so once more.
TOLD_AGAIN = "AGAIN"
# Enough of her own words to judge by; the whole text stands behind the sign-in.
WORDS_SHOWN = 300


async def ring(
    uow: UnitOfWork,
    desk: Desk,
    case: Case,
    people: Sequence[Staff],
    *,
    ring_number: int,
    next_told: Phrase | None,
) -> None:
    """Puts one alert per person into the outbox; `ring_number` counts every ring of this case."""
    site = await site_of(uow, case.site_code)
    card = await alert_card(uow, desk, case)
    again = [await said_again(uow, case, ring_number, desk.now())] if ring_number > 1 else []
    coming = [next_told] if next_told else []
    for staff in people:
        key = f"alert:{case.id}:{ring_number}:{staff.code}"
        await uow.outbox.put(
            to_staff(
                staff,
                site,
                key,
                [*again, *card, *coming],
                buttons=case_rows(case, staff),
                priority=Priority.ALERT,
                about=case.subject_code,
                case_id=case.id,
            ),
            desk.now(),
        )


async def alert_card(uow: UnitOfWork, desk: Desk, case: Case) -> list[Phrase]:
    """The lines of the alert as facts stand now: level, what, why, platelets, advice, who has it.

    A fault in telling the story keeps back no alert: then level, code and standing are said alone.
    """
    head = phrase(
        "staff.alert.head",
        level=case.level,
        subject=case.subject_code,
        site=case.site_code,
        at=case.opened_at,
    )
    participant = await uow.participants.get(case.subject_code)
    desk = desk if participant is None else desk.bound_to(participant)
    try:
        story = await _story(uow, desk, case)
        facts = [
            *await _attempts(uow, case),
            *await _platelets(uow, desk, case),
            *await _study_day(uow, desk, case),
        ]
    except StorageUnavailable:
        raise
    except Exception as error:
        _log.error("a card was cut short", action="alert_staff", case=case.id, error=type(error).__name__)
        story, facts = [phrase("staff.alert.cut_short")], []
    return [head, *story, Phrase(key="staff.alert.lines", values={"lines": (*facts, _standing(case))})]


def case_rows(case: Case, staff: Staff) -> Rows:
    """The buttons this person has on this case now: nobody is shown one that would be refused."""
    if case.closed_at is not None or not may(staff, Act.ACKNOWLEDGE_CASE, case.site_code):
        return ()
    moving = _moving_row(case, staff)
    if case.acknowledged_by is None:
        return ((button("staff.case.take", f"k:take:{case.id}"),), *moving)
    may_close = may(staff, escalation.act_to_close(case.level), case.site_code)
    end: Rows = ((button("staff.case.close", f"k:end:{case.id}"),),) if may_close else ()
    if case.acknowledged_by != staff.code:
        return ((button("staff.case.take_over", f"k:over:{case.id}"),), *moving, *end)
    if case.level < Level.URGENT and may(staff, Act.ANSWER_PATIENT, case.site_code):
        end = ((button("staff.case.write", f"k:say:{case.id}"),), *moving, *end)
    if case.contacted_at is not None:
        return end
    met = button("staff.case.contacted", f"k:met:{case.id}")
    missed = button("staff.case.not_contacted", f"k:miss:{case.id}")
    return ((met, missed), *end)


def _moving_row(case: Case, staff: Staff) -> Rows:
    """Straight into moving a visit: what she asked for, or wrote, may be another day."""
    may_be_a_wish = case.kind in (CaseKind.REQUEST, CaseKind.WORDS) and case.level < Level.URGENT
    if not may_be_a_wish or not may(staff, Act.MOVE_VISIT, case.site_code):
        return ()
    return ((button("staff.case.move", f"n:move:{case.subject_code}"),),)


async def show_progress(uow: UnitOfWork, desk: Desk, case: Case, *, said_by: str = "") -> None:
    """Edits the last alert on every phone and in the group, so that no screen shows an older state.

    `said_by` names what changed where the case itself did not.
    """
    site = await site_of(uow, case.site_code)
    card = await alert_card(uow, desk, case)
    for row in await _last_alerts(uow, case):
        staff = await uow.staff.get(StaffCode(row.message.to.code))
        if staff is None or staff.revoked_at is not None:
            continue
        gone = not may(staff, Act.ACKNOWLEDGE_CASE, case.site_code)
        await uow.outbox.put(
            to_staff(
                staff,
                site,
                f"progress:{case.id}:{said_by or case.version}:{staff.code}",
                [phrase("staff.alert.transferred", subject=case.subject_code)] if gone else card,
                buttons=case_rows(case, staff),
                priority=Priority.ALERT,
                about=case.subject_code,
                edits=row.message.unique_key,
                case_id=case.id,
            ),
            desk.now(),
        )
    await show_in_group(uow, desk, case, card)


async def tell_others(uow: UnitOfWork, desk: Desk, case: Case, taker: Staff, now: datetime) -> None:
    """A new line to everybody else who was rung: an edit alone makes no sound."""
    site = await site_of(uow, case.site_code)
    said = phrase("staff.alert.taken", subject=case.subject_code, staff=taker.code, at=now)
    for row in await _last_alerts(uow, case):
        staff = await uow.staff.get(StaffCode(row.message.to.code))
        if staff is None or staff.code == taker.code or not may(staff, Act.ACKNOWLEDGE_CASE, case.site_code):
            continue
        key = f"taken:{case.id}:{case.version}:{staff.code}"
        await uow.outbox.put(
            to_staff(
                staff, site, key, [said], priority=Priority.ALERT, about=case.subject_code, case_id=case.id
            ),
            desk.now(),
        )


async def tell_answer(uow: UnitOfWork, desk: Desk, case: Case, answer: str, inbound: Inbound) -> None:
    """What the patient answered in the loop, to all who were rung; a tap brings no time of its own."""
    said = phrase(
        "staff.alert.patient_answered",
        subject=case.subject_code,
        site=case.site_code,
        answer=phrase(f"staff.answer.{answer}"),
        at=desk.now(),
    )
    key = f"answered:{case.id}:{inbound.key.update_id}"
    await tell_rung(uow, desk, case, said, key)
    if answer in ALARMING:
        await tell_group(uow, desk, case, said, key)
    await show_progress(uow, desk, case, said_by=f"answer-{inbound.key.update_id}")


async def tell_unconfirmed(
    uow: UnitOfWork, desk: Desk, case: Case, *, already: Collection[StaffCode], group: bool
) -> None:
    """She was asked and nothing says that help is on its way: phone her and the emergency contact.

    `already` were rung this moment and read it on the card; so does the group unless `group`.
    Source: specification 3.3 ("NO CONFIRMATION, PHONE THE PATIENT AND THE EMERGENCY CONTACT").
    """
    said = phrase("staff.alert.no_confirmation", subject=case.subject_code, site=case.site_code)
    key = f"unconfirmed:{case.id}:{case.rung_from.isoformat()}"
    await tell_rung(uow, desk, case, said, key, but=already)
    if group:
        await tell_group(uow, desk, case, said, key)
        await show_progress(uow, desk, case, said_by=f"unconfirmed-{case.rung_from.isoformat()}")


async def tell_patient_unreached(uow: UnitOfWork, desk: Desk, case: Case, key: str) -> None:
    """What was meant for her in this case did not arrive: somebody must phone."""
    await uow.cases.add_event(case.id, "PATIENT_NOT_DELIVERED", desk.now(), case.subject_code, "")
    said = phrase("staff.alert.patient_not_delivered", subject=case.subject_code, site=case.site_code)
    await tell_rung(uow, desk, case, said, key)
    await tell_group(uow, desk, case, said, key)
    await show_progress(uow, desk, case, said_by=key)


async def tell_closed_unreached(uow: UnitOfWork, desk: Desk, case: Case) -> None:
    """An EMERGENCY was closed although nobody reached her: what is left to do, to the central contact too.

    The bot itself calls nobody. Source: specification 3.3 ("UNREACHABLE in EMERGENCY").
    """
    said = phrase("staff.alert.closed_unreached", subject=case.subject_code, site=case.site_code)
    central = await everybody_of(uow, case.site_code, (Role.CENTRAL,))
    but = () if case.closed_by is None else (case.closed_by,)
    await tell_rung(
        uow, desk, case, said, f"closed-unreached:{case.id}:{case.version}", but=but, also=central
    )


async def tell_rung(
    uow: UnitOfWork,
    desk: Desk,
    case: Case,
    said: Phrase,
    key: str,
    *,
    but: Collection[StaffCode] = (),
    also: Sequence[Staff] = (),
) -> None:
    """A new line to all who were rung for this case, `but` these; and to those who must hear it `also`."""
    site = await site_of(uow, case.site_code)
    rung = [await uow.staff.get(StaffCode(row.message.to.code)) for row in await _last_alerts(uow, case)]
    people = {one.code: one for one in (*rung, *also) if one is not None and one.code not in but}
    for staff in people.values():
        if not may(staff, Act.ACKNOWLEDGE_CASE, case.site_code):
            continue
        message = to_staff(
            staff,
            site,
            f"{key}:{staff.code}",
            [said],
            priority=Priority.ALERT,
            about=case.subject_code,
            case_id=case.id,
        )
        await uow.outbox.put(message, desk.now())


async def _last_alerts(uow: UnitOfWork, case: Case) -> list[OutboxRow]:
    """The newest alert of this case on each phone, by person."""
    newest: dict[str, OutboxRow] = {}
    for row in await uow.outbox.of_case(case.id):
        message = row.message
        is_alert = message.unique_key.startswith("alert:") and message.kind is SendKind.SEND
        if is_alert and message.to.kind is RecipientKind.STAFF:
            newest[message.to.code] = row
    return [newest[code] for code in sorted(newest)]


async def _story(uow: UnitOfWork, desk: Desk, case: Case) -> list[Phrase]:
    lines: list[Phrase] = []
    if case.report_id is not None:
        lines += await _report_lines(uow, desk, case.report_id)
    said = {one.id: one for one in await uow.said.of(case.subject_code)}
    events = await uow.cases.events(case.id)
    together = _told_in_pieces(events)
    in_pieces = {one for pieces in together.values() for one in pieces[1:]}
    answers = [event for event in events if event.kind == "PATIENT_ANSWERED"][-_ANSWERS_SHOWN:]
    for event in events:
        if event.kind == "CORRECTED":
            lines.append(phrase("staff.alert.corrected_report", at=event.at))
            lines += await _report_lines(uow, desk, event.note)
        if event.kind == "REPORT":
            lines.append(phrase("staff.alert.reported_again_at", at=event.at))
            lines += await _report_lines(uow, desk, event.note)
        if event.kind == "HANDED_TO":
            before, owner = event.note.split(" ")
            lines.append(phrase("staff.alert.handed_to", site=before, staff=owner, at=event.at))
        if event in answers:
            answer = phrase(f"staff.answer.{event.note}")
            lines.append(phrase("staff.alert.answered_at", answer=answer, at=event.at))
        if event.kind in ("NO_CONFIRMATION", "PATIENT_NOT_DELIVERED"):
            lines.append(phrase(f"staff.alert.{event.kind.lower()}_at", at=event.at))
        if event.kind in ("RAISED", "RUNG_ANEW", "REOPENED"):
            lines.append(_turn(event))
        if event.kind != "ABOUT" or event.note in in_pieces:
            continue
        if event.note.startswith(("staff.story.", "staff.notice.")):
            lines.append(await _told(uow, desk, case, event.note))
        elif event.note in said:
            pieces = together.get(event.note, (event.note,))
            lines += _words_lines(desk, [said[one].text for one in pieces if one in said])
    return lines


def _told_in_pieces(events: Sequence[CaseEvent]) -> dict[str, tuple[str, ...]]:
    """The first piece of each sentence sent in pieces → all of them, as they were last read together."""
    together: dict[str, tuple[str, ...]] = {}
    for event in events:
        if event.kind == "TOGETHER":
            pieces = tuple(event.note.split(","))
            together = {first: told for first, told in together.items() if not set(told) & set(pieces)}
            together[pieces[0]] = pieces
    return together


def _words_lines(desk: Desk, texts: Sequence[str]) -> list[Phrase]:
    """Her own words without what would name her, and the red flags that they match: why it rings.

    `texts`: one message, or the pieces of a sentence in the order sent.
    """
    meant = understand_together(desk.understander, texts)
    lines = [phrase("staff.alert.her_words", words=masked(" / ".join(texts))[:WORDS_SHOWN])]
    if meant.plain_only:
        lines.append(phrase("staff.alert.read_plainly"))
    for flag in meant.red_flags:
        known = phrase(f"staff.red_flag.{flag.rule.lower().replace('-', '_')}")
        lines.append(
            phrase(
                "staff.alert.red_flag",
                rule=flag.rule,
                meaning=known,
                quote=masked(flag.quote),
                level=flag.level,
            )
        )
    return lines


def _turn(event: CaseEvent) -> Phrase:
    """How the case came to ring again: worse, unanswered for hours, or told again after it was closed."""
    if event.kind == "REOPENED":
        return phrase("staff.alert.reopened", at=event.at, outcome=Outcome(event.note))
    if event.kind == "RUNG_ANEW" and event.note == TOLD_AGAIN:
        return phrase("staff.alert.told_again", at=event.at)
    if event.kind == "RUNG_ANEW":
        return phrase("staff.alert.rung_anew", at=event.at)
    before, after, *taker = event.note.split(" ")
    levels = {"before": Level[before], "after": Level[after], "at": event.at}
    if taker:
        return phrase("staff.alert.worse_though_taken", staff=taker[0], **levels)
    return phrase("staff.alert.worse", **levels)


async def _told(uow: UnitOfWork, desk: Desk, case: Case, note: str) -> Phrase:
    key, _, content = note.partition(":")
    if content:
        return phrase(key, content=phrase(f"staff.content.{content}"))
    lab = await uow.labs.get(case.lab_id) if case.kind is CaseKind.LAB and case.lab_id else None
    if lab is None:
        return phrase(key)
    return phrase(
        key,
        analyte=desk.study.labs.analyte(lab.analyte).name,
        value=lab.value,
        entered=lab.as_entered,
        at=lab.sampled_at or lab.recorded_at,
    )


async def _report_lines(uow: UnitOfWork, desk: Desk, report_id: str) -> list[Phrase]:
    """One line a symptom, worst first: its answers in words, then the rules that fired."""
    answers = [answer for answer in await uow.reports.answers(report_id) if answer.replaced_by is None]
    assessments = sorted(await uow.reports.assessments(report_id), key=lambda one: one.level, reverse=True)
    newest = {one.symptom: one for one in reversed(assessments)}
    lines = [_gate_line(desk, answer) for answer in answers if answer.symptom == "GATE"]
    not_yet: list[Phrase] = []
    for assessment in sorted(newest.values(), key=lambda one: one.level, reverse=True):
        symptom = desk.study.symptom(assessment.symptom)
        told = tuple(
            line
            for answer in answers
            if answer.symptom == assessment.symptom
            for line in answer_words(desk, answer.symptom, answer.question, answer.codes, answer.typed)
        )
        if not told:
            if assessment.level > Level.NONE:  # else it was denied with others: no bleeding, none of these
                not_yet.append(words(symptom.label))
            continue
        lines.append(phrase("staff.alert.symptom", symptom=symptom.label, answers=told))
        if assessment.rules:
            rules = "; ".join(assessment.rules)
            lines.append(phrase("staff.alert.rules", rules=rules, level=assessment.level))
    lines += _closing_lines(desk, answers)
    if not_yet:
        lines.append(phrase("staff.alert.not_answered_yet", symptoms=tuple(not_yet)))
    return [line for line in lines if line.key or line.words]


def _closing_lines(desk: Desk, answers: Sequence[Answer]) -> list[Phrase]:
    """What she said at the end that is not as usual: a hospital, a new medicine, that she wants to be called.

    With the rule and the level where it calls for one. Source: specification 2.3, CX-16.
    """
    asked = {question.id: question for question in desk.study.closing}
    lines: list[Phrase] = []
    for answer in answers:
        closing_id = answer.question.partition(".")[0]  # what she typed after it stands under its name
        question = asked.get(closing_id) if answer.symptom == CLOSING else None
        if question is None or answer.codes == (question.good_answer,):
            continue
        labels = {option.code: option.label for option in question.options}
        told = [words(labels[code]) for code in answer.codes if code in labels]
        if answer.typed:
            lines.append(phrase("staff.alert.typed", text=masked(answer.typed)))
        if told:
            lines.append(phrase("staff.alert.closing", question=question.question, answers=tuple(told)))
        level = max((question.levels.get(code, Level.NONE) for code in answer.codes), default=Level.NONE)
        if question.rule and level > Level.NONE:
            lines.append(phrase("staff.alert.rules", rules=question.rule, level=level))
    return lines


def _gate_line(desk: Desk, answer: Answer) -> Phrase:
    item = next((item for item in desk.study.gate if item.code in answer.codes), None)
    return phrase("staff.alert.gate", item=item.label, level=item.level) if item else Phrase()


def answer_words(
    desk: Desk, symptom: str, question_id: str, codes: Sequence[str], typed: str | None
) -> list[Phrase]:
    """An answer as it was shown: the labels of its options, or what was typed; a skip says that it is one."""
    if DECLINED in codes:
        return [phrase("staff.alert.skipped")]
    questions = desk.study.symptom(symptom).questions
    options = next((one.options for one in questions if one.id == question_id), ())
    known = {option.code: option.label for option in options}
    labels = [words(known[code]) for code in codes if code in known]
    return labels or ([phrase("staff.alert.typed", text=masked(typed))] if typed else [])


async def _attempts(uow: UnitOfWork, case: Case) -> list[Phrase]:
    """How often she was phoned in vain, while nobody has reached her."""
    events = await uow.cases.events(case.id)
    failed = escalation.attempts_in_vain((one.kind, one.at) for one in events)
    if not failed or case.contacted_at is not None:
        return []
    return [phrase("staff.alert.attempts", count=len(failed), at=failed[-1])]


async def _platelets(uow: UnitOfWork, desk: Desk, case: Case) -> list[Phrase]:
    """The leading count of the study, as it is known now; then what she told since."""
    analyte = desk.study.labs.analyte(desk.study.labs.lead)
    counts = [lab for lab in await uow.labs.of(case.subject_code) if lab.analyte == analyte.code]
    known = [lab for lab in counts if lab.verified and lab.sampled_at is not None][-1:]
    told = [lab for lab in counts if not lab.verified]
    told = [lab for lab in told if not known or lab.recorded_at > known[0].recorded_at][-1:]
    lines = [
        phrase("staff.alert.platelets_verified", analyte=analyte.name, value=lab.value, at=lab.sampled_at)
        for lab in known
    ]
    lines += [
        phrase("staff.alert.platelets_unverified", analyte=analyte.name, value=lab.value, at=lab.recorded_at)
        for lab in told
    ]
    return lines or [phrase("staff.alert.platelets_unknown", analyte=analyte.name)]


async def _study_day(uow: UnitOfWork, desk: Desk, case: Case) -> list[Phrase]:
    participant = await uow.participants.get(case.subject_code)
    if participant is None:
        return []
    day = schedule.study_day(participant.day1_at, case.opened_at, participant.time_zone)
    return [phrase("staff.alert.study_day", day=day)]


def _standing(case: Case) -> Phrase:
    if case.closed_at is not None:
        return phrase("staff.alert.closed", staff=case.closed_by, at=case.closed_at, outcome=case.outcome)
    if case.contacted_at is not None:
        standing = (
            "staff.alert.contacted" if case.acknowledged_at is not None else "staff.alert.contacted_left"
        )
        return phrase(standing, staff=case.contacted_by, at=case.contacted_at)
    if case.acknowledged_at is not None:
        return phrase("staff.alert.taken_by", staff=case.acknowledged_by, at=case.acknowledged_at)
    advised = "staff.alert.nobody_advised" if case.level >= Level.URGENT else "staff.alert.nobody"
    return phrase(advised)
