"""A participant's log as a timeline to be drawn, for the page and for the picture in a chat."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from bot.actions.review_log import CaseCourse, Entry, ParticipantLog
from bot.charts import Bar, Dot, Labels, Mark, Timeline
from bot.rules.participant import Dose, LabResult, Therapy
from bot.rules.reading_back import ReadReport
from bot.rules.study import Study

_A_DAY = timedelta(days=1)


def timeline_of(log: ParticipantLog, study: Study, labels: Labels, now: datetime) -> Timeline:
    """What the chart shows of this log: counts and doses that stand, graded symptoms, cases."""
    starts = [entry.fact.starts_at for entry in log.entries if isinstance(entry.fact, Therapy)]
    moments = [log.day1_at, now, *starts, *(entry.at for entry in log.entries)]
    return Timeline(
        time_zone=log.site.time_zone,
        first_at=min(moments) - _A_DAY,
        last_at=max(moments) + _A_DAY,
        bands=_bands(study),
        counts=tuple(_counts(log, study)),
        doses=tuple(_doses(log, labels)),
        therapies=tuple(_therapies(log, labels)),
        dots=tuple(dot for entry in log.entries for dot in _dots(log, entry, labels)),
        cases=tuple(_cases(log, now)),
    )


def _bands(study: Study) -> tuple[Decimal, ...]:
    """Where the bands of the study begin, and the value that ends dosing."""
    begin = {band.at_or_above for band in study.labs.result_bands if band.at_or_above is not None}
    return tuple(sorted({*begin, study.stop.at_or_above}))


def _counts(log: ParticipantLog, study: Study) -> Iterator[Mark]:
    for entry in log.entries:
        lab = entry.fact
        if isinstance(lab, LabResult) and lab.voided_at is None and lab.analyte == study.labs.lead:
            yield Mark(at=entry.at, value=lab.value, told=lab.as_entered, href=f"#lab-{lab.id}")


def _doses(log: ParticipantLog, labels: Labels) -> Iterator[Mark]:
    for entry in log.entries:
        dose = entry.fact
        if isinstance(dose, Dose) and dose.voided_at is None:
            told = f"{labels.dose} {dose.number}"
            yield Mark(at=entry.at, value=Decimal(0), told=told, href=f"#dose-{dose.id}")


def _therapies(log: ParticipantLog, labels: Labels) -> Iterator[Mark]:
    """Each therapy as decided last; a cancelled one is none."""
    newest = {entry.fact.number: entry.fact for entry in log.entries if isinstance(entry.fact, Therapy)}
    for therapy in newest.values():
        if not therapy.cancelled:
            yield Mark(
                at=therapy.infusion_started_at or therapy.starts_at,
                value=Decimal(0),
                told=f"{labels.therapy} {therapy.number}",
                href=f"#therapy-{therapy.id}",
            )


def _dots(log: ParticipantLog, entry: Entry, labels: Labels) -> Iterator[Dot]:
    """Each symptom of a report that was judged; what she denied is no dot.

    With the grade that an investigator confirmed, unless the symptom was judged anew since: then the one
    proposed waits for them again.
    """
    if not isinstance(entry.fact, ReadReport):
        return
    for symptom in entry.fact.symptoms:
        judged = symptom.judged
        if judged is not None:
            name = symptom.label.said_in(labels.language)
            decided = log.grades.get((entry.fact.report.id, symptom.code), ())[-1:]
            confirmed = [one for one in decided if judged.at <= one.decided_at]
            told = f"{name} G{judged.grade} {labels.proposed}"
            if confirmed:
                told = f"{name} G{confirmed[0].grade} {labels.confirmed} (G{judged.grade} {labels.proposed})"
            yield Dot(
                at=entry.at,
                symptom=name,
                grade=confirmed[0].grade if confirmed else judged.grade,
                confirmed=bool(confirmed),
                level=judged.level,
                told=told,
                href=f"#report-{entry.fact.report.id}",
            )


def _cases(log: ParticipantLog, now: datetime) -> Iterator[Bar]:
    for entry in log.entries:
        if isinstance(entry.fact, CaseCourse):
            case = entry.fact.card.case
            yield Bar(
                opened_at=case.opened_at,
                until=case.closed_at or now,
                level=case.level,
                told=case.level.name,
                href=f"#case-{case.id}",
            )
