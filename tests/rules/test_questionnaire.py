"""A report, tap by tap."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.rules import callback, questionnaire, screens
from bot.rules.messages import Phrase
from bot.rules.progress import Progress
from bot.rules.report import DECLINED, OpenedBy, Reporter, ReportStatus
from bot.rules.screens import ScreenKind
from bot.rules.study import GateItem, Level, Sex
from tests.rules.report_scenes import (
    EVENING,
    REPORT,
    Thumb,
    knowing,
    to_the_bleeding,
    to_the_symptoms,
)
from tests.rules.scenes import study

NONE, YES, NO = callback.NONE, callback.YES, callback.NO
FINISH, DETAILS, DONE, BACK, SKIP = (
    callback.FINISH,
    callback.DETAILS,
    callback.DONE,
    callback.BACK,
    callback.SKIP,
)


# ---------------------------------------------------------------- the good day


def test_a_good_day_is_three_taps_and_every_closing_answer_is_stored() -> None:
    thumb = Thumb(context=knowing("P2"))
    thumb.begin()
    end = thumb.tap(NONE, NO, FINISH).finished
    assert end is not None
    assert (end.status, end.level, end.reporter) == (ReportStatus.COMPLETE, Level.NONE, Reporter.SELF)
    assert end.closing == {question.id: question.good_answer for question in study().closing}
    assert [(one.symptom, one.question, one.codes) for one in thumb.recorded][:2] == [
        ("GATE", "ANY", (NONE,)),
        ("BLEEDING", "ANY", (NO,)),
    ]
    assert thumb.advice == []


def test_no_bleeding_is_stored_as_an_explicit_zero_for_every_site() -> None:
    thumb = Thumb()
    thumb.begin()
    end = thumb.tap(NONE, NO, FINISH).finished
    assert end is not None
    zeros = {one.symptom for one in end.assessed}
    assert {"BLD_NOSE", "BLD_SKIN", "BLD_VAG"} <= zeros
    assert not {"BLD_TRAUMA", "BLD_CNS"} & zeros  # "no bleeding" does not deny a fall
    assert {(one.graded.grade, one.graded.who, one.level) for one in end.assessed} == {(0, 0, Level.NONE)}


def test_the_gate_comes_first_with_none_of_these_on_top_and_one_button_for_each_item() -> None:
    thumb = Thumb()
    thumb.begin(OpenedBy.CHECK_IN)
    items = [f"!{item.code}" for item in study().gate]
    assert (thumb.at, thumb.options()) == ("GATE.ANY", [NONE, *items])


def test_the_symptom_screen_says_the_statements_and_begins_with_the_one_button_that_ends_it() -> None:
    thumb = Thumb()
    thumb.begin()
    screen = thumb.tap(NONE, NO).screen
    assert screen is not None
    said = [one.statement for one in study().closing if one.id in ("U_HOSP", "U_MEDS", "U_CONTACT")]
    assert screen.asked.values["statements"] == tuple(Phrase(words=one) for one in said)
    assert thumb.options()[0] == FINISH


# ---------------------------------------------------------------- red flags


@pytest.mark.parametrize("item", study().gate, ids=lambda item: str(item.code))
def test_a_yes_at_the_gate_is_itself_an_answer(item: GateItem) -> None:
    thumb = Thumb()
    thumb.begin()
    step = thumb.tap(f"!{item.code}")
    assert (step.advice, step.level) == ((item.advice,), item.level)
    assert step.rules == (f"gate: {item.code} → {item.level.name}",)
    asked_about = thumb.progress.place.about
    assert asked_about in (*item.opens, "WHICH")


def test_a_red_flag_that_may_mean_several_asks_which_and_asks_about_those_alone() -> None:
    thumb = Thumb()
    thumb.begin()
    thumb.tap("!BLEED")
    assert thumb.options()[:5] == ["+BLD_NOSE", "+BLD_ORAL", "+BLD_SITE", "+BLD_VAG", NONE]
    thumb.tap("+BLD_ORAL", DONE)
    assert thumb.at == "BLD_ORAL.KIND"


def test_after_a_red_flag_a_second_one_stands_on_the_bleeding_screen() -> None:
    thumb = Thumb()
    thumb.begin()
    thumb.tap("!STOOL", SKIP, SKIP, SKIP, SKIP)
    assert thumb.at == "BLEEDING.ANY"
    assert "!FEVER" in thumb.options()
    assert "!STOOL" not in thumb.options()
    step = thumb.tap("!FEVER")
    assert step.advice == ("EM-5b",)
    assert thumb.at == "AE_FEVER.TEMPB"
    assert thumb.level is Level.EMERGENCY


def test_a_red_flag_on_an_old_screen_counts_and_its_questions_come_next() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_ORAL")
    step = thumb.tap_old(1, "!BRAIN")
    assert (step.advice, thumb.at, thumb.level) == (("EM-2",), "BLD_CNS.FLAG", Level.EMERGENCY)


def test_a_doubled_red_flag_says_nothing_twice() -> None:
    thumb = Thumb()
    thumb.begin()
    thumb.tap("!FEVER")
    step = thumb.tap_old(1, "!FEVER")
    assert (step.advice, step.recorded, step.screen) == ((), (), None)


def test_a_red_flag_on_a_finished_report_begins_a_new_one_with_it() -> None:
    thumb = Thumb()
    thumb.begin()
    thumb.tap(NONE, NO, FINISH)
    step = thumb.tap_old(1, "!CHEST")
    assert (step.restart, step.red_flag) == (True, "CHEST")
    again = Thumb()
    assert again.begin(gate=("CHEST",)).advice == ("EM-4",)


def test_advice_comes_with_the_tap_that_reaches_emergency_while_questions_are_open() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_NOSE")
    assert thumb.tap("POUR").advice == ("UR-1",)
    step = thumb.tap("LT24", "ONGOING")
    assert (step.advice, step.level, step.finished) == (("EM-1",), Level.EMERGENCY, None)
    assert thumb.at == "BLD_NOSE.SYS"


def test_advice_comes_with_the_first_flag_ticked_and_does_not_wait_for_done() -> None:
    thumb = to_the_symptoms(Thumb(), "BLD_CNS")
    step = thumb.tap("+WEAK")
    assert (step.advice, step.level, thumb.at) == (("EM-2",), Level.EMERGENCY, "BLD_CNS.FLAG")
    thumb.tap("-WEAK")
    assert thumb.level is Level.EMERGENCY


def test_what_is_known_of_her_counts_while_she_answers() -> None:
    thumb = to_the_symptoms(Thumb(context=knowing("P2")), "BLD_TRAUMA")
    assert thumb.tap("YES").advice == ("EM-2",)


def test_each_text_is_shown_once_and_another_text_of_the_same_level_too() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_DIZZY")
    thumb.tap("FAINTED", "+CHEST", "+NEURO", DONE)
    assert thumb.advice == ["EM-0", "EM-4", "EM-2"]


def test_a_milder_text_never_follows_call_120() -> None:
    thumb = Thumb()
    thumb.begin()
    thumb.tap(NONE, NO, "+AE_LIMB", "+AE_NEURO", DONE)
    thumb.tap("BOTH", "+COLD", "+SWELL", DONE)
    assert thumb.advice == ["UR-1"]
    thumb.tap("YES")
    assert thumb.advice == ["UR-1", "EM-4"]
    thumb.tap("LT3", NONE)
    assert thumb.advice == ["UR-1", "EM-4"]


# ---------------------------------------------------------------- the flow


def test_questions_come_one_by_one_in_the_order_of_the_catalogue() -> None:
    thumb = Thumb()
    thumb.begin()
    thumb.tap(NONE, YES, "+BLD_TRAUMA", "+BLD_SKIN", DONE, "+AE_INSOM", "+AE_HEAD", DONE)
    asked = []
    while thumb.progress.place.about not in ("CLOSING", "SUMMARY"):
        if thumb.progress.place.about not in asked:
            asked.append(thumb.progress.place.about)
        thumb.tap(SKIP)
    assert asked == ["BLD_SKIN", "BLD_TRAUMA", "AE_HEAD", "AE_INSOM"]


def test_the_closing_statements_come_at_the_end_when_symptoms_were_picked() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_INSOM")
    thumb.tap("MILD", "LT3")
    assert (thumb.at, thumb.options()) == ("CLOSING.STATEMENTS", [FINISH, DETAILS, BACK])
    assert thumb.tap(FINISH).finished is not None


def test_one_by_one_every_closing_question_is_asked() -> None:
    thumb = Thumb()
    thumb.begin()
    thumb.tap(NONE, NO, DETAILS)
    thumb.tap("ED", "PLATELETS", "YES")
    thumb.type("阿司匹林")
    end = thumb.tap("TODAY", "CAREGIVER").finished
    assert end is not None
    assert end.reporter is Reporter.CAREGIVER
    assert end.closing["U_TRANSFUSION"] == "PLATELETS"
    assert ("CLOSING", "U_MEDS.WORDS", "阿司匹林") in [
        (one.symptom, one.question, one.typed) for one in thumb.recorded
    ]
    assert thumb.advice == ["SD-1"]


def test_who_wants_to_be_called_now_is_urgent_at_once() -> None:
    thumb = Thumb()
    thumb.begin()
    thumb.tap(NONE, NO, DETAILS, NO, NO, NO)
    assert thumb.tap("NOW").advice == ("UR-1",)


def test_a_man_is_not_asked_about_vaginal_bleeding_wherever_it_might_be_opened() -> None:
    thumb = Thumb(context=knowing(sex=Sex.MALE))
    thumb.begin()
    thumb.tap("!BLEED")
    assert "+BLD_VAG" not in thumb.options()
    thumb.tap(NONE, YES)
    assert "+BLD_VAG" not in thumb.options()
    end = Thumb(context=knowing(sex=Sex.MALE))
    end.begin()
    finished = end.tap(NONE, NO, FINISH).finished
    assert finished is not None
    assert "BLD_VAG" not in {one.symptom for one in finished.assessed}


def test_an_answer_opens_another_symptom_and_its_flags_are_not_asked_twice() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_HEAD")
    thumb.tap("SEV", "NO", "+WEAK", DONE)
    assert thumb.progress.codes("BLD_CNS", "FLAG") == ("WEAK",)
    thumb.tap("NEW")
    assert thumb.at == "BLD_CNS.ONSET"


def test_an_answer_that_may_mean_several_bleedings_asks_which_unless_one_is_told() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_FATIG")
    thumb.tap("YES", "NO", "+BLEED", DONE)
    assert thumb.progress.place.about == "WHICH"
    told = Thumb()
    told.begin()
    told.tap(NONE, YES, "+BLD_ORAL", DONE, "+AE_FATIG", DONE)
    for _ in range(4):
        told.tap(SKIP if told.at != "BLD_ORAL.KIND" else "BRUSH")
    while told.progress.place.about == "BLD_ORAL":
        told.tap(SKIP)
    told.tap("YES", "NO", "+BLEED", DONE)
    assert told.progress.place.about == "CLOSING"


def test_symptoms_her_words_opened_come_before_the_gate_and_the_gate_is_asked_all_the_same() -> None:
    thumb = Thumb()
    known = {"BLD_SKIN": {"KIND": ("DOTS",), "CAUSE": ("SPONT",)}}
    thumb.begin(OpenedBy.WORDS, symptoms=("BLD_SKIN",), known=known)
    assert thumb.at == "BLD_SKIN.EXTENT"
    thumb.tap("E1", "S1")
    assert thumb.at == "GATE.ANY"
    assert [one.question for one in thumb.recorded][:2] == ["KIND", "CAUSE"]


def test_words_may_open_a_symptom_in_an_open_report_and_raise_it_without_saying_things_twice() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_INSOM")
    step = questionnaire.open_symptoms(
        study(),
        thumb.context,
        thumb.progress,
        ("BLD_NOSE",),
        EVENING,
        level=Level.EMERGENCY,
        advice_given=(study().gate[0].advice,),
    )
    assert (step.progress.place.about, step.level, step.advice) == ("BLD_NOSE", Level.EMERGENCY, ())


def test_something_else_begins_with_her_own_words() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_OTHER")
    assert thumb.at == "AE_OTHER.WORDS"
    thumb.type("耳朵里嗡嗡响")
    assert thumb.at == "AE_OTHER.SEV"


def test_a_bleed_of_long_ago_is_asked_about_that_day() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_NOSE")
    thumb.tap("SPOT", "H24_72")
    assert thumb.at == "BLD_NOSE.DURDAY"
    thumb.tap("LT10")
    assert thumb.at == "BLD_NOSE.SYS"


# ---------------------------------------------------------------- several, none, skip, back


def test_none_excludes_the_others_and_answers_at_once() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_MSK")
    thumb.tap("JOINT", "MILD", "NO", NONE)
    assert thumb.progress.codes("AE_MSK", "ALARM") == (NONE,)
    assert thumb.at == "CLOSING.STATEMENTS"


def test_none_on_a_keyboard_from_before_a_tick_does_not_wipe_the_tick() -> None:
    thumb = to_the_symptoms(Thumb(), "BLD_CNS")
    thumb.tap("+WEAK")
    assert NONE not in thumb.options()
    assert thumb.tap(NONE).notice == "patient.stale"
    assert thumb.progress.selected == ("WEAK",)


def test_a_doubled_tick_stays_a_tick() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_FEVER")
    thumb.type("38.5")
    thumb.tap("EAR", "+RIGOR", "+RIGOR", "+BREATH")
    assert thumb.progress.selected == ("RIGOR", "BREATH")
    thumb.tap("-RIGOR", "-RIGOR", DONE)
    assert thumb.progress.codes("AE_FEVER", "SIGNS") == ("BREATH",)


def test_done_without_a_tick_is_no_answer() -> None:
    thumb = to_the_symptoms(Thumb(), "BLD_CNS")
    assert DONE not in thumb.options()
    assert thumb.tap(DONE).notice == "patient.stale"
    assert thumb.at == "BLD_CNS.FLAG"


def test_a_skip_is_stored_as_declined_and_makes_a_report_of_red_flags_incomplete() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_SITE")
    end = thumb.tap("BLOOD", "LT10", SKIP, "NONE").finished
    assert end is not None
    assert ("BLD_SITE", "AMT", (DECLINED,)) in [
        (one.symptom, one.question, one.codes) for one in thumb.recorded
    ]
    assert (end.status, end.level) == (ReportStatus.INCOMPLETE, Level.SAME_DAY)
    assert thumb.advice == ["SD-1"]


def test_a_skip_elsewhere_leaves_the_report_complete() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_INSOM")
    end = thumb.tap("MILD", SKIP, FINISH).finished
    assert end is not None
    assert (end.status, end.level) == (ReportStatus.COMPLETE, Level.NONE)


def test_back_restores_the_screen_with_its_answer_marked_and_the_way_forward_is_kept() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_NOSE")
    thumb.tap("DRIP", "LT24", "LT10")
    step = thumb.tap(BACK, BACK)
    assert thumb.at == "BLD_NOSE.LAST"
    assert step.screen is not None
    assert [c.code for row in step.screen.rows for c in row if c.selected] == ["LT24"]
    thumb.tap("LT24")
    assert thumb.at == "BLD_NOSE.SYS"
    thumb.tap(BACK)
    assert thumb.at == "BLD_NOSE.DUR"


def test_a_corrected_answer_replaces_the_earlier_and_the_level_stays() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_NOSE")
    thumb.tap("POUR", "LT24", "ONGOING", BACK, "LT10", "NONE", "NONE")
    end = thumb.last.finished
    assert end is not None
    assert end.level is Level.EMERGENCY
    nose = next(one for one in end.assessed if one.symptom == "BLD_NOSE")
    assert thumb.progress.codes("BLD_NOSE", "DUR") == ("LT10",)
    assert (nose.graded.level, nose.level) == (Level.URGENT, Level.EMERGENCY)
    assert "BLD_NOSE: FLOW=POUR & DUR=ONGOING → EMERGENCY" in nose.rules
    durations = [one.codes for one in thumb.recorded if one.question == "DUR"]
    assert durations == [("ONGOING",), ("LT10",)]


def test_back_to_a_menu_shows_the_ticks_and_unpicked_symptoms_are_not_asked() -> None:
    thumb = Thumb()
    thumb.begin()
    thumb.tap(NONE, YES, "+BLD_NOSE", "+BLD_ORAL", DONE, BACK)
    assert thumb.progress.selected == ("BLD_NOSE", "BLD_ORAL")
    thumb.tap("-BLD_NOSE", DONE, FINISH)
    assert thumb.at == "BLD_ORAL.KIND"


def test_back_to_the_gate_drops_what_a_mis_tap_opened_but_not_its_level() -> None:
    thumb = Thumb()
    thumb.begin()
    thumb.tap("!FEVER", BACK, NONE)
    assert (thumb.at, thumb.level) == ("BLEEDING.ANY", Level.URGENT)


def test_there_is_no_back_on_the_first_screen() -> None:
    thumb = Thumb()
    thumb.begin()
    assert BACK not in thumb.options()


def test_the_closing_statements_taken_back_are_asked_anew() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_SITE")
    thumb.tap(BACK, DETAILS, "BLOOD", "LT10", "SPOT", "NONE")
    assert thumb.at == "CLOSING.U_HOSP"


# ---------------------------------------------------------------- old, doubled and foreign taps


def test_an_old_tap_changes_nothing_and_says_so() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_NOSE")
    before = thumb.progress
    step = thumb.tap_old(2, NO)
    assert (step.progress, step.notice, step.screen) == (before, "patient.stale", None)


def test_a_doubled_tap_is_harmless_and_silent() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_NOSE")
    number = thumb.progress.screen_no
    thumb.tap("DRIP")
    before = thumb.progress
    step = thumb.tap_old(number, "DRIP")
    assert (step.progress, step.notice, step.recorded) == (before, None, ())


def test_a_code_that_does_not_stand_on_the_screen_is_refused() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_NOSE")
    step = thumb.tap("GT60")
    assert (step.notice, thumb.at) == ("patient.stale", "BLD_NOSE.FLOW")
    assert thumb.tap("!UNKNOWN").notice == "patient.stale"


def test_a_tap_on_a_closed_report_is_told_so() -> None:
    thumb = Thumb()
    thumb.begin()
    thumb.tap(NONE, NO, FINISH)
    assert thumb.tap_old(2, YES).notice == "patient.report.closed"


def test_change_on_the_summary_asks_for_a_new_report() -> None:
    thumb = Thumb()
    thumb.begin()
    thumb.tap(NONE, NO, FINISH)
    assert thumb.options() == [callback.CHANGE]
    assert thumb.tap(callback.CHANGE).restart


# ---------------------------------------------------------------- words


def test_the_words_of_a_button_are_taken_for_it() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_NOSE")
    thumb.type("一滴一滴往下滴。")
    assert thumb.progress.codes("BLD_NOSE", "FLOW") == ("DRIP",)
    thumb.type("now, within 24 hours or not sure")
    assert thumb.progress.codes("BLD_NOSE", "LAST") == ("LT24",)


@pytest.mark.parametrize(("said", "code"), [("没有", NO), ("No", NO), ("有", YES), ("ＹＥＳ", YES)])
def test_yes_and_no_may_be_typed(said: str, code: str) -> None:
    thumb = Thumb()
    thumb.begin()
    thumb.tap(NONE)
    thumb.type(said)
    assert thumb.progress.codes("BLEEDING", "ANY") == (code,)


def test_words_that_answer_nothing_change_nothing_and_are_left_to_a_person() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_NOSE")
    before = thumb.progress
    step = thumb.type("不太清楚，挺多的")
    assert (step.understood, step.progress) == (False, before)


@pytest.mark.parametrize(
    "said", ["没止住", "没有止住", "止不住", "hasn't stopped", "not stopped", "没有力气"]
)
def test_not_stopped_is_never_taken_for_no_bleeding(said: str) -> None:
    """Invariant 10."""
    thumb = Thumb()
    thumb.begin()
    thumb.tap(NONE)
    assert not thumb.type(said).understood
    assert thumb.at == "BLEEDING.ANY"


def test_no_word_is_taken_for_a_tick_or_a_red_flag() -> None:
    thumb = Thumb()
    thumb.begin()
    assert not thumb.type("血止不住").understood
    assert thumb.at == "GATE.ANY"


def test_a_typed_temperature_is_shown_back() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_FEVER")
    step = thumb.type("３８,5")
    assert thumb.progress.codes("AE_FEVER", "TEMPB") == ("38.5",)
    assert step.recorded[0].typed == "３８,5"
    assert step.screen is not None
    assert step.screen.phrases[0].values == {"value": "38.5"}


def test_a_number_that_may_be_misread_counts_once_confirmed() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_FEVER")
    thumb.type("405")
    assert (thumb.level, thumb.options()) == (Level.NONE, [callback.CONFIRM, callback.CORRECT])
    thumb.tap(callback.CORRECT)
    assert thumb.at == "AE_FEVER.TEMPB"
    thumb.type("405")
    step = thumb.tap(callback.CONFIRM)
    assert (step.advice, step.recorded[0].typed) == (("EM-5",), "405")


def test_a_number_typed_instead_of_confirming_is_the_new_number() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_FEVER")
    thumb.type("385")
    thumb.type("37.0")
    assert thumb.progress.codes("AE_FEVER", "TEMPB") == ("37",)


def test_what_is_no_temperature_is_asked_again() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_FEVER")
    step = thumb.type("很烫")
    assert step.screen is not None
    assert (step.understood, step.screen.phrases[0].key) == (False, "patient.temperature.unclear")


def test_not_measured_answers_where_it_was_measured_too_and_can_be_taken_back() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_FEVER")
    thumb.tap("NOTM")
    assert (thumb.at, thumb.level) == ("AE_FEVER.SIGNS", Level.SAME_DAY)
    thumb.tap(BACK)
    thumb.type("38.2")
    assert thumb.at == "AE_FEVER.SITE"
    assert "NOTM" not in thumb.options()


# ---------------------------------------------------------------- timers and silence


def bleeding_now() -> Thumb:
    thumb = to_the_bleeding(Thumb(), "BLD_NOSE")
    thumb.tap("DRIP", "LT24", "NOW")
    return thumb


def test_a_bleed_that_goes_on_gets_first_aid_and_is_asked_after_ten_minutes() -> None:
    thumb = bleeding_now()
    assert thumb.last.screen is not None
    keys = [phrase.key for phrase in thumb.last.screen.phrases]
    assert keys[:2] == ["", "patient.timer.started"]
    thumb.tap("NONE", "NONE")
    assert questionnaire.next_moment(study(), thumb.progress) == EVENING + timedelta(minutes=10)
    (step,) = thumb.wait(10)
    assert step.screen is not None
    assert (step.screen.kind, thumb.options()) == (
        ScreenKind.TIMER,
        [callback.STOPPED, callback.NOT_STOPPED],
    )


def test_not_stopped_changes_the_answer_and_after_ten_more_minutes_is_an_emergency() -> None:
    thumb = bleeding_now()
    thumb.tap("NONE", "NONE")
    thumb.wait(10)
    assert thumb.tap(callback.NOT_STOPPED).level is Level.URGENT
    assert thumb.progress.codes("BLD_NOSE", "DUR") == ("ONGOING",)
    thumb.wait(10)
    step = thumb.tap(callback.NOT_STOPPED)
    assert (step.level, step.advice) == (Level.EMERGENCY, ("EM-1",))
    assert not thumb.progress.timers


def test_silence_at_a_timer_counts_as_not_stopped_and_is_marked_as_assumed() -> None:
    thumb = bleeding_now()
    thumb.tap("NONE", "NONE")
    thumb.wait(10)
    thumb.wait(3)
    assert thumb.progress.codes("BLD_NOSE", "DUR") == ("ONGOING",)
    assert all(one.assumed for one in thumb.last.recorded)
    thumb.wait(10)
    thumb.wait(3)
    assert (thumb.level, thumb.advice[-1]) == (Level.EMERGENCY, "EM-1")


def test_stopped_ends_the_wait_and_lowers_nothing() -> None:
    thumb = bleeding_now()
    thumb.tap("NONE", "NONE")
    thumb.wait(10)
    step = thumb.tap(callback.STOPPED)
    assert (step.level, thumb.at) == (Level.SAME_DAY, "SUMMARY")
    assert [(one.symptom, one.question, one.codes) for one in step.recorded] == [
        ("TIMER", "BLD_NOSE.DUR", ("STOPPED",))
    ]


def test_a_timer_interrupts_an_open_question_and_then_gives_it_back() -> None:
    thumb = bleeding_now()
    thumb.wait(3)
    thumb.tap("NONE")
    thumb.wait(7)
    assert thumb.progress.place.about == "TIMER"
    thumb.tap(callback.STOPPED)
    assert thumb.at == "BLD_NOSE.TX"


def test_correcting_the_answer_ends_its_timer() -> None:
    thumb = bleeding_now()
    thumb.tap(BACK, "LT10")
    assert not thumb.progress.timers


def test_half_way_she_is_nudged_once_after_ten_minutes_and_then_the_report_is_closed_as_it_stands() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_SITE")
    assert thumb.wait(9.9) == []
    (nudge,) = thumb.wait(0.1)
    assert (nudge.nudged, nudge.screen is not None) == (True, True)
    (end,) = thumb.wait(5)
    assert end.finished is not None
    assert (end.finished.status, end.finished.level) == (ReportStatus.INCOMPLETE, Level.SAME_DAY)
    assert end.advice == ("SD-1",)


def test_from_urgent_on_the_nudge_comes_after_three_minutes() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_NOSE")
    thumb.tap("POUR")
    assert [step.nudged for step in thumb.wait(3)] == [True]


def test_an_answer_after_the_nudge_starts_the_patience_anew() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_SITE")
    thumb.wait(10)
    thumb.tap("BLOOD")
    assert thumb.wait(9) == []
    assert [step.nudged for step in thumb.wait(1)] == [True]


def test_what_was_ticked_counts_when_she_falls_silent() -> None:
    thumb = to_the_symptoms(Thumb(), "BLD_CNS")
    thumb.tap("+SEIZURE")
    thumb.wait(3)
    (end,) = thumb.wait(5)
    assert end.finished is not None
    assert [(one.question, one.codes) for one in end.recorded] == [("FLAG", ("SEIZURE",))]
    assert end.finished.level is Level.EMERGENCY


def test_a_number_not_confirmed_counts_when_she_falls_silent() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_FEVER")
    thumb.type("405")
    thumb.wait(10)
    (end,) = thumb.wait(5)
    assert (end.level, end.recorded[0].codes, end.recorded[0].typed) == (
        Level.EMERGENCY,
        ("40.5",),
        "405",
    )


def test_a_symptom_that_is_no_red_flag_left_half_way_is_routine() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_INSOM")
    thumb.wait(10)
    (end,) = thumb.wait(5)
    assert end.level is Level.ROUTINE


def test_a_check_in_nobody_touched_is_left_to_its_own_reminder() -> None:
    thumb = Thumb()
    thumb.begin(OpenedBy.CHECK_IN)
    assert questionnaire.next_moment(study(), thumb.progress) is None
    thumb.tap(NONE)
    assert questionnaire.next_moment(study(), thumb.progress) is not None


def test_after_an_outage_a_timer_is_asked_before_its_silence_counts() -> None:
    thumb = bleeding_now()
    (step,) = thumb.wait(600)
    assert (thumb.progress.place.about, step.level) == ("TIMER", Level.SAME_DAY)
    (late,) = thumb.wait(3)
    assert (late.level, thumb.at) == (Level.URGENT, "BLD_NOSE.SYS")


# ---------------------------------------------------------------- keeping and showing


def test_progress_of_a_later_version_is_read_and_unknown_keys_are_ignored() -> None:
    thumb = bleeding_now()
    said = {**thumb.progress.to_json(), "born_later": {"a": 1}}
    assert Progress.from_json(said) == thumb.progress
    for key in ("timers", "groups", "fired", "last_tap", "nudged_at", "reached"):
        said.pop(key)
    assert Progress.from_json(said).answers == thumb.progress.answers


def test_resuming_shows_the_same_screen_with_the_same_number() -> None:
    thumb = bleeding_now()
    step = questionnaire.resume(study(), thumb.context, thumb.progress, EVENING + timedelta(hours=1))
    assert step.screen is not None
    assert (step.screen.number, step.screen.id) == (thumb.progress.screen_no, thumb.at)


def test_buttons_carry_the_report_and_the_screen() -> None:
    thumb = Thumb()
    step = thumb.begin()
    assert step.screen is not None
    (first, *_) = screens.buttons(step.screen, REPORT)
    assert callback.parse(first[0].data) == (REPORT, step.screen.number, NONE)


def test_the_summary_says_what_was_recorded() -> None:
    thumb = to_the_bleeding(Thumb(), "BLD_SITE")
    step = thumb.tap("BLOOD", "LT10", "SPOT", "NONE")
    assert step.screen is not None
    lines = step.screen.asked.values["lines"]
    assert isinstance(lines, tuple)
    assert lines[0].values["label"].words == study().symptom("BLD_SITE").label
    assert len(lines[0].values["answers"]) == 4
    assert lines[1].key == "patient.summary.nothing_else"


def test_the_summary_never_says_no_bleeding_after_a_red_flag_of_bleeding() -> None:
    thumb = Thumb()
    thumb.begin()
    step = thumb.tap("!STOOL", SKIP, SKIP, SKIP, SKIP, NO, FINISH)
    assert step.screen is not None
    lines = step.screen.asked.values["lines"]
    assert isinstance(lines, tuple)
    assert "patient.summary.no_bleeding" not in [line.key for line in lines]


def test_the_summary_shows_a_temperature_as_it_was_read() -> None:
    thumb = to_the_symptoms(Thumb(), "AE_FEVER")
    thumb.type("385")
    step = thumb.tap(callback.CONFIRM, "EAR", NONE, "LT24", FINISH)
    assert step.screen is not None
    lines = step.screen.asked.values["lines"]
    assert isinstance(lines, tuple)
    assert lines[1].values["answers"][0].values == {"text": "38.5"}
