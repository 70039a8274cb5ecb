"""What a form needs to know before anything is entered: whose facts, and which of them stand."""

from __future__ import annotations

from dataclasses import dataclass

from bot.actions.desk import Desk
from bot.actions.list_participants import reader
from bot.actions.plan_visits import course_of
from bot.rules import schedule
from bot.rules.access import Act, may
from bot.rules.activities import PlannedActivity
from bot.rules.errors import NotEntitled
from bot.rules.participant import Dose, LabResult, Participant
from bot.rules.study import StaffCode, SubjectCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """`planned` is her plan; `doses` and `labs` are those that stand."""

    participant: Participant
    planned: tuple[PlannedActivity, ...]
    doses: tuple[Dose, ...]
    labs: tuple[LabResult, ...]


async def open_entry(desk: Desk, *, subject: SubjectCode, by: StaffCode, act: Act) -> Opened:
    """The facts a form begins with, for a person who may do this there.

    Raises:
        NotEntitled: alike for a foreign subject, an unknown one and a right that is not held.
    """
    async with desk.archive.read() as uow:
        staff = await reader(uow, by)
        participant = await uow.participants.get(subject)
        if participant is None or not may(staff, act, participant.site_code):
            raise NotEntitled(subject=subject)
        course = await course_of(uow, participant)
        return Opened(
            participant=participant,
            planned=schedule.plan(desk.bound_to(participant).study, course),
            doses=course.doses,
            labs=course.labs,
        )
