"""One participant's chart, opened by a person who may do this: what every change of her plan begins with.

Each such action comes as a pair: `preview_…` says what saving would change and writes nothing, the action
itself does it. Both weigh the same facts with the same rules, so what was shown is what happens.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol, TypeVar

from bot.actions.desk import Desk, actor_of, entitled, site_of
from bot.actions.plan_visits import course_of, settle
from bot.actions.speak import phrase
from bot.rules.access import Act, Actor, AuthMethod, Staff, acting_role
from bot.rules.activities import Course
from bot.rules.changes import ChangeKind, Effects, effects, name_of
from bot.rules.errors import Held, NotEntitled, Refusal
from bot.rules.messages import Phrase
from bot.rules.participant import TERMINAL_STATES, Participant
from bot.rules.study import Level, StaffCode, SubjectCode
from storage.unit_of_work import UnitOfWork

_Entry = TypeVar("_Entry", contravariant=True)
_Given = TypeVar("_Given", covariant=True)


class Verb(Protocol[_Entry, _Given]):
    """An action, which gives what it stored, or its preview, which gives `Effects`; doors call both alike."""

    def __call__(
        self, desk: Desk, /, *, entry: _Entry, by: StaffCode, auth: AuthMethod
    ) -> Awaitable[_Given]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """`desk` speaks for the study version she is bound to; `course` is what is known of her now."""

    uow: UnitOfWork
    desk: Desk
    staff: Staff
    actor: Actor
    participant: Participant
    course: Course
    now: datetime

    @property
    def subject(self) -> SubjectCode:
        return self.participant.subject_code

    def weigh(
        self,
        after: Course,
        *,
        level: Level = Level.NONE,
        asks: tuple[Phrase, ...] = (),
        notes: tuple[Phrase, ...] = (),
        participant: Participant | None = None,
    ) -> Effects:
        """What her course would become; `participant` where she herself changes."""
        return effects(
            self.desk.study,
            participant or self.participant,
            self.course,
            after,
            self.now,
            level=level,
            asks=asks,
            notes=notes,
        )

    async def write(
        self,
        kind: str,
        entity: str,
        entity_id: str,
        *,
        field: str | None = None,
        old: str | None = None,
        new: str | None = None,
        reason: str | None = None,
    ) -> None:
        """One entry of the audit trail by this person."""
        await self.uow.audit.record(
            kind=kind,
            actor=self.actor,
            at=self.now,
            subject=self.subject,
            entity=entity,
            entity_id=entity_id,
            field=field,
            old=old,
            new=new,
            reason=reason,
        )

    async def settle(self, participant: Participant | None = None) -> Participant:
        """What the new fact changes, in this commit."""
        return await settle(self.uow, self.desk, participant or self.participant, self.course)

    def also_may(self, act: Act) -> None:
        """This person may do this too.

        Raises:
            NotEntitled: not in any role held here.
        """
        if acting_role(self.staff, act, self.participant.site_code) is None:
            raise NotEntitled(subject=self.subject)

    async def is_day_off(self, moment: datetime) -> bool:
        """The site does not work on that day."""
        site = await site_of(self.uow, self.participant.site_code)
        calendar = self.desk.calendar_of(site)
        return not calendar.is_working_day(calendar.day_of(moment))

    async def naming_days_off(self, found: Effects, *, asked: date) -> Effects:
        """These effects with every new date that falls on a day off of the site; `asked` is confirmed apart.

        It blocks nothing: where the plan puts a draw is medicine, who opens the door is the site's business.
        """
        told: list[Phrase] = []
        for change in found.changes:
            at = change.activity.target_at
            new = change.kind in (ChangeKind.ADDED, ChangeKind.MOVED, ChangeKind.BACK)
            if new and self.course.day_of(at) != asked and await self.is_day_off(at):
                line = phrase("operator.effect.on_day_off", activity=name_of(change.activity), at=at)
                told += [line] if line not in told else []
        return replace(found, notes=(*found.notes, *told))


@asynccontextmanager
async def opened(
    desk: Desk,
    subject: SubjectCode,
    *,
    by: StaffCode,
    act: Act,
    auth: AuthMethod,
    writing: bool = True,
    ended_too: bool = False,
) -> AsyncIterator[Chart]:
    """The chart for one change, or (`writing` false) for looking at what a change would do.

    Raises:
        NotEntitled: a foreign or unknown subject, or a role that may not.
        Refusal: she is no longer in the study, unless `ended_too`; her record is no longer what was seen.
    """
    async with desk.archive.begin() if writing else desk.archive.read() as uow:
        yield await chart_in(uow, desk, subject, by=by, act=act, auth=auth, ended_too=ended_too)


async def chart_in(
    uow: UnitOfWork,
    desk: Desk,
    subject: SubjectCode,
    *,
    by: StaffCode,
    act: Act,
    auth: AuthMethod,
    ended_too: bool = False,
) -> Chart:
    """As `opened`, within a transaction that is open already."""
    staff, participant = await entitled(uow, by, act, subject)
    desk.check_seen(participant)
    if participant.state in TERMINAL_STATES and not ended_too:
        raise Refusal("refusal.participant_ended", subject=subject)
    bound = desk.bound_to(participant)
    return Chart(
        uow=uow,
        desk=bound,
        staff=staff,
        actor=actor_of(staff, act, participant.site_code, auth),
        participant=participant,
        course=await course_of(uow, participant),
        now=desk.now(),
    )


def confirmed(found: Effects, *, by_person: bool) -> None:
    """What is odd has been confirmed.

    Raises:
        Held: not yet; it names everything at once.
    """
    if found.asks and not by_person:
        raise Held(found.asks)


def reasoned(reason: str) -> str:
    """The reason as given.

    Raises:
        Refusal: there is none.
    """
    if not reason.strip():
        raise Refusal("refusal.reason_needed")
    return reason.strip()
