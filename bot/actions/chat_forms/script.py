"""What a form of the chat is made of: its questions, the effect of saving, and the saving.

A script holds nothing: whatever was answered stands in the form, whatever is known in the chart, which is
opened anew, with the rights of the person, for every step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from bot.actions.chart import Chart
from bot.actions.speak import Rows, phrase
from bot.rules.access import Site
from bot.rules.changes import Effects
from bot.rules.entry_form import Form
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase

Answers = Mapping[str, str]
# What a tap says stands behind a sign that nobody types.
TAPPED = "@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A form with the chart it is about, as both stand at this step."""

    form: Form
    chart: Chart
    site: Site


@dataclass(frozen=True, slots=True)
class Choice:
    """A likely answer as a button: its label, and what it answers."""

    label: Phrase
    value: str


ChoiceRows = tuple[tuple[Choice, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, the likely answers, and how an answer is read, tapped or typed.

    `read` gives what to keep, under one name or several, and raises `Refusal` for what is no answer.
    """

    name: str
    ask: Phrase
    read: Callable[[str], Answers]
    choices: ChoiceRows = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What saving does, in words. `doubtful`: something in it is to be looked at twice."""

    lines: tuple[Phrase, ...]
    doubtful: bool = False

    @classmethod
    def of(cls, found: Effects) -> Preview:
        return cls(lines=found.lines(), doubtful=bool(found.asks))


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What is said after saving, and what comes next as buttons."""

    said: Phrase
    rows: Rows = ()


class Script(ABC):
    """One form. `title` heads every question; `again` is what *change* asks anew."""

    title: ClassVar[Phrase]
    again: ClassVar[tuple[str, ...]]
    # Facts are corrected, words answered, also after she has left the study.
    ended_too: ClassVar[bool] = False
    confirm: ClassVar[Phrase] = phrase("staff.form.confirm")
    save_label: ClassVar[str] = "staff.form.save"

    @abstractmethod
    async def question(self, sheet: Sheet) -> Question | None:
        """The next question, None where all is answered.

        Raises:
            Refusal: an answer that was given cannot stand.
        """

    @abstractmethod
    async def preview(self, sheet: Sheet) -> Preview:
        """What saving would change.

        Raises:
            Refusal: it would not be saved.
        """

    @abstractmethod
    async def save(self, sheet: Sheet) -> Done:
        """Stores it; everything odd was shown and confirmed.

        Raises:
            Refusal: as `preview`.
        """

    def told(self, sheet: Sheet) -> tuple[Phrase, ...]:
        """What is entered so far, so that no question stands alone on the phone."""
        return ()

    def extras(self, sheet: Sheet) -> ChoiceRows:
        """Further answers that can be given where the effect is shown."""
        return ()

    async def from_line(self, sheet: Sheet, rest: str) -> tuple[tuple[str, str], ...]:
        """The parts of a command in one line, each with the question it answers, in the order of asking."""
        return ()

    async def mended(self, sheet: Sheet, refusal: Refusal) -> tuple[Form, Phrase] | None:
        """The form without what the refusal speaks against, and what is said; None where nothing can help."""
        if not any(sheet.form.answer(name) for name in self.again):
            return None
        return sheet.form.without(*self.again), told_of(refusal)


def told_of(refusal: Refusal) -> Phrase:
    """A refusal in words."""
    return Phrase(refusal.key, refusal.values)


def saved(lines: tuple[Phrase, ...]) -> Phrase:
    """What was stored, as it was shown before."""
    return phrase("staff.form.saved", lines=lines)


def given(form: Form, name: str) -> str:
    """An answer that must be there by now."""
    if not form.answer(name):
        raise LookupError("a form was weighed before it was whole")
    return form.answer(name)
