"""A blood count that she wrote herself: unverified, and acted on unequally on purpose.

A low one alerts as if it were true; a high one cancels nothing: she comes as planned, the nurse checks first,
and the site looks at it the same day. Where the unit is doubtful the lower reading counts until a person has
confirmed it. Source: specification 1.4 (SCH-3), 1.6, 6.2; decisions "Triage" (a bare 8.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from bot.actions.desk import Desk, patient_actor
from bot.actions.plan_visits import course_of, look_again_at
from bot.actions.record_lab import act_on_result
from bot.clock import new_id
from bot.rules.lab_results import judge
from bot.rules.participant import LabResult, Participant
from bot.understanding.findings import Understanding
from storage.unit_of_work import UnitOfWork

# The same number written again within this time is the same news.
_SAME_NEWS = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedResult:
    """`value` in the unit of the analyte, the lower reading where the unit is doubtful."""

    analyte: str
    value: Decimal
    quote: str
    unit_doubtful: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The case that the counts of one message raised, and the count whose unit must be asked."""

    case_id: str | None = None
    unit_doubtful: LabResult | None = None


def results_in(meant: Understanding) -> list[StatedResult]:
    """The counts that are hers and of now, as she wrote them."""
    return [
        StatedResult(
            analyte=one.analyte.value,
            value=one.value,
            quote=one.quote,
            unit_doubtful=one.unit_doubtful,
        )
        for one in meant.counts
        if one.current
    ]


async def note_stated_results(
    uow: UnitOfWork, desk: Desk, participant: Participant, stated: Sequence[StatedResult]
) -> Counted:
    """Stores what the study counts and has not been told just now; raises what it calls for."""
    counted = Counted()
    known = {one.code.upper(): one for one in desk.study.labs.analytes}
    for one in stated:
        analyte = known.get(one.analyte.upper())
        if analyte is None or not 0 < one.value <= analyte.plausible_max:
            continue
        course = await course_of(uow, participant)
        now = desk.now()
        told_before = any(
            lab.analyte == analyte.code and lab.value == one.value and now - lab.recorded_at < _SAME_NEWS
            for lab in course.labs
        )
        if told_before:
            continue
        result = LabResult(
            id=new_id(),
            subject_code=participant.subject_code,
            analyte=analyte.code,
            value=one.value,
            as_entered=one.quote[:120],
            sampled_at=None,
            verified=False,
            baseline=False,
            recorded_by=participant.subject_code,
            recorded_at=now,
            unit_unconfirmed=one.unit_doubtful,
        )
        await uow.labs.add(result)
        await uow.audit.record(
            kind="patient:lab:stated",
            actor=patient_actor(participant),
            at=now,
            subject=participant.subject_code,
            entity="lab",
            entity_id=result.id,
            field=result.analyte,
            new=str(result.value),
        )
        judged = judge(desk.study, course, result)
        about = "staff.story.result_unit_doubtful" if one.unit_doubtful else "staff.story.result_stated"
        case = await act_on_result(uow, desk, participant, result, judged, about=about)
        counted = Counted(
            case_id=case.id if case is not None else counted.case_id,
            unit_doubtful=result if one.unit_doubtful else counted.unit_doubtful,
        )
        await look_again_at(uow, participant.subject_code, now)
    return counted
