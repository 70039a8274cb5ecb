"""The site decides when an activity takes place, or that it never does; what that changes is shown first.

A missed dose is one of these decisions: GIVE_LATE is a move, SKIP means that this number is never given. A
patient's own wish to move is a request that a person answers, never a move.
Source: specification 1.4 (late and missed doses, SCH-1); decisions "Consent and reminders".
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime

from bot.actions.answer_wish import answer_wishes
from bot.actions.chart import Chart, confirmed, opened, reasoned
from bot.actions.desk import Desk
from bot.actions.speak import phrase
from bot.clock import new_id
from bot.rules import schedule
from bot.rules.access import Act, AuthMethod
from bot.rules.activities import Course, Move, PlannedActivity
from bot.rules.changes import Effects, name_of
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase
from bot.rules.participant import Decision, DecisionKind
from bot.rules.study import StaffCode, SubjectCode


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveEntry:
    """`activity_key` such as `injection-2` or `draw-L4`; `to_at` aware.

    `seen_at`: the date that stood on the person's screen, to notice that somebody moved it meanwhile.
    `override`: a dose after the last day of treatment is allowed (principal investigator, with the reason).
    """

    subject: SubjectCode
    activity_key: str
    to_at: datetime
    reason: str
    seen_at: datetime | None = None
    override: bool = False
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipEntry:
    """This activity is never done; later ones keep their own targets."""

    subject: SubjectCode
    activity_key: str
    reason: str


async def preview_move(desk: Desk, *, entry: MoveEntry, by: StaffCode, auth: AuthMethod) -> Effects:
    """What the move would change; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.MOVE_VISIT, auth=auth, writing=False) as chart:
        return (await weigh_move(chart, entry))[1]


async def move_visit(desk: Desk, *, entry: MoveEntry, by: StaffCode, auth: AuthMethod) -> Decision:
    """Moves one activity; draws of that dose go along. The patient is left with exactly one date.

    Raises:
        NotEntitled: a foreign or unknown subject; an override by anybody but a principal investigator.
        Refusal: no reason; no such activity, or done; into the past; too close to another dose; after the
            last day; somebody moved it meanwhile.
        Held: outside its window, on a day off, or past another visit; not yet confirmed.
    """
    async with opened(desk, entry.subject, by=by, act=Act.MOVE_VISIT, auth=auth) as chart:
        return await move_visit_in(chart, entry)


async def move_visit_in(chart: Chart, entry: MoveEntry) -> Decision:
    """As `move_visit`, on a chart that is open."""
    reason = reasoned(entry.reason)
    before, found = await weigh_move(chart, entry)
    confirmed(found, by_person=entry.confirmed)
    decision = _decision(chart, entry.activity_key, DecisionKind.MOVE, reason, entry.to_at)
    decision = replace(decision, overrides_last_day=entry.override)
    await _store(chart, decision, before)
    await chart.settle()
    await answer_wishes(chart, decision.activity_key)
    return decision


