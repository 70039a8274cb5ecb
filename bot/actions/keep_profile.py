"""What the context rules need to know of a participant, and blood she was given; with its whole history.

Source: decisions "Facts" (the participant profile); specification 1.4 SCH-4, 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import available_timezones

from bot.actions.chart import opened
from bot.actions.desk import Desk
from bot.clock import new_id
from bot.rules.access import Act, AuthMethod
from bot.rules.errors import Refusal
from bot.rules.participant import Participant, Transfusion
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


async def keep_profile(desk: Desk, *, entry: ProfileEntry, by: StaffCode, auth: AuthMethod) -> Participant:
    """Stores what changed, one entry of the trail a field.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: no such time zone; nothing that differs.
    """
    async with opened(desk, entry.subject, by=by, act=Act.KEEP_PROFILE, auth=auth) as chart:
        if entry.time_zone is not None and entry.time_zone not in available_timezones():
            raise Refusal("refusal.time_zone", zone=entry.time_zone)
        names = [name for name in ProfileEntry.__slots__ if name not in ("subject", "reason")]
        told = {name: getattr(entry, name) for name in names if getattr(entry, name) is not None}
        changed = replace(chart.participant, **told)
        written = await chart.uow.audit.record_changes(
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
        if not written:
            raise Refusal("refusal.nothing_changed")
        return await chart.settle(changed)


async def record_transfusion(
    desk: Desk, *, entry: TransfusionEntry, by: StaffCode, auth: AuthMethod
) -> Transfusion:
    """Stores it; a count that ended dosing may be the donor's, so the doses may come back.

    Raises:
        NotEntitled: a foreign or unknown subject.
        Refusal: in the future.
    """
    async with opened(desk, entry.subject, by=by, act=Act.RECORD_LAB, auth=auth) as chart:
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
