"""The plan as a calendar strip: the table that a clinician reads, and what therapies and ends look like."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.rules.activities import CancelReason, ChangeReason, Course, Move
from bot.rules.participant import Decision, DecisionKind, StatedWhat
from bot.rules.plan_strip import StripDay, StripItem, StripMark, strip
from bot.rules.schedule import plan
from tests.rules.scenes import CA1, TJ_001, at, count, course, dose, on_day, says, shown, study, table
from tests.rules.test_prophylaxis import therapy

KEY = "injection-2"


def decided(words: str) -> tuple[Decision, ...]:
    """Such as `2026-03-12 train; never she was ill`, one after the other on 4 March."""
    found = []
    for number, part in enumerate(one.strip() for one in words.split(";") if one.strip()):
        day, _, reason = part.partition(" ")
        skip = day == "never"
        found.append(
            Decision(
                id=f"decision-{number}",
                subject_code=TJ_001,
                activity_key=KEY,
                kind=DecisionKind.SKIP if skip else DecisionKind.MOVE,
                to_at=None if skip else at(f"{day} 09:30"),
                reason=reason,
                decided_by=CA1,
                decided_at=at("2026-03-04 10:00") + timedelta(hours=number),
            )
        )
    return tuple(found)


def after(of: Course, decisions: tuple[Decision, ...]) -> Course:
    """Her course with the newest of these decisions in force."""
    if not decisions:
        return of
    newest = decisions[-1]
    if newest.to_at is None:
        return replace(of, skipped=frozenset({KEY}))
    return replace(of, moves=(Move(activity_key=KEY, to_at=newest.to_at, decided_at=newest.decided_at),))


def items(days: tuple[StripDay, ...], key: str) -> StripItem:
    return next(item for day in days for item in day.items if item.activity and item.activity.key == key)


@pytest.mark.parametrize("row", table("plan_strip"), ids=lambda row: row["name"])
def test_dose_2_on_the_strip(row: dict[str, str]) -> None:
    decisions = decided(row["decided"])
    facts = course(
        doses=(dose(1, on_day(1)), *((dose(2, at(f"{row['given']} 09:30")),) if row["given"] else ())),
        stated=(says(StatedWhat.DONE, KEY, at(f"{row['said']} 18:30")),) if row["said"] else (),
    )
    known = after(facts, decisions)
    days = strip(known, plan(study(), known), decisions, (), at(f"{row['now']} 12:00"))
    item = items(days, KEY)
    old = "; ".join(f"{one.day.isoformat()} {one.why}".strip() for one in item.old_days)
    assert item.mark is StripMark(row["mark"])
    assert shown(item.at)[:10] == row["on"]
    assert old == row["old"]
    assert shown(item.stated_at)[:10] == row["stated"]
    assert item.why == ("she was ill" if item.mark is StripMark.SKIPPED else "")


def test_a_dose_that_an_earlier_one_moved_says_so_and_every_day_counts_from_day_1() -> None:
    known = course(doses=(dose(1, on_day(1)), dose(2, on_day(11))))
    days = strip(known, plan(study(), known), (), (), on_day(12))
    third = items(days, "injection-3")
    assert [(one.day.isoformat(), one.because) for one in third.old_days] == [
        ("2026-03-17", ChangeReason.EARLIER_DOSE_LATE)
    ]
    given = replace(known, doses=(*known.doses, dose(3, on_day(18))))
    done = items(strip(given, plan(study(), given), (), (), on_day(19)), "injection-3")
    assert (done.mark, done.old_days) == (StripMark.DONE, third.old_days)
    assert [day.study_day for day in days] == sorted(day.study_day for day in days)
    assert next(day.study_day for day in days if third in day.items) == 18


def test_what_is_no_longer_asked_for_says_why() -> None:
    known = course(doses=(dose(1, on_day(1)),), labs=(count("102", on_day(7)),))
    second = items(strip(known, plan(study(), known), (), (), on_day(8)), KEY)
    assert (second.mark, second.because) == (StripMark.CANCELLED, CancelReason.RESPONSE)


def test_a_therapy_keeps_its_earlier_starts_with_the_reason_each_was_left() -> None:
    first = therapy("2026-04-20 10:00")
    second = therapy("2026-04-21 14:00", decided_at=at("2026-04-11 09:00"), reason="no bed")
    same_day = therapy("2026-04-21 16:00", decided_at=at("2026-04-12 09:00"), reason="later")
    begun = replace(same_day, infusion_started_at=at("2026-04-21 16:20"), decided_at=at("2026-04-21 17:00"))
    off = replace(begun, infusion_started_at=None, cancelled=True, reason="fever", decided_at=on_day(60))
    for history, mark in (
        ((first, second, same_day), StripMark.PLANNED),
        ((first, second, same_day, begun), StripMark.DONE),
        ((first, second, same_day, off), StripMark.CANCELLED),
    ):
        (day,) = strip(course(), (), (), history, on_day(40))
        (item,) = day.items
        assert item.mark is mark
        assert [(one.day.isoformat(), one.why) for one in item.old_days] == [("2026-04-20", "no bed")]
        assert item.why == ("fever" if mark is StripMark.CANCELLED else "")
