"""What goes into a report and what comes out of it: taps and words in, one `Step` out.

`questionnaire.advance` returns a `Step`; the action stores `recorded`, sends `advice` before anything else,
then the screen, and keeps `progress`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.rules.messages import Phrase
from bot.rules.progress import Progress
from bot.rules.report import Reporter, ReportStatus
from bot.rules.screens import Screen
from bot.rules.study import Level, TextId
from bot.rules.triage import Assessed


@dataclass(frozen=True, slots=True)
class Tap:
    """A button of a screen of this report."""

    screen_no: int
    code: str


@dataclass(frozen=True, slots=True)
class Typed:
    """Words while a screen stands in the chat."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer to be stored: see `report.Answer`. `asked` is the question as it was shown.

    A newer one for the same `symptom` and `question` replaces the earlier, which stays stored.
    """

    symptom: str
    question: str
    codes: tuple[str, ...]
    typed: str | None
    asked: Phrase
    shown_at: datetime
    answered_at: datetime
    assumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The report as it ends. `assessed` in catalogue order, then bleedings she denied, as explicit zeros.

    `rules` explain what raised the report beyond its symptoms, worst first.
    """

    status: ReportStatus
    level: Level
    rules: tuple[str, ...]
    assessed: tuple[Assessed, ...]
    closing: Mapping[str, str]
    reporter: Reporter | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What an answer, or silence, came to.

    Attributes:
        progress: to be kept; unchanged where nothing was answered.
        screen: to be shown; None where what stands in the chat still counts.
        advice: safety texts due now, before everything else, most dangerous first.
        level: the highest level of the report so far.
        assessed: every symptom of the report as judged now, catalogue order.
        rules: what raises the report beyond its symptoms.
        recorded: answers to be stored, in the order given.
        finished: set in the step that ends the report.
        notice: key of a short word to the tap, such as "this button is old".
        understood: False where typed words answer nothing that was asked; a person must see them.
        nudged: the screen is shown again because she fell silent.
        restart: she wants to correct a finished report, or tapped a red flag on one: begin a new one.
        red_flag: the gate item to begin it with.
    """

    progress: Progress
    level: Level
    screen: Screen | None = None
    advice: tuple[TextId, ...] = ()
    assessed: tuple[Assessed, ...] = ()
    rules: tuple[str, ...] = ()
    recorded: tuple[Given, ...] = ()
    finished: Finished | None = None
    notice: str | None = None
    understood: bool = True
    nudged: bool = False
    restart: bool = False
    red_flag: str | None = None
