"""Leaving the study, in whichever way, and coming back from a mistake; ending treatment early is not leaving.

Death and withdrawal cancel every queued message in the transaction that records them: nothing is worse than a
reminder to a dead patient's family. Cases stay open for the staff. Source: specification 1.3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.actions.chart import Chart, opened, reasoned
from bot.actions.desk import Desk
from bot.actions.note_sae import note_potential_sae
from bot.actions.plan_visits import cancel_for_staff
from bot.actions.raise_case import raise_case
from bot.actions.speak import participant_as_recipient, phrase, words
from bot.actions.stop_messages import stopped_herself_at
from bot.rules.access import Act, AuthMethod
from bot.rules.case import CaseKind
from bot.rules.changes import Effects
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase
from bot.rules.participant import TERMINAL_STATES, Participant, ParticipantState, TreatmentStop
from bot.rules.report import ReportStatus
from bot.rules.sae import SaeCause
from bot.rules.states import check_step
from bot.rules.study import Bilingual, Level, StaffCode, SubjectCode

# After these ends the site still follows what was open; who withdrew or died is not followed by us.
_FOLLOWED_ON = frozenset({ParticipantState.COMPLETED, ParticipantState.LOST_TO_FOLLOW_UP})


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEntry:
    """`ended_as`: completed, screen failed, withdrawn, lost to follow-up, died."""

    subject: SubjectCode
    ended_as: ParticipantState
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinstateEntry:
    """The end was recorded by mistake; `reason` says how that was found out."""

    subject: SubjectCode
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEvents:
    """The graded symptoms of her last report: nobody has heard that they are over."""

    report_id: str
    reported_at: datetime
    symptoms: tuple[Bilingual, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTreatmentEntry:
    """No further dose; draws, check-ins and follow-up go on. Also confirms a response by a person."""

    subject: SubjectCode
    because: TreatmentStop
    reason: str


async def preview_end(desk: Desk, *, entry: EndEntry, by: StaffCode, auth: AuthMethod) -> Effects:
    """What ending would change; writes nothing."""
    async with opened(
        desk, entry.subject, by=by, act=Act.END_PARTICIPATION, auth=auth, writing=False, ended_too=True
    ) as chart:
        return weigh_end(chart, entry, await _open_events(chart))[1]


async def end_participation(desk: Desk, *, entry: EndEntry, by: StaffCode, auth: AuthMethod) -> Participant:
    """Ends it and cancels what waits in the outbox, in one commit.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: no reason, or a step that is none, such as completing somebody in treatment.
    """
    reason = reasoned(entry.reason)
    async with opened(
        desk, entry.subject, by=by, act=Act.END_PARTICIPATION, auth=auth, ended_too=True
    ) as chart:
        before, events = chart.participant, await _open_events(chart)
        ended = await chart.uow.participants.save(weigh_end(chart, entry, events)[0])
        await chart.write(
            "staff:participant:ended",
            "participant",
            chart.subject,
            field="state",
            old=before.state.value,
            new=entry.ended_as.value,
            reason=reason,
        )
        whom = participant_as_recipient(chart.subject)
        await cancel_for_staff(chart.uow, chart.desk, ended)
        if entry.ended_as is ParticipantState.DIED:
            await chart.uow.outbox.cancel_all(whom, "died", chart.now)
            await note_potential_sae(chart.uow, chart.desk, ended, (SaeCause.DIED,), aware_at=chart.now)
        else:
            await chart.uow.outbox.cancel_all(whom, "left the study", chart.now, but_safety=True)
        if entry.ended_as in _FOLLOWED_ON and events is not None:
            await raise_case(
                chart.uow,
                chart.desk,
                ended,
                kind=CaseKind.REQUEST,
                level=Level.ROUTINE,
                about="staff.story.open_events",
                report_id=events.report_id,
            )
        if entry.ended_as is ParticipantState.SCREEN_FAILED:
            await chart.uow.identities.end(whom, chart.now, "screen failure")
        return ended


async def preview_reinstate(desk: Desk, *, entry: ReinstateEntry, by: StaffCode, auth: AuthMethod) -> Effects:
    """What taking the end back would change; writes nothing."""
    async with opened(
        desk, entry.subject, by=by, act=Act.STOP_TREATMENT, auth=auth, writing=False, ended_too=True
    ) as chart:
        return weigh_reinstate(chart, await stopped_herself_at(chart.uow, chart.participant))[1]


async def _open_events(chart: Chart) -> OpenEvents | None:
    """What a person follows to resolution, or until it is stable. Source: specification 1.9."""
    ended = [one for one in await chart.uow.reports.of(chart.subject) if one.status is not ReportStatus.OPEN]
    if not ended:
        return None
    last = max(ended, key=lambda one: one.opened_at)
    newest = {one.symptom: one for one in await chart.uow.reports.assessments(last.id)}
    known: dict[str, Bilingual] = {one.code: one.label for one in chart.desk.study.symptoms}
    labels = tuple(known[code] for code, one in newest.items() if one.grade > 0 and code in known)
    return OpenEvents(report_id=last.id, reported_at=last.opened_at, symptoms=labels) if labels else None


async def reinstate(desk: Desk, *, entry: ReinstateEntry, by: StaffCode, auth: AuthMethod) -> Participant:
    """Takes an end back: the facts decide where she stands; messages begin again, unless she stopped them.

    Raises:
        NotEntitled: a foreign or unknown subject, or not an investigator.
        Refusal: no reason, or she is in the study.
    """
    reason = reasoned(entry.reason)
    async with opened(desk, entry.subject, by=by, act=Act.STOP_TREATMENT, auth=auth, ended_too=True) as chart:
        before = chart.participant
        back, _ = weigh_reinstate(chart, await stopped_herself_at(chart.uow, before))
        await chart.write(
            "staff:participant:reinstated",
            "participant",
            chart.subject,
            field="state",
            old=before.state.value,
            reason=reason,
        )
        return await chart.settle(back)


async def stop_treatment(
    desk: Desk, *, entry: StopTreatmentEntry, by: StaffCode, auth: AuthMethod
) -> Participant:
    """Ends the doses; safety follow-up goes on.

    Raises:
        NotEntitled: a foreign or unknown subject, or not an investigator.
        Refusal: no reason; stopped already; no dose was given.
    """
    reason = reasoned(entry.reason)
    async with opened(desk, entry.subject, by=by, act=Act.STOP_TREATMENT, auth=auth) as chart:
        stopped, _ = weigh_stop(chart, entry)
        await chart.write(
            "staff:treatment:stopped",
            "participant",
            chart.subject,
            field="treatment_stopped_at",
            new=entry.because.value,
            reason=reason,
        )
        return await chart.settle(stopped)


async def preview_stop(desk: Desk, *, entry: StopTreatmentEntry, by: StaffCode, auth: AuthMethod) -> Effects:
    """What ending treatment would change; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.STOP_TREATMENT, auth=auth, writing=False) as chart:
        return weigh_stop(chart, entry)[1]


