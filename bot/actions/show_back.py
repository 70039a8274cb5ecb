"""What her words were taken to mean, in one line with *right* and *not right*; nothing counts before *right*.

Source: specification 6.1 (words fill an answer that she then confirms); issue "Understanding what people
really write", item 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.actions.keep_words import Heard
from bot.actions.speak import button, phrase, to_participant, words
from bot.rules.messages import Message, Phrase
from bot.rules.study import Symptom


def shown_back(
    heard: Heard, symptoms: Sequence[Symptom], known: Mapping[str, Mapping[str, Sequence[str]]]
) -> Message:
    """`known`: the answers told, by symptom and question; the line says them in the words of the answers."""
    rows = (
        (
            button("patient.button.right", f"w:yes:{heard.said_id}"),
            button("patient.button.wrong", f"w:no:{heard.said_id}"),
        ),
        (button("patient.button.unwell", "h:unwell"),),
    )
    labels = tuple(_told(symptom, known.get(symptom.code, {})) for symptom in symptoms)
    said = [phrase("patient.words.understood", symptoms=labels)]
    return to_participant(heard.participant, f"understood:{heard.key}", said, buttons=rows)


def _told(symptom: Symptom, known: Mapping[str, Sequence[str]]) -> Phrase:
    """The symptom with what she told of it, in the words of the answers that will be recorded."""
    answers = tuple(
        words(question.option(code).label)
        for question in symptom.questions
        for code in known.get(question.id, ())
    )
    label = words(symptom.label)
    return phrase("patient.summary.line", label=label, answers=answers) if answers else label
