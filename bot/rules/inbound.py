"""What reaches us from a chat, without Telegram's own words: one `Inbound` per update.

`handlers/telegram/translate.py` makes it; actions know nothing of Telegram.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from bot.rules.study import Language


class UpdateKey(NamedTuple):
    """Which update this is: repeats carry the same key and are dropped."""

    bot_id: int
    update_id: int


class InboundKind(StrEnum):
    """TEXT includes captions and edits; CONTENT is anything without words (voice, photo, sticker, …).

    MOVED: a group went on under another number (it was upgraded to a supergroup).
    """

    TEXT = "TEXT"
    TAP = "TAP"
    CONTENT = "CONTENT"
    BLOCKED_US = "BLOCKED_US"
    UNBLOCKED_US = "UNBLOCKED_US"
    MOVED = "MOVED"
    NOT_FOR_US = "NOT_FOR_US"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """`token` is the data of the tapped button, `tap_id` what an answer to the tap needs.

    `content` names the kind of a CONTENT (`voice`, `photo`, …). `language_hint` is the language of
    the person's Telegram, used for strangers only. `said_at` is the sender's time as the channel gives it; a
    tap has that of the message it is on. `sender_id` is the account that wrote or tapped, which is also the
    number of its private chat; None where nobody can be named (an anonymous administrator, a channel). A
    MOVED group was `chat_id` and is `moved_to`.
    """

    key: UpdateKey
    chat_id: int
    lane: str
    private: bool
    kind: InboundKind
    said_at: datetime
    text: str = ""
    edited: bool = False
    forwarded: bool = False
    token: str = ""
    tap_id: str = ""
    content: str = ""
    language_hint: Language | None = None
    sender_id: int | None = None
    moved_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """An update as it lies in the inbox: heard, perhaps not yet acted on.

    `lane` is the keyed hash of the chat, or `-` where an update has none; a lane is worked off in order.
    `raw` is the update's JSON as received. `attempts` counts the failed ones.
    """

    bot_id: int
    update_id: int
    lane: str
    received_at: datetime
    raw: bytes
    attempts: int = 0

    @property
    def key(self) -> UpdateKey:
        return UpdateKey(self.bot_id, self.update_id)
