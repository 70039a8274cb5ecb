"""What the context rules need to know of a participant, and blood she was given; with its whole history.

Source: decisions "Facts" (the participant profile); specification 1.4 SCH-4, 2.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import available_timezones

from bot.actions.chart import Chart, confirmed, opened
from bot.actions.desk import Desk
from bot.actions.speak import phrase
from bot.clock import new_id
from bot.rules.access import Act, AuthMethod
from bot.rules.activities import Course
from bot.rules.changes import Effects
from bot.rules.endpoints import endpoints
from bot.rules.errors import Refusal
from bot.rules.lab_bands import within_washout
from bot.rules.messages import Phrase
from bot.rules.participant import Participant, Transfusion
from bot.rules.reminders import next_reminder_at
from bot.rules.study import Sex, StaffCode, SubjectCode


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileEntry:
    """What is None stays as it is. `time_zone` is where she is: reminders and quiet time follow it."""

    subject: SubjectCode
    reason: str = ""
    sex: Sex | None = None
    time_zone: str | None = None
    blood_thinner: bool | None = None
    liver_disease: bool | None = None
    last_chemotherapy_on: date | None = None
    usual_stools: int | None = None
    usual_headaches: bool | None = None
    lymphoedema: bool | None = None
    emergency_contact: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransfusionEntry:
    """`platelets` false: red cells, which confound nothing and are kept as a fact."""

    subject: SubjectCode
    at: datetime
    platelets: bool = True
    confirmed: bool = False


FIELDS = tuple(name for name in ProfileEntry.__slots__ if name not in ("subject", "reason"))
# What the context rules and the questionnaire judge a report by. Source: specification 2.5.
_JUDGED_BY = frozenset(FIELDS) - {"time_zone", "emergency_contact"}


async def preview_profile(desk: Desk, *, entry: ProfileEntry, by: StaffCode, auth: AuthMethod) -> Effects:
    """What keeping this would change; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.KEEP_PROFILE, auth=auth, writing=False) as chart:
        return weigh_profile(chart, entry)[1]


async def keep_profile(desk: Desk, *, entry: ProfileEntry, by: StaffCode, auth: AuthMethod) -> Participant:
    """Stores what changed, one entry of the trail a field.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: no such time zone; nothing that differs.
    """
    async with opened(desk, entry.subject, by=by, act=Act.KEEP_PROFILE, auth=auth) as chart:
        changed, _ = weigh_profile(chart, entry)
        await chart.uow.audit.record_changes(
            chart.participant,
            changed,
            kind="staff:profile:changed",
            actor=chart.actor,
            at=chart.now,
            subject=chart.subject,
            entity="participant",
            entity_id=chart.subject,
            reason=entry.reason.strip() or None,
        )
        return await chart.settle(changed)


def weigh_profile(chart: Chart, entry: ProfileEntry) -> tuple[Participant, Effects]:
    """She as she would be kept: each field old and new, and what is judged or sent otherwise from then on.

    Raises:
        Refusal: see `keep_profile`.
    """
    if entry.time_zone is not None and entry.time_zone not in available_timezones():
        raise Refusal("refusal.time_zone", zone=entry.time_zone)
    before = chart.participant
    told = {name: value for name in FIELDS if (value := getattr(entry, name)) is not None}
    changed = replace(before, **told)
    differing = [name for name in FIELDS if getattr(before, name) != getattr(changed, name)]
    if not differing:
        raise Refusal("refusal.nothing_changed")
    notes = [
        phrase(
            "operator.effect.field",
            field=phrase(f"operator.profile.{name}"),
            before=_shown(getattr(before, name)),
            after=_shown(getattr(changed, name)),
        )
        for name in differing
    ]
    if _JUDGED_BY & set(differing):
        notes.append(phrase("operator.effect.judged_from_now"))
    after = replace(chart.course, away_in=changed.time_zone)
    if "time_zone" in differing:
        notes += _reminded_otherwise(chart, changed, after)
    return changed, chart.weigh(after, notes=tuple(notes), participant=changed)


