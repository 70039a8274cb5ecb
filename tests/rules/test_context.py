"""From facts in the archive to what triage knows of her."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bot.rules.context import Context, context_of
from bot.rules.participant import LabResult, Participant, ParticipantState
from bot.rules.report import Assessment, ReportId
from bot.rules.study import Level
from tests.rules.scenes import at, count, participant, study

NOW = at("2026-03-11 09:00")


def known(*labs: LabResult, who: Participant | None = None, **more: object) -> Context:
    earlier = more.pop("earlier", ())
    return context_of(study(), who or participant(), labs, earlier, NOW, **more)  # type: ignore[arg-type]


def assessed(symptom: str, grade: int, hours_ago: float, who: int | None = 1) -> Assessment:
    return Assessment(
        report_id=ReportId(f"{symptom}-{hours_ago}"),
        symptom=symptom,
        grade=grade,
        who=who,
        base_level=Level.ROUTINE if grade else Level.NONE,
        level=Level.ROUTINE,
        term=None,
        rules=(),
        at=NOW - timedelta(hours=hours_ago),
    )


def test_without_any_count_she_is_taken_for_twenty_to_fifty() -> None:
    assert (known().band, known().platelets) == ("P2", None)


def test_the_last_verified_count_counts_by_the_time_of_its_sample() -> None:
    newer, older = count("120", at("2026-03-10 09:00")), count("15", at("2026-03-08 09:00"))
    assert known(newer, older).band == "P4"


def test_a_lower_count_she_tells_counts_and_a_higher_one_does_not() -> None:
    verified = count("120", at("2026-03-10 09:00"))
    low = count("15", at("2026-03-10 20:00"), verified=False)
    high = count("300", at("2026-03-10 20:00"), verified=False)
    assert (known(verified, low).band, known(verified, low).platelets) == ("P1", Decimal(15))
    assert (known(verified, high).band, known(verified, high).platelets) == ("P4", Decimal(120))


def test_what_she_told_before_a_verified_count_no_longer_counts() -> None:
    told = count("8", at("2026-03-09 09:00"), verified=False)
    assert known(told, count("120", at("2026-03-10 09:00"))).band == "P4"


def test_a_told_count_alone_may_lower_the_unknown_band_and_never_better_it() -> None:
    assert known(count("8", at("2026-03-10 09:00"), verified=False)).band == "P0"
    assert known(count("300", at("2026-03-10 09:00"), verified=False)).band == "P2"


def test_a_voided_count_is_no_count() -> None:
    gone = replace(count("8", at("2026-03-10 09:00")), voided_at=NOW)
    assert known(gone).band == "P2"


def test_a_count_is_valid_longer_in_follow_up() -> None:
    old = count("120", NOW - timedelta(days=6))
    follow_up = replace(participant(), state=ParticipantState.FOLLOW_UP)
    assert known(old).band == "P2"
    assert known(old, who=follow_up).band == "P4"


def test_the_highest_count_of_two_weeks_is_remembered() -> None:
    labs = (count("420", NOW - timedelta(days=14)), count("90", NOW - timedelta(days=1)))
    assert known(*labs).highest_platelets == Decimal(420)
    assert known(count("420", NOW - timedelta(days=15))).highest_platelets is None


def test_neutrophils_count_for_three_days() -> None:
    low = replace(count("0.4", NOW - timedelta(days=3)), analyte="ANC")
    assert known(low).anc == Decimal("0.4")
    assert known(replace(low, sampled_at=NOW - timedelta(days=3, minutes=1))).anc is None


def test_a_new_blood_thinner_counts_like_one_of_the_profile() -> None:
    assert known(new_blood_thinner=True).blood_thinner
    assert known(who=replace(participant(), blood_thinner=True)).blood_thinner
    assert not known(who=replace(participant(), blood_thinner=None)).blood_thinner


def test_worsening_is_measured_from_the_last_report_of_eight_days_or_the_baseline() -> None:
    earlier = (assessed("AE_HEAD", 2, 24), assessed("AE_HEAD", 0, 48), assessed("AE_NAUS", 1, 9 * 24))
    assert known(earlier=earlier).previous_grades == {"AE_HEAD": 2}
    first_dose = NOW - timedelta(days=8)
    baseline = known(earlier=earlier, first_dose_at=first_dose).previous_grades
    assert baseline == {"AE_HEAD": 2, "AE_NAUS": 1}


def test_a_bleeding_told_a_day_ago_with_nobody_in_contact_is_persistent() -> None:
    day_old = (assessed("BLD_ORAL", 1, 24),)
    assert known(earlier=day_old).persistent == {"BLD_ORAL"}
    assert not known(earlier=(assessed("BLD_ORAL", 1, 23),)).persistent
    assert not known(earlier=day_old, contacted_at=NOW - timedelta(hours=2)).persistent
    assert known(earlier=day_old, contacted_at=NOW - timedelta(hours=30)).persistent == {"BLD_ORAL"}


def test_a_bleeding_she_denied_in_between_is_not_persistent() -> None:
    earlier = (assessed("BLD_ORAL", 1, 48), assessed("BLD_ORAL", 0, 24, who=0))
    assert not known(earlier=earlier).persistent
