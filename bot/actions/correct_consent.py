"""The day on which she signed the study consent, corrected with its reason.

No sample and no dose counts from before that day, so the new day is held against all that is on record: a
dose given before it refuses the correction (one of the two is wrong, and a person says which), samples taken
before it are named and confirmed, and go on counting until somebody corrects or voids them.

Worked case: 1 March on record, the form says 4 March, baseline taken on 2 March, dose 1 given on 5 March: the
baseline is named, once confirmed 4 March stands, and the audit trail keeps 1 March with the reason. 6 March
would be refused: dose 1 was given on 5 March.

Source: specification 1.3 (A_CONSENT), 5.2 (corrections).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from bot.actions.chart import Chart, confirmed, opened, reasoned
from bot.actions.desk import Desk
from bot.actions.speak import phrase
from bot.rules import schedule
from bot.rules.access import Act, AuthMethod
from bot.rules.calendar import local_day
from bot.rules.changes import Effects
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase
from bot.rules.participant import DoseKind, Participant
from bot.rules.study import StaffCode, SubjectCode


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentCorrection:
    """`signed_on` is right instead of what is on record."""

    subject: SubjectCode
    signed_on: date
    reason: str
    confirmed: bool = False


async def preview_consent_correction(
    desk: Desk, *, entry: ConsentCorrection, by: StaffCode, auth: AuthMethod
) -> Effects:
    """What correcting it would change and what stands from before the new day; writes nothing."""
    async with opened(
        desk, entry.subject, by=by, act=Act.CORRECT_FACT, auth=auth, writing=False, ended_too=True
    ) as chart:
        return weigh_consent_correction(chart, entry)[1]


async def correct_consent(
    desk: Desk, *, entry: ConsentCorrection, by: StaffCode, auth: AuthMethod
) -> Participant:
    """Stores the right day, also of somebody who has left the study; the trail keeps both.

    Raises:
        NotEntitled: a foreign or unknown subject, or a role that may not.
        Refusal: no reason; the same day; in the future; after a dose that was given; her record changed
            since it was looked at.
        Held: samples, her enrolment or day 1 lie before it, and that is not yet confirmed.
    """
    async with opened(desk, entry.subject, by=by, act=Act.CORRECT_FACT, auth=auth, ended_too=True) as chart:
        reason = reasoned(entry.reason)
        changed, found = weigh_consent_correction(chart, entry)
        confirmed(found, by_person=entry.confirmed)
        await chart.write(
            "staff:consent:corrected",
            "participant",
            chart.subject,
            field="consent_signed_on",
            old=chart.participant.consent_signed_on.isoformat(),
            new=changed.consent_signed_on.isoformat(),
            reason=reason,
        )
        return await chart.settle(changed)


def weigh_consent_correction(chart: Chart, entry: ConsentCorrection) -> tuple[Participant, Effects]:
    """She as she would be kept, the day old and new, and everything on record from before it.

    Raises:
        Refusal: see `correct_consent`.
    """
    before = chart.participant.consent_signed_on
    _check_day(chart, entry.signed_on)
    # With the year, which words for a day leave out: a wrong year is the commonest slip of all.
    note = phrase(
        "operator.effect.field",
        field=phrase("operator.profile.consent_signed_on"),
        before=before.isoformat(),
        after=entry.signed_on.isoformat(),
    )
    changed = replace(chart.participant, consent_signed_on=entry.signed_on)
    asks = tuple(_from_before(chart, entry.signed_on))
    return changed, chart.weigh(chart.course, asks=asks, notes=(note,), participant=changed)


def _check_day(chart: Chart, signed_on: date) -> None:
    course = chart.course
    if signed_on == chart.participant.consent_signed_on:
        raise Refusal("refusal.nothing_changed")
    if signed_on > course.day_of(chart.now):
        raise Refusal("refusal.consent_in_future")
    early = [dose for dose in course.doses if course.day_of(dose.given_at) < signed_on]
    if not early:
        return
    first = min(early, key=lambda dose: dose.given_at)
    treatment = first.kind is DoseKind.TREATMENT
    name = "operator.activity.injection" if treatment else "operator.activity.prophylaxis"
    raise Refusal(
        "refusal.consent_after_dose",
        dose=phrase(name, number=first.number if treatment else first.therapy),
        at=first.given_at,
    )


def _from_before(chart: Chart, signed_on: date) -> Iterator[Phrase]:
    """What lies before that day: by her calendar the samples, by the site's what the site did and plans."""
    course, her = chart.course, chart.participant
    for lab in course.labs:
        if lab.sampled_at is not None and local_day(lab.sampled_at, her.time_zone) < signed_on:
            yield phrase(
                "operator.ask.sample_before_consent", analyte=lab.analyte, value=lab.value, at=lab.sampled_at
            )
    if course.day_of(her.enrolled_at) < signed_on:
        yield phrase("operator.ask.enrolled_before_consent", at=her.enrolled_at)
    if course.day_of(day1 := schedule.day1_of(course)) < signed_on:
        yield phrase("operator.ask.day1_before_consent", at=day1)
