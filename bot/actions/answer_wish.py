"""Her wish for another day, from the tap until a person has answered it.

It is a case like any other: a person takes it and ends it. Deciding on the visit answers it, through
whichever door: who decided has taken the case, and closes it when she knows that the new date suits.
Source: specification 1.4; decisions "Consent and reminders".
"""

from __future__ import annotations

from bot.actions.acknowledge_case import acknowledge_in
from bot.actions.alert_staff import show_progress
from bot.actions.chart import Chart
from bot.clock import new_id
from bot.rules.access import Act, acting_role
from bot.rules.case import Case
from bot.rules.participant import StatedWhat
from bot.rules.study import SubjectCode
from storage.unit_of_work import UnitOfWork

WISHES = (StatedWhat.CANNOT_COME, StatedWhat.ANOTHER_DAY)
_ABOUT = frozenset(f"staff.story.{wish.value.lower()}" for wish in WISHES)


async def standing_wishes(uow: UnitOfWork, subject: SubjectCode) -> tuple[Case, ...]:
    """The open cases of her wishes for another day, oldest first."""
    found = []
    for case in await uow.cases.open_of(subject):
        events = await uow.cases.events(case.id)
        if any(event.kind == "ABOUT" and event.note in _ABOUT for event in events):
            found.append(case)
    return tuple(sorted(found, key=lambda case: case.opened_at))


async def waits_for_answer(uow: UnitOfWork, subject: SubjectCode) -> bool:
    """She asked for another day and nobody has decided on it yet."""
    for case in await standing_wishes(uow, subject):
        told = [one.kind for one in await uow.cases.events(case.id) if one.kind in ("ABOUT", "ANSWERED")]
        if told[-1] == "ABOUT":
            return True
    return False


async def answer_wishes(chart: Chart, activity_key: str) -> None:
    """The visit was decided on: every wish of hers that stands is answered, by this person."""
    for case in await standing_wishes(chart.uow, chart.subject):
        await chart.uow.cases.add_event(case.id, "ANSWERED", chart.now, chart.staff.code, activity_key)
        takes = acting_role(chart.staff, Act.ACKNOWLEDGE_CASE, chart.participant.site_code) is not None
        if case.acknowledged_by is None and takes:
            await acknowledge_in(
                chart.uow, chart.desk, case_id=case.id, by=chart.staff.code, auth=chart.actor.auth
            )
        else:
            await show_progress(chart.uow, chart.desk, case, said_by=new_id())
