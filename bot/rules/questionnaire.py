"""The report as a state machine: from progress and an answer to the next screen, and what is due at once.

Pure: nothing is stored, sent or timed here. The action keeps `Progress` as JSON, stores `Step.recorded`,
sends `Step.advice` before anything else, then the screen, and calls `silence` when `next_moment` has come.

Worked case, a good day: the gate, *none of these*; any bleeding, *no*; the symptom menu with the four closing
statements above it, *none of these, I am the participant, finish*: three taps, COMPLETE, NONE, every
closing answer stored. A nosebleed that pours and does not stop: EM-1 is in the step of that tap; two
questions are still open.

Within a report the highest level reached stays; no later answer lowers it. Advice is due the moment a
partial level reaches EMERGENCY or URGENT, each text once, and again only where another text brings the same
level.

Source: specification 2.2 (skips, silence, corrections), 2.3 (flow), 2.7 (timers), 2.8; decisions "Triage".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from bot.rules import agenda, callback, judging, recording, screens, temperature
from bot.rules.context import Context
from bot.rules.messages import Phrase
from bot.rules.progress import Place, Progress, Reached, RunningTimer
from bot.rules.report import (
    CLOSING,
    DECLINED,
    TIMER,
    OpenedBy,
    ReportStatus,
)
from bot.rules.screens import Choice, Screen, ScreenKind
from bot.rules.step import Given, Step, Tap, Typed
from bot.rules.study import Level, Study, TextId, Timer

Known = Mapping[str, Mapping[str, tuple[str, ...]]]

# What people type instead of tapping *yes* or *no* (not for a red flag: those are tapped, or heard in free
# words).
_SPOKEN = {
    callback.YES: frozenset({"有", "有的", "有啊", "是", "是的", "嗯", "对", "yes", "y", "yeah", "yep"}),
    callback.NO: frozenset({"没有", "没有啊", "没有的", "没", "无", "no", "n", "nope", "none"}),
}
_PARTS = re.compile(r"[，、；,;]\s*(?:或者?|or\b)?|\s*\bor\b\s*")
_ORDINAL = re.compile(r"(?:我?选|第|option|no\.?|number)\s*([1-9一二三四五六七八九])\s*(?:个|项|种)?")
_ORDINALS = {word: str(number) for number, word in enumerate("一二三四五六七八九", start=1)}

_STALE = "patient.stale"
_CLOSED = "patient.report.closed"


# ---------------------------------------------------------------- the five doors


def begin(
    study: Study,
    context: Context,
    *,
    report_id: str,
    opened_by: OpenedBy,
    now: datetime,
    symptoms: Sequence[str] = (),
    gate: Sequence[str] = (),
    known: Known | None = None,
    level: Level = Level.NONE,
    advice_given: Sequence[TextId] = (),
) -> Step:
    """Opens a report.

    Args:
        study: whose questions are asked.
        context: what is known of her.
        report_id: short enough for a button token (16 characters).
        opened_by: a button, her words, or a check-in.
        now: aware.
        symptoms: opened by her words; their questions come first, the gate after them.
        gate: red flags already tapped (on an old screen): each is a yes at the gate.
        known: answers taken from her words and confirmed by her; these are not asked again.
        level: what her words reached already; the report is never below it.
        advice_given: safety texts her words were answered with: not said twice.
    """
    first = recording.opened_symptoms(study, context, symptoms)
    progress = Progress(
        report_id=report_id,
        opened_by=opened_by,
        opened_at=now,
        catalogue_version=study.catalogue_version,
        place=agenda.THE_GATE,
        screen_no=0,
        shown_at=now,
        opened=first,
        level=level,
        advice_given=tuple(advice_given),
    )
    progress, recorded = _known_recorded(study, context, progress, known, now)
    return _flags_raised(study, context, progress, gate, recorded, now)


def advance(study: Study, context: Context, progress: Progress, answer: Tap | Typed, now: datetime) -> Step:
    """Takes one answer. An old or foreign button changes nothing and is told so; a red flag always counts."""
    match answer:
        case Tap(code=code) if code.startswith(callback.RED_FLAG):
            return _red_flag(study, context, progress, code.removeprefix(callback.RED_FLAG), now)
        case Tap(screen_no, code) if (screen_no, code) == progress.last_tap:
            return Step(progress=progress, level=progress.level)
        case Tap(screen_no, code):
            return _tapped(study, context, progress, screen_no, code, now)
        case Typed(text):
            return _typed(study, context, progress, text, now)


def resume(study: Study, context: Context, progress: Progress, now: datetime) -> Step:
    """Shows the current screen again, with the same number: its old buttons still count."""
    shown = replace(progress, shown_at=now)
    return Step(progress=shown, level=progress.level, screen=screens.draw(study, context.sex, shown))


def open_symptoms(
    study: Study,
    context: Context,
    progress: Progress,
    symptoms: Sequence[str],
    now: datetime,
    *,
    known: Known | None = None,
    level: Level = Level.NONE,
    advice_given: Sequence[TextId] = (),
) -> Step:
    """Adds symptoms her words named to an open report and asks about them next.

    `known`: answers taken from her words and confirmed by her; one she gave before stays. `level` is what the
    words reached, `advice_given` what they were answered with: that is not said twice.
    """
    opened = recording.opened_symptoms(study, context, symptoms)
    progress = replace(
        progress,
        opened=tuple(dict.fromkeys((*progress.opened, *opened))),
        level=max(progress.level, level),
        advice_given=tuple(dict.fromkeys((*progress.advice_given, *advice_given))),
    )
    progress, recorded = _known_recorded(study, context, progress, known, now)
    return judging.go_on(study, context, progress, recorded, now, leave_symptom=True)


def _known_recorded(
    study: Study, context: Context, progress: Progress, known: Known | None, now: datetime
) -> tuple[Progress, list[Given]]:
    recorded: list[Given] = []
    for code, answers in (known or {}).items():
        for question, codes in answers.items():
            place = Place(code, question)
            if code in progress.opened and not progress.is_answered(place):
                progress, given = recording.record(study, context, progress, place, codes, None, now)
                recorded += given
    return progress, recorded


def silence(study: Study, context: Context, progress: Progress, now: datetime) -> Step | None:
    """Does the first thing that silence has made due, or nothing (None) when nothing is.

    In turn: the question at the end of a ten-minute wait; what its silence counts as; one reminder to go
    on; closing the report as it stands. Call again until `next_moment` lies ahead.
    """
    due = _due_moments(study, progress)
    if not due or due[0][0] > now:
        return None
    match due[0][1]:
        case RunningTimer(asked_at=None) as timer:
            return _ask_timer(study, context, progress, timer, now)
        case RunningTimer() as timer:
            return _timer_answered(study, context, progress, timer, now, stopped=False, assumed=True)
        case "nudge":
            nudged = replace(progress, nudged_at=now)
            screen = screens.draw(study, context.sex, nudged).saying_first(
                [Phrase(key="patient.report.nudge")]
            )
            return Step(progress=nudged, level=progress.level, screen=screen, nudged=True)
        case _:
            progress, ticked = _with_ticks(study, context, progress, now)
            return judging.close(study, context, progress, ticked, now, stopped=True)


def next_moment(study: Study, progress: Progress) -> datetime | None:
    """When `silence` has something to do next; None when only an answer moves the report."""
    due = _due_moments(study, progress)
    return due[0][0] if due else None


def is_begun(progress: Progress) -> bool:
    """She asked for it or has answered something; what was only offered to her is no report half way.

    A check-in that nobody touched has its own reminder, planned elsewhere.
    """
    return progress.opened_by is OpenedBy.TAP or progress.has_begun


# ---------------------------------------------------------------- time


def _due_moments(study: Study, progress: Progress) -> list[tuple[datetime, RunningTimer | str]]:
    """What will be due if she says nothing, earliest first."""
    due: list[tuple[datetime, RunningTimer | str]] = []
    for timer in progress.timers:
        if timer.asked_at is None:
            due.append((timer.due_at, timer))
        else:
            due.append((timer.asked_at + _timer_of(study, timer).silence_after, timer))
    if progress.status is ReportStatus.OPEN and is_begun(progress):
        due += _patience(study, progress)
    return sorted(due, key=lambda one: one[0])


def _patience(study: Study, progress: Progress) -> list[tuple[datetime, RunningTimer | str]]:
    rules = study.triage.silence
    if progress.place.about == TIMER:
        return []
    if progress.nudged_at is not None:
        return [(progress.nudged_at + rules.close_after_nudge, "close")]
    urgent = progress.level >= Level.URGENT
    return [(progress.shown_at + (rules.nudge_after_urgent if urgent else rules.nudge_after), "nudge")]


def _timer_of(study: Study, running: RunningTimer) -> Timer:
    question = study.symptom(running.symptom).question(running.question)
    return next(timer for timer in question.timers if timer.on_option == running.option)


def _ask_timer(
    study: Study, context: Context, progress: Progress, timer: RunningTimer, now: datetime
) -> Step:
    asked = tuple(one._replace(asked_at=now) if one == timer else one for one in progress.timers)
    return judging.go_on(study, context, replace(progress, timers=asked), (), now)


def _timer_answered(
    study: Study,
    context: Context,
    progress: Progress,
    running: RunningTimer,
    now: datetime,
    *,
    stopped: bool,
    assumed: bool = False,
) -> Step:
    """*Stopped* ends the wait; *no*, and silence, give the next answer or raise the level."""
    timer = _timer_of(study, running)
    place = Place(running.symptom, running.question)
    code = callback.STOPPED if stopped else callback.NOT_STOPPED
    told = Given(
        symptom=TIMER,
        question=".".join(place),
        codes=(code.removeprefix("*").upper(),),
        typed=None,
        asked=Phrase(words=timer.ask),
        shown_at=running.asked_at or now,
        answered_at=now,
        assumed=assumed,
    )
    recorded = [told]
    progress = replace(progress, timers=tuple(one for one in progress.timers if one != running))
    if not stopped and timer.raises_to is not None:
        progress = _raised_by_timer(progress, running, timer.raises_to)
    if not stopped and timer.on_no is not None:
        progress, given = recording.record(
            study, context, progress, place, (timer.on_no,), None, now, assumed=assumed
        )
        recorded += given
    return judging.go_on(study, context, progress, recorded, now)


def _raised_by_timer(progress: Progress, running: RunningTimer, level: Level) -> Progress:
    rule = (
        f"{running.symptom}: {running.question}={running.option}, not stopped after the wait → {level.name}"
    )
    before = progress.reached.get(running.symptom, Reached(Level.NONE, ()))
    if level <= before.level:
        return progress
    reached = Reached(level, (rule, *before.rules))
    return replace(progress, reached={**progress.reached, running.symptom: reached})


# ---------------------------------------------------------------- taps


def _red_flag(study: Study, context: Context, progress: Progress, code: str, now: datetime) -> Step:
    if all(item.code != code for item in study.gate):
        return Step(progress=progress, level=progress.level, notice=_STALE)
    if progress.status is not ReportStatus.OPEN:
        return Step(progress=progress, level=progress.level, restart=True, red_flag=code)
    if code in progress.gate:
        return Step(progress=progress, level=progress.level)
    return _flags_raised(study, context, progress, (code,), [], now)


def _flags_raised(
    study: Study,
    context: Context,
    progress: Progress,
    codes: Sequence[str],
    recorded: list[Given],
    now: datetime,
) -> Step:
    """A yes at the gate is itself an answer: its text at once, its level, then its questions."""
    advice: list[TextId] = []
    for item in (item for item in study.gate if item.code in codes):
        progress, given = recording.flag_recorded(study, context, progress, item, now)
        recorded.append(given)
        if item.advice not in progress.advice_given:
            advice.append(item.advice)
            progress = replace(progress, advice_given=(*progress.advice_given, item.advice))
    return judging.go_on(study, context, progress, recorded, now, advice=advice, leave_symptom=bool(codes))


def _tapped(
    study: Study, context: Context, progress: Progress, screen_no: int, code: str, now: datetime
) -> Step:
    if screen_no != progress.screen_no:
        closed = progress.status is not ReportStatus.OPEN
        return Step(progress=progress, level=progress.level, notice=_CLOSED if closed else _STALE)
    screen = screens.draw(study, context.sex, progress)
    if screen.choice(code) is None and not _is_standing_choice(screen, code):
        return replace(resume(study, context, progress, now), notice=_STALE)
    if not code.startswith((callback.CHOOSE, callback.LEAVE_OUT)):
        progress = replace(progress, last_tap=(screen_no, code))
    match code:
        case callback.CHANGE:
            return Step(progress=progress, level=progress.level, restart=True)
        case callback.BACK:
            return _gone_back(study, context, progress, now)
        case callback.SKIP:
            return _answered(study, context, progress, (DECLINED,), None, now)
        case callback.CONFIRM | callback.CORRECT:
            return _confirmed(study, context, progress, now, right=code == callback.CONFIRM)
        case callback.STOPPED | callback.NOT_STOPPED:
            running = next(timer for timer in progress.timers if timer.asked_at is not None)
            stopped = code == callback.STOPPED
            return _timer_answered(study, context, progress, running, now, stopped=stopped)
        case callback.DONE:
            return _several_answered(study, context, progress, now)
        case callback.FINISH:
            return _nothing_else(study, context, progress, now)
        case callback.DETAILS:
            return _details_wanted(study, context, progress, now)
        case _ if screen.multi and code[0] in (callback.CHOOSE, callback.LEAVE_OUT):
            return _ticked_or_not(study, context, progress, code, now)
        case _:
            return _chosen(study, context, progress, screen, code, now)


def _is_standing_choice(screen: Screen, code: str) -> bool:
    """A tick of this very screen, from a keyboard redrawn since: what it says still counts."""
    other = {callback.CHOOSE: callback.LEAVE_OUT, callback.LEAVE_OUT: callback.CHOOSE}.get(code[:1])
    return screen.multi and other is not None and screen.choice(other + code[1:]) is not None


def _chosen(
    study: Study, context: Context, progress: Progress, screen: Screen, code: str, now: datetime
) -> Step:
    rules = study.triage.temperature
    if screen.kind is ScreenKind.NUMBER and rules is not None:
        site = Place(rules.symptom, rules.site_question)
        asked = study.symptom(rules.symptom).question(rules.site_question).text
        progress, given = recording.record(
            study, context, progress, site, (code,), None, now, asked=Phrase(words=asked)
        )
        return _answered(study, context, progress, (code,), None, now, before=given)
    return _answered(study, context, progress, (code,), None, now)


def _ticked_or_not(study: Study, context: Context, progress: Progress, code: str, now: datetime) -> Step:
    """A tick counts for the level at once: no emergency waits for *done*."""
    chosen = [one for one in progress.selected if one != code[1:]]
    if code[0] == callback.CHOOSE:
        chosen.append(code[1:])
    ticked = replace(progress, selected=_in_order(study, progress, chosen), nudged_at=None, shown_at=now)
    return judging.judged(study, context, ticked, (), now)


def _in_order(study: Study, progress: Progress, codes: Sequence[str]) -> tuple[str, ...]:
    question = agenda.question_at(study, progress.place)
    known = [one.code for one in question.options] if question else [one.code for one in study.symptoms]
    return tuple(code for code in known if code in codes)


def _several_answered(study: Study, context: Context, progress: Progress, now: datetime) -> Step:
    return _answered(study, context, progress, progress.selected, None, now)


def _nothing_else(study: Study, context: Context, progress: Progress, now: datetime) -> Step:
    """One button answers all that stands on the screen: nothing else, and every closing statement."""
    recorded: list[Given] = []
    for question in study.closing:
        place = Place(CLOSING, question.id)
        asked = Phrase(words=question.statement if question.shown_on_good_day else question.question)
        progress, given = recording.record(
            study, context, progress, place, (question.good_answer,), None, now, asked=asked
        )
        recorded += given
    progress = progress.with_answer(agenda.CLOSING_STATEMENTS, (agenda.ALL_GOOD,))
    codes = (callback.NONE,) if progress.place == agenda.THE_MENU else (agenda.ALL_GOOD,)
    return _answered(study, context, progress, codes, None, now, before=recorded)


def _details_wanted(study: Study, context: Context, progress: Progress, now: datetime) -> Step:
    """A statement applies, or a carer answers: ticks count, the closing questions come one by one."""
    progress = replace(progress, answers={**progress.answers, CLOSING: {}})
    progress = progress.with_answer(agenda.CLOSING_STATEMENTS, (agenda.ONE_BY_ONE,))
    at_the_end = progress.place == agenda.CLOSING_STATEMENTS
    codes = (agenda.ONE_BY_ONE,) if at_the_end else progress.selected or (callback.NONE,)
    return _answered(study, context, progress, codes, None, now)


def _gone_back(study: Study, context: Context, progress: Progress, now: datetime) -> Step:
    """The screen answered last, with its answer marked; that answer stands until she gives another."""
    place = agenda.place_before(study, context.sex, progress) or progress.place
    return _shown(study, context, judging.at(study, progress, place, now))


# ---------------------------------------------------------------- words


def _typed(study: Study, context: Context, progress: Progress, text: str, now: datetime) -> Step:
    screen = screens.draw(study, context.sex, progress)
    match screen.kind:
        case ScreenKind.NUMBER | ScreenKind.CONFIRM:
            return _number_typed(study, context, progress, text, now)
        case ScreenKind.WORDS if text.strip():
            return _answered(study, context, progress, (), text, now)
        case ScreenKind.SUMMARY | ScreenKind.WORDS:
            return Step(progress=progress, level=progress.level, understood=False)
        case _:
            code = _choice_in_words(screen, text)
            if code is None:
                return Step(progress=progress, level=progress.level, understood=False)
            return _tapped(study, context, progress, progress.screen_no, code, now)


def _number_typed(study: Study, context: Context, progress: Progress, text: str, now: datetime) -> Step:
    reading = _reading(study, progress, text)
    if reading is None:
        again = resume(study, context, replace(progress, unconfirmed=None), now)
        said = (
            again.screen.saying_first([Phrase(key="patient.temperature.unclear")]) if again.screen else None
        )
        return replace(again, screen=said, understood=False)
    number = f"{reading.celsius.normalize():f}"
    if reading.must_confirm:
        progress = replace(judging.at(study, progress, progress.place, now), unconfirmed=(number, text))
        return _shown(study, context, progress)
    return _answered(study, context, progress, (number,), text, now, first=_noted(number))


def _reading(study: Study, progress: Progress, text: str) -> temperature.Reading | None:
    rules = study.triage.temperature
    if rules is None or progress.place != Place(rules.symptom, rules.question):
        return temperature.plain_number(text)
    return temperature.read(text, rules)


def _confirmed(study: Study, context: Context, progress: Progress, now: datetime, *, right: bool) -> Step:
    number, typed = progress.unconfirmed or ("", "")
    if right:
        return _answered(study, context, progress, (number,), typed, now)
    return _shown(study, context, judging.at(study, progress, progress.place, now))


def _noted(number: str) -> list[Phrase]:
    """Every number taken from words is shown back (specification 6.1)."""
    return [Phrase(key="patient.temperature.noted", values={"value": number})]


def _choice_in_words(screen: Screen, text: str) -> str | None:
    """The one button whose words she typed, in either language; ticks and our own are left to the finger.

    A whole label, one whole part of it (`擤鼻涕带血丝`), or its place (`第二个`); of two none is meant.
    """
    said = _plain(text)
    choices = [choice for row in screen.rows for choice in row]
    for names in (_names, _parts):
        codes = [choice.code for choice in choices if said in names(choice)]
        if codes:
            return codes[0] if len(codes) == 1 else None
    return _by_place(choices, text)


def _by_place(choices: Sequence[Choice], text: str) -> str | None:
    """`第二个`, `选2`: the second answer of this very screen. A bare figure may be a number of times."""
    found = _ORDINAL.fullmatch(unicodedata.normalize("NFKC", text).strip().casefold())
    answers = [one.code for one in choices if one.code[0] not in (*callback.SIGNS, "*")]
    if found is None or any(one.code[0] in callback.SIGNS for one in choices):
        return None
    place = int(_ORDINALS.get(found[1], found[1]))
    return answers[place - 1] if place <= len(answers) else None


def _parts(choice: Choice) -> frozenset[str]:
    """The parts of a label that stand between its commas and its *or*."""
    label = choice.label.words
    if label is None or choice.code[0] in callback.SIGNS:
        return frozenset()
    return frozenset(_plain(part) for text in (label.en, label.zh) for part in _PARTS.split(text)) - {""}


def _names(choice: Choice) -> frozenset[str]:
    if choice.label.words is not None and choice.code[0] not in callback.SIGNS:
        return frozenset({_plain(choice.label.words.en), _plain(choice.label.words.zh)})
    return _SPOKEN.get(choice.code, frozenset())


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def proposed(study: Study, context: Context, step: Step, number: Decimal, typed: str) -> Step:
    """Where a temperature is asked next and her words have told it, it is shown back instead of asked for.

    `number` in °C; a step at any other question comes back as it is. Source: specification 6.1 (5).
    """
    rules = study.triage.temperature
    at_question = rules is not None and step.progress.place == Place(rules.symptom, rules.question)
    accepted = rules is not None and rules.accepted_from_c <= number <= rules.accepted_to_c
    if not at_question or not accepted or step.progress.is_answered(step.progress.place):
        return step
    progress = replace(step.progress, unconfirmed=(f"{number.normalize():f}", typed))
    return replace(step, progress=progress, screen=screens.draw(study, context.sex, progress))


# ---------------------------------------------------------------- an answer, and on


def _answered(
    study: Study,
    context: Context,
    progress: Progress,
    codes: tuple[str, ...],
    typed: str | None,
    now: datetime,
    *,
    before: Sequence[Given] = (),
    first: Sequence[Phrase] = (),
) -> Step:
    """The current screen is answered: record it, judge, and go on. `first` is said above the next screen."""
    place = progress.place
    asked = screens.draw(study, context.sex, progress).asked
    progress, given = recording.record(study, context, progress, place, codes, typed, now, asked=asked)
    progress = replace(recording.with_history(progress, place), selected=(), unconfirmed=None)
    progress, said = _wait_begun(study, progress, place, now)
    return judging.go_on(study, context, progress, (*before, *given), now, first=(*first, *said))


def _wait_begun(
    study: Study, progress: Progress, place: Place, now: datetime
) -> tuple[Progress, tuple[Phrase, ...]]:
    """What to do while waiting, and when she will be asked: said above the next screen, first aid once."""
    running = next((one for one in progress.timers if (one.symptom, one.question) == place), None)
    if running is None:
        return progress, ()
    minutes = int((running.due_at - now).total_seconds() // 60)
    said = [Phrase(key="patient.timer.started", values={"minutes": minutes})]
    aid = study.symptom(place.about).first_aid
    if aid is not None and place.about not in progress.first_aid_given:
        said.insert(0, Phrase(words=aid))
        progress = replace(progress, first_aid_given=(*progress.first_aid_given, place.about))
    return progress, tuple(said)


def _shown(study: Study, context: Context, progress: Progress) -> Step:
    return Step(progress=progress, level=progress.level, screen=screens.draw(study, context.sex, progress))


# ---------------------------------------------------------------- silence


def _with_ticks(
    study: Study, context: Context, progress: Progress, now: datetime
) -> tuple[Progress, tuple[Given, ...]]:
    """What she had ticked, or typed and not confirmed, counts when she falls silent."""
    number, typed = progress.unconfirmed or (None, None)
    codes = progress.selected if number is None else (number,)
    if not codes:
        return progress, ()
    asked = screens.draw(study, context.sex, progress).asked
    return recording.record(study, context, progress, progress.place, codes, typed, now, asked=asked)
