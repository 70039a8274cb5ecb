"""Reports in tests: answers in short, contexts, and a thumb that taps its way through a report."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from bot.rules import callback, questionnaire
from bot.rules.context import Context
from bot.rules.progress import Progress
from bot.rules.report import OpenedBy
from bot.rules.step import Given, Step, Tap, Typed
from bot.rules.study import Level, Sex, Study, TextId
from tests.rules.scenes import TABLES, at, study

EVENING = at("2026-03-10 19:00")
REPORT = "7Q2N8RKV5D0XH3MB"


def answers(words: str) -> dict[str, frozenset[str]]:
    """`FLOW=POUR DUR=ONGOING SIGNS=SWELL+PAIN` as the rules read it."""
    pairs = (part.split("=") for part in words.split())
    return {question: frozenset(codes.split("+")) for question, codes in pairs}


def knowing(
    band: str = "P4",
    *,
    sex: Sex = Sex.FEMALE,
    blood_thinner: bool = False,
    liver_disease: bool = False,
    anc: str | None = None,
    highest: str | None = None,
    before: dict[str, int] | None = None,
    persistent: Sequence[str] = (),
    new_blood_thinner: bool = False,
) -> Context:
    """What is known of her; at the default nothing that raises a level."""
    return Context(
        sex=sex,
        band=band,
        blood_thinner=blood_thinner,
        new_blood_thinner=new_blood_thinner,
        liver_disease=liver_disease,
        anc=None if anc is None else Decimal(anc),
        highest_platelets=None if highest is None else Decimal(highest),
        previous_grades=before or {},
        persistent=frozenset(persistent),
    )


@dataclass
class Thumb:
    """Taps through one report and remembers everything that came of it."""

    context: Context = field(default_factory=knowing)
    of: Study = field(default_factory=study)
    now: datetime = EVENING
    steps: list[Step] = field(default_factory=list)

    def begin(self, opened_by: OpenedBy = OpenedBy.TAP, **more: object) -> Step:
        step = questionnaire.begin(
            self.of,
            self.context,
            report_id=REPORT,
            opened_by=opened_by,
            now=self.now,
            **more,  # type: ignore[arg-type]
        )
        return self._came(step)

    def tap(self, *codes: str) -> Step:
        """Taps the current screen; the last step is given back."""
        for code in codes:
            self.tap_old(self.progress.screen_no, code)
        return self.last

    def tap_old(self, screen_no: int, code: str) -> Step:
        tapped = Tap(screen_no, code)
        return self._came(questionnaire.advance(self.of, self.context, self.progress, tapped, self.now))

    def type(self, text: str) -> Step:
        return self._came(questionnaire.advance(self.of, self.context, self.progress, Typed(text), self.now))

    def wait(self, minutes: float) -> list[Step]:
        """Lets time pass and silence do its work; the steps it made."""
        self.now += timedelta(minutes=minutes)
        made = []
        while (step := questionnaire.silence(self.of, self.context, self.progress, self.now)) is not None:
            made.append(self._came(step))
        return made

    def _came(self, step: Step) -> Step:
        assert Progress.from_json(step.progress.to_json()) == step.progress
        self.steps.append(step)
        return step

    @property
    def last(self) -> Step:
        return self.steps[-1]

    @property
    def progress(self) -> Progress:
        return self.last.progress

    @property
    def at(self) -> str:
        """The screen she looks at."""
        return ".".join(part for part in self.progress.place if part)

    @property
    def level(self) -> Level:
        return self.progress.level

    @property
    def advice(self) -> list[TextId]:
        """Every text she was given, in order."""
        return [text for step in self.steps for text in step.advice]

    @property
    def recorded(self) -> list[Given]:
        return [given for step in self.steps for given in step.recorded]

    def options(self) -> list[str]:
        step = questionnaire.resume(self.of, self.context, self.progress, self.now)
        assert step.screen is not None
        return [choice.code for row in step.screen.rows for choice in row]


def to_the_bleeding(thumb: Thumb, *sites: str) -> Thumb:
    """Through the gate to the questions about these sites; nothing else to tell."""
    thumb.begin()
    thumb.tap(callback.NONE, callback.YES, *(f"+{site}" for site in sites), callback.DONE, callback.FINISH)
    return thumb


def to_the_symptoms(thumb: Thumb, *symptoms: str) -> Thumb:
    """Through the gate and no bleeding to the questions about these symptoms."""
    thumb.begin()
    thumb.tap(callback.NONE, callback.NO, *(f"+{code}" for code in symptoms), callback.DONE)
    return thumb


def rows(name: str, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a table; lines that begin with # explain it, a value with a comma stands in quotes."""
    with (TABLES / f"{name}.csv").open(encoding="utf-8") as lines:
        told = (line for line in lines if line.strip() and not line.startswith("#"))
        read = csv.DictReader(told, delimiter=delimiter, skipinitialspace=True)
        return [{key.strip(): (value or "").strip() for key, value in row.items()} for row in read]
