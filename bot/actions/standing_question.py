"""One question stands in a chat at a time: asking takes the buttons off the one before.

Which one stands is kept with her conversation, so that it survives a restart. The buttons of her home, of a
reminder and of an open case are no questions in this sense: they count as long as what they say can be true.
Source: chat.md ("never two questions at once; old buttons are removed when they no longer count").
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.actions.speak import participant_as_recipient, remove_buttons
from bot.rules.messages import Message, SendKind
from bot.rules.participant import Participant
from bot.rules.typed_answer import typed_answer
from storage.unit_of_work import UnitOfWork

_STANDING = "screen_key"
# The last message in a chat is among so many rows; the others took buttons off or answered taps.
_LOOKED_BACK = 5


async def ask(uow: UnitOfWork, participant: Participant, message: Message, now: datetime) -> None:
    """Puts the question into the outbox; the one that stood before it loses its buttons."""
    await _take_buttons(uow, participant, now, but=message.unique_key)
    await uow.outbox.put(message, now)
    await keep_in_conversation(uow, participant, {_STANDING: message.unique_key})


async def no_longer_asked(uow: UnitOfWork, participant: Participant, now: datetime) -> None:
    """The question that stands was answered and nothing is asked in its place."""
    await _take_buttons(uow, participant, now)
    await keep_in_conversation(uow, participant, {_STANDING: None})


async def standing(uow: UnitOfWork, participant: Participant) -> str | None:
    """The unique key of the message that bears the question now."""
    key = (await conversation_of(uow, participant)).get(_STANDING)
    return key if isinstance(key, str) else None


async def typed_token(uow: UnitOfWork, participant: Participant, text: str) -> str | None:
    """The button whose words she typed: of the question that stands, or of the last message in her chat."""
    to = participant_as_recipient(participant.subject_code)
    said = [row.message for row in await uow.outbox.to(to, _LOOKED_BACK) if row.message.kind is SendKind.SEND]
    for asked in (await _standing_message(uow, participant), *said[:1]):
        found = typed_answer([one.data for line in asked.buttons for one in line], text) if asked else None
        if found is not None:
            return found
    return None


async def is_asked_already(uow: UnitOfWork, participant: Participant, message: Message) -> bool:
    """Whether the question that stands says the same, word for word."""
    asked = await _standing_message(uow, participant)
    return asked is not None and asked.phrases == message.phrases


async def _standing_message(uow: UnitOfWork, participant: Participant) -> Message | None:
    key = await standing(uow, participant)
    row = await uow.outbox.get_by_key(key) if key is not None else None
    return row.message if row is not None else None


async def conversation_of(uow: UnitOfWork, participant: Participant) -> dict[str, Any]:
    """All that is kept of where her conversation stands."""
    return await uow.conversations.get(participant_as_recipient(participant.subject_code)) or {}


async def keep_in_conversation(uow: UnitOfWork, participant: Participant, changed: dict[str, Any]) -> None:
    """Changes some of it; a value of None takes the entry out."""
    state = {**await conversation_of(uow, participant), **changed}
    kept = {name: value for name, value in state.items() if value is not None}
    await uow.conversations.put(participant_as_recipient(participant.subject_code), kept)


async def _take_buttons(uow: UnitOfWork, participant: Participant, now: datetime, *, but: str = "") -> None:
    key = await standing(uow, participant)
    if key is not None and key != but:
        to = participant_as_recipient(participant.subject_code)
        await uow.outbox.put(remove_buttons(to, participant.language, key), now)
