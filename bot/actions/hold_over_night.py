"""A matter of today that is told at night: may it be held until the morning, and is she asked so?

Platelets very low or unknown, and blood thinners, forbid holding it; anybody else is asked whether it can
wait, and a *no* makes it urgent. Source: specification 3.4.
"""

from __future__ import annotations

from bot.actions.desk import Desk, site_of
from bot.actions.speak import button, phrase, to_participant
from bot.rules.case import Case, CaseKind
from bot.rules.context import context_of
from bot.rules.participant import Participant
from bot.rules.study import Level
from storage.unit_of_work import UnitOfWork

# "PLT band is P0/P1/unknown": the two lowest context bands. Source: specification 3.4.
_LOWEST_BANDS = 2
# Told by her, so that she is awake to answer; results and faults of ours are not.
_TOLD_BY_HER = frozenset({CaseKind.REPORT, CaseKind.WORDS})


async def cannot_wait(uow: UnitOfWork, desk: Desk, participant: Participant, level: Level) -> bool:
    """Whether the facts forbid holding a matter of this level over night."""
    if level is not Level.SAME_DAY:
        return False
    labs = await uow.labs.of(participant.subject_code)
    known = context_of(desk.study, participant, labs, (), desk.now())
    lowest = {band.name for band in desk.study.labs.context_bands[:_LOWEST_BANDS]}
    return known.platelets is None or known.band in lowest or known.blood_thinner


async def ask_if_it_can_wait(uow: UnitOfWork, desk: Desk, participant: Participant, case: Case) -> None:
    """Asks her at night about a matter that is held until the morning; said after the advice."""
    site = await site_of(uow, case.site_code)
    now = desk.now()
    held = case.level is Level.SAME_DAY and case.rung_from > now and desk.calendar_of(site).is_night(now)
    if not held or case.kind not in _TOLD_BY_HER or participant.joined_at is None:
        return
    rows = (
        (button("patient.answer.canwait", f"p:{case.id}:canwait"),),
        (button("patient.answer.cannotwait", f"p:{case.id}:cannotwait"),),
    )
    said = phrase("patient.case.can_it_wait")
    message = to_participant(
        participant, f"night:{case.id}:{case.rung_from.isoformat()}", [said], buttons=rows, case_id=case.id
    )
    await uow.outbox.put(message, now)
