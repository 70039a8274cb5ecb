"""Where a participant stands, from the facts; which steps a person may make."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from bot.rules.errors import Refusal
from bot.rules.participant import TERMINAL_STATES, Hold, HoldReason, ParticipantState
from bot.rules.schedule import plan
from bot.rules.states import MAY_FOLLOW, SAID_BY_A_PERSON, check_step, state_of
from tests.rules.scenes import DAY1, TJ_001, count, course, dose, on_day, participant, study, table

HOLD = Hold(
    id="h",
    subject_code=TJ_001,
    reason=HoldReason.HOSPITAL,
    note="",
    placed_by="CA1",
    placed_at=DAY1,
)


@pytest.mark.parametrize("row", table("states"), ids=lambda row: " ".join(row.values()))
def test_she_stands_where_the_table_says(row: dict[str, str]) -> None:
    days = [int(day) for day in row["doses"].split()]
    labs = [count("38", DAY1 - timedelta(days=1), baseline=True)] if row["baseline"] else []
    if row["count"]:
        day, _, value = row["count"].partition(":")
        labs.append(count(value, on_day(int(day), "08:00")))
    facts = course(
        doses=tuple(dose(number, on_day(day)) for number, day in enumerate(days, start=1)),
        labs=tuple(labs),
        holds=(HOLD,) if row["held"] else (),
        treatment_stopped_at=on_day(9) if row["stopped"] else None,
    )
    she = participant(state=ParticipantState.INVITED)
    she = replace(she, joined_at=she.joined_at if row["joined"] == "yes" else None)
    today = int(row["today"])
    now = on_day(today if today > 0 else today + 1, "12:00")
    assert state_of(study(), she, facts, plan(study(), facts), now) is ParticipantState[row["state"]]


def test_the_table_names_every_state_that_follows_from_facts() -> None:
    told = {ParticipantState[row["state"]] for row in table("states")}
    assert set(ParticipantState) - SAID_BY_A_PERSON == told


@pytest.mark.parametrize("state", sorted(SAID_BY_A_PERSON))
def test_an_end_stands_until_a_person_takes_it_back(state: ParticipantState) -> None:
    facts = course(doses=(dose(1, DAY1),), holds=(HOLD,))
    she = participant(state=state)
    assert state_of(study(), she, facts, plan(study(), facts), on_day(3)) is state


def test_every_pair_of_states_is_decided() -> None:
    assert set(MAY_FOLLOW) == set(ParticipantState)
    for before, after in product(ParticipantState, repeat=2):
        allowed = before is not after and after in MAY_FOLLOW[before]
        if allowed:
            check_step(before, after)
        else:
            with pytest.raises(Refusal, match="state_step"):
                check_step(before, after)


def test_nobody_is_completed_while_in_treatment_and_the_dead_do_not_withdraw() -> None:
    assert ParticipantState.COMPLETED not in MAY_FOLLOW[ParticipantState.TREATMENT]
    assert ParticipantState.WITHDRAWN not in MAY_FOLLOW[ParticipantState.DIED]
    for state in ParticipantState:
        if state not in TERMINAL_STATES:
            assert ParticipantState.DIED in MAY_FOLLOW[state]
