"""A bare 8.6: is it 8.6 ×10⁹/L, or 8.6万, which is 86? Asked with two buttons; the lower one acts meanwhile.

Her answer is kept and told to the site. It lowers nothing: the count stays the lower one, marked "unit
unconfirmed", until a person enters the result. Source: specification 6.2; decisions "Triage" (a bare 8.6).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.actions.alert_staff import show_progress, tell_rung
from bot.actions.desk import Desk, patient_actor, site_of
from bot.actions.give_advice import give_advice
from bot.actions.keep_words import Heard, please_read
from bot.actions.report_symptoms import show_again
from bot.actions.speak import button, home_rows, phrase, to_participant
from bot.actions.standing_question import ask, no_longer_asked
from bot.rules.inbound import Inbound
from bot.rules.messages import Phrase
from bot.rules.participant import LabResult, Participant
from bot.rules.study import Level
from storage.unit_of_work import UnitOfWork

TEN_THOUSANDS: Final = Decimal(10)
"""万/µL is ten times 10⁹/L. Source: specification 6.2."""

_ANSWERS = ("low", "high", "unsure")
_TOLD = "patient:lab:unit_told"


async def ask_unit(uow: UnitOfWork, desk: Desk, heard: Heard, lab: LabResult) -> None:
    """What to do by the lower reading first, then the question; the words are before a person already."""
    participant, triage = heard.participant, desk.study.triage
    case = await please_read(uow, desk, heard, max(heard.meant.level, Level.ROUTINE))
    if case.level >= Level.SAME_DAY:
        text = triage.urgent_fallback if case.level >= Level.URGENT else triage.same_day_text
        key = f"{heard.inbound.key.bot_id}:{heard.inbound.key.update_id}"
        await give_advice(uow, desk, participant, (text,), key, case)
    unit = desk.study.labs.analyte(lab.analyte).unit.replace("^9", "⁹")
    rows = (
        (button("patient.count.as_written", f"u:low:{lab.id}", value=lab.value, unit=unit),),
        (
            button(
                "patient.count.ten_thousands",
                f"u:high:{lab.id}",
                value=lab.value,
                more=lab.value * TEN_THOUSANDS,
                unit=unit,
            ),
        ),
        (button("patient.count.unsure", f"u:unsure:{lab.id}"),),
    )
    said = [phrase("patient.count.which")]
    message = to_participant(participant, f"unit:{heard.key}", said, buttons=rows)
    await ask(uow, participant, message, desk.now())


async def answer_unit(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, answer: str, lab_id: str
) -> Phrase | None:
    """Her answer goes into the record and to those who were rung; nothing is lowered by it."""
    lab = await uow.labs.get(lab_id)
    mine = lab is not None and lab.subject_code == participant.subject_code
    if lab is None or not mine or not lab.unit_unconfirmed or answer not in _ANSWERS:
        return phrase("patient.stale")
    cases = [one for one in await uow.cases.all_of(participant.subject_code) if one.lab_id == lab.id]
    for case in cases:
        about = f"staff.story.unit_{answer}"
        if any(event.note == about for event in await uow.cases.events(case.id)):
            return phrase("patient.already_noted")
        await uow.cases.add_event(case.id, "ABOUT", desk.now(), participant.subject_code, about)
    await uow.audit.record(
        kind=_TOLD,
        actor=patient_actor(participant),
        at=desk.now(),
        subject=participant.subject_code,
        entity="lab",
        entity_id=lab.id,
        field="unit",
        new=answer,
    )
    for case in cases:
        said = phrase(f"staff.alert.unit_{answer}", subject=case.subject_code, **_values(lab))
        await tell_rung(uow, desk, case, said, f"unit:{case.id}:{inbound.key.update_id}")
        await show_progress(uow, desk, case, said_by=f"unit-{inbound.key.update_id}")
    await no_longer_asked(uow, participant, desk.now())
    site = await site_of(uow, participant.site_code)
    key = f"unit-told:{participant.subject_code}:{inbound.key.update_id}"
    kept = phrase("patient.count.kept", site_phone=site.phone)
    await uow.outbox.put(to_participant(participant, key, [kept], buttons=home_rows()), desk.now())
    await show_again(uow, desk, participant)
    return None


def _values(lab: LabResult) -> dict[str, object]:
    return {"value": lab.value, "more": lab.value * TEN_THOUSANDS}
