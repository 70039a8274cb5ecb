"""The people, groups, chats and messages of the stand-in: what a telephone would show.

Messages are kept as the JSON objects the Bot API would give, so that the bot, a webhook and a screen see
the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bot.rehearsal.wire import Json


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a telephone. The id is also that of the private chat with the bot."""

    id: int
    name: str
    language_code: str

    def as_json(self) -> Json:
        return {
            "id": self.id,
            "is_bot": False,
            "first_name": self.name,
            "language_code": self.language_code,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """A group chat; after a migration the same group goes on under the new id."""

    id: int
    title: str


class BotIs(StrEnum):
    """How the bot stands in a chat."""

    UNKNOWN = "unknown"
    MEMBER = "member"
    BLOCKED = "blocked"
    KICKED = "kicked"
    LEFT = "left"
    SILENCED = "silenced"


@dataclass(frozen=True, slots=True)
class ShownButton:
    label: str
    data: str
    url: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One message as it stands on the screen now; `received`: the bot has confirmed it (her own messages)."""

    message_id: int
    from_bot: bool
    author: str
    text: str
    buttons: tuple[tuple[ShownButton, ...], ...]
    at: datetime
    edited: bool
    content: str
    protected: bool
    received: bool

    def labels(self) -> tuple[str, ...]:
        """The buttons' labels, row by row, first to last."""
        return tuple(button.label for row in self.buttons for button in row)


@dataclass(slots=True)
class Entry:
    """A message with what only Telegram knows of it."""

    message: Json
    from_bot: bool
    received: bool = False

    def shown(self) -> Shown:
        message = self.message
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        return Shown(
            message_id=message["message_id"],
            from_bot=self.from_bot,
            author=message.get("from", {}).get("first_name", ""),
            text=message.get("text") or message.get("caption") or "",
            buttons=tuple(tuple(_shown_button(button) for button in row) for row in rows),
            at=datetime.fromtimestamp(message["date"], UTC),
            edited="edit_date" in message,
            content=content_kind(message),
            protected=bool(message.get("has_protected_content")),
            received=self.received,
        )


CONTENT_KINDS = ("photo", "document", "voice", "sticker", "location", "contact", "video", "text")


def content_kind(message: Json) -> str:
    """`text`, `photo`, …; `service` for what nobody wrote (a group moved)."""
    return next((kind for kind in CONTENT_KINDS if kind in message), "service")


def _shown_button(button: Json) -> ShownButton:
    return ShownButton(button["text"], button.get("callback_data", ""), button.get("url", ""))


@dataclass(slots=True)
class Chat:
    """A chat with its messages by id, oldest first; ids start at 1 in every chat."""

    id: int
    kind: str
    name: str
    bot_is: BotIs
    members: dict[int, Person] = field(default_factory=dict)
    entries: dict[int, Entry] = field(default_factory=dict)
    last_message_id: int = 0
    migrated_to: int | None = None
    deactivated: bool = False
    keyboard: list[list[Json]] = field(default_factory=list)
    typing_until_s: float = 0.0

    def as_json(self) -> Json:
        if self.kind == "private":
            return {"id": self.id, "type": "private", "first_name": self.name}
        return {"id": self.id, "type": self.kind, "title": self.name}

    def add(self, author: Json, at: int, content: Json, *, from_bot: bool) -> Entry:
        """Appends a message with the next id of this chat."""
        self.last_message_id += 1
        self.typing_until_s = 0.0
        message: Json = {
            "message_id": self.last_message_id,
            "from": author,
            "chat": self.as_json(),
            "date": at,
            **content,
        }
        entry = Entry(message, from_bot)
        self.entries[self.last_message_id] = entry
        return entry

    def shown(self) -> Iterator[Shown]:
        return (entry.shown() for entry in self.entries.values())


class HappeningKind(StrEnum):
    SAID = "SAID"
    EDITED = "EDITED"
    TAPPED = "TAPPED"
    BLOCKED = "BLOCKED"
    UNBLOCKED = "UNBLOCKED"
    RECEIVED = "RECEIVED"
    BOT_TYPING = "BOT_TYPING"
    BOT_SAID = "BOT_SAID"
    BOT_EDITED = "BOT_EDITED"
    BOT_DELETED = "BOT_DELETED"
    TAP_ANSWERED = "TAP_ANSWERED"
    FAULT = "FAULT"


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the rehearsal's log: who or what, in which chat, with which words.

    `content` names what a message without words holds: `voice`, `sticker`, …
    """

    kind: HappeningKind
    at: datetime
    chat_id: int | None = None
    message_id: int | None = None
    words: str = ""
    content: str = ""


@dataclass(slots=True)
class Tap:
    """A tapped button that wants an answer (the spinner)."""

    id: str
    person: Person
    chat_id: int
    at_monotonic: float
    update: dict[str, Any]
    answer: str | None = None
    alert: bool = False