async def preview_skip(desk: Desk, *, entry: SkipEntry, by: StaffCode, auth: AuthMethod) -> Effects:
    """What skipping would change; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.MOVE_VISIT, auth=auth, writing=False) as chart:
        return weigh_skip(chart, entry)[1]


async def skip_activity(desk: Desk, *, entry: SkipEntry, by: StaffCode, auth: AuthMethod) -> Decision:
    """Decides that an open activity is never done.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: no reason; no such activity, or done or cancelled already; the endpoint draw while its window
            is open.
    """
    async with opened(desk, entry.subject, by=by, act=Act.MOVE_VISIT, auth=auth) as chart:
        return await skip_activity_in(chart, entry)


async def skip_activity_in(chart: Chart, entry: SkipEntry) -> Decision:
    """As `skip_activity`, on a chart that is open."""
    reason = reasoned(entry.reason)
    before, _ = weigh_skip(chart, entry)
    decision = _decision(chart, entry.activity_key, DecisionKind.SKIP, reason, None)
    await _store(chart, decision, before)
    await chart.settle()
    await answer_wishes(chart, decision.activity_key)
    return decision


def weigh_skip(chart: Chart, entry: SkipEntry) -> tuple[PlannedActivity, Effects]:
    """The activity as it stands, and what leaving it out would change.

    Raises:
        Refusal: see `skip_activity`.
    """
    before = _named(chart, entry.activity_key)
    if before.endpoint and not before.has_closed(chart.course.day_of(chart.now)):
        raise Refusal("refusal.endpoint_draw", last=before.window.last)
    notes = (phrase("operator.effect.endpoint_missing"),) if before.endpoint else ()
    skipped = chart.course.skipped | {entry.activity_key}
    return before, chart.weigh(replace(chart.course, skipped=skipped), notes=notes)


async def weigh_move(chart: Chart, entry: MoveEntry) -> tuple[PlannedActivity, Effects]:
    """The activity as it stands, and what the move would change.

    Raises:
        NotEntitled, Refusal: see `move_visit`.
    """
    before = _named(chart, entry.activity_key)
    if entry.seen_at is not None and entry.seen_at != before.target_at:
        raise Refusal("refusal.moved_meanwhile", at=before.target_at)
    if entry.to_at <= chart.now:
        raise Refusal("refusal.move_into_past")
    if entry.override:
        chart.also_may(Act.ALLOW_LATE_DOSE)
    move = Move(
        activity_key=entry.activity_key,
        to_at=entry.to_at,
        decided_at=chart.now,
        overrides_last_day=entry.override,
    )
    schedule.check_move(chart.desk.study, chart.course, move)
    moved = replace(
        chart.course,
        moves=(*chart.course.moves, move),
        skipped=chart.course.skipped - {entry.activity_key},
    )
    asks = tuple([one async for one in _oddities(chart, moved, before, entry.to_at)])
    found = chart.weigh(moved, asks=asks)
    return before, await chart.naming_days_off(found, asked=chart.course.day_of(entry.to_at))


async def _oddities(
    chart: Chart, moved: Course, before: PlannedActivity, to_at: datetime
) -> AsyncIterator[Phrase]:
    day = chart.course.day_of(to_at)
    if not before.window.contains(day):
        yield phrase("operator.ask.outside_window", first=before.window.first, last=before.window.last)
    if await chart.is_day_off(to_at):
        yield phrase("operator.ask.day_off", day=day)
    order = [one.key for one in schedule.plan(chart.desk.study, chart.course) if one.kind is before.kind]
    after = [one.key for one in schedule.plan(chart.desk.study, moved) if one.kind is before.kind]
    if [key for key in order if key in after] != [key for key in after if key in order]:
        yield phrase("operator.ask.out_of_order", activity=name_of(before))


def _named(chart: Chart, activity_key: str) -> PlannedActivity:
    for activity in schedule.plan(chart.desk.study, chart.course):
        if activity.key == activity_key:
            if not activity.is_open:
                raise Refusal("refusal.activity_not_open", activity=activity_key)
            return activity
    raise Refusal("refusal.no_such_activity", activity=activity_key)


def _decision(
    chart: Chart, activity_key: str, kind: DecisionKind, reason: str, to_at: datetime | None
) -> Decision:
    return Decision(
        id=new_id(),
        subject_code=chart.subject,
        activity_key=activity_key,
        kind=kind,
        to_at=to_at,
        reason=reason,
        decided_by=chart.staff.code,
        decided_at=chart.now,
    )


async def _store(chart: Chart, decision: Decision, before: PlannedActivity) -> None:
    await chart.uow.decisions.add(decision)
    await chart.write(
        "staff:visit:moved" if decision.kind is DecisionKind.MOVE else "staff:visit:skipped",
        "decision",
        decision.id,
        field=decision.activity_key,
        old=before.target_at.isoformat(),
        new=decision.to_at.isoformat() if decision.to_at else None,
        reason=decision.reason,
    )
