"""How far a report has come, as one frozen value that survives restarts as plain JSON.

What comes next is never stored: it follows from what was answered (`agenda`). What is stored is the screen
that stands in the chat (`place`, `screen_no`, `shown_at`), so that a tap can be matched to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, Self

from bot.rules.report import OpenedBy, ReportStatus
from bot.rules.study import Level, TextId


class Place(NamedTuple):
    """Which question: `about` is a symptom code or GATE, BLEEDING, WHICH, MENU, CLOSING, TIMER, SUMMARY."""

    about: str
    question: str


class Reached(NamedTuple):
    """The highest level a symptom ever reached within this report, and the rules that gave it."""

    level: Level
    rules: tuple[str, ...]


class RunningTimer(NamedTuple):
    """A wait that an answer began; `asked_at` once the question at its end was put."""

    symptom: str
    question: str
    option: str
    due_at: datetime
    asked_at: datetime | None


Codes = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One report under way, or finished with timers still running.

    Attributes:
        report_id: of the report.
        opened_by: what began it.
        opened_at: when.
        catalogue_version: of the questions asked.
        place: the question on the current screen; SUMMARY once finished.
        screen_no: its number; taps on lower ones are old.
        shown_at: when it was last shown.
        answers: about → question → codes, in the order shown; a skip is `DECLINED`.
        typed: `about.question` → what she typed.
        selected: ticks on the current screen, not yet confirmed.
        unconfirmed: a number that must be confirmed before it counts, and what she typed.
        opened: symptoms opened by the gate, by her words, or by another answer.
        fired: opening rules that have opened already, such as `AE_DIZZY.0`.
        groups: sets of symptoms one answer may mean; she is asked which.
        gate: gate items answered with yes.
        reached: symptom → its highest level so far.
        level: the highest level of the report so far; never falls.
        advice_given: safety texts shown in this report, oldest first.
        first_aid_given: symptoms whose first aid was shown.
        timers: running.
        history: places answered, oldest first, for *back*.
        last_tap: the last tap accepted, so that its double is harmless.
        nudged_at: when she was reminded to go on; None after every answer.
        status: OPEN until finished.
    """

    report_id: str
    opened_by: OpenedBy
    opened_at: datetime
    catalogue_version: str
    place: Place
    screen_no: int
    shown_at: datetime
    answers: Codes = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    selected: tuple[str, ...] = ()
    unconfirmed: tuple[str, str] | None = None
    opened: tuple[str, ...] = ()
    fired: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    gate: tuple[str, ...] = ()
    reached: Mapping[str, Reached] = field(default_factory=dict)
    level: Level = Level.NONE
    advice_given: tuple[TextId, ...] = ()
    first_aid_given: tuple[str, ...] = ()
    timers: tuple[RunningTimer, ...] = ()
    history: tuple[Place, ...] = ()
    last_tap: tuple[int, str] | None = None
    nudged_at: datetime | None = None
    status: ReportStatus = ReportStatus.OPEN

    def codes(self, about: str, question: str) -> tuple[str, ...]:
        """The answer given, empty when none was."""
        return self.answers.get(about, {}).get(question, ())

    def is_answered(self, place: Place) -> bool:
        return place.question in self.answers.get(place.about, {})

    def with_answer(self, place: Place, codes: tuple[str, ...], typed: str | None = None) -> Self:
        """The answer of a place set or replaced."""
        about = {**self.answers.get(place.about, {}), place.question: codes}
        words = {key: said for key, said in self.typed.items() if key != ".".join(place)}
        if typed is not None:
            words[".".join(place)] = typed
        return replace(self, answers={**self.answers, place.about: about}, typed=words)

    def without_answer(self, place: Place) -> Self:
        kept = {
            one: codes for one, codes in self.answers.get(place.about, {}).items() if one != place.question
        }
        return replace(self, answers={**self.answers, place.about: kept})

    @property
    def has_begun(self) -> bool:
        """She has answered something, or something was known from her words."""
        return bool(self.answers or self.selected or self.opened)

    def to_json(self) -> dict[str, Any]:
        """A plain dict of strings, numbers and lists."""
        return {
            "report_id": self.report_id,
            "opened_by": self.opened_by.value,
            "opened_at": self.opened_at.isoformat(),
            "catalogue_version": self.catalogue_version,
            "place": list(self.place),
            "screen_no": self.screen_no,
            "shown_at": self.shown_at.isoformat(),
            "answers": {
                about: {question: list(codes) for question, codes in said.items()}
                for about, said in self.answers.items()
            },
            "typed": dict(self.typed),
            "selected": list(self.selected),
            "unconfirmed": list(self.unconfirmed) if self.unconfirmed else None,
            "opened": list(self.opened),
            "fired": list(self.fired),
            "groups": [list(group) for group in self.groups],
            "gate": list(self.gate),
            "reached": {code: [one.level.name, list(one.rules)] for code, one in self.reached.items()},
            "level": self.level.name,
            "advice_given": list(self.advice_given),
            "first_aid_given": list(self.first_aid_given),
            "timers": [_timer_to_json(timer) for timer in self.timers],
            "history": [list(place) for place in self.history],
            "last_tap": list(self.last_tap) if self.last_tap else None,
            "nudged_at": self.nudged_at.isoformat() if self.nudged_at else None,
            "status": self.status.value,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Reads `to_json` back; keys of a later version are ignored, keys of a later version's birth default.

        Raises:
            KeyError: one of the seven keys without a default is missing.
        """
        nudged_at, last_tap, unconfirmed = map(said.get, ("nudged_at", "last_tap", "unconfirmed"))
        return cls(
            report_id=said["report_id"],
            opened_by=OpenedBy(said["opened_by"]),
            opened_at=datetime.fromisoformat(said["opened_at"]),
            catalogue_version=said["catalogue_version"],
            place=Place(*said["place"]),
            screen_no=said["screen_no"],
            shown_at=datetime.fromisoformat(said["shown_at"]),
            answers={
                about: {question: tuple(codes) for question, codes in given.items()}
                for about, given in said.get("answers", {}).items()
            },
            typed=dict(said.get("typed", {})),
            selected=tuple(said.get("selected", ())),
            unconfirmed=(unconfirmed[0], unconfirmed[1]) if unconfirmed else None,
            opened=tuple(said.get("opened", ())),
            fired=tuple(said.get("fired", ())),
            groups=tuple(tuple(group) for group in said.get("groups", ())),
            gate=tuple(said.get("gate", ())),
            reached={
                code: Reached(Level[level], tuple(rules))
                for code, (level, rules) in said.get("reached", {}).items()
            },
            level=Level[said.get("level", Level.NONE.name)],
            advice_given=tuple(TextId(text) for text in said.get("advice_given", ())),
            first_aid_given=tuple(said.get("first_aid_given", ())),
            timers=tuple(_timer_from_json(timer) for timer in said.get("timers", ())),
            history=tuple(Place(*place) for place in said.get("history", ())),
            last_tap=(last_tap[0], last_tap[1]) if last_tap else None,
            nudged_at=datetime.fromisoformat(nudged_at) if nudged_at else None,
            status=ReportStatus(said.get("status", ReportStatus.OPEN)),
        )


def _timer_to_json(timer: RunningTimer) -> dict[str, Any]:
    asked = timer.asked_at.isoformat() if timer.asked_at else None
    return {**timer._asdict(), "due_at": timer.due_at.isoformat(), "asked_at": asked}


def _timer_from_json(said: Mapping[str, Any]) -> RunningTimer:
    asked = said.get("asked_at")
    return RunningTimer(
        symptom=said["symptom"],
        question=said["question"],
        option=said["option"],
        due_at=datetime.fromisoformat(said["due_at"]),
        asked_at=datetime.fromisoformat(asked) if asked else None,
    )
