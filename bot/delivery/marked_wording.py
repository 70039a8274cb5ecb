"""In `demo` and in the rehearsal every message says that it is one (product, "Modes")."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bot.rules.messages import Message, Phrase, SendKind
from bot.texts import Rendered, Texts, TooLong

_MARKED: Final = frozenset(
    {SendKind.SEND, SendKind.EDIT, SendKind.PICTURE, SendKind.DOCUMENT, SendKind.SECOND_ROAD}
)
DEMO_MARK: Final = Phrase(key="patient.demo_mark")
REHEARSAL_MARK: Final = Phrase(key="rehearsal.mark")


class MarkedWording:
    """Words a message as `Texts` does, with the mark as its last line: the first line stays the action."""

    def __init__(self, texts: Texts, mark: Phrase) -> None:
        self._texts = texts
        self._mark = mark

    def render(self, message: Message) -> Rendered:
        if message.kind not in _MARKED or not message.phrases:
            return self._texts.render(message)
        try:
            return self._texts.render(replace(message, phrases=(*message.phrases, self._mark)))
        except TooLong:  # better unmarked than not said
            return self._texts.render(message)
