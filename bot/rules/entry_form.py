"""What staff enter in the chat, step by step: a fact, a change of the plan, words to a patient.

A form is one frozen value that survives restarts as plain JSON: which kind, for whom, and the answers given
so far under the names of their questions. What is asked next follows from what is missing
(`bot/actions/chat_forms`); nothing is stored of a patient before the last question, which shows the effect,
is answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.rules.access import Act
from bot.rules.study import SubjectCode

# The two questions that every form has: the first one, and the last, which shows the effect.
SUBJECT = "subject"
CONFIRM = "confirm"
# After so long what is typed is no answer any more: she has turned to something else.
LAPSES_AFTER = timedelta(hours=1)


class FormKind(StrEnum):
    LAB = "lab"
    DOSE = "dose"
    MOVE = "move"
    THERAPY = "therapy"
    HOLD = "hold"
    CORRECT = "correct"
    WORDS = "words"
    CALL = "call"
    MEDICATION = "medication"


RIGHTS: Mapping[FormKind, Act] = {
    FormKind.LAB: Act.RECORD_LAB,
    FormKind.DOSE: Act.RECORD_DOSE,
    FormKind.MOVE: Act.MOVE_VISIT,
    FormKind.THERAPY: Act.PLAN_THERAPY,
    FormKind.HOLD: Act.HOLD_DOSES,
    FormKind.CORRECT: Act.CORRECT_FACT,
    FormKind.WORDS: Act.ANSWER_PATIENT,
    FormKind.CALL: Act.CLOSE_ROUTINE_CASE,
    FormKind.MEDICATION: Act.CLOSE_ROUTINE_CASE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`answers`: what was answered, by the name of the question.

    `asked` is the question on the phone, `screen` the unique key of the message that bears it, `asked_at`
    since when. `shown`: the effect as it was shown, so that one that has changed since is shown anew.
    `case_id`: the case whose words are answered, that the call was about, or that ends.
    """

    id: str
    kind: FormKind
    subject: SubjectCode | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    asked: str = SUBJECT
    asked_at: datetime | None = None
    screen: str = ""
    shown: str = ""
    case_id: str | None = None

    def answer(self, name: str) -> str:
        """What was answered, empty where that is still to be asked."""
        return self.answers.get(name, "")

    def answered(self, **said: str) -> Form:
        """With these answers too."""
        return replace(self, answers={**self.answers, **said})

    def without(self, *names: str) -> Form:
        """As if these had not been answered yet."""
        kept = {name: said for name, said in self.answers.items() if name not in names}
        return replace(self, answers=kept)

    def has_lapsed(self, now: datetime) -> bool:
        return self.asked_at is not None and now - self.asked_at > LAPSES_AFTER

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind.value,
            "subject": self.subject,
            "answers": dict(self.answers),
            "asked": self.asked,
            "asked_at": self.asked_at.isoformat() if self.asked_at else None,
            "screen": self.screen,
            "shown": self.shown,
            "case_id": self.case_id,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Form:
        asked_at, subject = said.get("asked_at"), said.get("subject")
        return cls(
            id=said["id"],
            kind=FormKind(said["kind"]),
            subject=SubjectCode(subject) if subject else None,
            answers=dict(said.get("answers", {})),
            asked=said.get("asked", SUBJECT),
            asked_at=datetime.fromisoformat(asked_at) if asked_at else None,
            screen=said.get("screen", ""),
            shown=said.get("shown", ""),
            case_id=said.get("case_id"),
        )
