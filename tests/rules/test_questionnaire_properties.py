"""Whatever she taps, types or leaves: one screen or the end, nothing lost, shifted or lowered."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rules import agenda, callback, questionnaire, screens
from bot.rules.context import Context
from bot.rules.progress import Progress
from bot.rules.report import OpenedBy, ReportStatus
from bot.rules.step import Step
from bot.rules.study import Level, Sex
from tests.rules.report_scenes import EVENING, REPORT, Thumb, knowing
from tests.rules.scenes import study

CONTEXTS = st.builds(
    knowing,
    st.sampled_from(["P0", "P1", "P2", "P3", "P4", "P5"]),
    sex=st.sampled_from(Sex),
    blood_thinner=st.booleans(),
)
WORDS = ["38.5", "385", "没有", "有", "还在流", "", "37,9", "都没有", "阿司匹林"]


@dataclass(frozen=True)
class Deed:
    """What she does next: `pick` chooses among the buttons on the screen."""

    what: str
    pick: int = 0


DEEDS = st.lists(
    st.one_of(
        st.builds(Deed, st.just("tap"), st.integers(0, 40)),
        st.builds(Deed, st.just("tap"), st.integers(0, 5)),
        st.builds(Deed, st.just("forward"), st.integers(0, 40)),
        st.builds(Deed, st.sampled_from(["old", "double", "type", "wait", "garbage"]), st.integers(0, 40)),
    ),
    max_size=30,
)


def do(thumb: Thumb, deed: Deed) -> None:
    """Deeds are read against the screen in the chat, so that most of them mean something."""
    options = thumb.options()
    match deed.what:
        case "tap" if options:
            thumb.tap(options[deed.pick % len(options)])
        case "forward" if options:
            ahead = [code for code in options if code not in (callback.BACK, callback.CHANGE)] or options
            thumb.tap(ahead[deed.pick % len(ahead)])
        case "old" if options:
            thumb.tap_old(max(1, thumb.progress.screen_no - 1 - deed.pick % 3), options[0])
        case "double" if thumb.progress.last_tap is not None:
            thumb.tap_old(*thumb.progress.last_tap)
        case "garbage":
            thumb.tap(["!NOPE", "*nope", "+NOPE", "-", "NOPE"][deed.pick % 5])
        case "wait":
            thumb.wait(deed.pick / 2)
        case _:
            thumb.type(WORDS[deed.pick % len(WORDS)])


def lived(context: Context, deeds: list[Deed]) -> Thumb:
    thumb = Thumb(context=context)
    thumb.begin()
    for deed in deeds:
        known = len(thumb.steps)
        do(thumb, deed)
        for number in range(known, len(thumb.steps)):
            check(thumb, thumb.steps[number - 1], thumb.steps[number])
    return thumb


def check(thumb: Thumb, before: Step, step: Step) -> None:
    """What holds after every single step."""
    progress = step.progress
    assert Progress.from_json(progress.to_json()) == progress
    assert step.level == progress.level >= before.level
    _one_screen_or_the_end(step)
    _answers_stand_where_they_were_given(thumb)
    _advice_fits_the_level(thumb, step)


def _one_screen_or_the_end(step: Step) -> None:
    progress = step.progress
    screen = screens.draw(study(), Sex.FEMALE, progress)
    assert screen.number == progress.screen_no
    over = progress.status is not ReportStatus.OPEN
    assert (progress.place.about in ("SUMMARY", "TIMER")) or not over
    if step.finished is not None:
        assert over
    if step.screen is not None:
        assert step.screen.id == screen.id
        screens.buttons(step.screen, REPORT)


def _answers_stand_where_they_were_given(thumb: Thumb) -> None:
    """The last thing recorded for a question is what progress holds, unless something later made it void."""
    progress = thumb.progress
    last = {(one.symptom, one.question): one for one in thumb.recorded}
    for (about, question), recorded in last.items():
        held = progress.answers.get(about, {}).get(question)
        if about in ("GATE", "TIMER") or held is None:
            continue
        assert held == recorded.codes, (about, question)
    for about, said in progress.answers.items():
        for question in said:
            if about not in ("GATE", "CLOSING"):
                assert (about, question) in last, (about, question)


def _advice_fits_the_level(thumb: Thumb, step: Step) -> None:
    """A level that calls for a text has had one, and no text of a step is said twice."""
    assert len(thumb.advice) == len(set(thumb.advice))
    if step.level is Level.EMERGENCY:
        assert any(text.startswith("EM") and text != "EM-5b" for text in thumb.advice)
    if step.level is Level.URGENT:
        assert any(text.startswith(("UR", "EM")) for text in thumb.advice)


@given(CONTEXTS, DEEDS)
def test_whatever_she_does(context: Context, deeds: list[Deed]) -> None:
    lived(context, deeds)


@given(CONTEXTS, DEEDS)
def test_going_forward_always_ends_and_every_symptom_asked_is_judged(
    context: Context, deeds: list[Deed]
) -> None:
    thumb = lived(context, deeds)
    for _ in range(200):
        if thumb.progress.status is not ReportStatus.OPEN:
            break
        forward(thumb)
    assert thumb.progress.status is not ReportStatus.OPEN
    finished = next(step.finished for step in thumb.steps if step.finished is not None)
    judged = {one.symptom for one in finished.assessed}
    asked = set(agenda.symptoms(study(), context.sex, thumb.progress))
    assert asked <= judged
    assert finished.level >= max((one.level for one in finished.assessed), default=Level.NONE)
    assert sum(step.finished is not None for step in thumb.steps) == 1


def forward(thumb: Thumb) -> None:
    """The quickest way on from any screen."""
    options = thumb.options()
    for code in (
        callback.FINISH,
        callback.DONE,
        callback.SKIP,
        callback.STOPPED,
        callback.CONFIRM,
        callback.NO,
    ):
        if code in options:
            thumb.tap(code)
            return
    thumb.tap(options[0])


@given(CONTEXTS, DEEDS, st.integers(0, 30))
def test_a_restart_at_any_moment_changes_nothing(
    context: Context, deeds: list[Deed], restart_after: int
) -> None:
    straight = lived(context, deeds)
    broken = Thumb(context=context)
    broken.begin()
    for number, deed in enumerate(deeds):
        if number == restart_after:
            kept = Progress.from_json(broken.progress.to_json())
            broken.steps.append(Step(progress=kept, level=kept.level))
        do(broken, deed)
    assert broken.progress == straight.progress


@settings(max_examples=30)
@given(CONTEXTS, st.permutations(["AE_HEAD", "AE_CHEST", "BLD_CNS", "AE_INSOM"]), st.integers(0, 1000))
def test_the_order_of_ticks_changes_neither_questions_nor_level(
    context: Context, order: list[str], seed: int
) -> None:
    thumbs = [Thumb(context=context), Thumb(context=context)]
    for thumb, picked in zip(thumbs, (order, sorted(order)), strict=True):
        thumb.begin()
        thumb.tap(callback.NONE, callback.NO, *(f"+{code}" for code in picked), callback.DONE)
        for turn in range(12):
            options = [code for code in thumb.options() if code[0].isalnum()]
            if not options:
                break
            thumb.tap(options[(seed + turn) % len(options)])
    assert thumbs[0].progress == thumbs[1].progress


@given(CONTEXTS, DEEDS)
def test_time_alone_always_comes_to_an_end(context: Context, deeds: list[Deed]) -> None:
    """Silence never leaves a report half way for good: soon nothing is due any more."""
    thumb = lived(context, deeds)
    for _ in range(20):
        moment = questionnaire.next_moment(study(), thumb.progress)
        if moment is None:
            break
        thumb.wait(max(0.0, (moment - thumb.now).total_seconds() / 60))
    assert questionnaire.next_moment(study(), thumb.progress) is None
    assert thumb.progress.status is not ReportStatus.OPEN


@given(CONTEXTS, DEEDS)
def test_a_check_in_untouched_waits_for_ever_and_never_counts_as_no_symptoms(
    context: Context, deeds: list[Deed]
) -> None:
    thumb = Thumb(context=context)
    thumb.begin(OpenedBy.CHECK_IN)
    assert thumb.wait(60 * 24 * 30) == []
    assert thumb.progress.status is ReportStatus.OPEN
    for deed in deeds[:3]:
        do(thumb, deed)
    assert thumb.now >= EVENING
