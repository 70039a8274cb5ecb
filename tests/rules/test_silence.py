from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rules.activities import Course
from bot.rules.asked_check_ins import AskedCheckIn
from bot.rules.check_ins import CheckIn
from bot.rules.reminders import decide
from bot.rules.silence import Silence, notices_of_silence
from bot.rules.study import Level
from tests.rules.scenes import DAY1, TJ_001, count, course, dose, on_day, participant, study

STARTED = course(doses=(dose(1, DAY1),), labs=(count("60", on_day(4, "09:30")),))
VERY_LOW = course(doses=(dose(1, DAY1),), labs=(count("19.9", on_day(4, "09:30")),))


def asked(*days: int, sent: bool = True) -> tuple[AskedCheckIn, ...]:
    """Asked on these study days at 19:00; what has no answer is known by `heard_at`."""
    return tuple(
        AskedCheckIn(
            key=f"check-in:TJ-001:{on_day(day):%Y-%m-%d}",
            asked_at=on_day(day, "19:00"),
            sent=sent,
            nudged_at=None,
            answer=None,
        )
        for day in days
    )


def told(facts: Course, silence: Silence, now: datetime) -> dict[str, Level]:
    seen = decide(study(), participant(), facts, now, silence=silence)
    return {str(one.kind): one.level for one in seen.notices if not one.activity_key}


def test_two_check_ins_unanswered_in_a_row_are_told_when_the_next_is_due_or_a_day_later() -> None:
    silence = Silence(asked=asked(2, 4))
    assert not told(STARTED, silence, on_day(5, "18:59"))
    assert told(STARTED, silence, on_day(5, "19:00")) == {"check-ins-unanswered": Level.ROUTINE}
    assert not told(STARTED, Silence(asked=asked(4)), on_day(6))


def test_what_could_not_be_sent_is_no_silence_of_hers() -> None:
    silence = Silence(asked=(*asked(2, sent=False), *asked(4)))
    assert not told(STARTED, silence, on_day(6))


def test_silence_with_very_low_platelets_calls_for_a_phone_call() -> None:
    silence = Silence(asked=asked(4))
    assert not told(VERY_LOW, silence, on_day(5, "00:59"))
    assert told(VERY_LOW, silence, on_day(5, "01:00")) == {"phone-her": Level.SAME_DAY}
    twenty = course(doses=(dose(1, DAY1),), labs=(count("20", on_day(4, "09:30")),))
    assert not told(twenty, silence, on_day(5, "01:00"))
    # Both the count and the hours are the study's.
    waits = replace(
        study(), check_ins=replace(study().check_ins, phone_after_hours=8, phone_below=Decimal(21))
    )
    for clock, rings in (("02:59", False), ("03:00", True)):
        seen = decide(waits, participant(), twenty, on_day(5, clock), silence=silence)
        assert ("phone-her" in {one.kind for one in seen.notices}) is rings


@pytest.mark.parametrize("heard", [on_day(4, "19:20"), on_day(6, "10:00")], ids=["report", "phoned"])
def test_once_she_is_heard_the_count_begins_anew(heard: datetime) -> None:
    silence = Silence(asked=asked(2, 4, 8), heard_at=(heard,))
    assert not told(STARTED, silence, on_day(10))
    again = replace(silence, asked=asked(2, 4, 8, 11))
    assert told(STARTED, again, on_day(12, "19:00")) == {"check-ins-unanswered": Level.ROUTINE}


def test_while_a_case_waits_for_the_call_more_silence_adds_none() -> None:
    silence = Silence(asked=asked(2, 4, 8, 11), waits_at=Level.ROUTINE)
    assert not told(STARTED, silence, on_day(13))


def test_very_low_platelets_raise_a_routine_case_that_waits_and_double_none() -> None:
    waiting = Silence(asked=asked(2, 4), waits_at=Level.ROUTINE)
    assert told(VERY_LOW, waiting, on_day(5, "01:00")) == {"phone-her": Level.SAME_DAY}
    assert not told(VERY_LOW, replace(waiting, waits_at=Level.SAME_DAY), on_day(9))


# ---------------------------------------------------------------- for any course of answers and calls


@dataclass
class World:
    """A participant who is asked, and staff who act on what they are told; as the actions do it."""

    asked: list[AskedCheckIn] = field(default_factory=list)
    heard: list[datetime] = field(default_factory=list)
    waits_at: Level | None = None
    # Of each case opened: how many check-ins had been left unanswered since she was last heard of.
    opened: list[int] = field(default_factory=list)

    @property
    def silence(self) -> Silence:
        return Silence(asked=tuple(self.asked), heard_at=tuple(self.heard), waits_at=self.waits_at)

    def look(self, now: datetime, coming: list[CheckIn], facts: Course) -> None:
        for notice in notices_of_silence(study(), TJ_001, facts, coming, self.silence):
            if notice.at <= now:
                if self.waits_at is None:
                    self.opened.append(len(self.silence.unanswered()))
                self.waits_at = max(notice.level, self.waits_at or notice.level)


# Days until the next check-in, whether it could be sent, and what happens before that: nothing, an answer, a
# call that reached her, a case ended as it stands. A look may be left out: the service was down.
_STEP = st.tuples(
    st.integers(1, 7),
    st.booleans() | st.just(value=True),
    st.sampled_from(["", "", "", "answer", "call", "end"]),
    st.booleans() | st.just(value=True),
)


@settings(max_examples=120, deadline=None)
@given(steps=st.lists(_STEP, max_size=14), very_low=st.booleans())
def test_one_case_at_a_time_and_a_new_one_only_after_new_silence(
    steps: list[tuple[int, bool, str, bool]], *, very_low: bool
) -> None:
    facts = VERY_LOW if very_low else STARTED
    world, now = World(), on_day(4, "19:00")
    for (days, sent, happens, looks), following in _with_next(steps, now):
        (one,) = asked(4)
        day = f"check-in:TJ-001:{now:%Y-%m-%d}"
        world.asked.append(replace(one, key=day, asked_at=now, sent=sent))
        coming = [CheckIn(key="next", day=following.date(), send_after=following, expires_at=following)]
        if happens and (happens != "end" or world.waits_at is not None):
            world.heard.append(now + timedelta(hours=days))
            world.waits_at = None
        before = len(world.opened)
        for moment in (now + timedelta(hours=7), now + timedelta(days=1), following):
            if looks:
                world.look(moment, coming, facts)
                world.look(moment, coming, facts)
        assert len(world.opened) <= before + 1
        now = following
    assert all(unanswered >= (1 if very_low else 2) for unanswered in world.opened)
    if all(looks and sent and not happens for _, sent, happens, looks in steps):
        assert len(world.opened) == (len(steps) >= (1 if very_low else 2))


def _with_next(
    steps: list[tuple[int, bool, str, bool]], now: datetime
) -> Iterator[tuple[tuple[int, bool, str, bool], datetime]]:
    for step in steps:
        now += timedelta(days=step[0])
        yield step, now
