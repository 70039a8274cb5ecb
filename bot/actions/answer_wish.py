"""Her wish for another day, by a tap or in her own words, until a person has answered it.

It is a case like any other: a person takes it and ends it. A wish belongs to one visit (what she writes
without naming one: to the next). Deciding on that visit answers it, through whichever door: who decided has
taken the case, and closes it when she knows that the new date suits. Deciding on another visit answers
nothing. Asked again for the same visit, it is the same case. Source: specification 1.4; decisions "Consent
and reminders".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.actions.acknowledge_case import acknowledge_in
from bot.actions.alert_staff import show_progress, tell_rung
from bot.actions.chart import Chart
from bot.actions.desk import Desk
from bot.actions.raise_case import raise_case, ring_case_anew
from bot.actions.speak import phrase
from bot.clock import new_id
from bot.rules import schedule
from bot.rules.access import Act, acting_role
from bot.rules.activities import ActivityKind
from bot.rules.case import Case, CaseKind
from bot.rules.participant import Participant, StatedWhat
from bot.rules.study import Level, SubjectCode
from storage.cases import CaseEvent
from storage.unit_of_work import UnitOfWork

WISHES = (StatedWhat.CANNOT_COME, StatedWhat.ANOTHER_DAY)
_ABOUT = frozenset(f"staff.story.{wish.value.lower()}" for wish in WISHES)
_WISH, _DECIDED, _WRITTEN = "WISH", "WISH_ANSWERED", "ANSWERED"
# A wish of which no visit is known: whatever is decided answers it.
_ANY = ""


async def standing_wishes(uow: UnitOfWork, subject: SubjectCode) -> tuple[Case, ...]:
    """The open cases of her wishes for another day, oldest first."""
    found = [case for case in await uow.cases.open_of(subject) if await _wished(uow, case)]
    return tuple(sorted(found, key=lambda case: case.opened_at))


async def waits_for_answer(uow: UnitOfWork, subject: SubjectCode) -> bool:
    """She asked for another day and nobody has decided on it yet."""
    return any([await _waiting(uow, case) for case in await uow.cases.open_of(subject)])


async def visit_wished(uow: UnitOfWork, case: Case) -> str | None:
    """The visit for which this case asks for another day, while nobody has decided on it."""
    waiting = [key for key in await _waiting(uow, case) if key != _ANY]
    return waiting[0] if waiting and case.closed_at is None else None


async def decided_at(uow: UnitOfWork, subject: SubjectCode, moment: datetime) -> tuple[Case, ...]:
    """The open cases of wishes that a decision of this moment has answered."""
    return tuple(
        [
            case
            for case in await standing_wishes(uow, subject)
            if any(one.kind == _DECIDED and one.at == moment for one in await uow.cases.events(case.id))
        ]
    )


async def take_wish(
    uow: UnitOfWork, desk: Desk, participant: Participant, activity_key: str, about: str
) -> None:
    """She tapped that she wants another day for this visit: before a person, once."""
    case = await case_of_wish(uow, participant.subject_code, activity_key)
    if case is None:
        case = await raise_case(
            uow, desk, participant, kind=CaseKind.REQUEST, level=Level.SAME_DAY, about=about
        )
    else:
        await wished_again(uow, desk, participant, case, about)
    await note_wish(uow, desk, participant, case, activity_key)


async def case_of_wish(uow: UnitOfWork, subject: SubjectCode, activity_key: str) -> Case | None:
    """The open case in which she asks for another day for this visit, answered already or not."""
    for case in await standing_wishes(uow, subject):
        if activity_key in await _wished(uow, case):
            return case
    return None


async def wished_again(
    uow: UnitOfWork, desk: Desk, participant: Participant, case: Case, about: str = ""
) -> Case:
    """The same wish once more: whoever was rung hears of it; one that was answered rings anew."""
    if case.acknowledged_at is not None and not await _waiting(uow, case):
        return await ring_case_anew(uow, desk, participant, case, Level.SAME_DAY, about)
    raised = await raise_case(
        uow, desk, participant, kind=case.kind, level=Level.SAME_DAY, about=about, raising=case
    )
    said = phrase("staff.alert.reported_again", subject=case.subject_code, at=desk.now())
    await tell_rung(uow, desk, raised, said, f"wished-again:{case.id}:{new_id()}")
    await show_progress(uow, desk, raised, said_by=new_id())
    return raised


async def note_wish(
    uow: UnitOfWork, desk: Desk, participant: Participant, case: Case, activity_key: str
) -> None:
    """This case asks for another day for this visit."""
    await uow.cases.add_event(case.id, _WISH, desk.now(), participant.subject_code, activity_key)


async def answer_wishes(chart: Chart, activity_key: str) -> None:
    """The visit was decided on: her wishes about it are answered, by this person. Others stand."""
    decided = {activity_key, _ANY, *_drawn_with(chart, activity_key)}
    for case in await standing_wishes(chart.uow, chart.subject):
        answered = [key for key in await _wished(chart.uow, case) if key in decided]
        if not answered:
            continue
        for key in answered:
            await chart.uow.cases.add_event(case.id, _DECIDED, chart.now, chart.staff.code, key)
        takes = acting_role(chart.staff, Act.ACKNOWLEDGE_CASE, chart.participant.site_code) is not None
        if case.acknowledged_by is None and takes:
            await acknowledge_in(
                chart.uow, chart.desk, case_id=case.id, by=chart.staff.code, auth=chart.actor.auth
            )
        else:
            await show_progress(chart.uow, chart.desk, case, said_by=new_id())


def _drawn_with(chart: Chart, activity_key: str) -> Iterable[str]:
    """The draws that go along with this dose."""
    planned = schedule.plan(chart.desk.study, chart.course)
    dose = next((one for one in planned if one.key == activity_key), None)
    if dose is None or dose.kind is not ActivityKind.INJECTION:
        return ()
    return [one.key for one in planned if one.before_dose is not None and one.before_dose == dose.number]


async def _wished(uow: UnitOfWork, case: Case) -> tuple[str, ...]:
    """The visits for which this case asks for another day."""
    events = await uow.cases.events(case.id)
    keys = [event.note for event in events if event.kind == _WISH]
    if not keys and any(event.kind == "ABOUT" and event.note in _ABOUT for event in events):
        keys = [_ANY]  # kept before a wish named its visit
    return tuple(dict.fromkeys(keys))


async def _waiting(uow: UnitOfWork, case: Case) -> tuple[str, ...]:
    """Those of them that nobody has answered since: by a decision, or by writing to her."""
    events = await uow.cases.events(case.id)
    return tuple(key for key in await _wished(uow, case) if _waits(events, key))


def _waits(events: Iterable[CaseEvent], key: str) -> bool:
    waits = False
    for event in events:
        if (event.kind == _WISH and event.note == key) or (event.kind == "ABOUT" and event.note in _ABOUT):
            waits = True
        elif event.kind == _WRITTEN or (event.kind == _DECIDED and event.note == key):
            waits = False
    return waits
