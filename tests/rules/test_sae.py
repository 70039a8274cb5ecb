"""The clock of a serious event: its table, and that it never stops before an investigator has answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.errors import Refusal
from bot.rules.sae import (
    SaeAnswer,
    SaeCause,
    SaeCriterion,
    SaeTask,
    SaeTaskId,
    answered_in_time,
    aware,
    causes_of,
    check_answer,
    next_reminder,
)
from tests.rules.scenes import SHORT, TJ_001, at, study, table

ASKED = SaeTask(
    id=SaeTaskId("S1"),
    subject_code=TJ_001,
    causes=(SaeCause.LEVEL,),
    raised_at=at("2026-03-06 17:50"),
    aware_at=None,
    due_at=None,
    next_step_at=None,
)


def told(known_at: datetime, until: datetime) -> list[tuple[datetime, str, bool]]:
    """Who hears what until then, when the timer is always on time."""
    task, heard = aware(study().sae, ASKED, known_at), []
    while task.next_step_at is not None and task.next_step_at <= until:
        now = task.next_step_at
        reminder = next_reminder(study().sae, task, now)
        assert reminder is not None
        heard.append((now, " ".join(SHORT[role] for role in reminder.roles), reminder.overdue))
        task = reminder.task
    return heard


def test_the_table_of_a_clinician() -> None:
    """Known on Friday 6 March 18:00: the weekend stops nothing (specification 7.1, 16)."""
    known = at("2026-03-06 18:00")
    told_by_table = [(at(row["at"]), row["told"], row["overdue"] == "yes") for row in table("serious_event")]
    assert told(known, told_by_table[-1][0]) == told_by_table


@given(st.integers(0, 400), st.integers(0, 60))
def test_an_outage_of_any_length_delays_and_never_ends_it(hours: int, minutes: int) -> None:
    task = aware(study().sae, ASKED, at("2026-03-06 18:00"))
    now = at("2026-03-06 18:00") + timedelta(hours=hours, minutes=minutes)
    reminder = next_reminder(study().sae, task, now)
    if reminder is not None:
        assert reminder.task.next_step_at is not None
        assert reminder.task.next_step_at > now
        assert next_reminder(study().sae, reminder.task, now) is None
    else:
        assert task.next_step_at is not None
        assert task.next_step_at > now


def test_the_first_moment_somebody_knew_counts_for_good() -> None:
    first = aware(study().sae, ASKED, at("2026-03-06 18:00"))
    assert aware(study().sae, first, at("2026-03-06 20:00")) == first
    earlier = aware(study().sae, first, at("2026-03-06 17:55"))
    assert earlier.due_at == at("2026-03-07 17:55")


def test_answered_it_asks_no_more_and_says_whether_it_was_in_time() -> None:
    known = aware(study().sae, ASKED, at("2026-03-06 18:00"))
    assert answered_in_time(known) is None
    for words, in_time in (("2026-03-07 18:00", True), ("2026-03-07 18:01", False)):
        answered = replace(known, answered_at=at(words))
        assert answered_in_time(answered) is in_time
        assert next_reminder(study().sae, answered, at("2026-03-20 00:00")) is None


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (SaeAnswer(serious=True, narrative="in hospital"), "sae_criterion"),
        (SaeAnswer(serious=True, narrative=" ", criteria=(SaeCriterion.AESHOSP,)), "reason_needed"),
        (SaeAnswer(serious=False, narrative=""), "reason_needed"),
    ],
)
def test_an_answer_is_whole_or_refused(answer: SaeAnswer, refused: str) -> None:
    with pytest.raises(Refusal, match=refused):
        check_answer(ASKED, answer)


@pytest.mark.parametrize(
    ("symptom", "answers", "causes"),
    [
        ("AE_LIMB", {"SIDE": "ONE", "SIGNS": "SWELL"}, [SaeCause.SPECIAL_INTEREST]),
        ("AE_LIMB", {"SIDE": "CHRONIC", "SIGNS": "SWELL"}, []),
        ("AE_ABDO", {"SEV": "MILD", "WITH": "YELLOW"}, [SaeCause.SPECIAL_INTEREST]),
        ("AE_ABDO", {"SEV": "MILD", "WITH": "VOMIT"}, []),
        ("AE_PREG", {"STATUS": "PARTNER"}, [SaeCause.PREGNANCY]),
        ("AE_PREG", {"STATUS": "UNPROT"}, []),
    ],
)
def test_what_she_answers_may_be_of_special_interest(
    symptom: str, answers: dict[str, str], causes: list[SaeCause]
) -> None:
    told = [(symptom, {question: frozenset({code}) for question, code in answers.items()})]
    assert list(causes_of(study().sae, symptoms=told)) == causes
