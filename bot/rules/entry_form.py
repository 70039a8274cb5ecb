"""What a member of staff is entering in the chat, step by step: a result, a dose, or words to a patient.

A form is one frozen value that survives restarts as plain JSON. What is asked next follows from what is
missing; nothing is stored of a patient before the last question, which shows the effect, is answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.rules.access import Act
from bot.rules.study import SubjectCode


class FormKind(StrEnum):
    LAB = "lab"
    DOSE = "dose"
    WORDS = "words"


class Asked(StrEnum):
    """The question that stands; CONFIRM shows the effect and is answered by *save*."""

    SUBJECT = "subject"
    VALUE = "value"
    UNIT = "unit"
    NUMBER = "number"
    TEXT = "text"
    AT = "at"
    CONFIRM = "confirm"


RIGHTS: Mapping[FormKind, Act] = {
    FormKind.LAB: Act.RECORD_LAB,
    FormKind.DOSE: Act.RECORD_DOSE,
    FormKind.WORDS: Act.ANSWER_PATIENT,
}

_ORDER: Mapping[FormKind, tuple[Asked, ...]] = {
    FormKind.LAB: (Asked.SUBJECT, Asked.VALUE, Asked.AT),
    FormKind.DOSE: (Asked.SUBJECT, Asked.NUMBER, Asked.AT),
    FormKind.WORDS: (Asked.SUBJECT, Asked.TEXT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`typed` is the value as on the slip, or the words to the patient; `unit` where it had to be asked.

    `asked` is the question on the phone, `screen` the unique key of the message that bears it. `shown`: the
    effect as it was shown, so that one that has changed since is shown anew. `case_id`: the case whose words
    are answered.
    """

    id: str
    kind: FormKind
    subject: SubjectCode | None = None
    typed: str | None = None
    unit: str | None = None
    number: int | None = None
    at: datetime | None = None
    asked: Asked = Asked.SUBJECT
    screen: str = ""
    shown: str = ""
    case_id: str | None = None

    def missing(self) -> Asked:
        """What to ask next."""
        given = {
            Asked.SUBJECT: self.subject,
            Asked.VALUE: self.typed,
            Asked.TEXT: self.typed,
            Asked.NUMBER: self.number,
            Asked.AT: self.at,
        }
        return next((one for one in _ORDER[self.kind] if given[one] is None), Asked.CONFIRM)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind.value,
            "subject": self.subject,
            "typed": self.typed,
            "unit": self.unit,
            "number": self.number,
            "at": self.at.isoformat() if self.at else None,
            "asked": self.asked.value,
            "screen": self.screen,
            "shown": self.shown,
            "case_id": self.case_id,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Form:
        at, subject = said.get("at"), said.get("subject")
        return cls(
            id=said["id"],
            kind=FormKind(said["kind"]),
            subject=SubjectCode(subject) if subject else None,
            typed=said.get("typed"),
            unit=said.get("unit"),
            number=said.get("number"),
            at=datetime.fromisoformat(at) if at else None,
            asked=Asked(said.get("asked", Asked.SUBJECT)),
            screen=said.get("screen", ""),
            shown=said.get("shown", ""),
            case_id=said.get("case_id"),
        )