def weigh_end(chart: Chart, entry: EndEntry, events: OpenEvents | None) -> tuple[Participant, Effects]:
    """She as she would be kept, and what ends with it; `events`: what she told of last is still there.

    Raises:
        Refusal: a step that is none.
    """
    _check(chart.participant, entry.ended_as)
    ended = replace(
        chart.participant,
        state=entry.ended_as,
        messages_stopped_at=chart.participant.messages_stopped_at or chart.now,
        next_look_at=None,
    )
    notes = [phrase("operator.effect.messages_end")]
    if entry.ended_as is ParticipantState.DIED:
        notes.append(phrase("operator.effect.potential_sae"))
    if entry.ended_as in _FOLLOWED_ON and events is not None:
        told = tuple(words(label) for label in events.symptoms)
        notes.append(phrase("operator.effect.open_events", symptoms=told, at=events.reported_at))
    return ended, _between_states(chart, ended, tuple(notes))


def weigh_reinstate(chart: Chart, stopped_herself_at: datetime | None) -> tuple[Participant, Effects]:
    """She as she would be kept, and what begins again; what she stopped herself stays stopped.

    Raises:
        Refusal: she is in the study.
    """
    if chart.participant.state not in TERMINAL_STATES:
        raise Refusal("refusal.not_ended", subject=chart.subject)
    back = replace(
        chart.participant, state=ParticipantState.CONSENTED, messages_stopped_at=stopped_herself_at
    )
    if stopped_herself_at is None:
        note = phrase("operator.effect.messages_begin")
    else:
        note = phrase("operator.effect.messages_stay_stopped", at=stopped_herself_at)
    return back, _between_states(chart, back, (note,))


def weigh_stop(chart: Chart, entry: StopTreatmentEntry) -> tuple[Participant, Effects]:
    """She as she would be kept, and what ends with the doses.

    Raises:
        Refusal: stopped already; no dose was given.
    """
    if chart.participant.treatment_stopped_at is not None or not chart.course.given():
        raise Refusal("refusal.treatment_not_running", subject=chart.subject)
    stopped = replace(
        chart.participant, treatment_stopped_at=chart.now, treatment_stopped_because=entry.because
    )
    after = replace(chart.course, treatment_stopped_at=chart.now)
    return stopped, chart.weigh(
        after, notes=(phrase("operator.effect.follow_up_goes_on"),), participant=stopped
    )


def _between_states(chart: Chart, after: Participant, notes: tuple[Phrase, ...]) -> Effects:
    """An end, or its taking back: the state before is the one on record, not what the facts would give."""
    found = chart.weigh(replace(chart.course, state=after.state), notes=notes, participant=after)
    return replace(found, state_before=chart.participant.state)


def _check(participant: Participant, ended_as: ParticipantState) -> None:
    if ended_as not in TERMINAL_STATES:
        raise Refusal("refusal.state_step", before=participant.state, after=ended_as)
    check_step(participant.state, ended_as)
