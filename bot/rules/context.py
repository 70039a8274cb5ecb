"""What is known of her when a report is judged: platelets, medicines, neutrophils, earlier grades.

Made from the facts in the archive, so that triage itself asks nothing but this value.

Worked case: verified 120 two days ago, but yesterday she wrote "my platelets are 15": the lower one counts,
band P1. Had she written 300, the verified 120 would stand.

Source: specification 2.5 (inputs of the context rules, CX-13, CX-15).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from bot.rules import lab_bands
from bot.rules.participant import LabResult, Participant, ParticipantState
from bot.rules.report import Assessment
from bot.rules.study import Level, Sex, Study

_FOLLOW_UP = frozenset({ParticipantState.FOLLOW_UP, ParticipantState.COMPLETED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known of her when a report is judged.

    `band` is the context band that counts now (unknown and stale are settled, see `lab_bands.band_now`).
    `new_blood_thinner`: one of the blood thinners was named since the last review (closing question on
    medicines). `highest_platelets` is the highest count within `high_platelet_days`. `anc` is None unless
    current. `previous_grades`: symptom → the lowest of its last grade and its baseline grade, to tell a
    worsening. `persistent`: symptoms present a day or more ago with no clinician contact since.
    """

    sex: Sex
    band: str
    platelets: Decimal | None = None
    highest_platelets: Decimal | None = None
    blood_thinner: bool = False
    new_blood_thinner: bool = False
    liver_disease: bool = False
    anc: Decimal | None = None
    previous_grades: Mapping[str, int] = field(default_factory=dict)
    persistent: frozenset[str] = frozenset()


def context_of(
    study: Study,
    participant: Participant,
    labs: Sequence[LabResult],
    earlier: Sequence[Assessment],
    now: datetime,
    *,
    contacted_at: datetime | None = None,
    first_dose_at: datetime | None = None,
    new_blood_thinner: bool = False,
) -> Context:
    """Everything the context rules need, from the facts in the archive.

    Args:
        study: bands, limits and how far back to look.
        participant: sex, profile, and whether treatment or follow-up sets how long a count is valid.
        labs: all results, any order, voided ones among them.
        earlier: assessments of earlier reports, any order; explicit zeros count as reported.
        now: aware.
        contacted_at: when a clinician last spoke to her, if ever.
        first_dose_at: assessments before it are her baseline.
        new_blood_thinner: one was named since and is not yet reviewed.
    """
    valid_labs = [lab for lab in labs if lab.voided_at is None]
    follow_up = participant.state in _FOLLOW_UP
    rules = study.labs
    valid_days = rules.valid_days_follow_up if follow_up else rules.valid_days_treatment
    band, value = _band_and_count(study, valid_labs, valid_days, now)
    return Context(
        sex=participant.sex,
        band=band,
        platelets=value,
        highest_platelets=_highest_platelets(study, valid_labs, now),
        blood_thinner=bool(participant.blood_thinner) or new_blood_thinner,
        new_blood_thinner=new_blood_thinner,
        liver_disease=bool(participant.liver_disease),
        anc=_current_anc(study, valid_labs, now),
        previous_grades=_previous_grades(study, earlier, now, first_dose_at),
        persistent=_persistent(study, earlier, now, contacted_at),
    )


def _when(lab: LabResult) -> datetime:
    return lab.sampled_at or lab.recorded_at


def _band_and_count(
    study: Study, labs: Sequence[LabResult], valid_days: int, now: datetime
) -> tuple[str, Decimal | None]:
    """The last verified count, or a later patient-reported one of a lower band (specification 2.5)."""
    counts = sorted((lab for lab in labs if lab.analyte == study.labs.lead), key=_when)
    verified = [lab for lab in counts if lab.verified]
    last = verified[-1] if verified else None
    band = lab_bands.band_now(
        study.labs, last.value if last else None, now - _when(last) if last else None, valid_days
    )
    value = last.value if last else None
    for lab in counts:
        if lab.verified or (last is not None and _when(lab) < _when(last)):
            continue
        stated = lab_bands.band_of(study.labs, lab.value).name
        if lab_bands.worse(study.labs, stated, band) != band:
            band, value = stated, lab.value
    return band, value


def _highest_platelets(study: Study, labs: Sequence[LabResult], now: datetime) -> Decimal | None:
    since = now - timedelta(days=study.triage.high_platelet_days)
    values = [lab.value for lab in labs if lab.analyte == study.labs.lead and _when(lab) >= since]
    return max(values, default=None)


def _current_anc(study: Study, labs: Sequence[LabResult], now: datetime) -> Decimal | None:
    since = now - timedelta(days=study.triage.anc_valid_days)
    current = [lab for lab in labs if lab.analyte == study.labs.neutrophils and _when(lab) >= since]
    return max(current, key=_when).value if current else None


def _previous_grades(
    study: Study, earlier: Sequence[Assessment], now: datetime, first_dose_at: datetime | None
) -> dict[str, int]:
    since = now - timedelta(days=study.triage.previous_report_days)
    lowest: dict[str, int] = {}
    for symptom in {one.symptom for one in earlier}:
        of_symptom = sorted((one for one in earlier if one.symptom == symptom), key=lambda one: one.at)
        compared = [one.grade for one in of_symptom[-1:] if one.at >= since]
        if first_dose_at is not None:
            compared += [one.grade for one in of_symptom if one.at < first_dose_at][-1:]
        if compared:
            lowest[symptom] = min(compared)
    return lowest


def _persistent(
    study: Study, earlier: Sequence[Assessment], now: datetime, contacted_at: datetime | None
) -> frozenset[str]:
    """Symptoms *present* in every report since one a day or more ago, nobody having spoken to her since.

    Source: specification 2.5, CX-15.
    """
    until = now - study.triage.persistent_after
    since = now - timedelta(days=study.triage.previous_report_days)
    found = set()
    for symptom in {one.symptom for one in earlier}:
        run = [one for one in earlier if one.symptom == symptom and one.at >= since]
        for one in sorted(run, key=lambda one: one.at, reverse=True):
            if one.base_level < Level.ROUTINE and not one.who:
                break
            if one.at <= until and (contacted_at is None or contacted_at < one.at):
                found.add(symptom)
    return frozenset(found)
