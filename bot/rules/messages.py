"""What is said and to whom, before it has words: phrases, buttons, and the rows of the outbox.

A `Phrase` is a message key with values (or the approved words of the study); `bot/texts.py` makes words of it
when the row is delivered, in the language of the row. Nothing speaks except through the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NewType

from bot.rules.study import Bilingual, Language, SubjectCode

OutboxId = NewType("OutboxId", int)

Value = "str | int | bool | datetime | Bilingual | Phrase | tuple[Phrase, ...]"


@dataclass(frozen=True, slots=True)
class Phrase:
    """`key` names a message of `locales/`, or is empty and `words` holds approved study words.

    A datetime among the values is shown as a local date with weekday and time of `time_zone`
    (placeholder `{at}`), a Bilingual or Phrase in the language of the row; a tuple of phrases is
    joined by lines.
    """

    key: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    words: Bilingual | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """`data` is the callback token (at most 64 bytes in Telegram), or a `url`."""

    label: Phrase
    data: str = ""
    url: str = ""


class Priority(IntEnum):
    """Smaller goes first: safety > alert > reply > reminder > digest."""

    SAFETY = 0
    ALERT = 1
    REPLY = 2
    REMINDER = 3
    DIGEST = 4


class SendKind(StrEnum):
    SEND = "SEND"
    EDIT = "EDIT"
    ANSWER_TAP = "ANSWER_TAP"
    REMOVE_BUTTONS = "REMOVE_BUTTONS"
    PICTURE = "PICTURE"
    DOCUMENT = "DOCUMENT"
    MENU = "MENU"
    SECOND_ROAD = "SECOND_ROAD"
    KNOCK = "KNOCK"


class OutboxStatus(StrEnum):
    WAITING = "WAITING"
    CLAIMED = "CLAIMED"
    DELIVERED = "DELIVERED"
    UNCERTAIN = "UNCERTAIN"
    UNREACHABLE = "UNREACHABLE"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    GATHERED = "GATHERED"


class RecipientKind(StrEnum):
    PARTICIPANT = "PARTICIPANT"
    STAFF = "STAFF"
    STRANGER = "STRANGER"
    SITE = "SITE"
    GROUP = "GROUP"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message is for: a subject code or staff code; a stranger is known by the chat's lane only.

    SITE is a site's second road, GROUP its registered group; both are known by the site's code.
    """

    kind: RecipientKind
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to put in the outbox.

    `unique_key` stops doubles for good: a second row with the same key is not written.
    `phrases` are joined by blank lines. `both_languages`: emergency texts show first the language of the row,
    then the other. `about`: the subject a row speaks of (its words are encrypted under that subject's key).
    `edits` is the unique key of the row whose Telegram message is edited or loses its buttons.
    `tap_id` is the callback query an ANSWER_TAP answers. A MENU sets the commands of the chat:
    each button is one (`data`) with its description.
    A SECOND_ROAD goes to addresses beside Telegram. A KNOCK says nothing: it asks whether the chat still
    works. `cancel_tag` groups rows that one fact cancels, such as `reminder:TJ-001:injection-2`.
    """

    unique_key: str
    to: Recipient
    language: Language
    priority: Priority
    phrases: tuple[Phrase, ...]
    kind: SendKind = SendKind.SEND
    buttons: tuple[tuple[Button, ...], ...] = ()
    about: SubjectCode | None = None
    time_zone: str = "Asia/Shanghai"
    both_languages: bool = False
    protect_content: bool = False
    send_after: datetime | None = None
    expires_at: datetime | None = None
    waits_for: str | None = None
    edits: str | None = None
    tap_id: str | None = None
    cancel_tag: str | None = None
    case_id: str | None = None
    routine: bool = False
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A message in the outbox and what became of it. A claim fills `chat_id` or `addresses`.

    `gathered_into`: the unique key of the message that told this one together with others.
    """

    id: OutboxId
    message: Message
    status: OutboxStatus
    created_at: datetime
    attempts: int
    chat_id: int | None = None
    addresses: tuple[str, ...] = ()
    edits_message_id: int | None = None
    telegram_message_id: int | None = None
    last_uncertain: bool = False
    gathered_into: str | None = None