def _reminded_otherwise(chart: Chart, changed: Participant, after: Course) -> list[Phrase]:
    """Visits stay on the clock of the site; what she is sent goes by hers."""
    study, now = chart.desk.study, chart.now
    was = next_reminder_at(study, chart.participant, chart.course, now)
    will = next_reminder_at(study, changed, after, now)
    told = [phrase("operator.effect.her_clock", zone=changed.time_zone)]
    if was is not None and will is not None:
        told.append(phrase("operator.effect.next_reminder", was=was, at=will))
    return told


def _shown(value: object) -> object:
    match value:
        case None:
            return phrase("operator.profile.unknown")
        case True:
            return phrase("operator.profile.yes")
        case False:
            return phrase("operator.profile.no")
        case _:
            return value


async def preview_transfusion(
    desk: Desk, *, entry: TransfusionEntry, by: StaffCode, auth: AuthMethod
) -> Effects:
    """What recording it would change; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.RECORD_LAB, auth=auth, writing=False) as chart:
        return (await weigh_transfusion(chart, entry))[1]


async def record_transfusion(
    desk: Desk, *, entry: TransfusionEntry, by: StaffCode, auth: AuthMethod
) -> Transfusion:
    """Stores it; a count that ended dosing may be the donor's, so the doses may come back.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: in the future.
        Held: one of this kind is recorded for the same moment already; not yet confirmed.
    """
    async with opened(desk, entry.subject, by=by, act=Act.RECORD_LAB, auth=auth) as chart:
        transfusion, found = await weigh_transfusion(chart, entry)
        confirmed(found, by_person=entry.confirmed)
        await chart.uow.transfusions.add(transfusion)
        await chart.write(
            "staff:transfusion:recorded",
            "transfusion",
            transfusion.id,
            field="platelets" if entry.platelets else "red cells",
            new=entry.at.isoformat(),
        )
        await chart.settle()
        return transfusion


async def weigh_transfusion(chart: Chart, entry: TransfusionEntry) -> tuple[Transfusion, Effects]:
    """The transfusion as it would be stored: which counts it confounds, and what follows for the plan.

    Raises:
        Refusal: see `record_transfusion`.
    """
    if entry.at > chart.now:
        raise Refusal("refusal.in_future")
    transfusion = Transfusion(
        id=new_id(),
        subject_code=chart.subject,
        at=entry.at,
        platelets=entry.platelets,
        recorded_by=chart.staff.code,
        recorded_at=chart.now,
    )
    known = await chart.uow.transfusions.of(chart.subject)
    twice = any(one.at == entry.at and one.platelets is entry.platelets for one in known if not one.voided_at)
    asks = (phrase("operator.ask.transfusion_known", at=entry.at),) if twice else ()
    if not entry.platelets:
        return transfusion, chart.weigh(chart.course, asks=asks, notes=(phrase("operator.effect.red_cells"),))
    after = replace(chart.course, transfused_at=(*chart.course.transfused_at, entry.at))
    notes = (*_washed_out(chart, entry.at), *_endpoint_otherwise(chart, after))
    return transfusion, chart.weigh(after, asks=asks, notes=notes)


def _washed_out(chart: Chart, at: datetime) -> Iterator[Phrase]:
    """The counts that may be the donor's. Source: specification 1.4 (SCH-4)."""
    study = chart.desk.study
    days = study.stop.transfusion_washout_days
    yield phrase("operator.effect.washout", days=days, until=at + timedelta(days=days))
    for lab in chart.course.counts(study.stop.analyte):
        if lab.sampled_at is not None and within_washout(study, at, lab.sampled_at):
            yield phrase(
                "operator.effect.count_confounded", analyte=lab.analyte, value=lab.value, at=lab.sampled_at
            )


def _endpoint_otherwise(chart: Chart, after: Course) -> Iterator[Phrase]:
    """The reading of the endpoint with wash-out, where this changes it. Source: specification 1.12."""
    was = endpoints(chart.desk.study, chart.course, chart.now)
    now = endpoints(chart.desk.study, after, chart.now)
    if was is not None and now is not None and was.washed_out != now.washed_out:
        yield phrase(
            "operator.effect.endpoint_washed",
            day=now.day,
            before=_shown(was.washed_out.responded_by),
            after=_shown(now.washed_out.responded_by),
        )
