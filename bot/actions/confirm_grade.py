"""An investigator confirms a grade that the rules proposed, or gives another one with a reason.

The proposed grade stays as it was; of several decisions on one symptom of one report the newest counts, and
all of them stay. Source: specification, preamble (2: "only the investigator writes the second"), 3.2;
decisions "Roles and rights" (grades are confirmed by investigators only).
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.actions.chart import Chart, opened, reasoned
from bot.actions.desk import Desk
from bot.actions.note_sae import note_potential_sae
from bot.actions.speak import phrase
from bot.clock import new_id
from bot.rules import sae
from bot.rules.access import Act, AuthMethod
from bot.rules.changes import Effects
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.report import Assessment, GradeDecision, ReportId
from bot.rules.sae import SaeCause
from bot.rules.study import StaffCode, SubjectCode

CTCAE = range(6)
WHO = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeEntry:
    """`who`: the WHO bleeding grade, where the symptom has one. A grade as proposed needs no reason."""

    subject: SubjectCode
    report_id: ReportId
    symptom: str
    grade: int
    who: int | None = None
    reason: str = ""


async def preview_grade(desk: Desk, *, entry: GradeEntry, by: StaffCode, auth: AuthMethod) -> Effects:
    """What would stand, old and new; writes nothing."""
    async with opened(
        desk, entry.subject, by=by, act=Act.CONFIRM_GRADE, auth=auth, writing=False, ended_too=True
    ) as chart:
        return (await weigh_grade(chart, entry))[1]


async def confirm_grade(desk: Desk, *, entry: GradeEntry, by: StaffCode, auth: AuthMethod) -> GradeDecision:
    """Stores the decision beside the proposal; a grade that may be serious raises that question.

    Raises:
        NotEntitled: not an investigator of this site; no such report or symptom of hers.
        Refusal: no such grade; another one than proposed without a reason; this one stands already.
    """
    async with opened(desk, entry.subject, by=by, act=Act.CONFIRM_GRADE, auth=auth, ended_too=True) as chart:
        decision, _ = await weigh_grade(chart, entry)
        await chart.uow.grades.add(decision)
        await chart.write(
            "staff:grade:confirmed",
            "report",
            decision.report_id,
            field=decision.symptom,
            old=_told(decision.proposed_grade, decision.proposed_who),
            new=_told(decision.grade, decision.who),
            reason=decision.reason or None,
        )
        await note_potential_sae(
            chart.uow, chart.desk, chart.participant, _causes(chart, decision), aware_at=chart.now
        )
        return decision


async def weigh_grade(chart: Chart, entry: GradeEntry) -> tuple[GradeDecision, Effects]:
    """The decision as it would be stored, and what it changes.

    Raises:
        NotEntitled, Refusal: see `confirm_grade`.
    """
    proposed = await _proposed(chart, entry)
    has_who = proposed.who is not None
    if entry.grade not in CTCAE or (entry.who is not None) != has_who:
        raise Refusal("refusal.no_such_grade")
    if entry.who is not None and entry.who not in WHO:
        raise Refusal("refusal.no_such_grade")
    if (entry.grade, entry.who) != (proposed.grade, proposed.who):
        reasoned(entry.reason)
    known = [
        one
        for one in await chart.uow.grades.of(chart.subject)
        if (one.report_id, one.symptom) == (entry.report_id, entry.symptom)
    ]
    if known and (known[-1].grade, known[-1].who) == (entry.grade, entry.who):
        raise Refusal("refusal.grade_stands")
    decision = GradeDecision(
        id=new_id(),
        subject_code=chart.subject,
        report_id=entry.report_id,
        symptom=entry.symptom,
        proposed_grade=proposed.grade,
        proposed_who=proposed.who,
        grade=entry.grade,
        who=entry.who,
        reason=entry.reason.strip(),
        decided_by=chart.staff.code,
        decided_at=chart.now,
    )
    notes = [
        phrase(
            "operator.effect.grade",
            old=_told(proposed.grade, proposed.who),
            new=_told(entry.grade, entry.who),
        )
    ]
    if known:
        before = known[-1]
        notes.append(
            phrase(
                "operator.effect.grade_before",
                old=_told(before.grade, before.who),
                staff=before.decided_by,
                at=before.decided_at,
            )
        )
    if _causes(chart, decision):
        notes.append(phrase("operator.effect.potential_sae"))
    return decision, chart.weigh(chart.course, notes=tuple(notes))


async def _proposed(chart: Chart, entry: GradeEntry) -> Assessment:
    """What the rules judged this symptom to be last."""
    report = await chart.uow.reports.get(entry.report_id)
    if report is None or report.subject_code != chart.subject:
        raise NotEntitled(subject=chart.subject)
    judged = [one for one in await chart.uow.reports.assessments(report.id) if one.symptom == entry.symptom]
    if not judged:
        raise NotEntitled(subject=chart.subject)
    return judged[-1]


def _causes(chart: Chart, decision: GradeDecision) -> tuple[SaeCause, ...]:
    """Only what the proposal had not raised already. Source: specification 3.6."""
    rules = chart.desk.study.sae
    raised = sae.causes_of(rules, grade=decision.proposed_grade, who=decision.proposed_who or 0)
    calls = sae.causes_of(rules, grade=decision.grade, who=decision.who or 0)
    return tuple(cause for cause in calls if cause not in raised)


def _told(grade: int, who: int | None) -> str:
    """Such as `G2` or `G3 WHO 2`."""
    return f"G{grade}" if who is None else f"G{grade} WHO {who}"
