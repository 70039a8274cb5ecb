"""Safety texts to a participant: before everything else, in both languages, with what she can answer.

Source: specification 2.9; chat.md ("Red flag, whatever else was open").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.actions.desk import Desk, site_of
from bot.actions.speak import Rows, advice, button, phrase, to_participant
from bot.actions.who_is_called import reachable_at
from bot.rules.case import Case
from bot.rules.escalation import ON_CALL
from bot.rules.messages import Phrase, Priority
from bot.rules.participant import Participant
from bot.rules.roster import OutOfHours
from bot.rules.study import Level, Road, TextId
from storage.unit_of_work import UnitOfWork


async def give_advice(
    uow: UnitOfWork, desk: Desk, participant: Participant, texts: Sequence[TextId], key: str, case: Case
) -> None:
    """Each text once, the most dangerous first; `key` is what makes them these.

    Where this very update was advised while the archive could not be written, the advice is not said over
    again: now the team is being alerted, and that is what she must know.
    """
    site = await site_of(uow, participant.site_code)
    rows = answers_of(case)
    if desk.already_advised:
        said = phrase("patient.alerting_now", site_phone=site.phone)
        message = to_participant(
            participant, f"advice:{key}", [said], buttons=rows, priority=Priority.SAFETY, case_id=case.id
        )
        await uow.outbox.put(message, desk.now())
        return
    away = await away_until(uow, desk, participant)
    for text_id in dict.fromkeys(_out_of_hours(desk, one) if away else one for one in texts):
        text = desk.study.texts[text_id]
        message = advice(participant, site, text, f"advice:{key}:{text_id}", case_id=case.id, rows=rows)
        by_when = await _by_when(uow, desk, participant, case.level)
        said = replace(message.phrases[0], values={**message.phrases[0].values, "by_when": by_when})
        await uow.outbox.put(replace(message, phrases=(said,)), desk.now())
    await say_nobody_is_there(uow, desk, participant, key, away)


async def away_until(uow: UnitOfWork, desk: Desk, participant: Participant) -> datetime | None:
    """When her site works again, where it promises advice only outside its hours and it is closed now.

    Source: specification 3.1, 7.2 Q10 (`out_of_hours = ADVICE_ONLY`).
    """
    site = await site_of(uow, participant.site_code)
    calendar = desk.calendar_of(site)
    if site.out_of_hours is OutOfHours.COVERED or calendar.is_working(desk.now()):
        return None
    return calendar.next_opening(desk.now())


async def say_nobody_is_there(
    uow: UnitOfWork, desk: Desk, participant: Participant, key: str, away: datetime | None
) -> None:
    """Honest words where nobody of the site works now: when they do again, and where to go until then."""
    if away is None:
        return
    site = await site_of(uow, participant.site_code)
    said = phrase("patient.out_of_hours", at=away, site_phone=site.phone)
    message = to_participant(participant, f"out-of-hours:{key}", [said], priority=Priority.SAFETY)
    await uow.outbox.put(message, desk.now())


def _out_of_hours(desk: Desk, text_id: TextId) -> TextId:
    """Nobody answers the site's phone at night: she is sent to an emergency department straight away."""
    triage = desk.study.triage
    return triage.department_text if text_id == triage.urgent_fallback else text_id


def answers_of(case: Case) -> Rows:
    """What she can answer to emergency advice, bound to the case: the options of its first question.

    Source: chat.md ("Red flag"); specification 3.3 (patient loop).
    """
    if case.level is not Level.EMERGENCY or case.closed_at is not None:
        return ()
    options = next((step.options for step in case.chain.patient_steps if step.options), ())
    return tuple((button(f"patient.answer.{option}", f"p:{case.id}:{option}"),) for option in options)


async def _by_when(uow: UnitOfWork, desk: Desk, participant: Participant, level: Level) -> Phrase:
    """When a person will be in touch, from the calendar and the roster.

    Asked for are the chain's people on working days and whoever is on call on days off; nobody on days off at
    a site that promises advice only. Source: decisions "Triage"; specification 7.2 Q10.
    """
    site = await site_of(uow, participant.site_code)
    calendar = desk.calendar_of(site)
    everybody, duties = await uow.staff.all(), await uow.rosters.of(site.code)
    steps = desk.study.chains[Level.SAME_DAY].steps
    by_day = tuple(dict.fromkeys(role for step in steps if step.road is Road.TELEGRAM for role in step.roles))

    def there(at: datetime) -> bool:
        working = calendar.is_working_day(calendar.day_of(at))
        if not working and site.out_of_hours is OutOfHours.ADVICE_ONLY:
            return False
        roles = by_day if working else (ON_CALL,)
        return bool(reachable_at(at, site=site.code, roles=roles, everybody=everybody, duties=duties))

    told = calendar.by_when(level, desk.now(), there=there)
    return phrase(f"patient.by_when.{told.kind.value}", at=told.at)
