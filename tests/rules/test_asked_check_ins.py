"""A gap is a gap: asked and not answered, never "no symptoms"."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.rules.asked_check_ins import Told, asked_check_ins
from bot.rules.report import OpenedBy, Report, ReportId, ReportStatus
from bot.rules.study import Language, Level
from tests.rules.scenes import TJ_001, at


def report(opened_at: datetime, key: str | None = None) -> Report:
    return Report(
        id=ReportId(f"R-{opened_at:%d%H%M}"),
        subject_code=TJ_001,
        opened_at=opened_at,
        status=ReportStatus.COMPLETE,
        opened_by=OpenedBy.CHECK_IN,
        reporter=None,
        language=Language.ZH,
        catalogue_version="1",
        level=Level.NONE,
        check_in_key=key,
    )


SIXTH = Told("check-in:TJ-001:2026-03-06", at("2026-03-06 19:00"), sent=True)
NUDGE = Told("check-in:TJ-001:2026-03-06:nudge", at("2026-03-06 21:00"), sent=True)
TENTH = Told("check-in:TJ-001:2026-03-10", at("2026-03-10 19:00"), sent=True)
OTHER = Told("reminder:TJ-001:injection-2:morning:v1", at("2026-03-10 07:30"), sent=True)


def test_the_worked_case() -> None:
    answer = report(at("2026-03-10 19:20"), TENTH.key)
    first, second = asked_check_ins([OTHER, TENTH, NUDGE, SIXTH], [answer])
    assert (first.asked_at, first.nudged_at, first.answer) == (SIXTH.at, NUDGE.at, None)
    assert second.answer == answer
    assert not first.is_gap(at("2026-03-07 18:59"))
    assert first.is_gap(at("2026-03-07 19:00"))
    assert not second.is_gap(at("2026-03-20 00:00"))


def test_a_report_by_any_other_way_before_the_next_check_in_answers_it() -> None:
    by_words = report(at("2026-03-08 12:00"))
    first, second = asked_check_ins([SIXTH, TENTH], [by_words])
    assert (first.answer, second.answer) == (by_words, None)


def test_one_that_an_outage_kept_back_is_a_gap_of_ours_unless_its_nudge_made_up_for_it() -> None:
    missed = replace(SIXTH, sent=False, at=at("2026-03-06 23:00"))
    (one,) = asked_check_ins([missed], [])
    assert (one.sent, one.is_gap(at("2026-03-08 00:00"))) == (False, True)
    (made_up,) = asked_check_ins([NUDGE], [])
    assert (made_up.sent, made_up.asked_at, made_up.nudged_at) == (True, NUDGE.at, None)
