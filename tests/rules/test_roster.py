"""Who is rung now: duty, leave, deputies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.roster import Duty, DutyKind, called, turns
from bot.rules.study import SiteCode, StaffCode

EVENING = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
ONE, TWO, THREE = StaffCode("SI1"), StaffCode("SI2"), StaffCode("SI3")
_ids = count(1)


def duty(
    staff: StaffCode, hours: float, kind: DutyKind = DutyKind.DUTY, *, begins: float = 0, deputy: str = ""
) -> Duty:
    start = EVENING + timedelta(hours=begins)
    return Duty(
        id=str(next(_ids)),
        site=SiteCode("TJ"),
        staff=staff,
        kind=kind,
        starts_at=start,
        ends_at=start + timedelta(hours=hours),
        deputy=StaffCode(deputy) if deputy else None,
    )


def leave(staff: StaffCode, hours: float, deputy: str = "") -> Duty:
    return duty(staff, hours, DutyKind.LEAVE, deputy=deputy)


def test_without_a_roster_everybody_of_the_role_is_called() -> None:
    assert called([ONE, TWO], [], EVENING).people == (ONE, TWO)


def test_with_a_roster_only_who_is_on_duty_is_called() -> None:
    answer = called([ONE, TWO], [duty(TWO, 12)], EVENING)
    assert (answer.people, answer.skipped) == ((TWO,), (ONE,))


def test_duty_begins_with_its_start_and_is_over_at_its_end() -> None:
    rota = [duty(ONE, 12), duty(TWO, 12, begins=12)]
    change = EVENING + timedelta(hours=12)
    assert called([ONE, TWO], rota, change - timedelta(microseconds=1)).people == (ONE,)
    assert called([ONE, TWO], rota, change).people == (TWO,)


def test_a_roster_that_has_run_out_calls_nobody_and_says_so() -> None:
    answer = called([ONE, TWO], [duty(ONE, 12)], EVENING + timedelta(days=2))
    assert (answer.people, answer.skipped) == ((), (ONE, TWO))


def test_the_roster_of_one_role_leaves_another_alone() -> None:
    assert called([THREE], [duty(ONE, 12)], EVENING + timedelta(days=2)).people == (THREE,)


def test_leave_takes_a_person_out_without_a_roster_and_a_deputy_stands_in() -> None:
    assert called([ONE, TWO], [leave(ONE, 24)], EVENING).people == (TWO,)
    assert called([ONE], [leave(ONE, 24, "SI3")], EVENING).people == (THREE,)


def test_a_deputy_stands_in_only_for_somebody_who_would_be_rung() -> None:
    rota = [duty(TWO, 12), leave(ONE, 24, "SI3")]
    assert called([ONE, TWO], rota, EVENING).people == (TWO,)


def test_a_deputy_who_is_away_as_well_is_not_called() -> None:
    assert called([ONE], [leave(ONE, 24, "SI3"), leave(THREE, 24)], EVENING).people == ()


def test_the_turns_are_the_moments_at_which_anybody_comes_or_goes() -> None:
    rota = [duty(ONE, 12), duty(TWO, 12, begins=12)]
    until = EVENING + timedelta(days=7)
    assert turns(rota, EVENING, until) == (EVENING + timedelta(hours=12), EVENING + timedelta(hours=24))


_PEOPLE = [ONE, TWO, THREE]
_DUTIES = st.lists(
    st.builds(
        duty,
        st.sampled_from(_PEOPLE),
        st.integers(1, 48),
        st.sampled_from(list(DutyKind)),
        begins=st.integers(-48, 48),
        deputy=st.sampled_from(["", "SI1", "SI2", "SI3"]),
    ),
    max_size=6,
)


@given(_DUTIES, st.integers(-50, 100))
def test_nobody_is_called_twice_or_both_called_and_skipped_and_nobody_on_leave_is_called(
    duties: list[Duty], hour: int
) -> None:
    now = EVENING + timedelta(hours=hour)
    answer = called([ONE, TWO], duties, now)
    assert len(set(answer.people)) == len(answer.people)
    assert not set(answer.people) & set(answer.skipped)
    away = {one.staff for one in duties if one.kind is DutyKind.LEAVE and one.covers(now)}
    assert not set(answer.people) & away
    assert {ONE, TWO} <= set(answer.people) | set(answer.skipped)
