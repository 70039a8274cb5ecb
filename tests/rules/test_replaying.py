"""Facts in whatever order, corrected or doubled: the plan is the same, and what may never be said is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rules.activities import ActivityKind, ActivityStatus, Course
from bot.rules.calendar import is_quiet
from bot.rules.doses import responded_at
from bot.rules.participant import (
    Decision,
    DecisionKind,
    Dose,
    LabResult,
    ParticipantState,
    Therapy,
)
from bot.rules.reminders import Content, decide
from bot.rules.schedule import plan
from tests.rules.scenes import CA1, DAY1, TJ_001, ZONE, count, dose, on_day, participant, study

_SHE = participant(state=ParticipantState.TREATMENT)


@st.composite
def facts(draw: st.DrawFn) -> list[object]:
    """Doses, counts, corrections, decisions and therapies of one course, as they may come in."""
    found: list[object] = [dose(1, DAY1)]
    for number in range(2, draw(st.integers(1, 4)) + 1):
        found.append(dose(number, on_day(7 * number - 6 + draw(st.integers(-1, 3)))))
    for index in range(draw(st.integers(0, 4))):
        value = draw(st.sampled_from(["12", "38", "99.9", "100", "102", "450"]))
        one = count(value, on_day(draw(st.integers(2, 30)), f"08:{index:02}"))
        if draw(st.booleans()):
            one = replace(one, voided_at=one.recorded_at + timedelta(hours=1))
        found.append(one)
    for index in range(draw(st.integers(0, 3))):
        key = draw(st.sampled_from(["injection-2", "injection-3", "injection-4", "draw-L3"]))
        skip = draw(st.booleans())
        found.append(
            Decision(
                id=f"d{index}",
                subject_code=TJ_001,
                activity_key=key,
                kind=DecisionKind.SKIP if skip else DecisionKind.MOVE,
                to_at=None if skip else on_day(draw(st.integers(8, 32)), "10:00"),
                reason="x",
                decided_by=CA1,
                decided_at=DAY1 + timedelta(hours=index),
            )
        )
    for index in range(draw(st.integers(0, 2))):
        found.append(
            Therapy(
                id=f"t{index}",
                subject_code=TJ_001,
                number=1,
                starts_at=on_day(draw(st.integers(20, 45)), "10:00"),
                what="",
                cytotoxic=True,
                decided_by=CA1,
                decided_at=DAY1 + timedelta(hours=index),
                cancelled=draw(st.booleans()),
            )
        )
    return found


def course_of(found: list[object]) -> Course:
    return Course.of(
        _SHE,
        doses=[one for one in found if isinstance(one, Dose)],
        labs=[one for one in found if isinstance(one, LabResult)],
        decisions=[one for one in found if isinstance(one, Decision)],
        therapies=[one for one in found if isinstance(one, Therapy)],
    )


@given(facts(), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_came_makes_no_difference(found: list[object], chance: object) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plan(study(), course_of(shuffled)) == plan(study(), course_of(found))


@given(facts())
def test_never_more_doses_than_the_study_has_and_none_asked_for_after_a_stop(found: list[object]) -> None:
    course = course_of(found)
    planned = plan(study(), course)
    doses = [one for one in planned if one.kind is ActivityKind.INJECTION]
    assert len(doses) == study().doses.max_doses
    if responded_at(study(), course) is not None:
        assert not any(one.is_open for one in doses)
    last = on_day(study().doses.last_day).date()
    assert all(course.day_of(one.target_at) <= last for one in doses if one.is_open)


@settings(max_examples=25)
@given(facts(), st.lists(st.integers(1, 36) | st.integers(60, 120), min_size=20, max_size=40))
def test_whenever_it_was_looked_at_nothing_is_said_twice_late_or_in_quiet_time(
    found: list[object], pauses: list[int]
) -> None:
    """Hours between two looks: as after any pattern of crashes. What was said is remembered."""
    course = course_of(found)
    known: set[str] = set()
    said: list[str] = []
    open_doses = {
        one.key: one for one in plan(study(), course) if one.kind is not ActivityKind.DRAW and one.is_open
    }
    for hour in accumulate(pauses):
        now = DAY1 + timedelta(hours=hour)
        decided = decide(study(), _SHE, course, now, known=known)
        for one in decided.reminders:
            assert one.send_after <= now < one.expires_at
            assert not is_quiet(study().quiet_hours, one.send_after, ZONE)
            if one.content is not Content.DRAW:
                window = open_doses[one.visit_key].window
                assert window.contains(course.day_of(one.visit_at))
                # The first of them goes on the evening before the day.
                assert window.first <= course.day_of(now + timedelta(days=1))
                assert course.day_of(now) <= window.last
        said += [one.key for one in decided.reminders]
        known |= {one.key for one in decided.reminders} | {one.key for one in decided.check_ins}
        known |= {one.key for one in decided.notices} | {one.key for one in decided.missed}
    assert len(said) == len(set(said))


@given(facts())
def test_correcting_every_count_brings_back_what_the_counts_took(found: list[object]) -> None:
    voided = [replace(one, voided_at=one.recorded_at) if isinstance(one, LabResult) else one for one in found]
    without = [one for one in found if not isinstance(one, LabResult)]
    corrected = {one.key: one for one in plan(study(), course_of(voided))}
    never = {one.key: one for one in plan(study(), course_of(without))}
    assert corrected == never
    assert all(one.status is not ActivityStatus.DONE for key, one in never.items() if key.startswith("draw"))
